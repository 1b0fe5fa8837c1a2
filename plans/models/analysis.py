"""Strengths, weaknesses, opportunities, threats; risks (handbook 4.1 sections 8 and 14, 4.8)."""

from __future__ import annotations

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plans import querysets
from plans.choices import Quadrant, RiskBand, RiskCategory, RiskResponse, RiskState
from plans.models.content import PlanContent
from plans.models.plan import Plan
from plans.models.work import Objective

HIGH_RISK = 10
"""Likelihood times impact from which a risk needs a contingency (handbook 4.3, L3)."""


class Risk(PlanContent):
    """Something that may go wrong in the account (handbook 4.8).

    `probability` is a ratio 0..1, `amount` the money effect in the plan's currency.
    """

    CONTENT_FIELDS = (
        "category",
        "title",
        "cause",
        "effect",
        "likelihood",
        "impact",
        "probability",
        "amount",
        "response",
        "contingency",
        "trigger",
        "owner",
        "review_on",
    )
    EXECUTION_FIELDS = ("state", "state_note")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="risks")
    category = models.CharField(_("kind"), max_length=10, choices=RiskCategory)
    title = models.CharField(_("risk"), max_length=200)
    cause = models.TextField(_("cause"), blank=True)
    effect = models.TextField(_("effect"), blank=True)
    likelihood = models.PositiveSmallIntegerField(
        _("likelihood"),
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("1 rare to 5 almost certain"),
    )
    impact = models.PositiveSmallIntegerField(
        _("impact"),
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("1 small to 5 the account is lost"),
    )
    probability = models.DecimalField(
        _("probability"),
        max_digits=7,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
    )
    amount = models.DecimalField(
        _("money effect"), max_digits=20, decimal_places=6, null=True, blank=True
    )
    response = models.CharField(_("response"), max_length=10, choices=RiskResponse, blank=True)
    contingency = models.TextField(_("contingency"), blank=True)
    trigger = models.TextField(_("what would tell us"), blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    review_on = models.DateField(_("look again on"), null=True, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=RiskState, default=RiskState.OPEN)
    state_note = models.CharField(_("what happened"), max_length=250, blank=True)

    objects = querysets.RiskQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(likelihood__range=(1, 5), impact__range=(1, 5)),
                name="risk_scale",
                violation_error_message=_("Likelihood and impact go from 1 to 5."),
            ),
            models.CheckConstraint(
                condition=Q(probability=None) | Q(probability__range=(0, 1)),
                name="risk_probability",
                violation_error_message=_("A probability lies between 0 and 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def score(self) -> int:
        """Likelihood times impact, 1 to 25."""
        return self.likelihood * self.impact

    @property
    def band(self) -> RiskBand:
        """Band of the score (handbook 4.8)."""
        if self.score >= 15:
            return RiskBand.CRITICAL
        if self.score >= HIGH_RISK:
            return RiskBand.HIGH
        return RiskBand.MEDIUM if self.score >= 5 else RiskBand.LOW

    @property
    def expected_loss(self) -> Decimal | None:
        """Probability times money, in the plan's currency; None when either is unknown."""
        if self.probability is None or self.amount is None:
            return None
        return self.probability * self.amount


class SwotEntry(PlanContent):
    """One strength, weakness, opportunity or threat of us at this customer, and what follows.

    The "so what" is an objective or a risk of the same plan.
    """

    CONTENT_FIELDS = ("quadrant", "text", "evidence", "objective", "risk")

    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="swot_entries")
    quadrant = models.CharField(_("quadrant"), max_length=12, choices=Quadrant)
    text = models.CharField(_("entry"), max_length=250)
    evidence = models.TextField(_("evidence"), blank=True)
    objective = models.ForeignKey(
        Objective,
        verbose_name=_("so what: objective"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="swot_entries",
    )
    risk = models.ForeignKey(
        Risk,
        verbose_name=_("so what: risk"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="swot_entries",
    )

    objects = querysets.PlanContentQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "quadrant", "pk"]
        verbose_name = _("SWOT entry")
        verbose_name_plural = _("SWOT entries")

    def __str__(self) -> str:
        return self.text

    def clean(self) -> None:
        super().clean()
        for name in ("objective", "risk"):
            other = getattr(self, name)
            if other is not None and other.plan_id != self.plan_id:
                raise ValidationError({name: _("It belongs to another plan.")}, code="plan")
