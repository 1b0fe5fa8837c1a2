"""Screening a candidate before anybody spends much on it (K063; handbook 2.3, pre-KAM)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.ledger import MONEY
from kam.access.dates import business_today
from kam.changes.models import Tracked
from teams.models import currency_code

LONGEST = datetime.timedelta(days=366)
"""At most twelve months without a decision (handbook 2.3)."""
NEAR_CAP = Decimal("0.8")
"""Share of the cap from which its use warns (handbook 2.3)."""


class Qualification(Tracked):
    """Until when, and up to what cost, a candidate is looked into before somebody says go or no-go.

    The day after `deadline` and an amount `spent` above `cap` force that decision: until it is
    made nothing else is changed, and no selection run weighs the account.
    """

    class Verdict(models.TextChoices):
        GO = "go", _("go")
        NO_GO = "no_go", _("no-go")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="qualifications")
    started_on = models.DateField(_("from"), default=business_today)
    deadline = models.DateField(_("decide by"))
    cap = models.DecimalField(
        _("spend at most"), validators=[MinValueValidator(Decimal(0))], **MONEY
    )
    spent = models.DecimalField(
        _("spent so far"), default=0, validators=[MinValueValidator(Decimal(0))], **MONEY
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    question = models.TextField(_("what we want to find out"), blank=True, max_length=2000)
    verdict = models.CharField(_("verdict"), max_length=5, choices=Verdict, blank=True)
    reason = models.TextField(_("why"), blank=True, max_length=2000)
    decided_on = models.DateField(_("decided on"), null=True, blank=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.QualificationQuerySet.as_manager()

    class Meta:
        ordering = ["-started_on", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(verdict="", archived_at=None),
                name="qualification_open",
                violation_error_message=_("It is being qualified already."),
            ),
            models.CheckConstraint(
                condition=Q(deadline__gt=F("started_on")),
                name="qualification_days",
                violation_error_message=_("The deadline is before the beginning."),
            ),
            models.CheckConstraint(
                condition=Q(verdict="", decided_on=None) | Q(decided_on__isnull=False),
                name="qualification_decided",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.deadline}"

    def clean(self) -> None:
        super().clean()
        if self.deadline and self.started_on and self.deadline - self.started_on > LONGEST:
            raise ValidationError({"deadline": _("Twelve months are the most.")}, code="far")

    @property
    def is_open(self) -> bool:
        """Whether nobody has decided yet."""
        return not self.verdict and self.archived_at is None

    def is_due(self, today: datetime.date) -> bool:
        """Whether deadline or cap has been passed without a decision."""
        return self.is_open and (self.deadline < today or self.spent > self.cap)

    @property
    def is_near_cap(self) -> bool:
        """Whether four fifths of the cap are used."""
        return self.is_open and self.spent >= NEAR_CAP * self.cap
