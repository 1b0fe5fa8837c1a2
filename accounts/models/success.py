"""What decides, for the customer, whom it buys from (K057; handbook 3.2, 4.9)."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Confidence
from accounts.models.account import Account
from kam.access.dates import business_today
from kam.changes.models import Tracked

SCALE = [MinValueValidator(0), MaxValueValidator(10)]


class SuccessFactor(Tracked):
    """One critical success factor of the customer: how much it weighs, how the customer sees us in
    it, and how the best other supplier, 0 to 10. Weights of an account add up to 100."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="success_factors")
    text = models.CharField(_("need"), max_length=200)
    weight = models.PositiveSmallIntegerField(
        _("weight"), validators=[MinValueValidator(1), MaxValueValidator(100)]
    )
    ours = models.PositiveSmallIntegerField(_("we"), null=True, blank=True, validators=SCALE)
    best_other = models.PositiveSmallIntegerField(
        _("best other supplier"), null=True, blank=True, validators=SCALE
    )
    competitor = models.CharField(_("who that is"), max_length=120, blank=True)
    source = models.CharField(_("source"), max_length=200, blank=True)
    as_of = models.DateField(_("as of"), default=business_today)
    confidence = models.CharField(
        _("confidence"), max_length=10, choices=Confidence, default=Confidence.ASSUMED
    )

    objects = querysets.TrackedHangingQuerySet.as_manager()

    class Meta:
        ordering = ["-weight", "pk"]

    def __str__(self) -> str:
        return self.text

    @property
    def gap(self) -> int | None:
        """How far we are ahead of the best other supplier; None where one is unknown."""
        return None if self.ours is None or self.best_other is None else self.ours - self.best_other
