"""Criteria, scores and where accounts stand in the portfolio matrix (handbook 3.1-3.3)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Confidence, Horizon
from accounts.models.account import Account
from accounts.scoring.criteria import Group, Kind
from kam.access.dates import business_today
from teams.models import Programme

INDEX: dict[str, Any] = {"max_digits": 8, "decimal_places": 6}


class CriteriaSet(models.Model):
    """Weighted criteria of one kind, in force from a day until the next set's (K120; 3.1, 3.2).

    Never changed once it is published: a change is another set with the next `number`. A set with
    an `account` holds the weights of that customer's critical success factors.
    """

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="criteria_sets")
    account = models.ForeignKey(
        Account, null=True, blank=True, on_delete=models.PROTECT, related_name="criteria_sets"
    )
    kind = models.CharField(_("kind"), max_length=14, choices=Kind)
    number = models.PositiveIntegerField(_("number"), editable=False)
    valid_from = models.DateField(_("from"))
    reason = models.CharField(_("why"), max_length=250, blank=True)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    published_at = models.DateTimeField(auto_now_add=True)

    objects = querysets.CriteriaSetQuerySet.as_manager()

    class Meta:
        ordering = ["kind", "-number"]
        constraints = [
            models.UniqueConstraint(
                "programme",
                Coalesce("account", 0, output_field=models.BigIntegerField()),
                "kind",
                "number",
                name="criteriaset_number",
            ),
            models.CheckConstraint(
                condition=Q(account=None) | Q(kind=Kind.STRENGTH),
                name="criteriaset_of_account",
                violation_error_message=_("Only the weights of strength differ by customer."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.number}"


class Criterion(models.Model):
    """One criterion of a set: weight of 100, and what the scores 0, 5 and 10 mean."""

    criteria_set = models.ForeignKey(CriteriaSet, on_delete=models.CASCADE, related_name="criteria")
    code = models.SlugField(_("code"), max_length=10)
    name = models.CharField(_("name"), max_length=160)
    group = models.CharField(_("group"), max_length=8, choices=Group, blank=True)
    weight = models.DecimalField(
        _("weight"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0)]
    )
    low = models.CharField(_("0 means"), max_length=160, blank=True)
    middle = models.CharField(_("5 means"), max_length=160, blank=True)
    high = models.CharField(_("10 means"), max_length=160, blank=True)
    place = models.PositiveSmallIntegerField(editable=False)

    class Meta:
        ordering = ["place"]
        constraints = [
            models.UniqueConstraint(
                fields=["criteria_set", "code"],
                name="criterion_code",
                violation_error_message=_("This code is taken in the set."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class Score(models.Model):
    """What one person, or the group (`scorer` null: agreed), holds an account worth on a criterion.

    Never overwritten: a further score supersedes this one, so that who held what on which grounds
    stays (`design.md` 4.3). A `value` of null takes a score back.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="scores")
    code = models.SlugField(_("criterion"), max_length=10)
    horizon = models.CharField(_("horizon"), max_length=5, choices=Horizon, default=Horizon.TODAY)
    scorer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("scorer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text=_("Empty: agreed by the group."),
    )
    value = models.PositiveSmallIntegerField(
        _("score"), null=True, blank=True, validators=[MaxValueValidator(10)]
    )
    confidence = models.CharField(
        _("confidence"), max_length=9, choices=Confidence, default=Confidence.ASSUMED
    )
    evidence = models.TextField(_("evidence"), blank=True, max_length=2000)
    customer_said = models.BooleanField(_("the customer said so"), default=False)
    scored_on = models.DateField(_("scored on"), default=business_today)
    scored_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.ScoreQuerySet.as_manager()

    class Meta:
        ordering = ["-scored_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "code", "-id"], name="score_account"),
            models.Index(fields=["-scored_on", "-id"], name="score_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                "account",
                "code",
                "horizon",
                Coalesce("scorer", 0, output_field=models.BigIntegerField()),
                condition=Q(superseded_at=None),
                name="score_in_force",
            ),
            models.CheckConstraint(
                condition=Q(value=None) | Q(value__lte=10),
                name="score_value",
                violation_error_message=_("A score is a whole number from 0 to 10."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.code}: {self.value}"


class Position(models.Model):
    """Attr and Str of an account, from its agreed scores and the criteria in force (3.2, 3.3).

    Written whenever either changes, never changed afterwards, so that lists and the matrix read
    one row an account, and movement over time is what stood here. `attractiveness` and `strength`
    are 0..10, null of nothing scored; `…_scored` is the scored share of the weight, 0..1.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="positions")
    horizon = models.CharField(max_length=5, choices=Horizon)
    attractiveness = models.DecimalField(_("attractiveness"), null=True, **INDEX)
    strength = models.DecimalField(_("strength"), null=True, **INDEX)
    attractiveness_scored = models.DecimalField(max_digits=7, decimal_places=6)
    strength_scored = models.DecimalField(max_digits=7, decimal_places=6)
    is_provisional = models.BooleanField(_("provisional"))
    attractiveness_set = models.ForeignKey(
        CriteriaSet, null=True, on_delete=models.PROTECT, related_name="+"
    )
    strength_set = models.ForeignKey(
        CriteriaSet, null=True, on_delete=models.PROTECT, related_name="+"
    )
    computed_on = models.DateField(default=business_today)
    computed_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.PositionQuerySet.as_manager()

    class Meta:
        ordering = ["-computed_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "horizon", "-computed_on"], name="position_account")
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "horizon"],
                condition=Q(superseded_at=None),
                name="position_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.attractiveness}, {self.strength}"
