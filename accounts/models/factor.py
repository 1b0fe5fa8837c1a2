"""What decides for a customer, and who meets it best (handbook 4.9)."""

from __future__ import annotations

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Confidence
from accounts.models.account import Account
from accounts.profiles.factors import FAR_BEHIND, gap_of
from kam.access.dates import business_today
from kam.changes.models import Tracked

SCORE: dict[str, Any] = {
    "null": True,
    "blank": True,
    "validators": [MaxValueValidator(10)],
    "help_text": _("0 to 10, as the customer sees it."),
}


class SuccessFactor(Tracked):
    """A critical success factor of the customer: what it needs, how much that weighs, and how it
    ranks us against its best other supplier, 0 to 10 (K057; handbook 4.9).

    `answer` says what we do where we trail, or why nothing (handbook 4.3, L2).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="success_factors")
    name = models.CharField(_("what decides for the customer"), max_length=120)
    weight = models.DecimalField(
        _("weight"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
        help_text=_("All together make 100."),
    )
    ours = models.PositiveSmallIntegerField(_("we"), **SCORE)
    best_other = models.PositiveSmallIntegerField(_("best other"), **SCORE)
    rival = models.CharField(_("who that is"), max_length=120, blank=True)
    answer = models.CharField(_("what we do about it, or why nothing"), max_length=250, blank=True)
    source = models.CharField(_("source"), max_length=120, blank=True)
    confidence = models.CharField(
        _("confidence"), max_length=9, choices=Confidence, default=Confidence.ASSUMED
    )
    as_of = models.DateField(_("as of"), default=business_today)

    objects = querysets.SuccessFactorQuerySet.as_manager()

    class Meta:
        ordering = ["-weight", "pk"]
        verbose_name = _("critical success factor")
        verbose_name_plural = _("critical success factors")
        constraints = [
            models.CheckConstraint(
                condition=Q(ours=None) | Q(ours__lte=10),
                name="successfactor_ours",
                violation_error_message=_("A score is a whole number from 0 to 10."),
            ),
            models.CheckConstraint(
                condition=Q(best_other=None) | Q(best_other__lte=10),
                name="successfactor_best_other",
                violation_error_message=_("A score is a whole number from 0 to 10."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def gap(self) -> int | None:
        """By how much we are ahead of the best other supplier."""
        return gap_of(self.ours, self.best_other)

    @property
    def is_far_behind(self) -> bool:
        """Whether we trail so far that a plan answers it (L2)."""
        return self.gap is not None and self.gap <= FAR_BEHIND
