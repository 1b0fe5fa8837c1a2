"""The refused rows of a run as a file that can be corrected and imported again."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from kam.documents.tables import neutralised
from kam.imports.models import Run

NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def own_columns() -> list[str]:
    """Names of the columns that stand before those of the file."""
    return [_("Row"), _("Reason")]


def without_own(columns: Sequence[str]) -> list[str]:
    """The columns of the file from which refused rows came, where `columns` are those of a file
    of refused rows; else `columns` as they are."""
    return list(columns[2:] if list(columns[:2]) == own_columns() else columns)


class Refused(NamedTuple):
    """A refused row: its number, why, and its cells as they stand in the file."""

    number: int
    reason: str
    cells: list[Any]


def lines(run: Run) -> Iterator[Refused]:
    """The refused rows in the order of the file."""
    for number, reason, _code, cells in run.rejected_chunks.all().lines():
        yield Refused(number, reason, cells)


def table(run: Run) -> Iterator[list[str]]:
    """Heading and rows: row number, reason, then the cells as they stand in the file."""
    yield [*own_columns(), *(_harmless(name) for name in run.found.columns)]
    for row in lines(run):
        yield [str(row.number), _harmless(row.reason), *(_harmless(cell) for cell in row.cells)]


class _Echo:
    """A file that hands back what is written."""

    def write(self, text: str) -> str:
        return text


def as_csv(run: Run) -> Iterator[str]:
    """The table as CSV in pieces; begins with the mark by which Excel knows UTF-8."""
    writer = csv.writer(_Echo())
    yield "\ufeff"
    for row in table(run):
        yield writer.writerow(row)


def _harmless(cell: Any) -> str:
    """Text that a spreadsheet does not run; plain numbers with a sign stay numbers."""
    text = "" if cell is None else str(cell)
    return text if NUMBER.fullmatch(text) else neutralised(text)
