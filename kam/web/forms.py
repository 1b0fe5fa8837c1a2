"""The base of every form that changes a row: shape only, the service decides."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Div, Field, Layout
from django import forms
from django.db import models
from django.db.models.fields import BLANK_CHOICE_DASH
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

DASHES = BLANK_CHOICE_DASH[0][1]
WIDE_WIDGETS = (forms.Textarea, forms.CheckboxSelectMultiple, forms.RadioSelect)
"""Widgets that take the whole width where other fields stand side by side."""


def layout_helper(form: forms.BaseForm) -> FormHelper:
    """Layout of a form whose `<form>` element and buttons stand in the template."""
    helper = FormHelper(form)
    helper.form_tag = False
    helper.disable_csrf = True
    helper.form_show_errors = True
    return helper


class Fold(Div):
    """Fields behind "More": open when one of them holds something or is refused."""

    template = "components/form_more.html"

    def __init__(self, *fields: Any, opened: bool) -> None:
        super().__init__(*fields, css_class="form-grid")
        self.opened = opened


class ArrangedForm(forms.BaseForm):
    """Where fields stand: one under the other, unless a form names `wide` or `folded` ones."""

    wide: tuple[str, ...] = ()
    """Fields over the whole width; the others stand two in a row, longer texts excepted."""
    folded: tuple[str, ...] = ()
    """Optional fields that most people leave alone."""

    @cached_property
    def helper(self) -> FormHelper:
        """Layout of the fields as they are once the form is complete."""
        helper = layout_helper(self)
        if not (self.wide or self.folded):
            return helper
        folded = [name for name in self.folded if name in self.fields]
        helper.layout = Layout(
            Div(
                *(self._placed(name) for name in self.fields if name not in folded),
                css_class="form-grid",
            )
        )
        if folded:
            opened = any(name in self.errors or self[name].value() for name in folded)
            helper.layout.append(Fold(*map(self._placed, folded), opened=opened))
        return helper

    def _placed(self, name: str) -> Field:
        is_wide = name in self.wide or isinstance(self.fields[name].widget, WIDE_WIDGETS)
        return Field(name, wrapper_class="span" if is_wide else "")


def name_empty_choices(form: forms.BaseForm) -> None:
    """Say "choose" or "none" where Django would show a row of dashes."""
    for field in form.fields.values():
        if not isinstance(field, forms.ChoiceField):
            continue
        word = _("choose") if field.required else _("none")
        if isinstance(field, forms.ModelChoiceField):
            if field.empty_label == DASHES:
                field.empty_label = word
            continue
        choices = list(field.choices) if not callable(field.choices) else []
        if choices and choices[0] == ("", DASHES):
            field.choices = [("", word), *choices[1:]]


class ShapeForm(ArrangedForm, forms.Form):
    """A form without a row behind it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name_empty_choices(self)


@dataclass(frozen=True)
class Difference:
    """One field on which two people disagree: what is stored, and what was typed."""

    label: str
    theirs: SafeString
    mine: SafeString


def _without_zeros(values: Mapping[str, Any]) -> dict[str, Decimal]:
    """Figures without the zeros that storing them adds: 10400, not 10400.000000."""
    figures = {name: value for name, value in values.items() if isinstance(value, Decimal)}
    return {name: Decimal(f"{value.normalize():f}") for name, value in figures.items()}


class ServiceForm(ArrangedForm, forms.ModelForm):
    """Checks shape only and never saves: a service takes `changes` and `version`.

    The hidden `version` is the state that the person read; for a new row it is empty.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["version"] = forms.IntegerField(required=False, widget=forms.HiddenInput)
        if self.instance.pk:
            self.initial.setdefault("version", getattr(self.instance, "version", None))
            self.initial.update(_without_zeros(self.initial))
        name_empty_choices(self)

    def offer(self, name: str, rows: models.QuerySet) -> None:
        """Let those of `rows` be chosen that are in use, and what stands there: whoever changes
        something else does not take it away because it is archived meanwhile."""
        present = getattr(self.instance, f"{name}_id")
        in_use = models.Q(archived_at=None) | models.Q(pk=present)
        self.fields[name].queryset = rows.filter(in_use)  # type: ignore[attr-defined]

    def _post_clean(self) -> None:
        """Leave the row alone: the service sets, checks and saves it."""

    def save(self, commit: bool = True) -> Any:  # noqa: FBT001, FBT002  (Django's signature)
        """Never: only services write."""
        raise NotImplementedError("Only services write.")

    @property
    def version(self) -> int | None:
        """The version that the person read, None for a new row."""
        return self.cleaned_data.get("version")

    @property
    def values(self) -> dict[str, Any]:
        """All values typed, without the version."""
        return {name: value for name, value in self.cleaned_data.items() if name != "version"}

    @property
    def changes(self) -> dict[str, Any]:
        """Values that differ from those the form was shown with."""
        return {name: value for name, value in self.values.items() if name in self.changed_data}

    def differences(self, current: models.Model) -> list[Difference]:
        """Fields whose stored value is no longer what this person read or typed."""
        rows = []
        for name, mine in self.values.items():
            field = self.fields[name]
            stored = getattr(current, name, None)
            theirs_text, mine_text = _shown(stored), _shown(mine)
            if theirs_text != mine_text:
                theirs_marked, mine_marked = word_differences(theirs_text, mine_text)
                rows.append(Difference(str(field.label), theirs_marked, mine_marked))
        return rows

    def take_version(self, current: models.Model) -> None:
        """Carry the present version, so that sending again overwrites knowingly."""
        data = self.data.copy()  # type: ignore[attr-defined]
        data[self.add_prefix("version")] = str(current.version)  # type: ignore[attr-defined]
        self.data = data


def _shown(value: Any) -> str:
    if value is None or value == "":
        return str(_("empty"))
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if isinstance(value, models.Manager):
        value = value.all()
    if isinstance(value, models.QuerySet | list | tuple):
        return ", ".join(str(item) for item in value)
    return str(value)


def word_differences(theirs: str, mine: str) -> tuple[SafeString, SafeString]:
    """Both texts with the differing words marked."""
    left, right = re.findall(r"\s+|\S+", theirs), re.findall(r"\s+|\S+", mine)
    matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    sides: tuple[list, list] = ([], [])
    for kind, from_left, to_left, from_right, to_right in matcher.get_opcodes():
        tag = "{}" if kind == "equal" else '<mark class="differs">{}</mark>'
        for side, text in zip(
            sides, (left[from_left:to_left], right[from_right:to_right]), strict=True
        ):
            if text:
                side.append((format_html(tag, "".join(text)),))
    return format_html_join("", "{}", sides[0]), format_html_join("", "{}", sides[1])
