"""Sales lines as a file writes them: checked, computed, and marked with their identity.

The hot path of the importer. Rows are read by columns: each different date, number, customer and
document is understood once and found again in a table, so that a row costs hardly any Python. Rows
that hold something wrong are looked at one by one, by the same readers, for the reason.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from hashlib import blake2b
from itertools import compress
from operator import itemgetter
from typing import Any

from django.utils.translation import gettext as _

from accounts.imports.directory import plain_name
from accounts.imports.ledger.batch import BAD, CACHE, NO_COST, Amount, Batch, Cost, Readings
from accounts.imports.ledger.keys import check_of, identity_in, plain_number
from kam.imports import values
from kam.imports.kinds import Numbered, Row
from kam.imports.refusal import Refusal, Refused
from kam.imports.totals import begins_like_total
from kam.imports.values import text_of

COLUMNS = (
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
    "line_key",
)
LARGEST = Decimal(10) ** 13
SIXTH = Decimal("0.000001")
HALF_PENNY = Decimal("0.005")
NOTHING: tuple[None, str] = (None, "")
BLANK = [""]
LENGTHS = {"account": 120, "account_name": 200, "product": 60, "document": 80}
_CURRENCY = re.compile(r"[A-Z]{3}")


def _has_error(text: str) -> bool:
    """Whether one of the cells joined in `text` is what a spreadsheet shows for an error."""
    return "#" in text and any(map(values.is_error, text.split("\x1f")))


class LineReader:
    """Turns rows of one file into sales lines."""

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
        self.has_keys = "line_key" in columns
        self._places = [columns.get(name, self.width) for name in COLUMNS]
        self._pick: Callable[[Row], tuple[Any, ...]] = itemgetter(*self._places)
        self._numbers: dict[Any, tuple[Decimal | None, str]] = {}
        self._keys = Readings(self._key)
        self._days = Readings(self._day)
        self._amounts = Readings(self._amount)
        self._costs = Readings(self._cost)
        self._moneys = Readings(self._money)
        self._codes = Readings(self._code)
        self._documents = Readings(self._document)

    def batch(self, rows: Sequence[Numbered]) -> tuple[Batch, list[tuple[int, Row, Refusal]]]:
        """The rows as sales lines, and those that are none, each with its reason."""
        width = self.width
        fitting = [item for item in rows if len(item[1]) == width]
        wrong = {item[0]: item for item in rows} if len(fitting) < len(rows) else {}
        for number, _row in fitting if wrong else ():
            del wrong[number]
        raw = self._columns([row for _number, row in fitting])
        accounts, names = _texts(raw[0]), _texts(raw[1])
        keys = self._keys.of(list(zip(accounts, names, strict=True)))
        if BAD in keys:
            mask = [key is not BAD for key in keys]
            wrong |= {item[0]: item for item, good in zip(fitting, mask, strict=True) if not good}
            fitting = list(compress(fitting, mask))
            raw = [list(compress(column, mask)) for column in raw]
            accounts, names = list(compress(accounts, mask)), list(compress(names, mask))
            keys = list(compress(keys, mask))
        batch, good = self._batch([item[0] for item in fitting], keys, accounts, names, raw)
        if good is not None:
            wrong |= {item[0]: item for item, fine in zip(fitting, good, strict=True) if not fine}
            batch = batch.chosen(good)
        refused = [(number, row, self.reason(row)) for number, row in sorted(wrong.values())]
        return batch, refused

    def _columns(self, rows: list[Row]) -> list[Sequence[Any]]:
        """The mapped columns of rows of one width; empty text where nothing is mapped."""
        empty = [""] * len(rows)
        turned = list(zip(*rows, strict=True)) or [()] * self.width
        return [turned[place] if place < self.width else empty for place in self._places]

    def _batch(
        self,
        numbers: list[int],
        keys: list[str],
        accounts: list[str],
        names: list[str],
        raw: list[Sequence[Any]],
    ) -> tuple[Batch, list[bool] | None]:
        """Everything but the customer; besides which rows are good, None: all of them."""
        products, product_names, product_lines = (_texts(column) for column in raw[3:6])
        countries = _texts(raw[13])
        days = self._days.of(raw[2])
        amounts = self._amounts.of(list(zip(*raw[6:10], strict=True)))
        moneys = self._moneys.of(_texts(raw[10]))
        costs = self._costs.of(raw[11])
        documents = self._documents.of(_texts(raw[12]))
        codes = self._codes.of(list(zip(products, product_names, strict=True)))
        good = None
        checked = (days, amounts, moneys, costs, documents, codes)
        if any(BAD in column for column in checked):
            good = [BAD not in readings for readings in zip(*checked, strict=True)]
            for column, filler in zip(checked, self._fillers(), strict=True):
                column[:] = [filler if value is BAD else value for value in column]
        texts = list(
            map(
                "\x1f".join,
                zip(
                    accounts,
                    names,
                    [moment for _day, moment in days],
                    products,
                    product_names,
                    product_lines,
                    [amount.mark for amount in amounts],
                    moneys,
                    [cost.mark for cost in costs],
                    documents,
                    countries,
                    strict=True,
                ),
            )
        )
        together = "".join(texts)
        if "\0" in together or "#" in together:
            clean = ["\0" not in text and not _has_error(text) for text in texts]
            good = clean if good is None else [a and b for a, b in zip(good, clean, strict=True)]
        batch = Batch(
            numbers,
            keys,
            accounts,
            names,
            countries,
            [day for day, _moment in days],
            codes,
            product_names,
            product_lines,
            amounts,
            moneys,
            costs,
            documents,
            [blake2b(text.encode(), digest_size=16).digest() for text in texts],
        )
        if self.has_keys:
            batch, known = self._with_keys(batch, _texts(raw[14]))
            if not all(known):
                good = (
                    known if good is None else [a and b for a, b in zip(good, known, strict=True)]
                )
        return batch, good

    @staticmethod
    def _with_keys(batch: Batch, marks: Sequence[str]) -> tuple[Batch, list[bool]]:
        """Lines that carry a key of ours have the identity in it; besides which rows are as they
        were handed out, or carry no key."""
        identities = [
            identity_in(mark, check_of(*cells)) if mark else digest
            for mark, digest, cells in zip(marks, batch.digests, _checked(batch), strict=True)
        ]
        known = [identity is not None for identity in identities]
        return batch._replace(digests=[identity or b"" for identity in identities]), known

    @staticmethod
    def _fillers() -> tuple[Any, ...]:
        """What stands in rows that are refused, until they are sorted out."""
        return (("", ""), Amount(None, Decimal(0), "", "", differs=False), "", NO_COST, "", "")

    def reason(self, row: Row) -> Refusal:
        """Why `row` is no sales line: the first thing that is wrong with it."""
        if len(row) == self.width:
            cells = self._pick(row + BLANK)
            if cells[0] == cells[1] == "":  # the most frequent reason by far
                return self.as_total(self._nobody(row), row)
        try:
            self._examine(row)
        except Refused as refused:
            return self.as_total(refused.refusal, row)
        raise AssertionError(row)  # a row is refused for a reason

    @staticmethod
    def _nobody(row: Row) -> Refusal:
        filled = sum(1 for cell in row if cell not in ("", None))
        return Refusal("title" if filled <= 1 else "no_account")

    def _examine(self, row: Row) -> None:
        if len(row) != self.width:
            raise Refused("cells")
        raw = self._pick(row + BLANK)
        cells = [text_of(cell) for cell in raw]
        if not (cells[0] or cells[1]):
            raise Refused(*self._nobody(row))
        self._key((cells[0], cells[1]))
        self._day(raw[2])
        self._amount(raw[6:10], alone=True)
        self._cost(raw[11])
        self._money(cells[10])
        self._amount(raw[6:10])
        if any("\0" in cell for cell in cells):
            raise Refused("nul")
        if any(map(values.is_error, cells)):
            raise Refused("error")
        self._code((cells[3], cells[4]))
        self._document(cells[12])
        if self.has_keys:
            raise Refused("changed_line")

    def as_total(self, refusal: Refusal, row: Row) -> Refusal:
        """A line of totals or a heading rather than what it lacks."""
        first = [text_of(cell) for cell in row if cell not in ("", None)][:3]
        if refusal.code != "total" and any(map(begins_like_total, first)):
            return Refusal("total")
        return refusal

    def cells(self, row: Row) -> list[str]:
        """The row's cells in the order of `COLUMNS`; empty where nothing is mapped."""
        width = self.width
        padded = (row + BLANK * width)[:width] + BLANK
        return [text_of(cell) for cell in self._pick(padded)]

    def _key(self, customer: tuple[str, str]) -> str:
        """What finds the account: its number where the file has one, else its name."""
        account, name = customer
        if account and len(account) <= LENGTHS["account"]:
            return "#" + account
        if name and not account and len(name) <= LENGTHS["account_name"]:
            return "=" + plain_name(name)
        raise Refused("long" if account or name else "no_account")

    def _day(self, raw: Any) -> tuple[str, str]:
        """Day of the sale, and the moment as it counts for identity."""
        if values.is_empty(raw):
            raise Refused("no_date")
        try:
            found = values.parse_date(raw, self.dates)
        except values.Unclear as error:
            raise self._unclear("booked_on", raw, error) from error
        return found.isoformat()[:10], _moment(found)

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
            if len(self._numbers) >= CACHE:
                self._numbers.clear()
            self._numbers[raw] = known
        return known

    def _unclear(self, name: str, raw: Any, error: values.Unclear) -> Refused:
        if any(text_of(raw) == heading for heading in self.headings):
            return Refused("heading")
        shown = {"field": _names()[name], "why": error}
        return Refused(f"bad_{name}", _("%(field)s %(why)s") % shown)

    def _money(self, text: str) -> str:
        if not text:
            return self.currency
        if not _CURRENCY.fullmatch(text):
            raise Refused("bad_currency")
        return text

    def _amount(self, raw: Sequence[Any], *, alone: bool = False) -> Amount:
        """Quantity × unit price × (1 − discount), not rounded (`design.md` 11), or the amount that
        is given. With `alone` only that each of the four is a number."""
        number, number_text = self._number(raw[0], "quantity")
        unit, unit_text = self._number(raw[1], "unit_price")
        share, share_text = self._number(raw[2], "discount")
        given, given_text = self._number(raw[3], "amount")
        mark = "\x1f".join((number_text, unit_text, share_text, given_text))
        if alone:
            return Amount(None, Decimal(0), "", mark, differs=False)
        total = given if self.has_amount else self._computed(number, unit, share)
        if total is None:
            raise Refused("no_amount")
        if not -LARGEST < total < LARGEST:
            raise Refused("huge")
        differs = given is not None and self._differs(given, number, unit, share)
        return Amount(number_text or None, total, plain_decimal(total), mark, differs)

    def _computed(
        self, quantity: Decimal | None, price: Decimal | None, discount: Decimal | None
    ) -> Decimal | None:
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

    def _cost(self, raw: Any) -> Cost:
        total, mark = self._number(raw, "cost")
        return NO_COST if total is None else Cost(total, plain_decimal(total), mark)

    def _code(self, product: tuple[str, str]) -> str:
        """Code of the product; its name serves where there is none."""
        code = product[0] or product[1][:60]
        if len(code) > LENGTHS["product"]:
            raise Refused("long_product")
        return code

    def _document(self, text: str) -> str:
        if len(text) > LENGTHS["document"]:
            raise Refused("long_document")
        return text


def _checked(batch: Batch) -> Iterator[tuple[str, ...]]:
    """Of each line the cells that its key is checked against (`keys.check_of`)."""
    return zip(
        batch.accounts,
        batch.names,
        batch.days,
        batch.codes,
        [amount.quantity or "" for amount in batch.amounts],
        [plain_number(Decimal(amount.text or 0)) for amount in batch.amounts],
        batch.currencies,
        [plain_number(None if cost.text is None else Decimal(cost.text)) for cost in batch.costs],
        batch.documents,
        strict=True,
    )


def _texts(column: Sequence[Any]) -> list[str]:
    """The cells of a column as text, outer blanks removed."""
    try:
        return list(map(str.strip, column))
    except TypeError:  # a workbook's numbers and dates
        return [text_of(cell) for cell in column]


def _moment(found: datetime.date) -> str:
    """Midnight and a bare date are the same: workbooks do not tell them apart."""
    text = found.isoformat(sep=" ") if isinstance(found, datetime.datetime) else str(found)
    return text.removesuffix(" 00:00:00")


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
