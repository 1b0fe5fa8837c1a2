"""Any list as a CSV or XLSX file: streamed, typed, and without a formula smuggled in.

Text that a spreadsheet would take for a formula (`= + - @`, their full-width forms, tab, line
feed, return, also after blanks) gets one apostrophe in front in CSV; `restored` takes exactly one
away again, so that what we export imports unchanged. In XLSX such text is stored as text with
Excel's own quote mark, its value untouched. Numbers are numbers and dates are dates in both.
"""

from __future__ import annotations

import csv
import datetime
import re
import tempfile
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any, BinaryIO, NamedTuple, Protocol

import xlsxwriter
from django.db.models import QuerySet
from django.http import FileResponse, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import get_valid_filename
from django.utils.translation import gettext as _

DANGEROUS = re.compile(r"'*(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])")
MARKED = re.compile(r"'+(?:\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|[\t\r\n])")
SHEET_ROWS = 1_048_576
CELL_CHARACTERS = 32_767
EXACT_DIGITS = 15
"""Digits that a spreadsheet keeps of a number; longer ones are written as text."""
CHUNK = 500
LONG = 5_000
"""Rows above which a file is made in the background instead of while somebody waits."""
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def neutralised(text: str) -> str:
    """`text` as it is safe in a CSV cell."""
    return f"'{text}" if DANGEROUS.match(text) else text


def restored(text: str) -> str:
    """What `neutralised` was given."""
    return text[1:] if MARKED.match(text) else text


class Column(NamedTuple):
    """A column: heading, where its value comes from (attribute path with dots, or a function of
    the row), and its width in an XLSX sheet, in characters."""

    title: Any
    source: str | Callable[[Any], Any]
    width: int = 16

    def value(self, row: Any) -> Any:
        """Value for `row`; None where something on the way is empty."""
        return self.reader()(row)

    def reader(self) -> Callable[[Any], Any]:
        """`value`, for whoever asks many rows."""
        if callable(self.source):
            return self.source
        if "." in self.source:
            return partial(_along, self.source.split("."))
        item, attribute = itemgetter(self.source), attrgetter(self.source)
        return lambda row: item(row) if isinstance(row, dict) else attribute(row)


def _along(names: Sequence[str], row: Any) -> Any:
    for name in names:
        if row is None:
            return None
        row = row[name] if isinstance(row, dict) else getattr(row, name)
    return row


@dataclass(frozen=True)
class Table:
    """A list as a file shows it: `rows` are cut down to their reader; where they cannot tell how
    many they are, `counted` can. `title` is the list in words, `name` the file without its end;
    `read` makes of a row what its reader may know of it."""

    name: str
    title: Any
    columns: Sequence[Column]
    rows: Iterable[Any]
    notes: Sequence[Any] = ()
    counted: Any = None
    read: Callable[[Any], Any] | None = None

    def is_longer_than(self, limit: int) -> bool:
        """Whether there are more than `limit` rows, without counting on."""
        rows = self.rows if self.counted is None else self.counted
        if isinstance(rows, QuerySet):
            return rows.order_by().values("pk")[limit : limit + 1].exists()
        return len(rows) > limit  # type: ignore[arg-type]

    def count(self) -> int:
        """How many rows there are."""
        rows = self.rows if self.counted is None else self.counted
        return rows.count() if isinstance(rows, QuerySet) else len(rows)  # type: ignore[arg-type]

    def response(self, kind: str) -> HttpResponseBase:
        """The file as a download, made while it is sent."""
        rows = self.rows if self.read is None else map(self.read, _chunked(self.rows))
        return export_table(
            name=self.name,
            title=str(self.title),
            columns=self.columns,
            rows=rows,
            kind=kind,
            notes=self.notes,
        )

    def write(self, file: BinaryIO, kind: str, rows: Iterable[Any]) -> None:
        """Write `rows`, which are those of the table, as a file of `kind`; memory stays flat."""
        rows = rows if self.read is None else map(self.read, rows)
        if kind == "csv":
            file.writelines(lines.encode() for lines in csv_lines(self.columns, rows))
        else:
            write_xlsx(file, self.columns, rows, title=str(self.title), notes=self.notes)


@dataclass(frozen=True)
class Layout:
    """How rows of one kind stand in a file, whichever page or endpoint they come from.

    `load(rows, user)` makes a queryset read what the columns show, `read` see `Table`.
    """

    name: str
    title: Any
    columns: Sequence[Column]
    load: Callable[[Any, Any], Any] = lambda rows, _user: rows
    notes: Sequence[Any] = ()
    read: Callable[[Any], Any] | None = None

    def table(self, rows: Any, user: Any) -> Table:
        """`rows`, which `user` may see, as a table."""
        return self.of(self.load(rows, user))

    def of(self, loaded: Any) -> Table:
        """Rows that `load` has been asked for, as a table."""
        return Table(self.name, self.title, self.columns, loaded, self.notes, read=self.read)


def in_parts(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """`rows` in lists of up to `size`, with no cursor left open in between.

    Of a queryset the keys are read first, then the rows of each part: whoever takes the parts may
    write meanwhile, which SQLite refuses beside an open cursor once somebody else has written.
    """
    if not isinstance(rows, QuerySet):
        yield from _listed(rows, size)
        return
    keys = array("q", rows.values_list("pk", flat=True).iterator(chunk_size=10 * CHUNK))
    for start in range(0, len(keys), size):
        part = keys[start : start + size]
        found = {row.pk: row for row in rows.filter(pk__in=part).order_by()}
        yield [found[key] for key in part if key in found]


def _listed(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    part: list[Any] = []
    for row in rows:
        part.append(row)
        if len(part) >= size:
            yield part
            part = []
    if part:
        yield part


def export_table(
    *,
    name: str,
    columns: Sequence[Column],
    rows: Iterable[Any],
    title: str = "",
    kind: str = "csv",
    bom: bool = True,
    notes: Sequence[str] = (),
) -> HttpResponseBase:
    """A response that hands `rows` out as `name`.csv or .xlsx, in a sheet called `title`.

    `rows` is already cut down to its reader; querysets are read in chunks. `bom` lets Excel see
    that a CSV is UTF-8. `notes` (what totals cover, rates used) get a sheet of their own in XLSX.
    Raises ValueError for an unknown `kind`.
    """
    if kind not in TYPES:
        raise ValueError(kind)
    filename = f"{get_valid_filename(name)}.{kind}"
    if kind == "csv":
        response: HttpResponseBase = StreamingHttpResponse(csv_lines(columns, rows, bom=bom))
    else:
        file = tempfile.TemporaryFile(suffix=".xlsx")  # noqa: SIM115  (the response closes it)
        write_xlsx(file, columns, rows, title=title or name, notes=notes)
        file.seek(0)
        response = FileResponse(file)
    response["Content-Type"] = TYPES[kind]
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    return response


def _chunked(rows: Iterable[Any]) -> Iterable[Any]:
    if hasattr(rows, "iterator"):
        return rows.iterator(chunk_size=CHUNK)
    return rows


class _Line:
    """Hands back what `csv.writer` writes."""

    def write(self, text: str) -> str:
        return text


def csv_lines(columns: Sequence[Column], rows: Iterable[Any], *, bom: bool = True) -> Iterator[str]:
    """The file in pieces of some hundred lines; zone and language are those of the call."""
    zone = timezone.get_current_timezone()
    titles = [neutralised(str(column.title)) for column in columns]
    return _csv_lines(titles, columns, rows, zone, bom=bom)


def _csv_lines(
    titles: list[str],
    columns: Sequence[Column],
    rows: Iterable[Any],
    zone: datetime.tzinfo,
    *,
    bom: bool,
) -> Iterator[str]:
    writer: Any = csv.writer(_Line())
    readers = [column.reader() for column in columns]
    lines = [("\ufeff" if bom else "") + writer.writerow(titles)]
    for row in _chunked(rows):
        lines.append(writer.writerow([_csv_value(read(row), zone) for read in readers]))
        if len(lines) >= CHUNK:
            yield "".join(lines)
            lines.clear()
    yield "".join(lines)


def _csv_value(value: Any, zone: datetime.tzinfo) -> Any:
    kind = type(value)  # most are these, and matching patterns takes longer
    if value is None:
        return ""
    if kind is str:
        return neutralised(value)
    if kind is int:
        return value
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case int() | float():
            return value
        case datetime.datetime():
            return _local(value, zone).isoformat(sep=" ", timespec="seconds")
        case datetime.date() | datetime.time():
            return value.isoformat()
    return neutralised(str(value))


def _local(moment: datetime.datetime, zone: datetime.tzinfo) -> datetime.datetime:
    if timezone.is_naive(moment):
        return moment
    return timezone.make_naive(moment, zone)


class _Sheet(Protocol):
    def write_string(self, row: int, column: int, text: str, form: Any = None) -> int: ...
    def write_number(self, row: int, column: int, number: Any, form: Any = None) -> int: ...
    def write_boolean(self, row: int, column: int, value: bool) -> int: ...  # noqa: FBT001
    def write_datetime(self, row: int, column: int, moment: Any, form: Any) -> int: ...


class _Cells:
    """Writes typed cells of one workbook."""

    def __init__(self, book: Any) -> None:
        self.zone = timezone.get_current_timezone()
        self.heading = book.add_format({"bold": True, "bottom": 1})
        self.quoted = book.add_format({"quote_prefix": True})
        self.date = book.add_format({"num_format": "yyyy-mm-dd"})
        self.moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})

    def write(self, sheet: _Sheet, row: int, column: int, value: Any) -> None:
        match value:
            case None:
                return
            case bool():
                sheet.write_boolean(row, column, value)
            case int() | Decimal() | float() if _is_exact(value):
                sheet.write_number(row, column, value)
            case datetime.datetime():
                sheet.write_datetime(row, column, _local(value, self.zone), self.moment)
            case datetime.date():
                sheet.write_datetime(row, column, value, self.date)
            case _:
                self.text(sheet, row, column, str(value))

    def text(self, sheet: _Sheet, row: int, column: int, text: str) -> None:
        form = self.quoted if DANGEROUS.match(text) else None
        if len(text) > CELL_CHARACTERS:
            text = text[: CELL_CHARACTERS - 1] + "…"
        sheet.write_string(row, column, text, form)


def _is_exact(value: int | float | Decimal) -> bool:
    number = Decimal(value) if not isinstance(value, float) else Decimal(repr(value))
    if not number.is_finite():
        return False
    return isinstance(value, float) or len(number.normalize().as_tuple().digits) <= EXACT_DIGITS


SHEET_NAME = 31
"""Characters that a spreadsheet allows in the name of a sheet."""
ILLEGAL = re.compile(r"[\[\]:*?/\\\x00-\x1f]+")
"""What it refuses there."""


def sheet_name(title: str, number: int = 1) -> str:
    """`title` as the name of a sheet, which spreadsheets allow; `number` tells several apart."""
    end = f" {number}" if number > 1 else ""
    name = " ".join(ILLEGAL.sub(" ", title).split()).strip("'")[: SHEET_NAME - len(end)]
    name = name.rstrip("' ") or _("List")
    if name.casefold() == "history":  # Excel keeps this one for itself
        name = f"{name}_"
    return f"{name}{end}"


def write_xlsx(
    file: BinaryIO,
    columns: Sequence[Column],
    rows: Iterable[Any],
    *,
    title: str = "",
    notes: Sequence[str] = (),
) -> int:
    """Write a workbook row by row (memory stays flat); returns the number of rows.

    The sheet is called `title`; what is longer than a sheet goes on in further ones.
    """
    book = xlsxwriter.Workbook(
        file,
        {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
        },
    )
    cells, readers = _Cells(book), [column.reader() for column in columns]
    count, line, sheet, sheets = 0, SHEET_ROWS, None, 0
    for row in _chunked(rows):
        if line >= SHEET_ROWS:
            sheets += 1
            sheet, line = _new_sheet(book, cells, columns, sheet_name(title, sheets)), 1
        for number, read in enumerate(readers):
            cells.write(sheet, line, number, read(row))  # type: ignore[arg-type]
        line += 1
        count += 1
    if sheet is None:
        _new_sheet(book, cells, columns, sheet_name(title))
    if notes:
        taken = sheet_name(title).casefold() == _("Notes").casefold()
        page = book.add_worksheet(sheet_name(_("Notes"), 2 if taken else 1))
        for number, note in enumerate(notes):
            cells.text(page, number, 0, str(note))
    book.close()
    return count


def _new_sheet(book: Any, cells: _Cells, columns: Sequence[Column], name: str) -> Any:
    sheet = book.add_worksheet(name)
    for number, column in enumerate(columns):
        sheet.set_column(number, number, column.width)
        sheet.write_string(0, number, str(column.title), cells.heading)
    sheet.freeze_panes(1, 0)
    return sheet
