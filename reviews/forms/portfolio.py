"""What a portfolio is asked for: the same parameters for the page and the API (`design.md` 6)."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.choices import Status
from accounts.figures import Period
from accounts.figures.basis import DAY_LIMITS
from kam.access.querysets import Reader
from reviews.forms.stage import DateInput
from reviews.portfolio import Scope
from teams.models import BusinessUnit, Programme


class ScopeForm(forms.Form):
    """Programme, unit, statuses, days and level; everything may be left out."""

    programme = forms.ModelChoiceField(
        Programme.objects.none(), label=_("Programme"), required=False
    )
    unit = forms.ModelChoiceField(
        BusinessUnit.objects.none(),
        label=_("Unit, with all below"),
        required=False,
        empty_label=_("All units"),
    )
    status = forms.MultipleChoiceField(label=_("Status"), choices=Status.choices, required=False)
    as_of = forms.DateField(
        label=_("As of"), required=False, widget=DateInput(), validators=DAY_LIMITS
    )
    level = forms.ChoiceField(
        label=_("Ranking by"),
        choices=[("account", _("account")), ("group", _("customer group"))],
        required=False,
    )

    def __init__(self, *args: Any, user: Reader, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.initial.setdefault("as_of", today)
        for name, label in (("from", _("From")), ("to", _("To"))):  # "from" is no Python name
            self.fields[name] = forms.DateField(
                label=label, required=False, widget=DateInput(), validators=DAY_LIMITS
            )
        for field in self.fields.values():
            chooses = isinstance(field.widget, forms.Select)
            field.widget.attrs["class"] = "form-select" if chooses else "form-control"
        self.fields["programme"].queryset = Programme.objects.visible_to(user)
        self.fields["unit"].queryset = BusinessUnit.objects.visible_to(user)

    def clean_as_of(self) -> datetime.date | None:
        """The future is not known."""
        as_of = self.cleaned_data["as_of"]
        if as_of is not None and as_of > self.today:
            raise ValidationError(_("This day has not come yet."), code="future")
        return as_of

    def clean(self) -> dict[str, Any]:
        """The period runs forward."""
        data = super().clean() or {}
        first, last = data.get("from"), data.get("to")
        if first and last and last < first:
            self.add_error("to", ValidationError(_("The end is before the beginning."), "order"))
        return data

    def scope(self, programme: Programme) -> Scope:
        """What was asked for, days left out are open; of a past day what was known on it."""
        data = self.cleaned_data
        today = programme.today()
        as_of = data["as_of"] or today
        return Scope(
            programme=programme,
            period=Period(data["from"], data["to"], as_of if as_of < today else None),
            as_of=as_of,
            statuses=tuple(data["status"]),
            unit=data["unit"],
            level=data["level"] or "account",
        )
