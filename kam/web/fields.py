"""Fields that take what people type."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.access.dates import business_today
from kam.web.days import NoSuchDay, read_day


class DayInput(forms.TextInput):
    """A text field that shows a day as "12 June 2026"."""

    def format_value(self, value: Any) -> str | None:
        if isinstance(value, datetime.date):
            return dateformat.format(value, "j F Y")
        return super().format_value(value)


class DayField(forms.DateField):
    """A day as people type it: "12 June", "+2w", "friday", "2026-06-12" (ui.md 7)."""

    widget = DayInput
    default_error_messages = {
        "invalid": gettext_lazy("Write a day, e.g. 12 June, +2w or 2026-06-12."),
    }

    def to_python(self, value: Any) -> datetime.date | None:
        """The day meant; raises ValidationError with the reason."""
        if value in self.empty_values:
            return None
        if isinstance(value, datetime.datetime):
            return value.date()
        if isinstance(value, datetime.date):
            return value
        try:
            day = read_day(str(value), business_today())
        except NoSuchDay:
            raise ValidationError(_("There is no such day."), code="invalid") from None
        if day is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return day

    def has_changed(self, initial: Any, data: Any) -> bool:
        """Compares days, not spellings."""
        try:
            return self.to_python(initial) != self.to_python(data)
        except ValidationError:
            return True
