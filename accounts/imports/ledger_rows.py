"""Sales lines as a file writes them: checked, computed, and marked with their identity.

The hot path of the importer: a row costs about a dozen look-ups, because dates, numbers and
currencies repeat and are read once.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable
from decimal import Decimal
from hashlib import blake2b
from operator import itemgetter
from typing import Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.directory import plain_name
from kam.imports import values
from kam.imports.kinds import Row
from kam.imports.values import text_of

FIELDS = (
    "account",
    "account_name",
    "booked_on",
    "product",
    "product_name",
    "product_line",
    "quantity",
    "unit_price",
    "discount",
    "amount",
    "currency",
    "cost",
    "document",
    "country",
)
CACHE = 50_000
"""Different dates or numbers that are remembered before the memory is emptied."""
LARGEST = Decimal(10) ** 13
SIXTH = Decimal("0.000001")
HALF_PENNY = Decimal("0.005")
NOTHING: tuple[None, str] = (None, "")
BLANK = [""]
LENGTHS = {"account": 120, "account_name": 200, "product": 60, "document": 80}
_CURRENCY = re.compile(r"[A-Z]{3}")
_TOTAL = re.compile(
    r"^(grand |sub-?)?(total|sum|summe|gesamt|zwischensumme|totaal|totale|somme)\b", re.IGNORECASE
)


REASONS = {
    "cells": gettext_lazy("has more cells than the heading"),
    "no_amount": gettext_lazy("has no amount"),
    "no_account": gettext_lazy("has no customer"),
    "unknown_account": gettext_lazy("names a customer that is not known"),
    "forbidden": gettext_lazy("names a customer for whom you may not import"),
    "ambiguous": gettext_lazy("names a customer of whom there are several"),
    "long": gettext_lazy("has a customer number or name that is too long"),
    "total": gettext_lazy("is a total, not a sale"),
    "title": gettext_lazy("is a title, not a sale"),
    "heading": gettext_lazy("is the heading again"),
    "no_date": gettext_lazy("has no date"),
    "huge": gettext_lazy("has a number beyond all reason"),
    "nul": gettext_lazy("holds a character that is no text (NUL)"),
    "long_product": gettext_lazy("has a product code longer than 60 characters"),
    "long_document": gettext_lazy("has a document number longer than 80 characters"),
    "bad_currency": gettext_lazy("has a currency that is not three capital letters"),
    "bad_discount": gettext_lazy("has a discount below 0 or above 100 %"),
    "big_discount": gettext_lazy("has a discount above 1: say that discounts are in percent"),
}


class Refused(Exception):  # noqa: N818  (a row, not the programme, is at fault)
    """The row is not taken; `code` names the kind of reason, `reason` says more than `REASONS`."""

    def __init__(self, code: str, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.reason = reason


class Line(NamedTuple):
    """A checked sales line. `amount`, `quantity` and `cost` are decimal text without exponent;
    `number` is the customer's number and `key` finds the account. `differs` when the given amount
    is not quantity × unit price × (1 − discount)."""

    key: str
    number: str
    name: str
    country: str
    booked_on: str
    product: str
    product_name: str
    product_line: str
    quantity: str | None
    amount: Decimal
    currency: str
    cost: Decimal | None
    document: str
    digest: bytes
    differs: bool = False


class LineReader:
    """Turns rows of one file into lines. Raises `Refused`."""

    def __init__(
        self,
        *,
        columns: dict[str, int],
        headings: list[str],
        decimal: str,
        dates: str,
        currency: str,
        percent: bool,
    ) -> None:
        self.width = len(headings)
        self.headings = headings
        self.decimal = decimal
        self.dates = dates
        self.currency = currency
        self.percent = percent
        self.has_amount = "amount" in columns
        self._pick: Callable[[Row], tuple[Any, ...]] = itemgetter(
            *(columns.get(name, self.width) for name in FIELDS)
        )
        self._numbers: dict[Any, tuple[Decimal, str]] = {}
        self._days: dict[Any, tuple[str, str]] = {}

    def line(self, row: Row) -> Line:
        """The row as a sales line."""
        if len(row) != self.width:
            raise Refused("cells")
        raw: Any = self._pick(row + BLANK)
        try:
            cells = raw = [cell.strip() for cell in raw]
        except AttributeError:  # a workbook's numbers and dates
            cells = [text_of(cell) for cell in raw]
        account, name, _day, product, product_name, product_line = cells[:6]
        currency, document, country = cells[10], cells[12], cells[13]
        key = self._key(account, name, row)
        day, moment = self._day(raw[2])
        number, number_text = self._number(raw[6], "quantity")
        unit, unit_text = self._number(raw[7], "unit_price")
        share, share_text = self._number(raw[8], "discount")
        given, given_text = self._number(raw[9], "amount")
        goods, goods_text = self._number(raw[11], "cost")
        money = self._money(currency) if currency else self.currency
        total = given if self.has_amount else self._computed(number, unit, share)
        if total is None:
            raise Refused("no_amount")
        code = product or product_name[:60]
        text = "\x1f".join(
            (
                account,
                name,
                moment,
                product,
                product_name,
                product_line,
                number_text,
                unit_text,
                share_text,
                given_text,
                money,
                goods_text,
                document,
                country,
            )
        )
        self._check(text, total, code, document)
        return Line(
            key,
            account,
            name,
            country,
            day,
            code,
            product_name,
            product_line,
            number_text or None,
            total,
            money,
            goods,
            document,
            blake2b(text.encode(), digest_size=16).digest(),
            given is not None and self._differs(given, number, unit, share),
        )

    def _key(self, account: str, name: str, row: Row) -> str:
        """What finds the account: its number where the file has one, else its name."""
        if account and len(account) <= LENGTHS["account"]:
            return "#" + account
        if name and not account and len(name) <= LENGTHS["account_name"]:
            return "=" + plain_name(name)
        raise self._no_account(row, account or name)

    @staticmethod
    def _no_account(row: Row, reference: str) -> Refused:
        if reference:
            return Refused("long")
        filled = sum(1 for cell in row if cell not in ("", None))
        return Refused("title" if filled <= 1 else "no_account")

    def code_of(self, refused: Refused, row: Row) -> str:
        """Why the row is refused: a line of totals or a heading rather than what it lacks."""
        first = [text_of(cell) for cell in row if cell not in ("", None)][:3]
        if refused.code != "total" and any(_TOTAL.match(cell) for cell in first):
            return "total"
        return refused.code

    def cells(self, row: Row) -> list[str]:
        """The row's cells in the order of `FIELDS`; empty where nothing is mapped."""
        width = self.width
        padded = (row + BLANK * width)[:width] + BLANK
        return [text_of(cell) for cell in self._pick(padded)]

    @staticmethod
    def refuse_total(line: Line) -> None:
        """Raise `Refused` when what stands for the customer is the word for a total."""
        if _TOTAL.match(line.number or line.name):
            raise Refused("total")

    def _day(self, raw: Any) -> tuple[str, str]:
        """Day of the sale, and the moment as it counts for identity."""
        known = self._days.get(raw)
        if known is None:
            if values.is_empty(raw):
                raise Refused("no_date")
            try:
                found = values.parse_date(raw, self.dates)
            except values.Unclear as error:
                raise self._unclear("booked_on", raw, error) from error
            day = found.isoformat()[:10]
            known = (day, _moment(found))
            _remember(self._days, raw, known)
        return known

    def _number(self, raw: Any, name: str) -> tuple[Decimal | None, str]:
        """A number and its canonical text; nothing where the cell is empty."""
        if raw == "" or raw is None:
            return NOTHING
        known = self._numbers.get(raw)
        if known is None:
            if values.is_empty(raw):
                return NOTHING
            try:
                number = values.parse_number(raw, self.decimal)
            except values.Unclear as error:
                raise self._unclear(name, raw, error) from error
            if not -LARGEST < number < LARGEST:
                raise Refused("huge")
            known = (number, format(number.normalize(), "f"))
            _remember(self._numbers, raw, known)
        return known

    def _unclear(self, name: str, raw: Any, error: values.Unclear) -> Refused:
        if any(text_of(raw) == heading for heading in self.headings):
            return Refused("heading")
        shown = {"field": _names()[name], "why": error}
        return Refused(f"bad_{name}", _("%(field)s %(why)s") % shown)

    def _money(self, text: str) -> str:
        if not _CURRENCY.fullmatch(text):
            raise Refused("bad_currency")
        return text

    def _computed(
        self, quantity: Decimal | None, price: Decimal | None, discount: Decimal | None
    ) -> Decimal | None:
        """Quantity × unit price × (1 − discount), not rounded (`design.md` 11)."""
        if quantity is None or price is None:
            return None
        if not discount:
            return quantity * price
        share = discount / 100 if self.percent else discount
        if not 0 <= share <= 1:
            raise Refused("bad_discount" if self.percent else "big_discount")
        return quantity * price * (1 - share)

    def _differs(
        self,
        given: Decimal,
        quantity: Decimal | None,
        price: Decimal | None,
        discount: Decimal | None,
    ) -> bool:
        """Whether the amount given is off by more than a rounded half penny."""
        if quantity is None or price is None:
            return False
        share = (discount or Decimal(0)) / (100 if self.percent else 1)
        return abs(quantity * price * (1 - share) - given) > HALF_PENNY

    def _check(self, text: str, amount: Decimal, code: str, document: str) -> None:
        """What the database would refuse, refused with a reason."""
        if "\0" in text:
            raise Refused("nul")
        if not -LARGEST < amount < LARGEST:
            raise Refused("huge")
        if len(code) > LENGTHS["product"]:
            raise Refused("long_product")
        if len(document) > LENGTHS["document"]:
            raise Refused("long_document")


def _moment(found: datetime.date) -> str:
    """Midnight and a bare date are the same: workbooks do not tell them apart."""
    text = found.isoformat(sep=" ") if isinstance(found, datetime.datetime) else str(found)
    return text.removesuffix(" 00:00:00")


def _remember(cache: dict[Any, Any], key: Any, value: Any) -> None:
    if len(cache) >= CACHE:
        cache.clear()
    cache[key] = value


def _names() -> dict[str, str]:
    return {
        "booked_on": _("date"),
        "quantity": _("quantity"),
        "unit_price": _("unit price"),
        "discount": _("discount"),
        "amount": _("amount"),
        "cost": _("cost"),
    }


def plain_decimal(number: Decimal) -> str:
    """Text of an amount with at most six places, without exponent."""
    text = format(number, "f")
    dot = text.find(".")
    if dot >= 0 and len(text) - dot > 7:
        text = format(number.quantize(SIXTH), "f")
    return text
