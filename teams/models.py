"""Programme, people, units, roles and teams (handbook 5.1; `design.md` 4.1)."""

from __future__ import annotations

import datetime
import zoneinfo
from decimal import Decimal

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.access.models import Dated
from kam.access.tree import PathField
from kam.api.models import ExternalNumber
from kam.changes.errors import field_error
from kam.changes.models import Tracked
from kam.web.addresses import address
from teams import querysets

currency_code = RegexValidator(r"^[A-Z]{3}\Z", _("A currency is three capital letters, e.g. GBP."))


def valid_zone(name: str) -> None:
    """Refuse a name that is no IANA time zone."""
    if name not in zoneinfo.available_timezones():
        raise ValidationError(_("No such time zone."), code="zone")


class User(AbstractUser):
    """Somebody who signs in. Rights come from roles and teams alone: no superuser branch."""

    class Theme(models.TextChoices):
        SYSTEM = "system", _("as the device")
        LIGHT = "light", _("light")
        DARK = "dark", _("dark")

    class Density(models.TextChoices):
        COMPACT = "compact", _("compact")
        NORMAL = "normal", _("normal")
        COMFORTABLE = "comfortable", _("comfortable")

    email = models.EmailField(_("e-mail"), blank=True)
    first_name = models.CharField(_("first name"), max_length=80, blank=True)
    last_name = models.CharField(_("last name"), max_length=80, blank=True)
    time_zone = models.CharField(_("time zone"), max_length=50, blank=True, validators=[valid_zone])
    locale = models.CharField(
        _("number and date format"),
        max_length=10,
        blank=True,
        help_text=_("Empty: as the installation."),
    )
    theme = models.CharField(_("theme"), max_length=10, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(_("rows"), max_length=12, choices=Density, default=Density.NORMAL)
    single_keys = models.BooleanField(_("single-key shortcuts"), default=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.UserManager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                Lower("username"),
                name="user_username",
                violation_error_message=_("This user name is taken."),
            ),
            models.UniqueConstraint(
                Lower("email"),
                condition=~Q(email=""),
                name="user_email",
                violation_error_message=_("This address belongs to somebody else."),
            ),
        ]
        indexes = [models.Index(fields=["first_name", "last_name", "id"], name="user_list")]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    def clean(self) -> None:
        """A user name that looks like an address must be the person's own: both sign in."""
        super().clean()
        if "@" in self.username and self.username.lower() != self.email.lower():
            text = _("Only your own e-mail address may serve as a user name with an @.")
            raise field_error("username", str(text), "address")

    @property
    def initials(self) -> str:
        """Two letters for the round mark beside a name."""
        words = str(self).split()
        return "".join(
            word[0] for word in (words[:1] + words[-1:])[: 2 if len(words) > 1 else 1]
        ).upper()


class Programme(Tracked):
    """A key account programme: whose, in which currency and fiscal year, by which limits (K001)."""

    class Preset(models.TextChoices):
        ESSENTIAL = "essential", _("essential: team, core plan, stage review, figures, my day")
        FULL = "full", _("full")

    class Approval(models.TextChoices):
        SIMPLE = "simple", _("any second person entitled")
        FULL = "full", _("finance, then sponsor")

    name = models.CharField(_("name"), max_length=120)
    supplier_name = models.CharField(
        _("company"), max_length=120, help_text=_("The supplier: the company that runs it.")
    )
    definition = models.TextField(
        _("what key account management means here"),
        blank=True,
        help_text=_("Earlier texts stay in history."),
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    fiscal_year_start = models.PositiveSmallIntegerField(
        _("fiscal year starts in month"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(12)],
    )
    time_zone = models.CharField(
        _("time zone"), max_length=50, default="UTC", validators=[valid_zone]
    )
    preset = models.CharField(_("preset"), max_length=10, choices=Preset, default=Preset.ESSENTIAL)
    approval = models.CharField(
        _("plan approval"), max_length=10, choices=Approval, default=Approval.SIMPLE
    )

    objects = querysets.ProgrammeQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                name="programme_name",
                violation_error_message=_("A programme of this name exists."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    def today(self) -> datetime.date:
        """The business date in the programme's zone."""
        return timezone.localdate(timezone=zoneinfo.ZoneInfo(self.time_zone))


class ProgrammeSetting(models.Model):
    """A value of handbook Appendix B from a date on; earlier values stay (handbook 0, history)."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="settings")
    name = models.CharField(_("setting"), max_length=50)
    value = models.DecimalField(_("value"), max_digits=12, decimal_places=4)
    valid_from = models.DateField(_("from"))
    set_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(_("reason"), max_length=250, blank=True)

    objects = querysets.ProgrammeSettingQuerySet.as_manager()

    class Meta:
        ordering = ["programme", "name", "-valid_from", "-pk"]
        indexes = [models.Index(fields=["programme", "name", "-valid_from"], name="setting_lookup")]

    def __str__(self) -> str:
        return f"{self.name} = {self.value}"


class BusinessUnit(Tracked):
    """A part of the supplier; a senior manager answers for a unit and all below it."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="business_units"
    )
    name = models.CharField(_("name"), max_length=120)
    code = models.CharField(_("code"), max_length=30, blank=True)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    path = PathField(editable=False, default="", db_index=True)

    objects = querysets.BusinessUnitQuerySet.as_manager()
    untold = ("path",)

    class Meta:
        ordering = ["path"]
        constraints = [
            models.UniqueConstraint(
                "programme",
                Lower("name"),
                name="businessunit_name",
                violation_error_message=_("A unit of this name exists."),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def depth(self) -> int:
        """0 for a root."""
        return self.path.count("/") - 2


class Function(Tracked):
    """What somebody does for an account (`design.md` 11): one editable list."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="functions")
    code = models.SlugField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=60)

    objects = querysets.FunctionQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "code"],
                name="function_code",
                violation_error_message=_("A function with this code exists."),
            ),
            models.UniqueConstraint(
                "programme",
                Lower("name"),
                name="function_name",
                violation_error_message=_("A function of this name exists."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    """Roles for the installation, a programme or a unit (`design.md` 4.1)."""

    ADMINISTRATOR = "administrator", _("Administrator")
    PROGRAMME_MANAGER = "programme_manager", _("Programme manager")
    FINANCE = "finance", _("Finance")
    AUDITOR = "auditor", _("Auditor")
    SENIOR_MANAGER = "senior_manager", _("Senior manager")


class RoleGrant(Dated):
    """A role held by a person: administrator for the installation, senior manager for a unit and
    below, the others for a programme."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="grants")
    role = models.CharField(_("role"), max_length=20, choices=Role)
    programme = models.ForeignKey(
        Programme, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    business_unit = models.ForeignKey(
        BusinessUnit, null=True, blank=True, on_delete=models.PROTECT, related_name="grants"
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.RoleGrantQuerySet.as_manager()

    class Meta:
        ordering = ["user", "role", "pk"]
        indexes = [models.Index(fields=["user", "role"], name="rolegrant_user")]
        constraints = [
            models.CheckConstraint(
                condition=(
                    Q(role="administrator", programme=None, business_unit=None)
                    | Q(role="senior_manager", programme=None, business_unit__isnull=False)
                    | (
                        Q(programme__isnull=False, business_unit=None)
                        & ~Q(role__in=["administrator", "senior_manager"])
                    )
                ),
                name="rolegrant_scope",
                violation_error_message=_(
                    "An administrator is one of the installation, a senior manager one of a unit, "
                    "everybody else of a programme."
                ),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}: {self.get_role_display()}"


class TeamRole(models.TextChoices):
    """Roles in a team (handbook 5.1)."""

    KAM = "kam", _("Manager")
    DEPUTY = "deputy", _("Deputy")
    SPONSOR = "sponsor", _("Sponsor")
    MEMBER = "member", _("Member")
    OBSERVER = "observer", _("Observer")


class Team(Tracked):
    """The people who look after an account, or the accounts of one customer group."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="teams")
    name = models.CharField(_("name"), max_length=120)

    objects = querysets.TeamQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                "programme",
                Lower("name"),
                name="team_name",
                violation_error_message=_("This name is taken."),
            )
        ]
        indexes = [models.Index(fields=["name", "id"], name="team_list")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("teams:detail", self.pk)

    @property
    def present_managers(self) -> list[Membership]:
        """Managers among the `current_members` that `for_list` loaded."""
        members: list[Membership] = self.current_members  # type: ignore[attr-defined]
        return [row for row in members if row.role == TeamRole.KAM]


class TeamExternalId(ExternalNumber):
    """The team's number in another system: one team per system and number in a programme."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="external_ids")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["system", "value"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "system", "value"],
                name="teamexternalid_value",
                violation_error_message=_("Another team has this number in this system."),
            )
        ]


class Membership(Dated):
    """One person in one team, in one role, from one day to another (K011, K153)."""

    team = models.ForeignKey(Team, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(
        User, verbose_name=_("person"), on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=10, choices=TeamRole)
    function = models.ForeignKey(
        Function,
        verbose_name=_("function"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    effort_fte = models.DecimalField(
        _("effort (FTE)"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(Decimal(0)), MaxValueValidator(Decimal(1))],
    )
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.MembershipQuerySet.as_manager()

    class Meta:
        ordering = ["team", "role", "pk"]
        indexes = [models.Index(fields=["user", "team", "role"], name="membership_user")]
        constraints = [
            models.UniqueConstraint(
                fields=["team"],
                condition=Q(role="kam", valid_until=None),
                name="membership_one_manager",
                violation_error_message=_("The team has a manager already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.get_role_display()}"
