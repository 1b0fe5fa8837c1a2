"""Forms by which people decide who is key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.choices import RationaleType
from accounts.forms.fields import DateInput
from accounts.models import Account, Decision, Expectation
from accounts.services.decision import IN_RUNS, STATUS_OF, Wish
from accounts.services.expectation import EXPECTATION_FIELDS
from kam.access.dates import business_today
from kam.web.forms import ServiceForm, ShapeForm
from teams.models import User

SHOWN_FOR = {
    "deviation": "deviation",
    "manager": "appoint",
    "rationale_types": "appoint",
    "override_reason": "appoint",
    "trigger": "groom",
    "review_on": "groom",
    "service_model": "maintain",
    "message": "handle",
    "answer": "handle",
}
"""Fields that one decision alone needs, or one that differs from the advice."""


class ServedForm(ShapeForm):
    """How the accounts that are ticked are served, and why they stay maintained (K049)."""

    service_model = forms.ChoiceField(
        label=gettext_lazy("Served by"),
        choices=[("", gettext_lazy("choose")), *Decision.ServiceModel.choices],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "form-control"}),
    )


class WishForm(ShapeForm):
    """What is decided about one account; an empty decision is none yet."""

    wide = ("action", "reason", "deviation", "message", "trigger", "override_reason")

    account: Account | None = None
    """Which one."""

    action = forms.ChoiceField(label=gettext_lazy("Decision"), required=False)
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    deviation = forms.CharField(
        label=gettext_lazy("Why not as advised"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    manager = forms.TypedChoiceField(
        label=gettext_lazy("Manager"), required=False, empty_value=None
    )
    rationale_types = forms.MultipleChoiceField(
        label=gettext_lazy("Kinds of reason"),
        choices=RationaleType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Reason to go beyond a limit"),
        required=False,
        max_length=2000,
        help_text=gettext_lazy("Only where the programme or the manager is full."),
    )
    trigger = forms.CharField(
        label=gettext_lazy("Becomes key when"), required=False, max_length=250
    )
    review_on = forms.DateField(
        label=gettext_lazy("Look again on"), required=False, widget=DateInput
    )
    service_model = forms.ChoiceField(label=gettext_lazy("Served by"), required=False)
    message = forms.CharField(
        label=gettext_lazy("What we say, and how"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    answer = forms.ChoiceField(label=gettext_lazy("Worth keeping"), required=False)

    def __init__(self, *args: Any, managers: Mapping[int, User], **kwargs: Any) -> None:
        """`managers` are read once for all forms of a page."""
        super().__init__(*args, **kwargs)
        later, none = ("", gettext_lazy("not yet")), ("", gettext_lazy("choose"))
        self.fields["action"].choices = [later, *IN_RUNS]
        self.fields["service_model"].choices = [none, *Decision.ServiceModel.choices]
        self.fields["answer"].choices = [none, *Decision.Answer.choices]
        people = [(pk, str(user)) for pk, user in managers.items()]
        self.fields["manager"].choices = [none, *people]
        self.fields["manager"].coerce = lambda key: managers[int(key)]
        for name, field in self.fields.items():
            if name != "rationale_types":
                kind = "form-select" if isinstance(field, forms.ChoiceField) else "form-control"
                field.widget.attrs["class"] = kind
            if self.is_bound and self[name].errors:
                field.widget.attrs["aria-invalid"] = "true"
        for name, action in SHOWN_FOR.items():
            self.fields[name].widget.attrs["data-for"] = action

    @property
    def parts(self) -> list[tuple[str, Any]]:
        """Fields after the first, each with the decision that needs it, empty for all."""
        apart = ("action", "override_reason")
        names = [field.name for field in self.visible_fields() if field.name not in apart]
        return [(SHOWN_FOR.get(name, ""), self[name]) for name in names]

    @property
    def goes_beyond(self) -> bool:
        """Whether the reason to go beyond a limit is asked for or given."""
        field = self["override_reason"]
        return bool(field.errors or field.value() or self.non_field_errors())

    def wish(self, account: Any) -> Wish | None:
        """What is decided; None where nothing is yet. Only for a form that is valid."""
        given = self.cleaned_data
        return Wish(account, **given) if given["action"] else None


class AccountWishForm(WishForm):
    """A decision on one account outside a run, from its own page."""

    decided_on = forms.DateField(
        label=gettext_lazy("Decided on"), initial=business_today, widget=DateInput
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["deviation"]  # nothing advises
        action = self.fields["action"]
        action.required = True
        action.choices = [
            ("", gettext_lazy("choose")),
            *(item for item in Decision.Action.choices if _is_news(item[0], account.status)),
        ]
        self.fields["version"].initial = account.version

    def wish(self, account: Any) -> Wish:
        """What is decided."""
        given = dict(self.cleaned_data)
        del given["decided_on"]
        return Wish(account, expected_version=given.pop("version"), **given)


def _is_news(action: str, status: str) -> bool:
    """Whether the decision can be taken on an account of this status: one that is considered is
    not considered anew; all others may be said again."""
    return action != Decision.Action.CONSIDER or STATUS_OF[action] != status


class ExpectationForm(ServiceForm):
    """What a customer was told of being a key account, and what it expects (K129)."""

    wide = ("told", "expected", "differs")

    class Meta:
        model = Expectation
        fields = EXPECTATION_FIELDS
        widgets = {
            "told": forms.Textarea(attrs={"rows": 3}),
            "expected": forms.Textarea(attrs={"rows": 3}),
            "differs": forms.Textarea(attrs={"rows": 3}),
            "told_on": DateInput,
            "agreed_on": DateInput,
        }
