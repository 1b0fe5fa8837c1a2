"""Forms about candidates that are being looked into."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.forms.selection import AmountField
from accounts.models import Account, Qualification
from kam.web.forms import ServiceForm, ShapeForm


class QualificationForm(ServiceForm):
    """Until when and up to what amount a candidate is looked into (K063)."""

    wide = ("question",)

    cap = AmountField(label=gettext_lazy("Spend at most"), min_value=0, max_digits=24)
    spent = AmountField(
        label=gettext_lazy("Spent so far"), min_value=0, max_digits=24, required=False
    )

    class Meta:
        model = Qualification
        fields = ("deadline", "cap", "spent", "currency", "started_on", "question")
        widgets = {
            "deadline": DateInput,
            "started_on": DateInput,
            "question": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, account: Account, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance.pk:
            self.initial["currency"] = account.programme.currency
            self.initial["spent"] = None

    def clean_spent(self) -> Any:
        """Nothing typed is nothing spent."""
        return self.cleaned_data["spent"] or 0


class VerdictForm(ShapeForm):
    """Go or no-go, and why."""

    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict"),
        choices=Qualification.Verdict.choices,
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
