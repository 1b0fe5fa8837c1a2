"""Mappings worth remembering."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.imports import kinds, querysets


class RememberedMapping(models.Model):
    """How files of one source are read: by their heading, per scope and kind.

    `name` is what people call it; `columns` are the names of the heading, from which `signature`
    comes.
    """

    kind = models.CharField(_("kind"), max_length=30, choices=kinds.choices)
    scope_id = models.BigIntegerField()
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("kept by"),
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    name = models.CharField(_("name"), max_length=120, blank=True)
    signature = models.CharField(max_length=40, editable=False)
    columns = models.JSONField(default=list, editable=False)
    fields = models.JSONField(default=dict, editable=False)
    options = models.JSONField(default=dict, editable=False)
    chosen = models.JSONField(default=dict, editable=False)
    used_at = models.DateTimeField(_("last used"), default=timezone.now, editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.RememberedMappingQuerySet.as_manager()
    untold = ("scope_id",)

    class Meta:
        verbose_name = _("saved mapping")
        verbose_name_plural = _("saved mappings")
        ordering = ["-used_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "scope_id", "signature"], name="rememberedmapping_key"
            )
        ]

    def __str__(self) -> str:
        return self.name or ", ".join(self.columns)[:80]

    def get_absolute_url(self) -> str:
        return reverse("imports:mapping", args=[self.pk])

    @property
    def import_kind(self) -> kinds.ImportKind:
        return kinds.get(self.kind)

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Column of the file and what it becomes, in words."""
        label_of = self.import_kind.label_of
        becomes = {column: label_of(name) for name, column in self.fields.items()}
        return [(column, becomes[column]) for column in self.columns if column in becomes]
