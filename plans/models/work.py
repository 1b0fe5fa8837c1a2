"""What by when, and how (handbook 4.4)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import SuccessFactor
from kam.web.addresses import address
from plans import progress, querysets
from plans.choices import (
    ObjectiveStatus,
    ObjectiveType,
    StrategyKind,
)
from plans.models.content import PlanContent
from plans.models.goals import CorporateObjective, CustomerGoal
from plans.models.plan import Plan

LAST_PLACE = 9999
"""Where a row may stand at most among its siblings."""


class Objective(PlanContent):
    """What is to be reached by when, measured by one indicator.

    `baseline`, `target` and `actual` are in `unit`; `actual` is the last reading, `actual_on` its
    day. The status is computed (`status_on`), only dropping is a person's decision.
    """

    CONTENT_FIELDS = (
        "title",
        "type",
        "owner",
        "customer_goal",
        "success_factor",
        "corporate_objective",
        "kpi",
        "unit",
        "baseline",
        "target",
        "start",
        "due",
        "shared",
        "position",
    )
    EXECUTION_FIELDS = ("actual", "actual_on")

    plan = models.ForeignKey(
        Plan, on_delete=models.PROTECT, related_name="objectives", db_index=False
    )
    title = models.CharField(_("objective"), max_length=250)
    type = models.CharField(_("type"), max_length=15, choices=ObjectiveType)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    customer_goal = models.ForeignKey(
        CustomerGoal,
        verbose_name=_("customer goal"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="objectives",
    )
    success_factor = models.ForeignKey(
        SuccessFactor,
        verbose_name=_("success factor of the customer"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="objectives",
    )
    corporate_objective = models.ForeignKey(
        CorporateObjective,
        verbose_name=_("corporate objective"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="objectives",
    )
    kpi = models.CharField(_("measured by"), max_length=120, blank=True)
    unit = models.CharField(_("unit"), max_length=30, blank=True)
    baseline = models.DecimalField(
        _("baseline"), max_digits=20, decimal_places=6, null=True, blank=True
    )
    target = models.DecimalField(
        _("target"), max_digits=20, decimal_places=6, null=True, blank=True
    )
    start = models.DateField(_("start"), null=True, blank=True)
    due = models.DateField(_("due"), null=True, blank=True)
    shared = models.BooleanField(
        _("shared"), default=False, help_text=_("Agreed with the customer.")
    )
    position = models.PositiveSmallIntegerField(
        _("place"), default=0, validators=[MaxValueValidator(LAST_PLACE)]
    )
    actual = models.DecimalField(_("now"), max_digits=20, decimal_places=6, null=True, blank=True)
    actual_on = models.DateField(_("read on"), null=True, blank=True)
    dropped_on = models.DateField(_("dropped on"), null=True, blank=True, editable=False)
    dropped_reason = models.TextField(_("why dropped"), blank=True, editable=False)

    objects = querysets.ObjectiveQuerySet.as_manager()

    class Meta:
        ordering = ["plan", "position", "pk"]
        indexes = [models.Index(fields=["plan", "position", "id"], name="objective_list")]
        constraints = [
            models.CheckConstraint(
                condition=Q(start=None) | Q(due=None) | Q(due__gt=F("start")),
                name="objective_due_after_start",
                violation_error_message=_("It is due before it starts."),
            ),
            models.CheckConstraint(
                condition=Q(dropped_on=None) | ~Q(dropped_reason=""),
                name="objective_dropped_with_reason",
                violation_error_message=_("Say why it is dropped."),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return f"{address('plans:detail', self.plan_id)}#objective-{self.pk}"

    def clean(self) -> None:
        super().clean()
        goal, aim = self.customer_goal, self.corporate_objective
        if goal is not None and goal.account_id != self.plan.account_id:
            raise ValidationError({"customer_goal": _("It is another customer's.")}, code="account")
        factor = self.success_factor
        if factor is not None and factor.account_id != self.plan.account_id:
            text = _("It is another customer's.")
            raise ValidationError({"success_factor": text}, code="account")
        if aim is not None and aim.programme_id != self.plan.account.programme_id:
            raise ValidationError(
                {"corporate_objective": _("It belongs to another programme.")}, code="programme"
            )
        if self.actual is not None and self.actual_on is None:
            raise ValidationError({"actual_on": _("Say when it was read.")}, code="required")

    def status_on(self, today: datetime.date) -> ObjectiveStatus:
        """Computed status on the day `today` (handbook 4.4)."""
        return progress.objective_status(
            baseline=self.baseline,
            target=self.target,
            due=self.due,
            actual=self.actual,
            actual_on=self.actual_on,
            dropped=self.dropped_on is not None,
            today=today,
        )

    @property
    def progress_ratio(self) -> Decimal | None:
        """Way from baseline to target that is behind us, 0..1 and beyond (handbook 4.5); None
        when a figure is missing or the level is only to be kept."""
        if self.baseline is None or self.target is None or self.actual is None:
            return None
        way = self.target - self.baseline
        return (self.actual - self.baseline) / way if way else None

    @property
    def has_measure(self) -> bool:
        """Whether indicator, unit, baseline and target are there (SMART: M)."""
        return bool(self.kpi and self.unit) and None not in (self.baseline, self.target)


class Strategy(PlanContent):
    """How an objective is pursued."""

    CONTENT_FIELDS = ("text", "kind", "position")
    PARENT = "objective"

    objective = models.ForeignKey(
        Objective, on_delete=models.PROTECT, related_name="strategies", db_index=False
    )
    text = models.CharField(_("strategy"), max_length=250)
    kind = models.CharField(_("kind"), max_length=15, choices=StrategyKind)
    position = models.PositiveSmallIntegerField(
        _("place"), default=0, validators=[MaxValueValidator(LAST_PLACE)]
    )

    objects = querysets.ObjectiveContentQuerySet.as_manager()

    class Meta:
        ordering = ["objective", "position", "pk"]
        indexes = [models.Index(fields=["objective", "position", "id"], name="strategy_list")]
        verbose_name_plural = _("strategies")

    def __str__(self) -> str:
        return self.text

    @property
    def plan(self) -> Plan:
        return self.objective.plan


class Milestone(PlanContent):
    """A checkable result on the way to an objective."""

    CONTENT_FIELDS = ("date", "result")
    EXECUTION_FIELDS = ("reached_on",)
    PARENT = "objective"

    objective = models.ForeignKey(
        Objective, on_delete=models.PROTECT, related_name="milestones", db_index=False
    )
    date = models.DateField(_("date"))
    result = models.CharField(_("checkable result"), max_length=250)
    reached_on = models.DateField(_("reached on"), null=True, blank=True)

    objects = querysets.ObjectiveContentQuerySet.as_manager()

    class Meta:
        ordering = ["objective", "date", "pk"]
        indexes = [models.Index(fields=["objective", "date", "id"], name="milestone_list")]

    def __str__(self) -> str:
        return self.result

    @property
    def plan(self) -> Plan:
        return self.objective.plan
