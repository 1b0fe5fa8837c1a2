"""The days that a file means by "2025", "2025-Q2" or "03/2025"."""

from __future__ import annotations

import calendar
import datetime
import re

_YEAR = r"(?P<year>(?:19|20)\d{2})"
_PATTERNS = (
    re.compile(rf"(?:fy ?|cy ?)?{_YEAR}(?:\.0)?", re.IGNORECASE),
    re.compile(rf"{_YEAR}[ /.-]?(?P<part>[qh])(?P<place>[1-4])", re.IGNORECASE),
    re.compile(rf"(?P<part>[qh])(?P<place>[1-4])[ /.-]?{_YEAR}", re.IGNORECASE),
    re.compile(rf"{_YEAR}[/.-](?P<place>0?[1-9]|1[0-2])"),
    re.compile(rf"(?P<place>0?[1-9]|1[0-2])[/.-]{_YEAR}"),
)
_MONTHS = {"q": 3, "h": 6}


def period_of(text: str) -> tuple[datetime.date, datetime.date] | None:
    """First and last day of the calendar year, half-year, quarter or month that `text` names; None
    where it names none."""
    for pattern in _PATTERNS:
        match = pattern.fullmatch(text.strip())
        if match is None:
            continue
        named = match.groupdict()
        year, place = int(named["year"]), int(named.get("place") or 1)
        months = _MONTHS.get((named.get("part") or "").lower(), 1 if named.get("place") else 12)
        if place * months > 12:
            return None
        last = place * months
        first = datetime.date(year, last - months + 1, 1)
        return first, datetime.date(year, last, calendar.monthrange(year, last)[1])
    return None
