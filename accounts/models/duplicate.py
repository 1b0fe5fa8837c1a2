"""Pairs of rows that may be the same customer, or the same person, and what was decided."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.people import Contact


class DuplicateKind(models.TextChoices):
    """Of what two rows may be one and the same."""

    ACCOUNT = "account", _("Accounts")
    CONTACT = "contact", _("People")


class DuplicatePair(models.Model):
    """Two accounts, or two people of one account, that look like one (`reasons` says why).

    Kept once found: what was dismissed is never proposed again. `score` goes from 0 to 100.
    `reasons` are dicts of `code` and what it compares, written by `accounts.duplicates.weighing`.
    """

    class State(models.TextChoices):
        OPEN = "open", _("open")
        DISMISSED = "dismissed", _("not the same")
        MERGED = "merged", _("merged")

    kind = models.CharField(_("kind"), max_length=10, choices=DuplicateKind)
    account_a = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    account_b = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    contact_a = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    contact_b = models.ForeignKey(
        Contact, null=True, blank=True, on_delete=models.CASCADE, related_name="+"
    )
    score = models.PositiveSmallIntegerField(_("likeness"))
    reasons = models.JSONField(_("reasons"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decided by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)
    note = models.CharField(_("why"), max_length=250, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.DuplicateQuerySet.as_manager()

    class Meta:
        ordering = ["-score", "pk"]
        indexes = [
            models.Index(fields=["state", "-score", "id"], name="duplicatepair_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account_a", "account_b"],
                condition=Q(kind="account"),
                name="duplicatepair_accounts",
            ),
            models.UniqueConstraint(
                fields=["contact_a", "contact_b"],
                condition=Q(kind="contact"),
                name="duplicatepair_contacts",
            ),
            models.CheckConstraint(
                condition=(
                    Q(kind="account", contact_a=None, contact_b=None, account_a__lt=F("account_b"))
                    | Q(kind="contact", account_a=F("account_b"), contact_a__lt=F("contact_b"))
                ),
                name="duplicatepair_shape",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.a} / {self.b}"

    @property
    def is_open(self) -> bool:
        return self.state == self.State.OPEN

    @property
    def a(self) -> Any:
        """The one row: an account or a person."""
        return self.account_a if self.kind == DuplicateKind.ACCOUNT else self.contact_a

    @property
    def b(self) -> Any:
        """The other row."""
        return self.account_b if self.kind == DuplicateKind.ACCOUNT else self.contact_b
