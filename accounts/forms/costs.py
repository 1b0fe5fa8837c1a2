"""Forms of what candidates would cost as key accounts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.forms.selection import AmountField
from accounts.models import Account
from accounts.selection.gathering import effort_of
from accounts.services.costing import Planned
from kam.web.forms import ShapeForm


def plain(amount: Decimal | None) -> Decimal | None:
    """An amount without the zeros that storing it adds: 300000, not 300000.000000."""
    return None if amount is None else Decimal(f"{amount.normalize():f}")


class CostForm(ShapeForm):
    """Cost and effort of one account; it carries the version that it was shown with."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    cost = AmountField(
        label=gettext_lazy("cost a year"),
        required=False,
        min_value=0,
        max_digits=24,
        decimal_places=6,
    )
    effort = forms.DecimalField(
        label=gettext_lazy("FTE"),
        required=False,
        min_value=0,
        max_value=1,
        max_digits=4,
        decimal_places=2,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )

    def __init__(self, data: Any, *, account: Account) -> None:
        initial = {
            "version": account.version,
            "cost": plain(account.planned_cost),
            "effort": account.planned_effort,
        }
        super().__init__(data, prefix=str(account.pk), initial=initial)
        self.account = account
        for name in ("cost", "effort"):
            attrs = self.fields[name].widget.attrs
            attrs["class"] = "form-control form-control-sm"
            attrs["aria-label"] = f"{account.name}: {self.fields[name].label}"
            if data and self.has_error(name):
                attrs |= {
                    "aria-invalid": "true",
                    "aria-describedby": f"{self[name].auto_id}_error",
                }

    @property
    def usual(self) -> Decimal:
        """What is taken where no effort is planned: the usual one of its stage."""
        return effort_of(self.account.stage, None)

    def planned(self, otherwise: Decimal | None) -> Planned | None:
        """What is to be written down, None where nothing changes; without a cost `otherwise`."""
        given = self.cleaned_data
        cost = otherwise if given["cost"] is None else given["cost"]
        before = self.account.planned_cost, self.account.planned_effort
        if (cost, given["effort"]) == before:
            return None
        return Planned(self.account, cost, given["effort"], given["version"])


class FillForm(ShapeForm):
    """One cost for all accounts of the page that have none."""

    fill = AmountField(
        label=gettext_lazy("Where none is planned, a year"),
        required=False,
        min_value=0,
        max_digits=24,
        decimal_places=6,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["fill"].widget.attrs["class"] = "form-control form-control-sm"
