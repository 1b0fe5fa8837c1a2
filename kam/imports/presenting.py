"""A run in words and figures, for its page."""

from __future__ import annotations

import datetime
import itertools
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kam.imports import rejects, services
from kam.imports.kinds import ROW_NUMBER, ImportKind
from kam.imports.models import Run
from kam.web.formatting import money, month, number, short_day


class Step(NamedTuple):
    """A step of the way: `state` is `done`, `now` or empty."""

    label: str
    state: str


def found_line(run: Run) -> str:
    """One sentence: rows, encoding, delimiter, decimals, dates."""
    found = run.found
    parts = []
    if run.rows_total:
        words = ngettext("%(rows)s row", "%(rows)s rows", run.rows_total)
        parts.append(words % {"rows": number(run.rows_total)})
    if found.encoding:
        parts.append(str(found.encoding.value).upper().removesuffix("-SIG"))
    if found.delimiter:
        parts.append(_delimiter(found.delimiter.value))
    if found.sheet:
        parts.append(_("sheet “%(name)s”") % {"name": found.sheet.value})
    if found.decimal and not found.decimal.needed:
        comma = found.decimal.value == "comma"
        parts.append(_("decimal comma") if comma else _("decimal point"))
    if found.dates and not found.dates.needed:
        parts.append(
            {
                "dmy": _("dates day.month.year"),
                "mdy": _("dates month/day/year"),
                "ymd": _("dates year-month-day"),
            }[found.dates.value]
        )
    if found.skipped:
        parts.append(_("%(rows)s rows above the heading left out") % {"rows": found.skipped})
    return ", ".join(parts)


def _delimiter(mark: str) -> str:
    named = {",": _("comma"), ";": _("semicolon"), "\t": _("tab"), "|": _("bar")}
    return named.get(mark, mark)


def stage(run: Run) -> str:
    """Which part of the page counts: `columns`, `moving`, `stopped` or `result`."""
    if run.status in Run.EDITABLE:
        return "columns"
    if run.is_moving:
        return "moving"
    return "stopped" if run.status == Run.Status.STOPPED else "result"


def steps(run: Run) -> list[Step]:
    """File, columns and problems, import, result."""
    at = {"columns": 1, "moving": 2, "stopped": 2, "result": 3}[stage(run)]
    if run.status == Run.Status.CHECKING:
        at = 1
    labels = (
        _("File"),
        _("Columns and problems"),
        _("Import"),
        _("Result, undo for 30 days"),
    )
    states = ["done" if index < at else "now" if index == at else "" for index in range(4)]
    return [
        Step(f"{index} {label}" if state != "done" else label, state)
        for index, (label, state) in enumerate(zip(labels, states, strict=True), start=1)
    ]


def rows_ok(run: Run) -> dict[str, int]:
    """Field -> rows in which its column was not at fault; empty before the first trial."""
    if run.status != Run.Status.READY:
        return {}
    fine = dict.fromkeys(run.columns, run.rows_read)
    for item in run.report.get("problems", []):
        if item.get("field") in fine:
            fine[item["field"]] -= item["count"]
    return fine


@dataclass(frozen=True)
class Problem:
    """Rows refused for one kind of reason: how many, why, and which.

    `parts` are the differing words of its rows, each with a first row; empty where all rows are
    refused in the same words.
    """

    count: int
    text: str
    rows: str
    column: str
    examples: str
    parts: list[str]


GENERAL = {"repeated": gettext_lazy("names what an earlier row names")}
"""Codes whose words name a row or a value, in words that hold for all their rows."""


def shown_problems(run: Run) -> list[Problem]:
    """Problems with their words: how many rows, which, why."""
    return [_problem(run, item) for item in run.report.get("problems", [])]


def _problem(run: Run, item: dict[str, Any]) -> Problem:
    rows = ", ".join(number(row) for row in item["rows"])
    more = " …" if item["count"] > len(item["rows"]) else ""
    words = ngettext("Row %(rows)s%(more)s", "Rows %(rows)s%(more)s", item["count"])
    column = run.heading(item.get("field", ""))
    parts = _parts(item)
    examples = [] if parts else item.get("examples", [])
    return Problem(
        count=item["count"],
        text=_in_general(item["code"], column) if parts else item["text"],
        rows=words % {"rows": rows, "more": more},
        column=column,
        examples=", ".join(f"“{text[:40]}”" for text in examples),
        parts=parts,
    )


def _in_general(code: str, column: str) -> str:
    """What rows have in common that are refused in differing words."""
    if code in GENERAL:
        return str(GENERAL[code])
    if column:
        return _("“%(column)s” cannot be taken") % {"column": column}
    return _("cannot be taken, for differing reasons")


def _parts(item: dict[str, Any]) -> list[str]:
    """The differing words of a problem with their rows; empty when there is one only."""
    words = item.get("words", [])
    if len(words) < 2:
        return []
    parts = []
    for said in words:
        shown = {"text": said["text"], "row": number(said["row"]), "count": number(said["count"])}
        one, several = _("Row %(row)s: %(text)s"), _("%(count)s rows, first row %(row)s: %(text)s")
        parts.append((one if said["count"] == 1 else several) % shown)
    rest = item["count"] - sum(said["count"] for said in words)
    if rest:
        text = ngettext("%(rest)s more in other words", "%(rest)s more in other words", rest)
        parts.append(text % {"rest": number(rest)})
    return parts


def facts(run: Run) -> list[dict[str, Any]]:
    """Figures of the strip above a result."""
    return [
        {"label": _("Rows read"), "value": number(run.rows_read)},
        {"label": _("New"), "value": number(run.created)},
        {"label": _("Changed"), "value": number(run.updated)},
        {"label": _("Already there"), "value": number(run.unchanged)},
        {"label": _("Rejected"), "value": number(run.rejected)},
    ]


def nothing_new(run: Run) -> str:
    """A sentence for a file that changes nothing; empty for all others."""
    if run.created or run.updated:
        return ""
    if run.status == Run.Status.READY:
        return _("Nothing new in this file: every row is already there or refused.")
    if run.status == Run.Status.PUBLISHED:
        return _("This import changed nothing: every row was already there or refused.")
    return ""


class Question(NamedTuple):
    """What has to be answered, and the id of the field that answers it."""

    text: str
    field: str


def asked(run: Run) -> list[Question]:
    """What has to be answered before the rows can be read; a question about the columns leads to
    the first one that is left out."""
    if run.status not in Run.EDITABLE:
        return []
    taken = set(run.columns.values())
    free = (index for index in range(len(run.found.columns)) if index not in taken)
    column = next(free, None)
    places = {
        "": "columns-title" if column is None else f"id_column-{column}",
        ROW_NUMBER: f"id_column-{len(run.found.columns)}",
    }
    return [
        Question(text, places.get(about, f"id_{about}")) for text, about in services.questions(run)
    ]


REFUSED_SHOWN = 10
"""Refused rows that the page of a result shows."""


def refused_rows(run: Run) -> dict[str, Any]:
    """Headings of the file and its first refused rows with their reasons."""
    if not run.rejected or stage(run) != "result":
        return {}
    lines = list(itertools.islice(rejects.lines(run), REFUSED_SHOWN))
    return {"headings": run.found.columns, "rows": sorted(lines, key=lambda line: line.number)}


def preview(run: Run) -> dict[str, Any]:
    """Headings and rows of the preview, each cell with whether it is a figure; without the columns
    in which no row says anything."""
    kind = run.import_kind
    items = run.report.get("preview", [])
    places = [
        place for place in range(len(kind.shown)) if any(item["values"][place] for item in items)
    ]
    rows = []
    for item in items:
        taken = item["result"] != "rejected"
        texts = [(place, item["values"][place]) for place in places]
        cells = [
            (_read(kind, place, text) if taken else text, place in kind.numeric)
            for place, text in texts
        ]
        rows.append({**item, "cells": cells})
    headings = [(kind.shown[place], place in kind.numeric) for place in places]
    return {"headings": headings, "rows": rows}


def _read(kind: ImportKind, place: int, text: str) -> str:
    """A figure or a date of a row that is taken, in the reader's format."""
    if place in kind.numeric:
        amount, _space, unit = text.partition(" ")
        return money(amount, unit, None) if amount else ""
    if place in kind.dated and text:
        on = datetime.date.fromisoformat(text)
        return month(on) if kind.dated[place] == "month" else short_day(on)
    return text
