"""Forms of selection runs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import ManagerCapacity, Selection
from accounts.services.capacity import CAPACITY_FIELDS
from accounts.services.selection import SELECTION_FIELDS
from kam.web.formatting import number
from kam.web.forms import ServiceForm


class AmountField(forms.DecimalField):
    """An amount written as people read it, with grouped thousands."""

    widget = forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"})

    def prepare_value(self, value: Any) -> Any:
        return number(value) if isinstance(value, Decimal) else value

    def to_python(self, value: Any) -> Decimal | None:
        group, point = number(1000)[1], number(Decimal("0.5"))[1]
        text = "".join(str(value or "").split()).replace(group, "").replace(point, ".")
        return super().to_python(text)


class SelectionForm(ServiceForm):
    """The limits of a scenario."""

    wide = ("name",)
    folded = ("cut",)

    budget = AmountField(
        label=gettext_lazy("Yearly budget"), required=False, min_value=0, max_digits=24
    )

    class Meta:
        model = Selection
        fields = SELECTION_FIELDS


class LimitsForm(ServiceForm):
    """The limits as the row on top of a run, to solve it with."""

    budget = AmountField(
        label=gettext_lazy("Yearly budget"), required=False, min_value=0, max_digits=24
    )

    class Meta:
        model = Selection
        fields = ("budget", "max_accounts", "hurdle", "attractiveness_weight", "min_stars")
        labels = {
            "max_accounts": gettext_lazy("accounts at most"),
            "attractiveness_weight": gettext_lazy("attractiveness weight"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            if name != "version":
                field.widget.attrs["class"] = "form-control form-control-sm"
                if name in self.errors:
                    error = {"aria-invalid": "true", "aria-describedby": f"id_{name}_error"}
                    field.widget.attrs |= error


class CapacityForm(ServiceForm):
    """How much a manager can take on."""

    class Meta:
        model = ManagerCapacity
        fields = ("user", *CAPACITY_FIELDS)
        labels = {"user": gettext_lazy("Manager")}

    def __init__(self, *args: Any, people: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            del self.fields["user"]
        else:
            self.fields["user"].queryset = people  # type: ignore[attr-defined]
