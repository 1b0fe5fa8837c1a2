"""Profiles: what accounts are rated on, what brands look for, where we want to be (K092-K095)."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Area, Confidence, ScaleKind, TargetStatus
from accounts.models.account import Account
from accounts.models.channel import Channel
from accounts.models.ledger import ProductLine
from accounts.profiles.catalogue import ASKED
from kam.access.dates import business_today
from kam.changes.models import Tracked
from teams.models import Programme

VALUE: dict[str, Any] = {"max_digits": 14, "decimal_places": 4, "null": True, "blank": True}
LEAST_SAMPLE = 10
"""People whom a figure on an audience describes at least: fewer could be told apart (K095; 5.5)."""
MOST_PEOPLE = 1_000_000_000


class ProfileParameter(Tracked):
    """Something that accounts are rated on, with its scale (K092).

    It holds for accounts in `channel` and all below it; without one for all. A `scale` takes whole
    numbers from `lowest` to `highest`, whose ends `low` and `high` put into words; a `number` any
    within them, in `unit`; a `choice` one of `options`.
    """

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="profile_parameters"
    )
    channel = models.ForeignKey(
        Channel,
        verbose_name=_("trade channel"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="profile_parameters",
        help_text=_("It and all channels below it. Empty: every account."),
    )
    code = models.SlugField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    area = models.CharField(_("tells about"), max_length=10, choices=Area, default=Area.OUTLET)
    kind = models.CharField(_("scale"), max_length=6, choices=ScaleKind, default=ScaleKind.SCALE)
    lowest = models.DecimalField(_("lowest"), **VALUE)
    highest = models.DecimalField(_("highest"), **VALUE)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    low = models.CharField(_("the lowest means"), max_length=120, blank=True)
    high = models.CharField(_("the highest means"), max_length=120, blank=True)
    options = models.JSONField(_("options"), default=list, blank=True)

    objects = querysets.ProfileParameterQuerySet.as_manager()

    class Meta:
        ordering = ["area", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "programme",
                Lower("code"),
                name="profileparameter_code",
                violation_error_message=_("A parameter with this code exists."),
            ),
            models.CheckConstraint(
                condition=Q(lowest=None) | Q(highest=None) | Q(highest__gt=F("lowest")),
                name="profileparameter_scale",
                violation_error_message=_("The highest is not above the lowest."),
            ),
            models.CheckConstraint(
                condition=~Q(kind="scale") | Q(lowest__isnull=False, highest__isnull=False),
                name="profileparameter_ends",
                violation_error_message=_("A scale has a lowest and a highest number."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Rating(models.Model):
    """What an account was found to be on a parameter: when, by whom, from which source (K092).

    Never overwritten: a further rating supersedes this one. One without `value` and `choice` takes
    back what stood. On an audience it is a figure about a group of people, never about one of
    them: `sample` is how many it describes, where that is known (K095).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="ratings")
    parameter = models.ForeignKey(
        ProfileParameter, on_delete=models.PROTECT, related_name="ratings"
    )
    value = models.DecimalField(_("value"), **VALUE)
    choice = models.CharField(_("choice"), max_length=80, blank=True)
    sample = models.PositiveIntegerField(
        _("people counted"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_PEOPLE)],
    )
    source = models.CharField(_("source"), max_length=120, blank=True)
    confidence = models.CharField(
        _("confidence"), max_length=9, choices=Confidence, default=Confidence.ASSUMED
    )
    rated_on = models.DateField(_("as of"), default=business_today)
    rated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.RatingQuerySet.as_manager()

    class Meta:
        ordering = ["-rated_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "parameter", "-id"], name="rating_account"),
            models.Index(fields=["-rated_on", "-id"], name="rating_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "parameter"],
                condition=Q(superseded_at=None),
                name="rating_in_force",
            ),
            models.CheckConstraint(
                condition=Q(value=None) | Q(choice=""),
                name="rating_one_answer",
                violation_error_message=_("A rating is a number or a choice."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.parameter}"


class TargetProfile(Tracked):
    """The outlet that a brand, a product line, looks for in a channel (K093).

    What it asks is in its `ranges`. It speaks of accounts in `channel` and below; without one of
    all accounts of the programme.
    """

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="target_profiles"
    )
    brand = models.ForeignKey(
        ProductLine,
        verbose_name=_("brand"),
        on_delete=models.PROTECT,
        related_name="target_profiles",
        help_text=_("A product line."),
    )
    channel = models.ForeignKey(
        Channel,
        verbose_name=_("trade channel"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="target_profiles",
        help_text=_("It and all channels below it. Empty: every account."),
    )
    note = models.TextField(_("whom the brand looks for"), blank=True, max_length=2000)

    objects = querysets.TargetProfileQuerySet.as_manager()

    class Meta:
        ordering = ["brand__name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "brand",
                Coalesce("channel", 0, output_field=models.BigIntegerField()),
                condition=Q(archived_at=None),
                name="targetprofile_key",
                violation_error_message=_("The brand has a target profile for this channel."),
            )
        ]

    def __str__(self) -> str:
        return ", ".join(str(part) for part in (self.brand, self.channel) if part)


class TargetRange(models.Model):
    """What a target profile wants on one parameter, and how much that weighs among all of them.

    Numbers from `at_least` to `at_most`, both included, either open; or one of `wanted`.
    """

    profile = models.ForeignKey(TargetProfile, on_delete=models.CASCADE, related_name="ranges")
    parameter = models.ForeignKey(
        ProfileParameter,
        verbose_name=_("parameter"),
        on_delete=models.PROTECT,
        related_name="ranges",
    )
    weight = models.DecimalField(
        _("weight"),
        max_digits=5,
        decimal_places=2,
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    at_least = models.DecimalField(_("at least"), **VALUE)
    at_most = models.DecimalField(_("at most"), **VALUE)
    wanted = models.JSONField(_("one of"), default=list, blank=True)

    class Meta:
        ordering = ["-weight", "parameter__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["profile", "parameter"], name="targetrange_parameter"),
            models.CheckConstraint(
                condition=Q(weight__gt=0),
                name="targetrange_weight",
                violation_error_message=_("A weight is above zero."),
            ),
            models.CheckConstraint(
                condition=Q(at_least=None) | Q(at_most=None) | Q(at_most__gte=F("at_least")),
                name="targetrange_ends",
                violation_error_message=_("The end is below the beginning."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.parameter}: {self.weight}"


class Target(models.Model):
    """How far a brand has come at an account: a place on its target list (K095).

    Never overwritten: a further step supersedes this one, so that who decided what and when stays.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="targets")
    brand = models.ForeignKey(ProductLine, on_delete=models.PROTECT, related_name="targets")
    status = models.CharField(_("status"), max_length=9, choices=TargetStatus)
    since = models.DateField(_("since"), default=business_today)
    note = models.CharField(_("note"), max_length=250, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.TargetQuerySet.as_manager()

    class Meta:
        ordering = ["-since", "-pk"]
        indexes = [
            models.Index(fields=["account", "brand", "-id"], name="target_account"),
            models.Index(fields=["-since", "-id"], name="target_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "brand"],
                condition=Q(superseded_at=None),
                name="target_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.brand}: {self.get_status_display()}"


class ProfileEntry(models.Model):
    """What is known of an account on one question of its profile (`accounts.profiles.catalogue`),
    with source, day and confidence (`design.md` 4.3).

    Never overwritten: a further entry supersedes this one; an empty `value` takes it back.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="profile_entries")
    field = models.CharField(
        _("field"), max_length=30, choices=[(name, row.label) for name, row in ASKED.items()]
    )
    value = models.TextField(_("value"), blank=True, max_length=4000)
    source = models.CharField(_("source"), max_length=120, blank=True)
    confidence = models.CharField(
        _("confidence"), max_length=9, choices=Confidence, default=Confidence.ASSUMED
    )
    as_of = models.DateField(_("as of"), default=business_today)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.ProfileEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-as_of", "-pk"]
        verbose_name_plural = _("profile entries")
        indexes = [
            models.Index(fields=["account", "field", "-id"], name="profileentry_account"),
            models.Index(fields=["-as_of", "-id"], name="profileentry_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "field"],
                condition=Q(superseded_at=None),
                name="profileentry_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.get_field_display()}"

    @property
    def words(self) -> str:
        """The value, as people read it."""
        return ASKED[self.field].in_words(self.value) if self.field in ASKED else self.value


class PreferredBenefit(Tracked):
    """What the account would gain as a preferred customer, and when it was told so (K071)."""

    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="preferred_benefits"
    )
    text = models.CharField(_("what it would gain"), max_length=250)
    told_on = models.DateField(
        _("told on"), null=True, blank=True, help_text=_("Empty: not told yet.")
    )
    reaction = models.CharField(_("what it said"), max_length=250, blank=True)

    objects = querysets.PreferredBenefitQuerySet.as_manager()

    class Meta:
        ordering = ["told_on", "pk"]
        verbose_name = _("preferred-customer benefit")
        verbose_name_plural = _("preferred-customer benefits")

    def __str__(self) -> str:
        return self.text
