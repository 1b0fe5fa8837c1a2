"""What the programme costs, what it brings, and what is changed in it (K023, K128, K131-K133)."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import CostType
from accounts.models.account import Account
from accounts.models.ledger import MONEY
from kam.changes.models import Tracked
from teams.models import Programme, currency_code


class BudgetLine(Tracked):
    """Money and people that a year of the programme is given for one purpose (K023, K131).

    Without an account it is for the programme as a whole. What was spent is not entered here: it
    is the cost of activities of the programme.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="budget_lines")
    account = models.ForeignKey(
        Account,
        verbose_name=_("account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="budget_lines",
    )
    year = models.PositiveSmallIntegerField(
        _("year"), validators=[MinValueValidator(2000), MaxValueValidator(2100)]
    )
    cost_type = models.CharField(_("kind"), max_length=9, choices=CostType)
    text = models.CharField(_("what for"), max_length=200)
    amount = models.DecimalField(_("amount"), validators=[MinValueValidator(Decimal(0))], **MONEY)
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    effort = models.DecimalField(
        _("effort (FTE)"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0))],
    )

    objects = querysets.BudgetLineQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "account__name", "cost_type", "pk"]
        indexes = [models.Index(fields=["programme", "year"], name="budgetline_year")]

    def __str__(self) -> str:
        return f"{self.year}: {self.text}"

    def clean(self) -> None:
        super().clean()
        if self.account is not None and self.account.programme_id != self.programme_id:
            raise ValidationError(
                {"account": _("It belongs to another programme.")}, code="foreign"
            )


class ReturnCase(Tracked):
    """What a key account brought before it was one: its return is measured against that (4.7).

    `contribution_before` is that of the last year before, without cost of the programme, which is
    `cost_before`; `growth_ratio` is what comparable accounts grow by in a year. The verdict is
    somebody's, and locked for the first two years (K133).
    """

    class Verdict(models.TextChoices):
        CONTINUE = "continue", _("goes on")
        ADAPT = "adapt", _("goes on in another way")
        STOP = "stop", _("is not worth it")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="return_cases")
    started_on = models.DateField(_("key account from"))
    contribution_before = models.DecimalField(_("contribution in the year before"), **MONEY)
    cost_before = models.DecimalField(
        _("programme cost in the year before"),
        default=0,
        validators=[MinValueValidator(Decimal(0))],
        **MONEY,
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    growth_ratio = models.DecimalField(
        _("growth without the programme"),
        max_digits=7,
        decimal_places=6,
        default=0,
        validators=[MinValueValidator(Decimal("-0.9")), MaxValueValidator(Decimal(9))],
        help_text=_("A year, of comparable accounts that are not key: 0.03 is 3 %."),
    )
    growth_source = models.CharField(_("where that is from"), max_length=200)
    verdict = models.CharField(_("verdict"), max_length=8, choices=Verdict, blank=True)
    verdict_reason = models.TextField(_("why"), blank=True, max_length=2000)
    verdict_on = models.DateField(_("decided on"), null=True, blank=True, editable=False)
    verdict_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.TrackedHangingQuerySet.as_manager()

    class Meta:
        ordering = ["account__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["account"],
                condition=Q(archived_at=None),
                name="returncase_account",
                violation_error_message=_("What it is measured against is recorded already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.started_on}"

    @property
    def is_open(self) -> bool:
        """Whether the return is measured against it."""
        return self.archived_at is None


class OrganisationChange(Tracked):
    """A change of structure, reporting lines or pay in the programme, and what it does to accounts
    (K132). One without an assessment is accepted, and warns (`design.md` 11)."""

    class Kind(models.TextChoices):
        STRUCTURE = "structure", _("structure")
        REPORTING = "reporting", _("reporting line")
        PAY = "pay", _("pay")

    class Risk(models.TextChoices):
        LOW = "low", _("low")
        MEDIUM = "medium", _("medium")
        HIGH = "high", _("high")

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="organisation_changes"
    )
    kind = models.CharField(_("kind"), max_length=9, choices=Kind)
    text = models.CharField(_("what changes"), max_length=250)
    effective_on = models.DateField(_("from"))
    impact = models.TextField(
        _("what it does to accounts"),
        blank=True,
        max_length=4000,
        help_text=_("Which customers and people it reaches, and what they notice."),
    )
    risk = models.CharField(_("risk for relationships"), max_length=6, choices=Risk, blank=True)
    care = models.TextField(_("what we do about it"), blank=True, max_length=4000)
    assessed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    assessed_on = models.DateField(_("assessed on"), null=True, blank=True, editable=False)

    objects = querysets.OrganisationChangeQuerySet.as_manager()

    class Meta:
        ordering = ["-effective_on", "-pk"]

    def __str__(self) -> str:
        return self.text

    @property
    def is_assessed(self) -> bool:
        """Whether somebody has said what it does, and how risky that is."""
        return bool(self.impact.strip() and self.risk)
