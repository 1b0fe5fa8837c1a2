"""Forms of plans: shape only, services decide."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, SuccessFactor
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.web.fields import DayField
from kam.web.forms import ServiceForm, ShapeForm
from plans.models import (
    Action,
    CorporateObjective,
    CustomerGoal,
    Milestone,
    Objective,
    Plan,
    Risk,
    Strategy,
    SwotEntry,
)
from plans.reading import as_read
from plans.services.goals import CORPORATE_FIELDS
from teams.models import Function, Membership, User


def people_of(account: Account, *also: int | None) -> Any:
    """People who may be asked: the account's team today, and who is named already."""
    members = Membership.objects.filter(team=account.team_id).valid_on(business_today())
    wanted = Q(pk__in=members.values("user"), is_active=True)
    return User.objects.filter(wanted | Q(pk__in=[pk for pk in also if pk])).with_name()


class PlanForm(ServiceForm):
    """Title and period of a plan."""

    class Meta:
        model = Plan
        fields = ("title", "starts_on", "ends_on", "depth", "currency")
        field_classes = {"starts_on": DayField, "ends_on": DayField}


class PlanContentForm(ServiceForm):
    """A row of a plan; `plan` and `user` limit what can be chosen."""

    def __init__(self, *args: Any, plan: Plan, user: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.limit(plan, user)
        if "owner" in self.fields:
            self.fields["owner"].queryset = people_of(plan.account, self.instance.owner_id)

    def limit(self, plan: Plan, user: Reader) -> None:
        """Cut choices down to what belongs to the plan and `user` may see."""


class ObjectiveForm(PlanContentForm):
    """An objective."""

    wide = ("title",)
    folded = (
        "actual",
        "actual_on",
        "customer_goal",
        "success_factor",
        "corporate_objective",
        "shared",
    )

    class Meta:
        model = Objective
        fields = (
            "title",
            "type",
            "owner",
            "start",
            "due",
            "kpi",
            "unit",
            "baseline",
            "target",
            "actual",
            "actual_on",
            "customer_goal",
            "success_factor",
            "corporate_objective",
            "shared",
        )
        field_classes = {"start": DayField, "due": DayField, "actual_on": DayField}

    def limit(self, plan: Plan, user: Reader) -> None:
        goals = CustomerGoal.objects.visible_to(user)
        self.offer("customer_goal", goals.filter(account=plan.account_id))
        factors = SuccessFactor.objects.visible_to(user)
        self.offer("success_factor", factors.filter(account=plan.account_id))
        aims = CorporateObjective.objects.visible_to(user)
        self.offer("corporate_objective", aims.filter(programme=plan.account.programme_id))


class ReadingForm(ObjectiveForm):
    """The last reading of an objective: open in every state of the plan."""

    folded = ()

    class Meta(ObjectiveForm.Meta):
        fields = ("actual", "actual_on")

    def limit(self, plan: Plan, user: Reader) -> None:
        """Nothing to choose."""


class StrategyForm(PlanContentForm):
    """A strategy."""

    class Meta:
        model = Strategy
        fields = ("text", "kind")


class MilestoneForm(PlanContentForm):
    """A milestone."""

    class Meta:
        model = Milestone
        fields = ("result", "date", "reached_on")
        field_classes = {"date": DayField, "reached_on": DayField}


class SwotEntryForm(PlanContentForm):
    """A strength, weakness, opportunity or threat."""

    wide = ("quadrant", "text")

    class Meta:
        model = SwotEntry
        fields = ("quadrant", "text", "evidence", "objective", "risk")
        widgets = {"evidence": forms.Textarea(attrs={"rows": 2})}

    def limit(self, plan: Plan, user: Reader) -> None:
        for name in ("objective", "risk"):
            rows = type(self.instance)._meta.get_field(name).related_model.objects
            chosen = rows.visible_to(user).current().filter(plan=plan.pk)
            self.fields[name].queryset = chosen


class RiskForm(PlanContentForm):
    """A risk."""

    wide = ("title",)
    folded = ("cause", "effect", "probability", "amount", "trigger", "state_note")

    class Meta:
        model = Risk
        fields = (
            "title",
            "category",
            "likelihood",
            "impact",
            "cause",
            "effect",
            "probability",
            "amount",
            "response",
            "contingency",
            "trigger",
            "owner",
            "review_on",
            "state",
            "state_note",
        )
        field_classes = {"review_on": DayField}
        widgets = {
            name: forms.Textarea(attrs={"rows": 2})
            for name in ("cause", "effect", "contingency", "trigger")
        }


class CustomerGoalForm(ServiceForm):
    """A goal of the customer."""

    wide = ("text",)

    class Meta:
        model = CustomerGoal
        fields = ("text", "source", "stated_on", "confidence")
        field_classes = {"stated_on": DayField}


class AimForm(ServiceForm):
    """An aim of our own company."""

    wide = ("text",)

    class Meta:
        model = CorporateObjective
        fields = CORPORATE_FIELDS
        field_classes = {"valid_from": DayField, "valid_until": DayField}


def _as_named(row: Any) -> str:
    """What a picker calls a row: by the content that the reader reads."""
    return str(as_read(row))


class ActionForm(ServiceForm):
    """An action of one account."""

    wide = ("text",)
    folded = (
        "blocked_reason",
        "function",
        "start",
        "objective",
        "strategy",
        "depends_on",
        "closing_note",
    )

    class Meta:
        model = Action
        fields = (
            "text",
            "owner",
            "due",
            "status",
            "blocked_reason",
            "effort_days",
            "function",
            "start",
            "objective",
            "strategy",
            "depends_on",
            "closing_note",
        )
        field_classes = {"due": DayField, "start": DayField}
        widgets = {"closing_note": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, account: Account, user: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = people_of(account, self.instance.owner_id)
        self.fields["text"].widget = forms.Textarea(attrs={"rows": 2})
        functions = Function.objects.visible_to(user).filter(programme=account.programme_id)
        self.fields["function"].queryset = functions
        objectives = Objective.objects.visible_to(user).current()
        self.fields["objective"].queryset = objectives.filter(plan__account=account.pk)
        self.fields["objective"].label_from_instance = _as_named
        strategies = Strategy.objects.visible_to(user).current()
        self.fields["strategy"].queryset = strategies.filter(objective__plan__account=account.pk)
        self.fields["strategy"].label_from_instance = _as_named
        others = Action.objects.visible_to(user).active().filter(account=account.pk)
        self.fields["depends_on"].queryset = others.exclude(pk=self.instance.pk or 0)


class CaptureForm(ShapeForm):
    """One line: who, what, by when."""

    account = forms.ModelChoiceField(Account.objects.none(), label=_("Account"))
    line = forms.CharField(
        label=_("Action"),
        max_length=500,
        help_text=_("e.g. “Tom: quote for Aarhus, 20 June”. Without a name it is yours."),
        widget=forms.TextInput(attrs={"autofocus": True, "autocomplete": "off"}),
    )

    def __init__(self, *args: Any, user: Reader, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        accounts = Account.objects.contributable_by(user).active().order_by("name", "pk")
        self.fields["account"].queryset = accounts
