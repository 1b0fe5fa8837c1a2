"""Excel workbooks, row by row, with real dates and numbers; formulas give their stored result."""

from __future__ import annotations

import datetime
import warnings
import zipfile
from collections.abc import Iterator
from typing import IO, Any
from xml.etree.ElementTree import ParseError

import openpyxl
from django.utils.translation import gettext as _
from openpyxl.utils.exceptions import InvalidFileException

from kam.imports.reading.errors import UnreadableFile
from kam.imports.reading.findings import Finding

_BROKEN = (InvalidFileException, zipfile.BadZipFile, ParseError, KeyError, ValueError, OSError)


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
    reason = _("the only sheet") if len(names) == 1 else _("the first sheet with rows")
    return Finding(filled[0], reason), names


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
