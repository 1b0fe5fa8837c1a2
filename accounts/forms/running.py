"""Forms about what the programme costs, brings and changes."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.forms.selection import AmountField
from accounts.models import Account, BudgetLine, OrganisationChange, ReturnCase
from accounts.services.budget import BUDGET_FIELDS
from accounts.services.earning import CASE_FIELDS
from accounts.services.organisation import CHANGE_FIELDS
from kam.web.fields import PickField
from kam.web.forms import ServiceForm, ShapeForm


class BudgetLineForm(ServiceForm):
    """Something that a year is given, for an account or the programme as a whole."""

    wide = ("text", "account")

    amount = AmountField(label=gettext_lazy("Amount"), min_value=0, max_digits=24)

    class Meta:
        model = BudgetLine
        fields = BUDGET_FIELDS

    def __init__(self, *args: Any, accounts: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"] = PickField(
            queryset=accounts,
            label=gettext_lazy("Account"),
            required=False,
            url_name="accounts:pick",
            help_text=gettext_lazy("Empty: for the programme as a whole."),
        )
        if not self.instance.pk:
            self.initial.setdefault("currency", currency)


class ReturnCaseForm(ServiceForm):
    """What a key account's return is measured against."""

    wide = ("growth_source",)

    contribution_before = AmountField(
        label=gettext_lazy("Contribution in the year before"),
        max_digits=24,
        help_text=gettext_lazy("Without cost of the programme."),
    )
    cost_before = AmountField(
        label=gettext_lazy("Programme cost in the year before"),
        min_value=0,
        max_digits=24,
        required=False,
    )

    class Meta:
        model = ReturnCase
        fields = CASE_FIELDS
        widgets = {"started_on": DateInput}

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial.setdefault("currency", account.programme.currency)
            self.initial["started_on"] = account.status_since

    def clean_cost_before(self) -> Decimal:
        """Nothing typed is nothing spent."""
        return self.cleaned_data["cost_before"] or Decimal(0)


class ReturnVerdictForm(ShapeForm):
    """Whether a key account is worth it."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict"), choices=ReturnCase.Verdict.choices, widget=forms.RadioSelect
    )
    verdict_reason = forms.CharField(
        label=gettext_lazy("Why"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class OrganisationChangeForm(ServiceForm):
    """A change of structure, reporting line or pay, and what it does to accounts."""

    wide = ("text", "impact", "care")

    class Meta:
        model = OrganisationChange
        fields = CHANGE_FIELDS
        widgets = {
            "effective_on": DateInput,
            "impact": forms.Textarea(attrs={"rows": 3}),
            "care": forms.Textarea(attrs={"rows": 2}),
        }
