"""Forms of programmes, their settings, units and functions."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.dates import MONTHS as MONTH_NAMES
from django.utils.translation import gettext_lazy as _

from kam.web.forms import ServiceForm, ShapeForm
from teams.forms.fields import PercentField, day_field, zone_field
from teams.models import BusinessUnit, Function, Programme
from teams.programme_settings import DEFINITIONS, Definition, Group, Unit, settings_on
from teams.services import PROGRAMME_FIELDS

MONTHS = tuple(MONTH_NAMES.items())


class ProgrammeForm(ServiceForm):
    """A programme."""

    fiscal_year_start = forms.TypedChoiceField(
        label=_("Fiscal year starts in"), choices=MONTHS, coerce=int
    )
    time_zone = zone_field(_("Time zone"), required=True)

    class Meta:
        model = Programme
        fields = PROGRAMME_FIELDS
        labels = {
            "name": _("Name"),
            "supplier_name": _("Company"),
            "currency": _("Currency"),
            "definition": _("What key account management means here"),
            "preset": _("Preset"),
            "approval": _("Plan approval"),
        }
        widgets = {"definition": forms.Textarea(attrs={"rows": 4})}


class SettingsForm(ShapeForm):
    """The settings of one group from a day on, with a reason."""

    def __init__(
        self, *args: Any, programme: Programme, group: Group, on: datetime.date, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        standing = settings_on(programme, on)
        self.names = [name for name, item in DEFINITIONS.items() if item.group == group]
        for name in self.names:
            self.fields[name] = _value_field(DEFINITIONS[name])
            self.initial[name] = standing[name].normalize() + 0  # without idle zeros
        self.fields["valid_from"] = day_field(_("From"), hint=_("Earlier days keep their values."))
        self.initial["valid_from"] = on
        self.fields["reason"] = forms.CharField(label=_("Reason"), max_length=250)

    @property
    def values(self) -> dict[str, Decimal]:
        """Settings that were typed differently from what was shown."""
        return {name: self.cleaned_data[name] for name in self.names if name in self.changed_data}


def _value_field(definition: Definition) -> forms.DecimalField:
    """A field for one setting; its bounds are the service's to judge."""
    kind = PercentField if definition.unit == Unit.RATIO else forms.DecimalField
    decimals = 0 if definition.is_whole else 4
    unit = definition.unit.label
    return kind(
        label=f"{definition.label} ({unit})" if unit else definition.label,
        help_text=definition.meaning,  # type: ignore[arg-type]
        max_digits=12,
        decimal_places=decimals,
        widget=forms.NumberInput(attrs={"step": "any", "class": "num"}),
    )


class UnitForm(ServiceForm):
    """A business unit and its place in the tree."""

    class Meta:
        model = BusinessUnit
        fields = ("name", "code", "parent")
        labels = {"name": _("Name"), "code": _("Code"), "parent": _("Part of")}

    def __init__(self, *args: Any, programme: Programme, reader: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        units = BusinessUnit.objects.visible_to(reader).filter(programme=programme)
        if self.instance.pk:
            units = units.exclude(path__startswith=self.instance.path)
        self.offer("parent", units.order_by("path"))
        self.fields["parent"].empty_label = str(_("nothing: a unit of its own"))


class FunctionForm(ServiceForm):
    """A new function."""

    class Meta:
        model = Function
        fields = ("name", "code")
        labels = {"name": _("Name"), "code": _("Code")}
        help_texts = {"code": _("For other systems; stays the same when the name changes.")}


class FunctionNameForm(ServiceForm):
    """Another name for a function."""

    class Meta:
        model = Function
        fields = ("name",)
        labels = {"name": _("Name")}
