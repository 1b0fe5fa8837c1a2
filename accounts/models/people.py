"""People at the customer, and what was said with them (handbook 5.5)."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import Confidence
from accounts.models.account import Account, Site
from kam.api.models import ExternalNumber
from kam.changes.models import Tracked
from kam.web.addresses import address
from kam.web.indexes import CoveringIndex, SearchIndex


class BuyingRole(models.TextChoices):
    """Roles in the decision-making unit (handbook 5.5), several per person."""

    INITIATOR = "initiator", _("initiator")
    USER = "user", _("user")
    INFLUENCER = "influencer", _("influencer")
    SPECIFIER = "specifier", _("specifier")
    BUYER = "buyer", _("buyer")
    DECIDER = "decider", _("decider")
    GATEKEEPER = "gatekeeper", _("gatekeeper")
    ECONOMIC_BUYER = "economic_buyer", _("economic buyer")


ATTITUDES = {
    -2: _("−2 opponent"),
    -1: _("−1 critic"),
    0: _("0 neutral"),
    1: _("+1 supporter"),
    2: _("+2 advocate"),
}
"""Attitude to us, in words (handbook 5.5)."""
LONGEST_INTERVAL_DAYS = 366
"""Whoever is talked to less than once a year has no cadence."""


def valid_buying_roles(value: object) -> None:
    """Refuse anything but a list of buying roles without repeats."""
    known = set(BuyingRole.values)
    if not isinstance(value, list) or len(set(value)) != len(value) or not set(value) <= known:
        raise ValidationError(_("Choose from the list of buying roles."), code="choices")


class Contact(Tracked):
    """A person at the customer: function, level, part in the decision, and how often we talk."""

    class Level(models.TextChoices):
        EXECUTIVE = "executive", _("executive")
        MANAGEMENT = "management", _("management")
        OPERATIONAL = "operational", _("operational")

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="contacts"
    )
    name = models.CharField(_("name"), max_length=120)
    job_title = models.CharField(_("position"), max_length=120, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    function = models.CharField(_("function"), max_length=60, blank=True)
    level = models.CharField(_("level"), max_length=12, choices=Level, blank=True)
    buying_roles = models.JSONField(
        _("part in the decision"), default=list, blank=True, validators=[valid_buying_roles]
    )
    influence = models.PositiveSmallIntegerField(
        _("influence"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text=_("1 none to 5 decisive"),
    )
    attitude = models.SmallIntegerField(
        _("attitude to us"),
        null=True,
        blank=True,
        validators=[MinValueValidator(-2), MaxValueValidator(2)],
        help_text=_("−2 opponent to +2 advocate"),
    )
    interval_days = models.PositiveSmallIntegerField(
        _("talk at least every (days)"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_INTERVAL_DAYS)],
    )
    site = models.ForeignKey(
        Site,
        verbose_name=_("site"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    reports_to = models.ForeignKey(
        "self",
        verbose_name=_("reports to"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="reports",
        db_index=False,
    )
    confidence = models.CharField(
        _("known"), max_length=10, choices=Confidence, default=Confidence.ASSUMED
    )
    source = models.CharField(_("source"), max_length=120, blank=True)
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    last_talked_on = models.DateField(_("last talk"), null=True, blank=True, editable=False)
    quiet_on = models.DateField(null=True, blank=True, editable=False)

    objects = querysets.ContactQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            CoveringIndex(  # words too short for trigrams are looked for in all of them
                fields=["name", "id"],
                covers=("email", "account", "archived_at"),
                name="contact_list",
            ),
            models.Index(  # few report to somebody, and an index of nothings misleads planners
                fields=["reports_to"],
                condition=Q(reports_to__isnull=False),
                name="contact_reports",
            ),
            models.Index(fields=["quiet_on", "id"], name="contact_quiet"),
            SearchIndex(fields=["name"], name="contact_search"),
            SearchIndex(fields=["email"], name="contact_email_search", starts=True),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("accounts:contact", self.pk)

    @property
    def buying_role_names(self) -> list[str]:
        """Part in the decision, in words."""
        return [str(BuyingRole(role).label) for role in self.buying_roles]

    @property
    def attitude_name(self) -> str:
        """Attitude in words, empty if unknown."""
        return "" if self.attitude is None else str(ATTITUDES[self.attitude])

    def clean(self) -> None:
        super().clean()
        for name in ("site", "reports_to"):
            other = getattr(self, name)
            if other is not None and other.account_id != self.account_id:
                raise ValidationError({name: _("It belongs to another account.")}, code="foreign")


class ContactExternalId(ExternalNumber):
    """The person's number in another system. Two accounts may use one number, so that nobody
    learns from a refusal of a person at an account that they may not see."""

    contact = models.ForeignKey(Contact, on_delete=models.CASCADE, related_name="external_ids")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")

    class Meta:
        ordering = ["system", "value"]
        indexes = [models.Index(fields=["system", "value"], name="contactexternalid_number")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "system", "value"],
                name="contactexternalid_value",
                violation_error_message=_("Another person has this number in this system."),
            )
        ]


class Interaction(Tracked):
    """A talk with people of the customer (K065): when, how, with whom, what mattered."""

    class Kind(models.TextChoices):
        CALL = "call", _("Call")
        MEETING = "meeting", _("Meeting")
        MAIL = "mail", _("Mail")

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="interactions"
    )
    happened_on = models.DateField(_("on"))
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.CALL)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("our person"),
        on_delete=models.PROTECT,
        related_name="interactions",
    )
    contacts = models.ManyToManyField(
        Contact, verbose_name=_("with"), related_name="interactions", blank=True
    )
    text = models.TextField(_("what matters"))

    objects = querysets.InteractionQuerySet.as_manager()

    class Meta:
        ordering = ["-happened_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "-happened_on"], name="interaction_recent"),
            models.Index(fields=["-happened_on", "-id"], name="interaction_list"),
        ]

    def __str__(self) -> str:
        return self.text[:80]
