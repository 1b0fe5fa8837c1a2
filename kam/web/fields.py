"""Fields that take what people type."""

from __future__ import annotations

import datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.widgets import BooleanWidget

from kam.access.dates import business_today
from kam.web.days import NoSuchDay, read_day


class OpenSelect(BooleanWidget):
    """Yes, no, or left open in a filter."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.choices = [
            ("", gettext_lazy("any")),
            ("true", gettext_lazy("yes")),
            ("false", gettext_lazy("no")),
        ]


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


class PickInput(forms.TextInput):
    """A text field whose suggestions come from the server while typing; it shows the row's name
    with its number, "Birch Group (12)", and works without script by typing the same."""

    template_name = "web/_pick_input.html"

    def __init__(self, url_name: str, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs)
        self.url_name = url_name

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"]["url"] = reverse(self.url_name)
        context["widget"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        return context


class PickField(forms.Field):
    """One row out of many that the person may see, by "Name (number)" or its full name."""

    def __init__(self, *, queryset: QuerySet, url_name: str, **kwargs: Any) -> None:
        super().__init__(widget=PickInput(url_name), **kwargs)
        self.queryset = queryset

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, int):
            value = self.queryset.filter(pk=value).first()
        return f"{value} ({value.pk})" if isinstance(value, Model) else value

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            chosen = self.to_python(data)
        except ValidationError:
            return True
        before = initial.pk if isinstance(initial, Model) else initial
        return (chosen.pk if chosen else None) != before

    def to_python(self, value: Any) -> Model | None:
        """The row; raises ValidationError when none or several answer to what was typed."""
        text = str(value or "").strip()
        if not text:
            return None
        number = text.rpartition("(")[2].removesuffix(")")
        if text.endswith(")") and number.isdecimal():
            row = self.queryset.filter(pk=int(number)).first()
            if row is not None:
                return row
        if text.isdecimal():
            row = self.queryset.filter(pk=int(text)).first()
            if row is not None:
                return row
        named = list(self.queryset.filter(name__iexact=text)[:2])
        if len(named) == 1:
            return named[0]
        if named:
            raise ValidationError(
                _("Several are called “%(text)s”: choose one from the list.") % {"text": text},
                code="ambiguous",
            )
        raise ValidationError(
            _("Nothing called “%(text)s” that you may see.") % {"text": text}, code="invalid_choice"
        )
