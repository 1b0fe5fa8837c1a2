"""Excel workbooks, row by row, with real dates and numbers; formulas give their stored result."""

from __future__ import annotations

import datetime
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from kam.imports.reading.errors import UnreadableFile
from kam.imports.reading.findings import Finding

_BROKEN = (
    InvalidFileException,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    ParseError,
    KeyError,
    ValueError,
    OSError,
)


def _open(file: IO[bytes]) -> openpyxl.Workbook:
    file.seek(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
    except _BROKEN as error:
        raise UnreadableFile(_("The workbook is damaged: it cannot be opened.")) from error


def find_sheet(file: IO[bytes]) -> tuple[Finding, list[str]]:
    """The sheet to read — the first that holds something — and the names of all sheets."""
    book = _open(file)
    try:
        names = [sheet.title for sheet in book.worksheets]
        filled = [
            sheet.title
            for sheet in book.worksheets
            if next(sheet.iter_rows(max_row=1, values_only=True), None)
        ]
    finally:
        book.close()
    if not filled:
        raise UnreadableFile(_("The workbook holds no rows."))
    reason = _("the only sheet") if len(names) == 1 else _("the only sheet with rows")
    if len(filled) > 1:
        reason = _("the first of %(count)d sheets with rows") % {"count": len(filled)}
    return Finding(filled[0], reason), names


_OPEN_FORMULA = re.compile(
    rb'<c\b(?![^>]*\bt="str")[^>]*?\br="([A-Z]+[0-9]+)"[^>]*>\s*<f\b(?:[^>]*/>|[^>]*>[^<]*</f>)'
    rb"\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>"
)
_CELL = re.compile(rb"<c\s")
_SCANNED = 1 << 20
_LONGEST_CELL = 1 << 20
"""Bytes between the tags of a cell: 32,767 characters and a formula of 8,192 take far less."""


def refuse_open_formulas(file: IO[bytes], *, sheet: str) -> None:
    """Raise `UnreadableFile` for a formula whose result is not in the file: programs that write
    workbooks leave it out, and the cell would read as empty."""
    book = _open(file)
    try:
        if sheet not in book.sheetnames:
            return
        with book._archive.open(book[sheet]._worksheet_path) as xml:
            rest = b""
            while block := xml.read(_SCANNED):
                rest += block
                if found := _OPEN_FORMULA.search(rest):
                    message = _(
                        "Cell %(cell)s holds a formula without its result. Open the workbook in a "
                        "spreadsheet program, save it, and bring it again."
                    )
                    raise UnreadableFile(message % {"cell": found[1].decode()})
                rest = _open_cell(rest)
    except _BROKEN as error:
        raise UnreadableFile(_("The workbook is damaged: it cannot be opened.")) from error
    finally:
        book.close()


def _open_cell(text: bytes) -> bytes:
    """The end of `text` in which a cell may have begun. Raises `UnreadableFile` for one that goes
    on and on: whoever wants its end would keep all of it in memory."""
    begun = [found.start() for found in _CELL.finditer(text, text.rfind(b"</c>") + 1)]
    rest = text[begun[-1] :] if begun else text[-2:]
    if len(rest) > _LONGEST_CELL:
        raise UnreadableFile(_("The workbook is damaged: one of its cells does not end."))
    return rest


def read_rows(file: IO[bytes], *, sheet: str) -> Iterator[list[Any]]:
    """Rows of `sheet` as lists of text, whole numbers, `float`, dates and None."""
    book = _open(file)
    try:
        if sheet not in book.sheetnames:
            raise UnreadableFile(_("There is no sheet “%(name)s”.") % {"name": sheet})
        number = 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                worksheet = book[sheet]
                worksheet.reset_dimensions()
                for values in worksheet.iter_rows(values_only=True):
                    number += 1
                    row = [_plain(value) for value in values]
                    while row and row[-1] in ("", None):
                        row.pop()
                    if row:
                        yield row
            except _BROKEN as error:
                message = _("After row %(row)d the workbook is damaged.")
                raise UnreadableFile(message % {"row": number}) from error
    finally:
        book.close()


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    if isinstance(value, datetime.time | datetime.timedelta):
        return str(value)
    return value
