"""A run in words and figures, for its page."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.imports.models import Run
from kam.web.formatting import number


class Step(NamedTuple):
    """A step of the way: `state` is `done`, `now` or empty."""

    label: str
    state: str


def found_line(run: Run) -> str:
    """One sentence: rows, encoding, delimiter, decimals, dates."""
    found = run.found
    parts = []
    if run.rows_total:
        parts.append(_("%(rows)s rows") % {"rows": number(run.rows_total)})
    if found.encoding:
        parts.append(str(found.encoding.value).upper())
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


def shown_problems(run: Run) -> list[dict[str, Any]]:
    """Problems with their words: how many rows, which, why."""
    shown = []
    for item in run.report.get("problems", []):
        rows = ", ".join(number(row) for row in item["rows"])
        more = " …" if item["count"] > len(item["rows"]) else ""
        index = run.columns.get(item.get("field", ""))
        shown.append(
            {
                "count": item["count"],
                "text": item["text"],
                "rows": ngettext("Row %(rows)s%(more)s", "Rows %(rows)s%(more)s", item["count"])
                % {"rows": rows, "more": more},
                "column": "" if index is None else run.found.columns[index],
                "examples": ", ".join(f"“{text[:40]}”" for text in item.get("examples", [])),
            }
        )
    return shown


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


def preview(run: Run) -> dict[str, Any]:
    """Headings and rows of the preview, each cell with whether it is a figure."""
    kind = run.import_kind
    rows = []
    for item in run.report.get("preview", []):
        cells = [(text, place in kind.numeric) for place, text in enumerate(item["values"])]
        rows.append({**item, "cells": cells})
    headings = [(label, place in kind.numeric) for place, label in enumerate(kind.shown)]
    return {"headings": headings, "rows": rows}
