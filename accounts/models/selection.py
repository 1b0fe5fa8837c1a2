"""Selection runs, decisions on who is key, and what customers were told (handbook 3.5, 3.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.ledger import MONEY
from kam.access.dates import business_today
from kam.changes.models import Tracked
from teams.models import Programme, currency_code

FTE: dict[str, Any] = {"max_digits": 5, "decimal_places": 2}
LARGEST = 1_000_000
"""Number of accounts that no programme has; without it each database has a limit of its own."""


class ManagerCapacity(Tracked):
    """How many accounts, and how much effort in full-time people, a manager can take on (3.5)."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="manager_capacities"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("manager"),
        on_delete=models.PROTECT,
        related_name="capacities",
    )
    accounts = models.PositiveSmallIntegerField(
        _("accounts"), default=2, validators=[MaxValueValidator(5)]
    )
    effort = models.DecimalField(
        _("effort (FTE)"), default=Decimal(1), validators=[MinValueValidator(0)], **FTE
    )

    objects = querysets.ProgrammeTrackedQuerySet.as_manager()

    class Meta:
        ordering = ["user__first_name", "user__last_name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "user"],
                condition=Q(archived_at=None),
                name="managercapacity_user",
                violation_error_message=_("This person's capacity is recorded already."),
            )
        ]

    def __str__(self) -> str:
        return str(self.user)


class Selection(Tracked):
    """A scenario: which candidates to choose within which limits, and what came of it (K061).

    `given` is what its author set instead of stored data: `candidates`, `managers`, `conflicts` in
    the shapes of the API; `marks` is account -> "must" or "barred". `problem` is the whole problem
    as it was solved, `result` the answer, both never changed afterwards: another solve is another
    scenario. `steps` are the five logged steps with counts (K060).
    """

    class Status(models.TextChoices):
        DRAFT = "draft", _("not solved")
        QUEUED = "queued", _("waiting")
        SOLVING = "solving", _("solving")
        OPTIMAL = "optimal", _("optimum proven")
        GAP = "gap", _("within a stated gap")
        INFEASIBLE = "infeasible", _("conditions contradict each other")
        CANCELLED = "cancelled", _("stopped")
        FAILED = "failed", _("failed")

    SOLVED = (Status.OPTIMAL, Status.GAP)
    UNDER_WAY = (Status.QUEUED, Status.SOLVING)

    programme = models.ForeignKey(
        Programme, verbose_name=_("programme"), on_delete=models.PROTECT, related_name="selections"
    )
    name = models.CharField(_("name"), max_length=120)
    max_accounts = models.PositiveIntegerField(
        _("key accounts at most"), null=True, blank=True, validators=[MaxValueValidator(LARGEST)]
    )
    budget = models.DecimalField(
        _("yearly budget"), null=True, blank=True, validators=[MinValueValidator(0)], **MONEY
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    hurdle = models.DecimalField(_("hurdle"), max_digits=4, decimal_places=2)
    attractiveness_weight = models.DecimalField(
        _("weight of attractiveness"),
        max_digits=4,
        decimal_places=3,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
    )
    cut = models.DecimalField(_("cut of the matrix"), max_digits=4, decimal_places=2)
    min_stars = models.PositiveIntegerField(
        _("Stars at least"), default=0, validators=[MaxValueValidator(LARGEST)]
    )
    given = models.JSONField(default=dict, blank=True, editable=False)
    marks = models.JSONField(default=dict, blank=True, editable=False)
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.DRAFT, editable=False
    )
    problem = models.JSONField(default=dict, blank=True, editable=False)
    result = models.JSONField(default=dict, blank=True, editable=False)
    steps = models.JSONField(default=list, blank=True, editable=False)
    objective = models.DecimalField(null=True, editable=False, max_digits=14, decimal_places=6)
    gap = models.DecimalField(null=True, editable=False, max_digits=9, decimal_places=6)
    cost = models.DecimalField(null=True, editable=False, **MONEY)
    error = models.TextField(blank=True, editable=False)
    copied_from = models.ForeignKey(
        "self", null=True, blank=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    job = models.ForeignKey(
        "jobs.Job", null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    solved_at = models.DateTimeField(null=True, editable=False)
    decided_at = models.DateTimeField(null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.SelectionQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        indexes = [models.Index(fields=["programme", "-id"], name="selection_list")]

    def __str__(self) -> str:
        return self.name

    @property
    def strength_weight(self) -> Decimal:
        """The weight of strength: what attractiveness leaves of 1."""
        return 1 - self.attractiveness_weight


class Decision(models.Model):
    """What was decided about an account, by whom, when and why, beside what the run advised (3.6).

    `advice` is the action that the run proposes, empty outside a run; `deviation` says why another
    was taken. Never changed; the next decision follows it.
    """

    class Action(models.TextChoices):
        APPOINT = "appoint", _("appoint")
        GROOM = "groom", _("groom")
        MAINTAIN = "maintain", _("maintain")
        HANDLE = "handle", _("handle diplomatically")
        REVIEW = "review", _("review")
        RELEASE = "release", _("release")
        CONSIDER = "consider", _("consider anew")

    class ServiceModel(models.TextChoices):
        """How an account that is not key is served (K049)."""

        INSIDE_SALES = "inside_sales", _("inside sales")
        DISTRIBUTOR = "distributor", _("distributor")
        WEB = "web", _("web")
        FIELD_SALES = "field_sales", _("field sales")

    class Answer(models.TextChoices):
        """Whether a customer who insists on key treatment is worth keeping (K050)."""

        KEEP = "keep", _("keep")
        RELEASE = "release", _("release")

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="decisions")
    selection = models.ForeignKey(
        Selection, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    action = models.CharField(_("decision"), max_length=8, choices=Action)
    advice = models.CharField(_("advice"), max_length=8, choices=Action, blank=True)
    reason = models.TextField(_("reason"), max_length=2000)
    rationale_types = models.JSONField(_("kinds of reason"), default=list, blank=True)
    deviation = models.TextField(_("why not as advised"), blank=True, max_length=2000)
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("manager"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    service_model = models.CharField(
        _("served by"), max_length=12, choices=ServiceModel, blank=True
    )
    trigger = models.CharField(_("becomes key when"), max_length=250, blank=True)
    review_on = models.DateField(_("look again on"), null=True, blank=True)
    message = models.TextField(_("what we say and how"), blank=True, max_length=2000)
    answer = models.CharField(_("worth keeping"), max_length=7, choices=Answer, blank=True)
    contribution = models.DecimalField(
        _("contribution shown"), null=True, blank=True, editable=False, **MONEY
    )
    override = models.BooleanField(_("limit overridden"), default=False)
    override_reason = models.TextField(_("why beyond the limit"), blank=True)
    decided_on = models.DateField(_("decided on"), default=business_today)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    superseded_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = querysets.DecisionQuerySet.as_manager()

    class Meta:
        ordering = ["-decided_on", "-pk"]
        indexes = [models.Index(fields=["-decided_on", "-id"], name="decision_list")]
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(superseded_at=None), name="decision_in_force"
            ),
            models.UniqueConstraint(
                fields=["selection", "account"],
                condition=Q(selection__isnull=False),
                name="decision_once_a_run",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_action_display()}"


class Expectation(Tracked):
    """What the customer was told of being a key account, and what it expects (K129)."""

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="expectations")
    told = models.TextField(_("what we told"), max_length=4000)
    expected = models.TextField(_("what they expect"), blank=True, max_length=4000)
    differs = models.TextField(_("what is different for them"), blank=True, max_length=4000)
    told_on = models.DateField(_("told on"), default=business_today)
    agreed_on = models.DateField(_("agreed on"), null=True, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )

    objects = querysets.TrackedHangingQuerySet.as_manager()

    class Meta:
        ordering = ["-told_on", "-pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(agreed_on=None) | Q(agreed_on__gte=models.F("told_on")),
                name="expectation_agreed",
                violation_error_message=_("It was agreed on before it was told."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.account}, {self.told_on}"
