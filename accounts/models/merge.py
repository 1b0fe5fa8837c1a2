"""Two rows that became one: who joined them, what moved, and how it is taken back."""

from __future__ import annotations

import datetime
from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.duplicate import DuplicateKind
from accounts.models.people import Contact
from kam.web.addresses import address


class ExactEncoder(DjangoJSONEncoder):
    """Moments to the microsecond, so that what is compared with them later is the same."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime.datetime) else super().default(o)


class Merge(models.Model):
    """One account, or one person, taken up by another of its kind.

    `account` is the account that stays, for people the one on which both hang. `summary` holds
    what the page of the result says: fields that were taken over, rows by kind, remarks. It can be
    taken back until `undo_until`; after that `accounts.tasks` drops the steps.
    """

    kind = models.CharField(_("kind"), max_length=10, choices=DuplicateKind)
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="merges")
    loser = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="merges"
    )
    lost_contact = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    survivor_name = models.CharField(_("stays"), max_length=200)
    loser_name = models.CharField(_("taken up"), max_length=200)
    summary = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("merged by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    merged_at = models.DateTimeField(_("merged"), default=timezone.now, db_index=True)
    undo_until = models.DateTimeField(_("can be taken back until"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("taken back by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    undone_at = models.DateTimeField(_("taken back"), null=True, blank=True)
    kept = models.JSONField(_("what stayed"), default=list)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.MergeQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(kind="account", loser__isnull=False, contact=None, lost_contact=None)
                    | Q(
                        kind="contact",
                        loser=None,
                        contact__isnull=False,
                        lost_contact__isnull=False,
                    )
                ),
                name="merge_shape",
            )
        ]

    def __str__(self) -> str:
        return f"{self.loser_name} → {self.survivor_name}"

    def get_absolute_url(self) -> str:
        return address("accounts:merge", self.pk)

    @property
    def survivor(self) -> Any:
        """The row that stays."""
        return self.account if self.kind == DuplicateKind.ACCOUNT else self.contact

    @property
    def lost(self) -> Any:
        """The row that was taken up."""
        return self.loser if self.kind == DuplicateKind.ACCOUNT else self.lost_contact

    def can_be_undone(self, now: Any) -> bool:
        """Whether it still can be taken back at the moment `now`."""
        return self.undone_at is None and now <= self.undo_until


class MergeStep(models.Model):
    """What one merge did to rows of one model, in order: enough to take exactly that back.

    `moved`: `field` of the rows `keys` pointed to the lost row. `changed`: `before` and `after`
    hold columns of the one row in `keys`. `removed`: `before` holds all columns of a row that is
    gone. `created`: the row in `keys` was made.
    """

    class Action(models.TextChoices):
        MOVED = "moved"
        CHANGED = "changed"
        REMOVED = "removed"
        CREATED = "created"

    merge = models.ForeignKey(Merge, on_delete=models.CASCADE, related_name="steps")
    action = models.CharField(max_length=10, choices=Action)
    model = models.CharField(max_length=80)
    field = models.CharField(max_length=60, blank=True)
    keys = models.JSONField(default=list)
    before = models.JSONField(default=dict, encoder=ExactEncoder)
    after = models.JSONField(default=dict, encoder=ExactEncoder)

    objects = querysets.MergeStepQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.action} {self.model} {self.field}"
