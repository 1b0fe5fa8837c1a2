"""Who does what next (handbook 4.4)."""

from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account
from kam.changes.models import Tracked
from kam.web.addresses import address
from kam.web.indexes import SearchIndex
from plans import querysets
from plans.choices import (
    OPEN_ACTIONS,
    ActionOrigin,
    ActionStatus,
)
from plans.models.work import Objective, Strategy
from teams.models import Function


class Action(Tracked):
    """Who does what next, by when (K008).

    Hangs on the account: objective and strategy are optional, so that a thought is captured
    without a plan. `status` is what people set; `state` is what shows: open work waiting for an
    unfinished action is blocked. `effort_days` are person-days.
    """

    CONTENT_FIELDS = ("text", "objective", "strategy", "origin")
    EXECUTION_FIELDS = (
        "owner",
        "function",
        "start",
        "due",
        "effort_days",
        "depends_on",
        "status",
        "blocked_reason",
        "closing_note",
    )
    EDITABLE_FIELDS = CONTENT_FIELDS + EXECUTION_FIELDS

    account = models.ForeignKey(
        Account, verbose_name=_("account"), on_delete=models.PROTECT, related_name="actions"
    )
    objective = models.ForeignKey(
        Objective,
        verbose_name=_("objective"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="actions",
    )
    strategy = models.ForeignKey(
        Strategy,
        verbose_name=_("strategy"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="actions",
    )
    origin = models.CharField(
        _("origin"), max_length=12, choices=ActionOrigin, default=ActionOrigin.OTHER
    )
    text = models.CharField(_("action"), max_length=500)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("owner"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="actions",
    )
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    function = models.ForeignKey(
        Function,
        verbose_name=_("function"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    start = models.DateField(_("start"), null=True, blank=True)
    due = models.DateField(_("due"), null=True, blank=True)
    effort_days = models.DecimalField(
        _("effort (days)"),
        max_digits=6,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    depends_on = models.ForeignKey(
        "self",
        verbose_name=_("waits for"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="dependents",
    )
    status = models.CharField(
        _("state"), max_length=10, choices=ActionStatus, default=ActionStatus.TODO
    )
    blocked_reason = models.CharField(_("why blocked"), max_length=250, blank=True)
    closing_note = models.TextField(_("how it ended"), blank=True)
    done_on = models.DateField(_("done on"), null=True, blank=True, editable=False)

    objects = querysets.ActionQuerySet.as_manager()

    class Meta:
        ordering = ["due", "pk"]
        indexes = [
            models.Index(fields=["owner", "status", "due"], name="action_owner_due"),
            models.Index(fields=["account", "status", "due"], name="action_account_due"),
            models.Index(fields=["due", "id"], name="action_list"),
            SearchIndex(fields=["text"], name="action_search"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(start=None) | Q(due=None) | Q(due__gte=F("start")),
                name="action_due_after_start",
                violation_error_message=_("It is due before it starts."),
            ),
            models.CheckConstraint(
                condition=~Q(status="blocked") | ~Q(blocked_reason=""),
                name="action_blocked_with_reason",
                violation_error_message=_("Say what blocks it."),
            ),
            models.CheckConstraint(
                condition=Q(effort_days=None) | Q(effort_days__gte=0),
                name="action_effort",
                violation_error_message=_("Effort is not negative."),
            ),
            models.CheckConstraint(
                condition=Q(depends_on=None) | ~Q(depends_on=F("pk")),
                name="action_not_own_dependency",
                violation_error_message=_("An action cannot wait for itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.text[:100]

    def get_absolute_url(self) -> str:
        return address("plans:action", self.pk)

    def clean(self) -> None:
        super().clean()
        if self.strategy is not None and self.strategy.objective_id != self.objective_id:
            raise ValidationError(
                {"strategy": _("It belongs to another objective.")}, code="objective"
            )
        if self.objective is not None and self.objective.plan.account_id != self.account_id:
            raise ValidationError({"objective": _("It is another account's.")}, code="account")
        if self.depends_on is not None and self.depends_on.account_id != self.account_id:
            raise ValidationError({"depends_on": _("It is another account's.")}, code="account")
        if self.function is not None and self.function.programme_id != self.account.programme_id:
            raise ValidationError(
                {"function": _("It belongs to another programme.")}, code="programme"
            )

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done."""
        return self.status in OPEN_ACTIONS

    @property
    def waits(self) -> bool:
        """Whether the action before it is unfinished (K008)."""
        return self.is_open and self.depends_on is not None and self.depends_on.is_open

    @property
    def state(self) -> ActionStatus:
        """What shows: `status`, or blocked while it waits for another."""
        return ActionStatus.BLOCKED if self.waits else ActionStatus(self.status)
