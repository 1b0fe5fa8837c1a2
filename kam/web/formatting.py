"""Numbers, money and dates as a reader wants them (ui.md section 10).

The format is the reader's (`User.locale`, else the installation's), apart from the language of the
words. `n/a` means that a value cannot be computed; it is never shown as 0.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from django.conf import settings
from django.utils import dateformat, timezone
from django.utils.formats import get_format
from django.utils.translation import get_language, ngettext, pgettext
from django.utils.translation import gettext as _

from kam.access.dates import business_today

MINUS = "\N{MINUS SIGN}"
SPACE = "\N{NO-BREAK SPACE}"
TEN_MILLION = 10_000_000
TEN_THOUSAND = 10_000
MOST_DIGITS = 20
"""Digits before the point from which on a value is nonsense and shown as `n/a`."""

_locale: ContextVar[str] = ContextVar("number_locale", default="")

Number = Decimal | int | float


def current_locale() -> str:
    """The locale whose separators and date order are used now."""
    return _locale.get() or settings.LANGUAGE_CODE


@contextmanager
def use_locale(code: str) -> Iterator[None]:
    """Format inside as `code` wants it; empty: as the installation."""
    token = _locale.set(code)
    try:
        yield
    finally:
        _locale.reset(token)


def not_available() -> str:
    """The word for what cannot be computed."""
    return _not_available(get_language())


@lru_cache(maxsize=50)
def _not_available(language: str | None) -> str:
    """The same in `language`, which is the one in use: lists show it in every other cell."""
    return pgettext("value cannot be computed", "n/a")


def number(value: Number | str | None, decimals: int | None = None) -> str:
    """`value` with grouped thousands and a true minus sign; all its places unless `decimals`."""
    parsed = _decimal(value)
    if parsed is None:
        return not_available()
    if decimals is not None:
        parsed = parsed.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_UP)
    text = f"{abs(parsed):,f}".translate(_separators(current_locale()))
    return f"{MINUS}{text}" if parsed < 0 else text


def file_size(size: int) -> str:
    """Bytes as people read them: 312 bytes, 4 kB, 2.4 MB."""
    for unit, least, decimals in (("GB", 10**9, 1), ("MB", 10**6, 1), ("kB", 10**3, 0)):
        if size >= least:
            whole = decimals == 0 or size % least == 0 or size >= 100 * least
            return f"{number(size / least, 0 if whole else decimals)} {unit}"
    return ngettext("%(n)s byte", "%(n)s bytes", size) % {"n": number(size)}


@lru_cache(maxsize=50)
def _separators(locale: str) -> dict[int, str]:
    """What `locale` writes for the comma between thousands and for the decimal point."""
    return {
        ord(","): get_format("THOUSAND_SEPARATOR", locale),
        ord("."): get_format("DECIMAL_SEPARATOR", locale),
    }


def figure(value: Decimal | None) -> str:
    """A figure without the zeros that storing it adds: 10,400, not 10,400.000000."""
    if value is None:
        return not_available()
    return number(value, max(0, -int(value.normalize().as_tuple().exponent)))


def signed(value: Number | None, decimals: int | None = None) -> str:
    """A change: with its sign, also when it is a gain."""
    text = number(value, decimals)
    parsed = _decimal(value)
    return f"+{text}" if parsed is not None and parsed > 0 else text


def money(value: Number | str | None, currency: str = "", decimals: int | None = 2) -> str:
    """An amount with its currency code behind; all its places where `decimals` is None."""
    text = number(value, decimals)
    return f"{text}{SPACE}{currency}" if currency and _decimal(value) is not None else text


def kilo(value: Number | None, decimals: int = 0) -> str:
    """An amount in thousands, without unit: the heading says it."""
    parsed = _decimal(value)
    return number(None if parsed is None else parsed / 1000, decimals)


def thousands(value: Number | None, currency: str = "") -> str:
    """An amount as a figure of a sentence: whole below 10,000, then k, from 10 million on m."""
    parsed = _decimal(value)
    if parsed is None:
        return not_available()
    if abs(parsed) >= TEN_MILLION:
        text = f"{number(parsed / 1_000_000, 1)}{SPACE}{pgettext('unit: millions', 'm')}"
    elif abs(parsed) >= TEN_THOUSAND:
        text = f"{number(parsed / 1000, 0)}{SPACE}{pgettext('unit: thousands', 'k')}"
    else:
        text = number(parsed, 0)
    return f"{text}{SPACE}{currency}" if currency else text


def percent(ratio: Number | None, decimals: int = 1) -> str:
    """A ratio (0..1) in percent, one decimal."""
    parsed = _decimal(ratio)
    if parsed is None:
        return not_available()
    return f"{number(parsed * 100, decimals)}{SPACE}%"


def change(ratio: Number | None, decimals: int = 1) -> str:
    """A change against another period, a ratio, in percent with its sign."""
    parsed = _decimal(ratio)
    if parsed is None:
        return not_available()
    return f"{signed(parsed * 100, decimals)}{SPACE}%"


def day(value: datetime.date | datetime.datetime | None, today: datetime.date | None = None) -> str:
    """ "Mon 8 June", with the year when it is not this one; moments in the reader's zone."""
    on = _date(value)
    if on is None:
        return pgettext("no date", "none")
    today = today or business_today()
    return _day(on, on.year == today.year, current_locale(), get_language() or "")


@lru_cache(maxsize=5000)
def _day(on: datetime.date, is_this_year: bool, locale: str, _language: str) -> str:  # noqa: FBT001  (a key of what is kept)
    pattern = f"D {get_format('MONTH_DAY_FORMAT', locale)}"
    return dateformat.format(on, pattern if is_this_year else f"{pattern} Y")


def short_day(value: datetime.date | datetime.datetime | None) -> str:
    """ "8 Jun 2026": for tables."""
    on = _date(value)
    if on is None:
        return pgettext("no date", "none")
    return _short_day(on, current_locale(), get_language() or "")


@lru_cache(maxsize=5000)
def _short_day(on: datetime.date, locale: str, _language: str) -> str:
    pattern = get_format("MONTH_DAY_FORMAT", locale).replace("F", "M")
    return dateformat.format(on, f"{pattern} Y")


def month(value: datetime.date | None) -> str:
    """ "June 2027"."""
    return pgettext("no date", "none") if value is None else dateformat.format(value, "F Y")


def short_month(value: datetime.date) -> str:
    """ "Jun 2027", where columns are narrow."""
    return dateformat.format(value, "M Y")


def moment(value: datetime.datetime | None, today: datetime.date | None = None) -> str:
    """ "Today 08:12", else day and time; in the reader's zone."""
    if value is None:
        return pgettext("no date", "none")
    local = timezone.localtime(value)
    clock = f"{local:%H:%M}"
    if local.date() == (today or timezone.localdate()):
        return f"{_('Today')} {clock}"
    return f"{day(local, today)} {clock}"


def since(value: datetime.datetime | None, today: datetime.date | None = None) -> str:
    """When something was saved: the time alone today, else day and time; in the reader's zone."""
    if value is not None and timezone.localtime(value).date() == (today or timezone.localdate()):
        return f"{timezone.localtime(value):%H:%M}"
    return moment(value, today)


def late(value: datetime.date | None, today: datetime.date | None = None) -> str:
    """How a due date stands: "4 days late", "today", "tomorrow", else the day."""
    on = _date(value)
    if on is None:
        return pgettext("no date", "no date")
    gap = (on - (today or business_today())).days
    if gap < 0:
        return ngettext("%(days)d day late", "%(days)d days late", -gap) % {"days": -gap}
    if gap == 0:
        return _("today")
    if gap == 1:
        return _("tomorrow")
    return day(on, today)


def ago(value: datetime.date | datetime.datetime | None, today: datetime.date | None = None) -> str:
    """Age in words: "today", "yesterday", "47 days ago"."""
    on = _date(value)
    if on is None:
        return pgettext("no date", "never")
    gap = ((today or business_today()) - on).days
    if gap == 0:
        return _("today")
    if gap == 1:
        return _("yesterday")
    if gap < 0:
        return day(on, today)
    return ngettext("%(days)d day ago", "%(days)d days ago", gap) % {"days": gap}


def _decimal(value: Number | str | None) -> Decimal | None:
    if value is None or value == "":
        return None
    try:
        parsed = value if isinstance(value, Decimal) else Decimal(str(value))
    except InvalidOperation:
        return None
    return parsed if parsed.is_finite() and parsed.adjusted() < MOST_DIGITS else None


def _date(value: datetime.date | datetime.datetime | None) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()
    return value or None
