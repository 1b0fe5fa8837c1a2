"""The first look at a file, and the rows below its heading."""

from __future__ import annotations

import datetime
import itertools
from collections import Counter
from collections.abc import Iterator
from typing import IO, Any

from django.utils.translation import gettext as _

from kam.imports.reading import source, text, workbook
from kam.imports.reading.errors import UnreadableFile
from kam.imports.reading.findings import Finding, Findings

Row = list[Any]
LOOK = 50
"""Rows in which the heading is looked for."""
CHOICES = {
    "encoding": text.ENCODINGS,
    "delimiter": tuple(text.DELIMITERS),
    "header": (True, False),
}


def inspect(file: IO[bytes], chosen: dict[str, Any] | None = None) -> Findings:
    """What `file` is and how its rows are read; `chosen` holds what a person has decided.

    Raises `UnreadableFile` when it is nothing that can be read.
    """
    chosen = chosen or {}
    form, packed, reason = source.form_of(file)
    findings = Findings(form=Finding(form, reason))
    if form == source.XLSX:
        findings.sheet, findings.sheets = workbook.find_sheet(file)
    else:
        findings.encoding = text.find_encoding(source.unpacked(file, packed=packed))
        _choose(findings, chosen, "encoding")
        stream = source.unpacked(file, packed=packed)
        findings.delimiter = text.find_delimiter(text.head_of(stream, findings.encoding.value))
    for name in ("delimiter", "sheet"):
        _choose(findings, chosen, name)
    if findings.sheet is not None:
        workbook.refuse_open_formulas(file, sheet=findings.sheet.value)
    _find_heading(file, findings, chosen)
    return findings


def _choose(findings: Findings, chosen: dict[str, Any], name: str) -> None:
    if name in chosen and getattr(findings, name) is not None:
        setattr(findings, name, Finding(chosen[name], _("chosen by you"), chosen=True))


def _find_heading(file: IO[bytes], findings: Findings, chosen: dict[str, Any]) -> None:
    rows = list(itertools.islice(_raw_rows(file, findings), LOOK))
    if not rows:
        raise UnreadableFile(_("The file holds no rows."))
    width = Counter(len(row) for row in rows).most_common(1)[0][0]
    skipped = next((number for number, row in enumerate(rows) if _filled(row) > width // 2), 0)
    first = rows[skipped]
    findings.skipped = skipped
    findings.header = _heading(first, rows[skipped + 1 :])
    _choose(findings, chosen, "header")
    if findings.header.value:
        findings.columns = _names(first)
    else:
        findings.skipped = 0
        longest = max(len(row) for row in rows)
        findings.columns = [unnamed(number) for number in range(1, longest + 1)]


def _filled(row: Row) -> int:
    return sum(1 for cell in row if cell not in ("", None))


def _heading(first: Row, others: list[Row]) -> Finding:
    filled = [cell for cell in first if cell not in ("", None)]
    if any(_like_data(cell) for cell in filled):
        return Finding(value=False, reason=_("the first row holds numbers or dates"))
    if not others:
        return Finding(value=True, reason=_("one row of words"))
    if any(_like_data(cell) for row in others for cell in row):
        return Finding(value=True, reason=_("words above numbers or dates"))
    return Finding(value=True, reason=_("the first row, as usual"))


def _like_data(cell: Any) -> bool:
    if isinstance(cell, int | float | datetime.date):
        return True
    if not isinstance(cell, str):
        return False
    digits = sum(1 for letter in cell if letter.isdigit())
    letters = sum(1 for letter in cell if letter.isalpha())
    return digits > 0 and letters <= digits // 4


def _names(row: Row) -> list[str]:
    """Names of the columns: without a name or with a name used before they get their number."""
    names: list[str] = []
    for number, cell in enumerate(row, start=1):
        name = " ".join(str(cell).replace("\0", " ").split())[:120] if cell is not None else ""
        name = name or unnamed(number)
        names.append(f"{name} ({number})" if name in names else name)
    return names


def unnamed(number: int) -> str:
    """What the column with this number, counted from 1, is called that has no name."""
    return _("Column %(number)d") % {"number": number}


def _raw_rows(file: IO[bytes], findings: Findings) -> Iterator[Row]:
    if findings.form.value == source.XLSX:
        assert findings.sheet is not None  # noqa: S101  (found together with the form)
        return workbook.read_rows(file, sheet=findings.sheet.value)
    packed = source.form_of(file)[1]
    stream = source.unpacked(file, packed=packed)
    encoding, delimiter = findings.value("encoding"), findings.value("delimiter")
    return text.read_rows(stream, encoding=encoding, delimiter=delimiter)


def open_rows(file: IO[bytes], findings: Findings) -> Iterator[Row]:
    """The rows below the heading, each as long as there are columns, or longer where it holds
    more cells than that. Rows without any content are left out."""
    rows = _raw_rows(file, findings)
    start = findings.skipped + (1 if findings.header.value else 0)
    width = len(findings.columns)
    for row in itertools.islice(rows, start, None):
        if not row[0] and not any(row):
            continue
        if len(row) != width:
            _fit(row, width)
        yield row


def _fit(row: Row, width: int) -> None:
    """Fill a short row, and take empty cells off a long one."""
    row.extend([""] * (width - len(row)))
    while len(row) > width and row[-1] in ("", None):
        row.pop()
