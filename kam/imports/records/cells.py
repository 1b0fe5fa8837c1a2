"""The mapped cells of one row, read by the conventions of its file."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.imports.kinds import Row, name_in
from kam.imports.refusal import Refused
from kam.imports.values import (
    Unclear,
    is_empty,
    is_error,
    parse_date,
    parse_number,
    shown,
    text_of,
)

REASONS = {
    "cells": gettext_lazy("has more cells than the heading"),
    "nul": gettext_lazy("holds a character that is no text (NUL)"),
    "nothing": gettext_lazy("names nothing"),
    "known": gettext_lazy("names something that is there already"),
    "unknown": gettext_lazy("names something that is not known"),
    "archived": gettext_lazy("names something that is archived: restore it first"),
    "fixed": gettext_lazy("differs from what is there and cannot be changed by a file"),
    "forbidden": gettext_lazy("names something that you may not change"),
}
"""Why a row is not taken, in words that hold for every kind of record."""
_MONTH = re.compile(r"(?:(?P<y>\d{4})[-/.](?P<m>\d{1,2})|(?P<n>\d{1,2})[-/.](?P<z>\d{4}))")
_SPLIT = re.compile(r"[,;|/+]")


class Cells:
    """The cells of a row by the name of their field; empty cells say nothing. Raises `Refused`."""

    def __init__(
        self,
        row: Row,
        columns: Mapping[str, int],
        width: int,
        *,
        number: int,
        decimal: str,
        dates: str,
    ) -> None:
        if len(row) != width:
            raise Refused("cells")
        placed = [*row, str(number)]
        self._raw = {name: placed[index] for name, index in columns.items()}
        self._texts = {name: text_of(value) for name, value in self._raw.items()}
        self._decimal, self._dates = decimal, dates
        for name in self._texts:
            if not name_in(name):
                self.check(name)

    def check(self, name: str) -> None:
        """Refuse what no cell may hold; of several columns each is asked about by itself."""
        text = self.text(name)
        if "\0" in text:
            raise Refused("nul")
        if is_error(text):
            message = _("has “%(text)s”, an error of the spreadsheet") % {"text": text}
            raise Refused(f"bad_{name}", message)

    def text(self, name: str) -> str:
        """The cell as text; empty where the file has no such column."""
        return self._texts.get(name, "")

    def number(self, name: str) -> Decimal | None:
        """The cell as a number."""
        value = self._raw.get(name)
        return None if is_empty(value) else self._parsed(name, parse_number, self._decimal)

    def whole(self, name: str) -> int | None:
        """The cell as a whole number."""
        number = self.number(name)
        if number is None:
            return None
        if number != number.to_integral_value() or abs(number) > 10**9:
            raise self._bad(name, _("is no whole number"))
        return int(number)

    def date(self, name: str) -> datetime.date | None:
        """The cell as a date."""
        if is_empty(self._raw.get(name)):
            return None
        found = self._parsed(name, parse_date, self._dates)
        return found.date() if isinstance(found, datetime.datetime) else found

    def month(self, name: str) -> datetime.date | None:
        """The first day of the month that the cell names, or in which its date lies."""
        match = _MONTH.fullmatch(self.text(name))
        if match is None:
            found = self.date(name)
            return found.replace(day=1) if found else None
        year, month = int(match["y"] or match["z"]), int(match["m"] or match["n"])
        if not 1 <= month <= 12:
            raise self._bad(name, _("is no month"))
        return datetime.date(year, month, 1)

    def choice(self, name: str, known: Mapping[str, Any]) -> Any:
        """What the cell, in small letters, stands for in `known`; None when it is empty."""
        text = self.text(name)
        return self._chosen(name, text, known) if text else None

    def choices(self, name: str, known: Mapping[str, Any]) -> list[Any]:
        """What each word of the cell stands for: words divided by commas, semicolons or bars."""
        words = [word.strip() for word in _SPLIT.split(self.text(name))]
        found = [self._chosen(name, word, known) for word in words if word]
        return list(dict.fromkeys(found))

    def _chosen(self, name: str, text: str, known: Mapping[str, Any]) -> Any:
        try:
            return known[" ".join(text.split()).casefold()]
        except KeyError as error:
            allowed = ", ".join(list(known)[:12])
            raise self._bad(name, _("is none of: %(known)s") % {"known": allowed}) from error

    def _parsed(self, name: str, parse: Any, convention: str) -> Any:
        try:
            return parse(self._raw[name], convention)
        except Unclear as error:
            raise self._bad(name, str(error)) from error

    def _bad(self, name: str, why: str) -> Refused:
        words = {"text": shown(self._raw[name])[:40], "why": why}
        return Refused(f"bad_{name}", _("has “%(text)s”, which %(why)s") % words)
