"""Forms of criteria: a new version of a set, row by row (K120; handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.forms.fields import DateInput
from accounts.scoring.criteria import FUTURE, TODAY, Group
from accounts.services.criteria import CRITERION_FIELDS
from kam.web.forms import ShapeForm

SPARE = 3
"""Empty rows for further criteria."""
BLAMED: Mapping[str, tuple[str, ...]] = {"future": FUTURE, "today": (TODAY,)}
"""Criteria whose weights break a hard rule."""


def _dress(form: forms.Form) -> None:
    """Give fields that stand outside the usual layout the look of all others."""
    for field in form.fields.values():
        is_choice = isinstance(field, forms.ChoiceField)
        field.widget.attrs["class"] = "form-select" if is_choice else "form-control"


class CriterionForm(ShapeForm):
    """One criterion; a row without code, name and weight is none."""

    code = forms.SlugField(label=gettext_lazy("Code"), max_length=10, required=False)
    name = forms.CharField(label=gettext_lazy("Criterion"), max_length=160, required=False)
    group = forms.ChoiceField(label=gettext_lazy("Group"), choices=Group.choices, required=False)
    weight = forms.DecimalField(
        label=gettext_lazy("Weight"), min_value=0, max_digits=5, decimal_places=2, required=False
    )
    low = forms.CharField(label=gettext_lazy("0 means"), max_length=160, required=False)
    middle = forms.CharField(label=gettext_lazy("5 means"), max_length=160, required=False)
    high = forms.CharField(label=gettext_lazy("10 means"), max_length=160, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _dress(self)

    def clean(self) -> dict[str, Any]:
        """A criterion has a code, a name and a weight."""
        values: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.is_used:
            return values
        for name in ("code", "name", "weight"):
            if values.get(name) in (None, "") and name not in self.errors:
                self.add_error(name, ValidationError(_("Fill this in."), code="required"))
        return values

    @property
    def is_used(self) -> bool:
        """Whether the row stands for a criterion."""
        return any(self.cleaned_data.get(name) for name in ("code", "name")) or bool(
            self.cleaned_data.get("weight")
        )

    @property
    def values(self) -> dict[str, Any]:
        """The criterion, as the service takes it."""
        return {name: self.cleaned_data[name] for name in CRITERION_FIELDS}


class CriteriaForm(ShapeForm):
    """A new version of a set: from when, why, and its rows."""

    valid_from = forms.DateField(label=gettext_lazy("In force from"), widget=DateInput)
    reason = forms.CharField(
        label=gettext_lazy("Why"),
        max_length=250,
        help_text=gettext_lazy("What has changed, and who agreed."),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        present: list[dict[str, Any]],
        today: datetime.date,
    ) -> None:
        super().__init__(data, initial={"valid_from": today})
        _dress(self)
        blank: list[dict[str, Any]] = [{} for _place in range(SPARE)]
        self.rows = [
            CriterionForm(data, prefix=f"c{place}", initial=_plain(row))
            for place, row in enumerate([*present, *blank])
        ]

    def is_valid(self) -> bool:
        """Whether the day, the reason and every row can be read."""
        rows = [row.is_valid() for row in self.rows]
        return super().is_valid() and all(rows)

    @property
    def criteria(self) -> list[dict[str, Any]]:
        """The criteria of the rows that stand for one."""
        return [row.values for row in self.rows if row.is_used]

    @property
    def weight(self) -> Decimal:
        """What the weights add up to, as far as they can be read."""
        return sum(
            (row.cleaned_data.get("weight") or Decimal(0) for row in self._read()), Decimal(0)
        )

    @property
    def has_errors(self) -> bool:
        """Whether anything is refused."""
        return bool(self.errors) or any(row.errors for row in self.rows)

    def refuse(self, error: ValidationError) -> None:
        """Put what the service refused beside the weights that it is about; the rest on top."""
        if hasattr(error, "error_dict"):
            for name, found in error.error_dict.items():
                self.add_error(name if name in self.fields else None, found)
            return
        for item in error.error_list:
            blamed = BLAMED.get(item.code or "", ())
            rows = [row for row in self._read() if row.cleaned_data.get("code") in blamed]
            for row in rows:
                row.add_error("weight", item)
            if not rows:
                self.add_error(None, item)

    def _read(self) -> Iterator[CriterionForm]:
        for row in self.rows:
            if row.is_bound and hasattr(row, "cleaned_data"):
                yield row


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """A criterion as its fields show it: texts in the reader's language, weights without zeros."""
    shown = {name: str(value) for name, value in row.items()}
    if "weight" in shown:
        shown["weight"] = f"{Decimal(shown['weight']).normalize():f}"
    return shown
