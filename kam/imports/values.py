"""Numbers and dates as people write them, read by one convention that holds for the whole file.

A convention is found from the values, never guessed: where all values could be read in two ways,
the finding says that a person has to choose (`find_decimal`, `find_dates`).
"""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _

from kam.imports.reading.findings import Finding
from kam.web.formatting import number

DECIMALS = {"dot": ".", "comma": ","}
ORDERS = ("ymd", "dmy", "mdy")
EMPTY = frozenset(("", "-", "–", "n/a", "na", "null", "none", "nan"))
"""Cells that stand for nothing in a column of numbers or dates."""

_NUMBER = {
    "dot": re.compile(r"\d+(?:\.\d*)?|\.\d+|\d{1,3}(?:[,' ]\d{3})+(?:\.\d*)?"),
    "comma": re.compile(r"\d+(?:,\d*)?|,\d+|\d{1,3}(?:[.' ]\d{3})+(?:,\d*)?"),
}
_PLAIN = re.compile(r"-?\d{1,15}")
_SPACES = str.maketrans({"\u00a0": " ", "\u202f": " ", "\u2009": " ", "’": "'", "−": "-"})
_MONEY_SIGNS = re.compile(r"^(?:[A-Z]{3}|[£$€¥])\s*|\s*(?:[A-Z]{3}|[£$€¥]|kr\.?)$")
_DIGITS = 28
"""Longer numbers are account numbers or damage, not amounts."""

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("jan", "january", "januar", "janvier", "enero"),
            ("feb", "february", "februar", "février", "febrero"),
            ("mar", "march", "märz", "mars", "marzo", "mrz", "maart"),
            ("apr", "april", "avril", "abril"),
            ("may", "mai", "mayo", "mei", "maj"),
            ("jun", "june", "juni", "juin", "junio"),
            ("jul", "july", "juli", "juillet", "julio"),
            ("aug", "august", "août", "agosto", "augustus"),
            ("sep", "sept", "september", "septembre", "septiembre"),
            ("oct", "okt", "october", "oktober", "octobre", "octubre"),
            ("nov", "november", "novembre", "noviembre"),
            ("dec", "dez", "december", "dezember", "décembre", "diciembre"),
        ),
        start=1,
    )
    for name in names
}
_TIME = (
    r"(?:[T ,]+(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?"
    r"\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?:Z|[+-]\d{2}:?\d{2})?)?"
)
_ISO = re.compile(r"(?P<a>\d{4})[-/.](?P<b>\d{1,2})[-/.](?P<c>\d{1,2})" + _TIME)
_COMPACT = re.compile(r"(?P<a>(?:19|20)\d{2})(?P<b>\d{2})(?P<c>\d{2})" + _TIME)
_PARTS = re.compile(r"(?P<a>\d{1,2})[-/. ]+(?P<b>\d{1,2})[-/. ]+(?P<c>\d{4}|\d{2})" + _TIME)
_NAMED = re.compile(
    r"(?:[^\W\d]+,?\s+)?(?P<a>\d{1,2})\.?[-/ ]*(?P<month>[^\W\d]{3,})\.?[-/ ,]*(?P<c>\d{4}|\d{2})"
    + _TIME
)
_NAMED_FIRST = re.compile(r"(?P<month>[^\W\d]{3,})\.?\s+(?P<a>\d{1,2})\s*,?\s+(?P<c>\d{4})" + _TIME)


class Unclear(ValueError):  # noqa: N818  (the value, not the programme, is wrong)
    """The value is not what its column holds; the message says why."""


def text_of(value: Any) -> str:
    """A cell as text, outer blanks removed; numbers of a workbook as they read there."""
    if type(value) is str:
        return value.strip()
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)


def shown(value: Any) -> str:
    """A cell as a page shows it and a database stores it: short, NUL made visible."""
    return text_of(value)[:200].replace("\0", "\ufffd")


def is_empty(value: Any) -> bool:
    """Whether the cell stands for nothing."""
    return value is None or (isinstance(value, str) and value.strip().lower() in EMPTY)


def parse_number(value: Any, decimal: str) -> Decimal:
    """`value` as a number, by the convention `decimal` (`dot` or `comma`). Raises `Unclear`."""
    if isinstance(value, int):
        return Decimal(value)
    if isinstance(value, float):
        return _from_float(value)
    if not isinstance(value, str):
        raise Unclear(_("is no number"))
    if _PLAIN.fullmatch(value):
        return Decimal(value)
    text, negative = _unsigned(value)
    if text.endswith("%"):
        return parse_number(text[:-1], decimal) * (-1 if negative else 1) / 100
    if not _NUMBER[decimal].fullmatch(text):
        raise Unclear(_why_not(text))
    if len(text) > _DIGITS:
        raise Unclear(_("has too many digits"))
    mark = DECIMALS[decimal]
    digits = re.sub(rf"[^\d{re.escape(mark)}]", "", text).replace(mark, ".")
    try:
        number = Decimal(digits)
    except InvalidOperation as error:
        raise Unclear(_("is no number")) from error
    return -number if negative else number


def _from_float(value: float) -> Decimal:
    number = Decimal(repr(value))
    if not number.is_finite():
        raise Unclear(_("is no number"))
    return number


def _unsigned(value: str) -> tuple[str, bool]:
    """The digits of `value`, and whether a minus, a trailing minus or brackets make it negative."""
    text = value.translate(_SPACES).strip()
    negative = False
    if text.startswith("(") and text.endswith(")"):
        text, negative = text[1:-1].strip(), True
    if text[:1] in "+-" and len(text) > 1:
        negative = negative or text[0] == "-"
        text = text[1:].strip()
    elif text.endswith("-"):
        text, negative = text[:-1].strip(), True
    text = _MONEY_SIGNS.sub("", text).strip()
    if text[:1] == "-":
        text, negative = text[1:].strip(), True
    return text, negative


def _why_not(text: str) -> str:
    if text.startswith("#"):
        return _("is an error of the spreadsheet")
    if any(character.isdigit() for character in text):
        return _("does not read as a number in this file")
    return _("is no number")


def parse_date(value: Any, order: str) -> datetime.date:
    """`value` as a date or, where a time stands beside it, a datetime without zone.

    `order` says how 03/04/2026 reads: `dmy`, `mdy`, or `ymd` where only unmistakable dates are
    taken. Raises `Unclear`.
    """
    if isinstance(value, datetime.date):
        return value.replace(tzinfo=None) if isinstance(value, datetime.datetime) else value
    if not isinstance(value, str):
        raise Unclear(_("is a number, not a date"))
    text = value.strip()
    if match := _ISO.fullmatch(text) or _COMPACT.fullmatch(text):
        return _date(match["a"], match["b"], match["c"], match)
    if match := _PARTS.fullmatch(text):
        if order == "ymd":
            raise Unclear(_("could be two dates: say whether the day or the month comes first"))
        day, month = (match["a"], match["b"]) if order == "dmy" else (match["b"], match["a"])
        return _date(match["c"], month, day, match)
    if match := _NAMED.fullmatch(text) or _NAMED_FIRST.fullmatch(text):
        month = _MONTHS.get(match["month"].lower())
        if month:
            return _date(match["c"], month, match["a"], match)
    raise Unclear(_("is no date"))


def _date(year: str, month: str | int, day: str, match: re.Match[str]) -> datetime.date:
    full = int(year) if len(year) == 4 else _century(int(year))
    try:
        date = datetime.date(full, int(month), int(day))
        if match["hour"] is None:
            return date
        hour = int(match["hour"])
        if match["half"]:
            hour = hour % 12 + (12 if match["half"][0] in "pP" else 0)
        time = datetime.time(hour, int(match["minute"]), int(match["second"] or 0))
    except ValueError as error:
        raise Unclear(_("is a day that does not exist")) from error
    return datetime.datetime.combine(date, time)


def _century(year: int) -> int:
    """Two digits: 69 to 99 are the 1900s, as POSIX reads them."""
    return 1900 + year if year >= 69 else 2000 + year


def _votes(values: Iterable[Any], vote: Callable[[str], str]) -> tuple[Counter[str], str]:
    """How `vote` reads the texts among `values`, and the first that reads either way."""
    votes: Counter[str] = Counter()
    example = ""
    for value in values:
        if isinstance(value, str) and not is_empty(value):
            found = vote(value.strip())
            votes[found] += 1
            if found == "either" and not example:
                example = value.strip()
    return votes, example


def _majority(votes: Counter[str], first: str, second: str, words: str) -> Finding | None:
    """The reading for which most of the telling values are; None when no value tells."""
    clear = votes[first] + votes[second]
    if not clear:
        return None
    best = first if votes[first] >= votes[second] else second
    return Finding(best, words % {"best": number(votes[best]), "all": number(clear)})


def find_decimal(values: Iterable[Any]) -> Finding:
    """How numbers are written in `values`; `needed` when both readings fit all of them."""
    votes, example = _votes(values, lambda text: _decimal_vote(_unsigned(text)[0].rstrip("% ")))
    told = _majority(votes, "dot", "comma", _("%(best)s of %(all)s telling values"))
    if told:
        return told
    if example:
        reason = _("“%(example)s” reads both ways: is it a decimal or a thousand?")
        return Finding("dot", reason % {"example": example}, needed=True)
    return Finding("dot", _("no value has a comma or a point"))


def _decimal_vote(text: str) -> str:
    dots, commas = text.count("."), text.count(",")
    if not dots and not commas:
        return ""
    if dots and commas:
        return "dot" if text.rfind(".") > text.rfind(",") else "comma"
    mark, other = (".", "comma") if dots else (",", "dot")
    this = "dot" if dots else "comma"
    if dots + commas > 1:
        return other
    before, _mark, after = text.partition(mark)
    if not (before.isdigit() or not before) or not (after.isdigit() or not after):
        return ""
    if len(after) != 3 or len(before) > 3 or before in ("", "0"):
        return this
    return "either"


def find_dates(values: Iterable[Any]) -> Finding:
    """How dates are written in `values`; `needed` when day and month could change places."""
    votes, example = _votes(values, _order_vote)
    told = _majority(votes, "dmy", "mdy", _("%(best)s of %(all)s telling dates"))
    if told:
        return told
    if example:
        reason = _("“%(example)s” reads both ways: which is the month?")
        return Finding("dmy", reason % {"example": example}, needed=True)
    return Finding("ymd", _("dates that read one way only"))


def _order_vote(text: str) -> str:
    match = _PARTS.fullmatch(text)
    if not match:
        return "ymd"
    first, second = int(match["a"]), int(match["b"])
    if first > 12 >= second:
        return "dmy"
    if second > 12 >= first:
        return "mdy"
    if "." in text.partition(":")[0]:  # nobody writes the month first with points
        return "dmy"
    return "same" if first == second else "either"


ERRORS = frozenset(
    (
        "#null!",
        "#div/0!",
        "#value!",
        "#ref!",
        "#name?",
        "#num!",
        "#n/a",
        "#spill!",
        "#calc!",
        "#getting_data",
        "#bezug!",
        "#wert!",
        "#zahl!",
        "#nv",
    )
)
"""What a spreadsheet writes into a cell that it could not work out."""


def is_error(text: str) -> bool:
    """Whether `text` is what a spreadsheet shows instead of a result."""
    return text[:1] == "#" and text.lower() in ERRORS


_FORMULA = re.compile(r"\s*(?:[=@]|[+-].*[A-Za-z].*[(|!])", re.DOTALL)


def is_formula(text: str) -> bool:
    """Whether a spreadsheet would run `text`: it begins like a formula and is no plain number,
    phone number or dash."""
    return _FORMULA.match(text) is not None
