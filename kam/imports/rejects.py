"""The refused rows of a run as a file that can be corrected and imported again."""

from __future__ import annotations

import csv
import itertools
import operator
import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _

from kam.documents.tables import neutralised

if TYPE_CHECKING:
    from kam.imports.models import Run

SUFFIX = ".rejected.csv"
NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*")


def own_columns() -> list[str]:
    """Names of the columns that stand before those of the file."""
    return [_("Row"), _("Reason")]


def without_own(columns: Sequence[str]) -> list[str]:
    """The columns of the file from which refused rows came, where `columns` are those of a file
    of refused rows; else `columns` as they are."""
    return list(columns[2:] if is_own(columns) else columns)


def is_own(columns: Sequence[str]) -> bool:
    """Whether `columns` are those of a file of refused rows."""
    return list(columns[:2]) == own_columns()


def file_name(run: Run) -> str:
    """What the file of the refused rows of `run` is called."""
    return run.file_name.removesuffix(SUFFIX) + SUFFIX


class Refused(NamedTuple):
    """A refused row: its number, why, and its cells as they stand in the file."""

    number: int
    reason: str
    cells: list[Any]


def lines(run: Run) -> Iterator[Refused]:
    """The refused rows in the order of the file; one of which several cells are refused stands
    there once."""
    refused = run.rejected_chunks.all().lines()
    for number, same in itertools.groupby(refused, key=operator.itemgetter(0)):
        of_row = list(same)
        yield Refused(number, "; ".join(reason for _n, reason, *_rest in of_row), of_row[0][3])


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
