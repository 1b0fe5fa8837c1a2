"""Trade channels: the ways by which what we make reaches who uses it."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts.querysets.channels import ChannelQuerySet
from kam.access.tree import PathField
from kam.changes.models import Tracked
from teams.models import Programme


class Channel(Tracked):
    """A trade channel (K086, K095), a tree in each programme: e.g. on-trade, below it hotels.

    `path` holds the primary keys from the top down to this one, `full_name` the names.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="channels")
    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(_("code"), max_length=40, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = PathField(editable=False, default="", db_index=True)
    full_name = models.TextField(_("channel"), editable=False, default="")

    objects = ChannelQuerySet.as_manager()
    untold = ("path",)

    class Meta:
        ordering = ["full_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "programme",
                "parent",
                Lower("name"),
                condition=Q(parent__isnull=False),
                name="channel_name",
                violation_error_message=_("A channel of this name lies there already."),
            ),
            models.UniqueConstraint(
                "programme",
                Lower("name"),
                condition=Q(parent=None),
                name="channel_top_name",
                violation_error_message=_("A channel of this name lies there already."),
            ),
            models.UniqueConstraint(
                "programme",
                Lower("code"),
                condition=~Q(code=""),
                name="channel_code",
                violation_error_message=_("A channel with this code exists."),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or self.name

    @property
    def depth(self) -> int:
        """Steps below the top of the tree; the top is 0."""
        return self.path.count("/") - 2
