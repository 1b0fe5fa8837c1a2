"""What objectives are for: goals of the customer and of our own company."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.choices import Confidence
from accounts.models import Account
from accounts.querysets import ProgrammeTrackedQuerySet, TrackedHangingQuerySet
from kam.changes.models import Tracked
from teams.models import Programme


class CustomerGoal(Tracked):
    """Something that the customer wants to reach, with who said so and when (section 4)."""

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="goals"
    )
    text = models.CharField(_("goal"), max_length=250)
    source = models.CharField(_("source"), max_length=200, blank=True)
    stated_on = models.DateField(_("stated on"), null=True, blank=True)
    confidence = models.CharField(
        _("confidence"), max_length=10, choices=Confidence, default=Confidence.ASSUMED
    )

    objects = TrackedHangingQuerySet.as_manager()

    class Meta:
        ordering = ["text", "pk"]

    def __str__(self) -> str:
        return self.text


class CorporateObjective(Tracked):
    """An aim of our own company, present or future, to which objectives of plans contribute (K026;
    SMART: R)."""

    class Horizon(models.TextChoices):
        PRESENT = "present", _("present")
        FUTURE = "future", _("future")

    programme = models.ForeignKey(
        Programme,
        verbose_name=_("programme"),
        on_delete=models.PROTECT,
        related_name="corporate_objectives",
    )
    text = models.CharField(_("objective"), max_length=250)
    horizon = models.CharField(_("horizon"), max_length=7, choices=Horizon, default=Horizon.PRESENT)
    valid_from = models.DateField(_("from"), null=True, blank=True)
    valid_until = models.DateField(_("until"), null=True, blank=True)

    objects = ProgrammeTrackedQuerySet.as_manager()

    class Meta:
        ordering = ["text", "pk"]

    def __str__(self) -> str:
        return self.text
