"""Days as people type them: "12 June", "+2w", "friday", "2026-06-12", "12.6." (ui.md 7)."""

from __future__ import annotations

import calendar
import datetime
import re

MONTHS = {
    name: number
    for number in range(1, 13)
    for name in (
        calendar.month_name[number].lower(),
        calendar.month_abbr[number].lower(),
        f"{calendar.month_abbr[number].lower()}.",
    )
} | {"sept": 9, "sept.": 9}
WEEKDAYS = {
    name: number
    for number in range(7)
    for name in (calendar.day_name[number].lower(), calendar.day_abbr[number].lower())
}
NEAR = {"today": 0, "tomorrow": 1, "yesterday": -1}

_ISO = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z")
_RELATIVE = re.compile(r"([+-])\s*(\d{1,4})\s*(d|w|m|y)?\Z")
_DAY_MONTH = re.compile(r"(\d{1,2})(?:st|nd|rd|th|\.)?\s+([a-z]+\.?)(?:,?\s+(\d{4}|\d{2}))?\Z")
_MONTH_DAY = re.compile(r"([a-z]+\.?)\s+(\d{1,2})(?:st|nd|rd|th)?(?:,?\s+(\d{4}))?\Z")
_NUMBERS = re.compile(r"(\d{1,2})[./](\d{1,2})[./]?(\d{4}|\d{2})?\Z")


class NoSuchDay(ValueError):  # noqa: N818  (reads as what it says)
    """The text has the shape of a day that does not exist, e.g. 31 June."""


def read_day(text: str, today: datetime.date, *, month_first: bool = False) -> datetime.date | None:
    """The day meant by `text`, or None when it is no day.

    Without a year the next such day is meant, today included; a weekday is the next one after
    today. "12/6" is 12 June, with `month_first` 6 December. Raises `NoSuchDay`.
    """
    text = " ".join(text.lower().split())
    if text in NEAR:
        return _shift(today, NEAR[text])
    if text in WEEKDAYS:
        return _shift(today, (WEEKDAYS[text] - today.weekday() - 1) % 7 + 1)
    if found := _ISO.match(text):
        return _date(int(found[1]), int(found[2]), int(found[3]))
    if found := _RELATIVE.match(text):
        return _relative(today, int(f"{found[1]}{found[2]}"), found[3] or "d")
    if (found := _DAY_MONTH.match(text)) and found[2] in MONTHS:
        return _in_year(today, MONTHS[found[2]], int(found[1]), found[3])
    if (found := _MONTH_DAY.match(text)) and found[1] in MONTHS:
        return _in_year(today, MONTHS[found[1]], int(found[2]), found[3])
    if found := _NUMBERS.match(text):
        first, second = int(found[1]), int(found[2])
        day, month = (second, first) if month_first else (first, second)
        return _in_year(today, month, day, found[3])
    return None


def _relative(today: datetime.date, count: int, unit: str) -> datetime.date:
    if unit in "dw":
        return _shift(today, count * (7 if unit == "w" else 1))
    months = today.year * 12 + today.month - 1 + count * (12 if unit == "y" else 1)
    year, month = divmod(months, 12)
    if not datetime.MINYEAR <= year <= datetime.MAXYEAR:
        raise NoSuchDay
    last = calendar.monthrange(year, month + 1)[1]
    return datetime.date(year, month + 1, min(today.day, last))


def _shift(today: datetime.date, days: int) -> datetime.date:
    try:
        return today + datetime.timedelta(days=days)
    except OverflowError as error:
        raise NoSuchDay from error


def _in_year(today: datetime.date, month: int, day: int, year: str | None) -> datetime.date:
    if year is not None:
        return _date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for ahead in range(9):  # 29 February may be eight years away
        try:
            found = datetime.date(today.year + ahead, month, day)
        except ValueError:
            if (month, day) != (2, 29):
                raise NoSuchDay from None
            continue
        if found >= today:
            return found
    raise NoSuchDay


def _date(year: int, month: int, day: int) -> datetime.date:
    try:
        return datetime.date(year, month, day)
    except ValueError as error:
        raise NoSuchDay from error
