"""The customer itself, with its place in the group, its status and its stage."""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.choices import (
    REVIEWED_STATUSES,
    Criticality,
    GeographicReach,
    Initiator,
    Intent,
    Size,
    Stage,
    Status,
    UncouplingReason,
)
from accounts.models.channel import Channel
from accounts.models.triggers import moves_sums
from kam.access.tree import PathField
from kam.changes.models import Tracked
from kam.web.addresses import address
from kam.web.indexes import CoveringIndex, RankIndex, SearchIndex
from teams.models import BusinessUnit, Programme, Team, currency_code


class Account(Tracked):
    """A business customer or prospect (K010, K028): an organisation, never a private person.

    Status (what it is to the programme) and stage (where the relationship stands) are two
    independent fields. `path` holds the primary keys from the top of the group down to this one,
    so that a group is a prefix; `root` is the top. An account that an import has brought is hidden
    from everybody by `staged_by` until the import is published. One that another has taken up
    (`merged_into`) is archived below that, with its team and unit, and nobody writes to it.
    """

    programme = models.ForeignKey(
        Programme, verbose_name=_("programme"), on_delete=models.PROTECT, related_name="accounts"
    )
    name = models.CharField(_("name"), max_length=200)
    parent = models.ForeignKey(
        "self",
        verbose_name=_("part of"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="children",
    )
    root = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="+"
    )
    path = PathField(editable=False, default="")
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.CANDIDATE, editable=False
    )
    status_since = models.DateField(_("status since"), null=True, blank=True, editable=False)
    stage = models.CharField(  # noqa: DJ001  (null = not assessed, `design.md` 6)
        _("stage"), max_length=11, choices=Stage, null=True, blank=True, editable=False
    )
    stage_since = models.DateField(_("stage since"), null=True, blank=True, editable=False)
    relationship_index = models.DecimalField(
        _("relationship index"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        editable=False,
    )
    reviewed_on = models.DateField(_("last stage review"), null=True, blank=True, editable=False)
    review_due_on = models.DateField(_("next stage review"), null=True, blank=True, editable=False)
    target_stage = models.CharField(  # noqa: DJ001  (null = none set)
        _("target stage"), max_length=11, choices=Stage, null=True, blank=True
    )
    target_stage_by = models.DateField(_("target by"), null=True, blank=True)
    business_unit = models.ForeignKey(
        BusinessUnit,
        verbose_name=_("business unit"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accounts",
        db_index=False,
    )
    team = models.ForeignKey(
        Team,
        verbose_name=_("team"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accounts",
        db_index=False,  # account_team is
    )
    channel = models.ForeignKey(
        Channel,
        verbose_name=_("trade channel"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="accounts",
    )
    country = models.CharField(_("country"), max_length=60, blank=True)
    industry = models.CharField(_("industry"), max_length=80, blank=True)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        validators=[currency_code],
        help_text=_("Empty: the programme's."),
    )
    decision_level = models.BooleanField(
        _("buying is decided here"),
        default=False,
        help_text=_("For it and all below it: as such it stands in the trade-channel map."),
    )
    planned_cost = models.DecimalField(
        _("planned yearly cost"),
        max_digits=24,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_(
            "Of looking after it as a key account, without the manager's salary, in the"
            " programme's currency."
        ),
    )
    planned_effort = models.DecimalField(
        _("planned effort (FTE)"),
        max_digits=4,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text=_("Of its manager. Empty: what is usual at its stage."),
    )
    size = models.CharField(_("size"), max_length=6, choices=Size, blank=True)
    reach = models.CharField(_("reach"), max_length=8, choices=GeographicReach, blank=True)
    intent = models.CharField(_("intent"), max_length=13, choices=Intent, blank=True)
    criticality = models.CharField(
        _("what it contributes is"),
        max_length=11,
        choices=Criticality,
        blank=True,
        help_text=_("Critical: without it our business would be another."),
    )
    potential_contribution = models.DecimalField(
        _("could contribute a year"),
        max_digits=24,
        decimal_places=6,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text=_("As a key account in three years, in the programme's currency."),
    )
    website = models.URLField(_("website"), blank=True)
    description = models.TextField(_("what it does and for whom"), blank=True)
    staged_by = models.ForeignKey(
        "imports.Run",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    merged_into = models.ForeignKey(
        "self",
        verbose_name=_("merged into"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="merged",
    )
    rationale = models.TextField(_("why it is a key account"), blank=True, editable=False)
    rationale_types = models.JSONField(
        _("kinds of reason"), default=list, blank=True, editable=False
    )

    objects = querysets.AccountQuerySet.as_manager()
    untold = ("path",)

    class Meta:
        ordering = ["name", "pk"]
        indexes = [
            models.Index(fields=["path"], name="account_path", opclasses=["text_pattern_ops"]),
            models.Index(fields=["programme", "name", "id"], name="account_name"),
            models.Index(fields=["programme", "status", "name"], name="account_status"),
            CoveringIndex(  # the last page counts its way through all before it
                fields=["name", "id"],
                covers=("programme", "business_unit", "team", "parent", "archived_at", "staged_by"),
                name="account_list",
            ),
            CoveringIndex(  # teams are counted by what they serve
                fields=["team", "id"],
                covers=("programme", "business_unit", "archived_at", "staged_by"),
                name="account_team",
            ),
            models.Index(fields=["review_due_on"], name="account_review_due"),
            RankIndex(
                fields=["review_due_on", "name", "id"],
                unknown_first=("review_due_on",),
                condition=Q(archived_at=None, staged_by=None, status__in=REVIEWED_STATUSES),
                name="account_reviews",
            ),
            CoveringIndex(  # of units; if narrower than "account_team", SQLite takes it for teams
                fields=["business_unit", "status"],
                covers=("archived_at", "staged_by", "merged_into", "team", "programme"),
                name="account_unit",
            ),
            CoveringIndex(  # all that a portfolio asks of every account
                fields=["programme", "id"],
                covers=(
                    "status",
                    "business_unit",
                    "team",
                    "stage",
                    "target_stage",
                    "review_due_on",
                    "path",
                ),
                condition=Q(archived_at=None, staged_by=None),
                name="account_active",
            ),
            SearchIndex(fields=["name"], name="account_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(parent=F("pk")),
                name="account_not_own_parent",
                violation_error_message=_("An account cannot be part of itself."),
            ),
            models.CheckConstraint(
                condition=~Q(target_stage="uncoupling"),
                name="account_target_on_ladder",
                violation_error_message=_("Uncoupling is no target."),
            ),
            models.CheckConstraint(
                condition=Q(merged_into=None) | Q(archived_at__isnull=False),
                name="account_merged_is_archived",
            ),
        ]
        triggers = moves_sums()

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return address("accounts:detail", self.pk)

    @property
    def depth(self) -> int:
        """Steps below the top of the group; the top is 0."""
        return self.path.count("/") - 2

    @property
    def tags(self) -> str:
        """Size, reach and intent in words (K051)."""
        words = (self.get_size_display(), self.get_reach_display(), self.get_intent_display())
        return ", ".join(str(word) for word in words if word)

    @property
    def money(self) -> str:
        """Currency in which the account is kept."""
        return self.currency or self.programme.currency


class ExternalId(models.Model):
    """The account's identity in another system: one per system and value in a programme."""

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="external_ids")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")
    system = models.CharField(_("system"), max_length=40)
    value = models.CharField(_("number there"), max_length=120)

    objects = querysets.ExternalIdQuerySet.as_manager()

    class Meta:
        ordering = ["system", "value"]
        indexes = [SearchIndex(fields=["value"], name="externalid_search", starts=True)]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "system", "value"],
                name="externalid_value",
                violation_error_message=_("This number is taken in this system."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.system} {self.value}"


class Site(Tracked):
    """A place of the customer."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(_("name"), max_length=120)
    address = models.TextField(_("address"), blank=True)
    city = models.CharField(_("city"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)

    objects = querysets.TrackedHangingQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]

    def __str__(self) -> str:
        return self.name


class StatusChange(models.Model):
    """One step of the account's status: who, when, why (K004, K010)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="status_changes")
    from_status = models.CharField(_("from"), max_length=10, choices=Status, blank=True)
    to_status = models.CharField(_("to"), max_length=10, choices=Status)
    decided_on = models.DateField(_("decided on"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"), blank=True)
    rationale_types = models.JSONField(default=list, blank=True)
    override = models.BooleanField(_("limit overridden"), default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]
        indexes = [models.Index(fields=["-decided_on", "-id"], name="statuschange_list")]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_to_status_display()}"


class StageChange(models.Model):
    """One step of the relationship's stage: never overwritten (K064; handbook 2.5, T7).

    `review` is the primary key of the stage review that led to it, `scores` its index and
    dimensions, so that the timeline needs nothing from above.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="stage_changes")
    from_stage = models.CharField(_("from"), max_length=11, choices=Stage, blank=True)
    to_stage = models.CharField(_("to"), max_length=11, choices=Stage, blank=True)
    happened_on = models.DateField(_("on"))
    proposed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    confirmed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    reason = models.TextField(_("reason"))
    override = models.BooleanField(_("override"), default=False)
    first_assessment = models.BooleanField(_("first assessment"), default=False)
    uncoupling_reason = models.CharField(
        _("reason for uncoupling"), max_length=20, choices=UncouplingReason, blank=True
    )
    initiator = models.CharField(_("initiator"), max_length=10, choices=Initiator, blank=True)
    scores = models.JSONField(default=dict, blank=True)
    review = models.BigIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        ordering = ["-happened_on", "-pk"]
        indexes = [models.Index(fields=["-happened_on", "-id"], name="stagechange_list")]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_to_stage_display() or _('not assessed')}"
