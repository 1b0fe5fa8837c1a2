"""Fields that several forms share."""

from __future__ import annotations

import zoneinfo
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

LOCALES = (
    ("", _("as the installation")),
    ("en-gb", _("English (UK): 1,234.50 · 8 June 2026")),
    ("en", _("English (US): 1,234.50 · June 8, 2026")),
    ("de", _("German: 1.234,50 · 8. Juni 2026")),
    ("fr", _("French: 1 234,50 · 8 juin 2026")),
)


class DayInput(forms.DateInput):
    """The browser's own day picker; typing works everywhere."""

    input_type = "date"

    def __init__(self, **attributes: Any) -> None:
        super().__init__(format="%Y-%m-%d", attrs=attributes)


def day_field(label: Any, *, required: bool = True, hint: Any = "") -> forms.DateField:
    """A day, in the ISO form that the browser's picker sends."""
    return forms.DateField(
        label=label,
        required=required,
        help_text=hint,
        widget=DayInput(),
        input_formats=["%Y-%m-%d"],
    )


def zone_field(label: Any, *, required: bool, empty: Any = "") -> forms.ChoiceField:
    """A time zone by its IANA name."""
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name or name == "UTC")
    choices = [(name, name.replace("_", " ")) for name in names]
    return forms.ChoiceField(
        label=label, required=required, choices=[*([] if required else [("", empty)]), *choices]
    )


class PercentField(forms.DecimalField):
    """A ratio 0..1, shown and typed as a percentage."""

    def prepare_value(self, value: Any) -> Any:
        return f"{(value * 100).normalize():f}" if isinstance(value, Decimal) else value

    def clean(self, value: Any) -> Decimal | None:
        percent = super().clean(value)
        return None if percent is None else percent / 100

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(None if initial is None else initial * 100, data)
