"""What a person says about a file: shape only; services judge."""

from __future__ import annotations

import hashlib
from typing import Any, NamedTuple

from django import forms
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from kam.imports import kinds, services
from kam.imports.mapping import plain
from kam.imports.models import RememberedMapping, Run
from kam.imports.presenting import rows_ok
from kam.imports.reading.text import ENCODINGS
from kam.web.fields import PickField
from kam.web.forms import ServiceForm, ShapeForm

SMALL = {"class": "form-select form-select-sm"}
DECIMAL_CHOICES = (("dot", _("point: 1,234.50")), ("comma", _("comma: 1.234,50")))
DATE_CHOICES = (
    ("dmy", _("day first: 31/12/2026")),
    ("mdy", _("month first: 12/31/2026")),
    ("ymd", _("year first: 2026-12-31")),
)
DELIMITER_CHOICES = (
    (",", _("comma")),
    (";", _("semicolon")),
    ("\\t", _("tab")),
    ("|", _("bar")),
)
HEADER_CHOICES = (("yes", _("names of columns")), ("no", _("values, no names")))


DECISION_CHOICES = (
    ("", _("As for all others")),
    ("create", _("Create as candidate")),
    ("reject", _("Reject the rows")),
    ("match", _("Match with an account…")),
)
LONGEST_NAME = 120
ASKED = 12
"""Things not known that the page asks about one by one."""


class Asked(NamedTuple):
    """Something not known: its key, what the report says of it, and the names of its fields."""

    key: str
    item: dict[str, Any]
    decide: str
    match: str


class UploadForm(ShapeForm):
    """A file, its kind, and where it belongs."""

    kind = forms.ChoiceField(label=_("What it holds"), widget=forms.RadioSelect)
    scope = forms.ModelChoiceField(  # type: ignore[var-annotated]
        label=_("Programme"), queryset=None, empty_label=None
    )
    file = forms.FileField(
        label=_("File"),
        help_text=_(
            "Choose it or drop it here: CSV, CSV packed with gzip, or XLSX. Nothing is stored yet."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,.txt,.tsv,.gz,.xlsx,.xlsm", "class": "drop"}),
    )

    def __init__(self, *args: Any, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        offered = kinds.registered()
        self.fields["kind"].choices = kinds.choices()
        self.fields["kind"].initial = offered[-1].name if offered else None
        scopes = offered[0].scopes_for(user) if offered else None
        self.fields["scope"].queryset = scopes
        if scopes is not None:
            first = list(scopes[:2])
            self.fields["scope"].initial = first[0] if first else None
            if len(first) == 1:
                self.fields["scope"].widget = forms.HiddenInput()


class MappingForm(ShapeForm):
    """Which column becomes what, and how the file is read."""

    remember = forms.BooleanField(
        label=_("Remember for the next file"), required=False, initial=True
    )

    remember_as = forms.CharField(
        label=_("Called"),
        required=False,
        max_length=120,
        widget=forms.TextInput(attrs={"class": "form-control form-control-sm"}),
    )

    def __init__(self, *args: Any, run: Run, user: AbstractBaseUser, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.run = run
        self.user = user
        self.asked: list[Asked] = []
        self.found = run.found
        self._add_columns()
        self._add_reading()
        for option in run.import_kind.options:
            self._add_option(option)
        self._add_decisions()

    def _add_decisions(self) -> None:
        """What is not known, the most frequent first, and what has been decided about."""
        kind = self.run.import_kind
        matches = kind.matches_for(self.user, self.run.scope_id) if kind.match_url else None
        if matches is None:
            return
        open_ones = [item for item in self.run.report.get("unmatched", []) if item["key"]]
        known = {item["key"] for item in open_ones}
        decided = [
            {"key": key, "text": key[1:], "note": "", "count": 0}
            for key in self.run.decisions
            if key not in known
        ]
        for item in (open_ones + decided)[:ASKED]:
            present = self.run.decisions.get(item["key"], "")
            mark = hashlib.sha256(item["key"].encode()).hexdigest()[:12]
            matched = isinstance(present, int)
            radio = forms.RadioSelect(attrs={"form": "mapping", "class": "form-check-input"})
            self.fields[f"decide-{mark}"] = forms.ChoiceField(
                label=item["text"],
                choices=DECISION_CHOICES,
                required=False,
                initial="match" if matched else present,
                widget=radio,
            )
            self.fields[f"match-{mark}"] = field = PickField(
                queryset=matches,
                url_name=kind.match_url,
                label=_("Account for %(text)s") % {"text": item["text"]},
                required=False,
                initial=present if matched else None,
            )
            field.widget.attrs |= {
                "form": "mapping",
                "class": "form-control form-control-sm",
                "aria-label": field.label,
            }
            self.asked.append(Asked(item["key"], item, f"decide-{mark}", f"match-{mark}"))

    def _add_columns(self) -> None:
        choices = [("", _("Leave out"))]
        choices += [(item.name, item.label) for item in self.run.import_kind.fields]
        kind = self.run.import_kind
        by_column = {index: name for name, index in self.run.columns.items()}
        self.places = list(self.found.columns)
        if kind.numbered_by_row:
            self.places.append(kinds.ROW_NUMBER)
        by_row = [("", _("Leave out"))] + [(item.name, item.label) for item in kind.numbered_by_row]
        for index, column in enumerate(self.places):
            is_row = index == len(self.found.columns)
            label = _("%(column)s becomes") % {
                "column": kinds.ROW_NUMBER_LABEL if is_row else column
            }
            key = by_column.get(index, "")
            self.fields[f"column-{index}"] = forms.ChoiceField(
                label=label,
                choices=by_row if is_row else choices,
                required=False,
                initial=kind.field(key).name if key else "",
                widget=forms.Select(attrs={**SMALL, "aria-label": label}),
            )
            if kinds.name_in(key):
                self._add_name(index, key, column)

    def _add_name(self, index: int, key: str, column: str) -> None:
        """By what name a column of several goes."""
        label = _("%(column)s is called") % {"column": column}
        attrs = {"class": "form-control form-control-sm mt-1", "aria-label": label}
        self.fields[f"named-{index}"] = forms.CharField(
            label=label,
            required=False,
            max_length=LONGEST_NAME,
            initial=kinds.name_in(key),
            widget=forms.TextInput(attrs=attrs),
        )

    def _add_reading(self) -> None:
        encodings = [(name, name.upper()) for name in ENCODINGS]
        found = self.found.value("encoding")
        if found and found not in ENCODINGS:
            encodings.insert(0, (found, found.upper()))
        delimiters = list(DELIMITER_CHOICES)
        mark = _shown("delimiter", self.found.value("delimiter") or ",")
        if mark not in dict(delimiters):
            delimiters.insert(0, (mark, mark))
        offered: tuple[tuple[str, Any, Any], ...] = (
            ("encoding", _("Letters"), encodings),
            ("delimiter", _("Columns are divided by"), delimiters),
            ("sheet", _("Sheet"), [(name, name) for name in self.found.sheets]),
            ("header", _("The first row holds"), HEADER_CHOICES),
            ("decimal", _("Decimals"), DECIMAL_CHOICES),
            ("dates", _("Dates"), DATE_CHOICES),
        )
        for name, label, choices in offered:
            finding = getattr(self.found, name)
            if finding is None or not choices:
                continue
            value = _shown(name, finding.value)
            self.fields[f"read-{name}"] = forms.ChoiceField(
                label=label,
                choices=[("", _("choose")), *choices] if finding.needed else choices,
                required=False,
                initial="" if finding.needed else value,
                help_text=finding.reason,
                widget=forms.Select(attrs=SMALL),
            )

    def _add_option(self, option: kinds.Option) -> None:
        name = f"option-{option.name}"
        initial = self.run.option(option.name)
        if option.choices:
            self.fields[name] = forms.ChoiceField(
                label=option.label,
                choices=option.choices,
                required=False,
                initial=initial,
                help_text=option.help,
                widget=forms.Select(attrs=SMALL),
            )
        else:
            self.fields[name] = forms.CharField(
                label=option.label,
                required=False,
                initial=initial,
                help_text=option.help,
                max_length=kinds.LONGEST_TEXT,
                widget=forms.TextInput(attrs={"class": "form-control form-control-sm"}),
            )

    def clean(self) -> dict[str, Any]:
        """A field takes one column, and each of several goes by a name of its own."""
        data = super().clean() or {}
        taken: set[str] = set()
        for index in range(len(self.places)):
            name = plain(self._becomes(index, data))
            if name and name in taken:
                named = f"named-{index}"
                self.add_error(
                    named if named in self.fields else f"column-{index}",
                    _("Another column becomes this already: choose one."),
                )
            taken.add(name)
        for asked in self.asked:
            empty = not data.get(asked.match) and asked.match not in self.errors
            if data.get(asked.decide) == "match" and empty:
                self.add_error(asked.match, _("Say which account."))
        return data

    @property
    def decisions(self) -> dict[str, Any]:
        """What was decided, by key; empty: as the option of the whole file says."""
        return {
            asked.key: self.cleaned_data[asked.match].pk
            if self.cleaned_data[asked.decide] == "match"
            else self.cleaned_data[asked.decide]
            for asked in self.asked
        }

    @property
    def unknown(self) -> list[dict[str, Any]]:
        """What is asked about, with its two fields."""
        return [
            {**asked.item, "decide": self[asked.decide], "match": self[asked.match]}
            for asked in self.asked
        ]

    @property
    def wanted(self) -> dict[str, str]:
        """Field -> column name."""
        pairs = (
            (self._becomes(index, self.cleaned_data), column)
            for index, column in enumerate(self.places)
        )
        return {name: column for name, column in pairs if name}

    def _becomes(self, index: int, data: dict[str, Any]) -> str:
        """What a column becomes; one of several by the name that is given, else its heading."""
        name = data.get(f"column-{index}") or ""
        if not name or not self.run.import_kind.field(name).several:
            return name
        return kinds.named(name, data.get(f"named-{index}") or self.places[index])

    def at_fields(self, error: ValidationError) -> ValidationError:
        """What a service refused, by the names that ways to read and options have here."""
        if not hasattr(error, "error_dict"):
            return error
        fields = {name: f"read-{name}" for name in services.READ_CHOICES}
        fields |= {item.name: f"option-{item.name}" for item in self.run.import_kind.options}
        return ValidationError(
            {fields.get(name, name): problems for name, problems in error.error_dict.items()}
        )

    @property
    def chosen(self) -> dict[str, Any]:
        """Decisions about reading that differ from what was found."""
        chosen: dict[str, Any] = {}
        for name in services.READ_CHOICES:
            text = self.cleaned_data.get(f"read-{name}")
            finding = getattr(self.found, name)
            if text and (finding.needed or finding.chosen or text != _shown(name, finding.value)):
                chosen[name] = _stored(name, text)
        return chosen

    @property
    def options(self) -> dict[str, str]:
        """Options of the kind."""
        return {
            option.name: self.cleaned_data[f"option-{option.name}"]
            for option in self.run.import_kind.options
        }

    @property
    def columns(self) -> list[dict[str, Any]]:
        """Rows of the table of columns: name, first values, what it becomes, found by."""
        by_column = {entry["column"]: entry for entry in self.run.mapping.values()}
        names = {index: name for name, index in self.run.columns.items()}
        fine = rows_ok(self.run)
        rows = []
        for index, column in enumerate(self.places):
            is_row = index == len(self.found.columns)
            sample = [row[index] for row in self.run.sample if index < len(row) and row[index]]
            if is_row:
                sample = ["1", "2", "3"]
            rows.append(
                {
                    "name": kinds.ROW_NUMBER_LABEL if is_row else column,
                    "called": self[f"named-{index}"] if f"named-{index}" in self.fields else None,
                    "values": [text[:24] for text in sample[:3]],
                    "field": self[f"column-{index}"],
                    "reason": by_column.get(index, {}).get("reason", ""),
                    "ok": fine.get(names.get(index, "")),
                    "all_ok": fine.get(names.get(index, "")) == self.run.rows_read,
                }
            )
        return rows

    @property
    def reading(self) -> list[forms.BoundField]:
        """Fields about how the file is read."""
        return [self[name] for name in self.fields if name.startswith("read-")]

    @property
    def choices(self) -> list[forms.BoundField]:
        """Fields of the kind's options."""
        return [self[name] for name in self.fields if name.startswith("option-")]


class RememberedMappingForm(ServiceForm):
    """What a kept mapping is called."""

    class Meta:
        model = RememberedMapping
        fields = services.MAPPING_FIELDS


def _shown(name: str, value: Any) -> str:
    if name == "header":
        return "yes" if value else "no"
    return "\\t" if value == "\t" else str(value)


def _stored(name: str, text: str) -> Any:
    if name == "header":
        return text == "yes"
    return "\t" if text == "\\t" else text
