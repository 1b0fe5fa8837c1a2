"""What a trial of a ledger shows: some rows, customers not known, totals to check."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Collection, Mapping
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.imports.ledger.batch import Batch
from accounts.imports.ledger.rows import COLUMNS, LineReader
from kam.imports.examples import SHOWN_GOOD, Examples
from kam.imports.kinds import Outcome, Shown

UNKNOWN_SHOWN = 50
"""Unknown customers that the report of a trial names."""
MONTHS_SHOWN = 36
PENNY = Decimal("0.01")


class Seen:
    """What a trial remembers of the rows that it has gone over."""

    def __init__(self, reader: LineReader) -> None:
        self.reader = reader
        self.good: list[Shown] = []
        self.bad: list[Shown] = []
        self.examples = Examples()
        self.sums: dict[tuple[str, str], Decimal] = {}
        self.customers: set[str] = set()
        self.unknown: Counter[str] = Counter()
        self.words: dict[str, tuple[str, str]] = {}

    def meet(self, key: str, batch: Batch, index: int) -> None:
        """Count a row of a customer that is not known."""
        self.unknown[key] += 1
        if key not in self.words:
            number, name = batch.accounts[index], batch.names[index]
            self.words[key] = (number or name, name if number else "")

    def note(
        self, batch: Batch, fresh: Batch, outcome: Outcome, new_customers: Collection[str]
    ) -> None:
        """Remember a chunk: `fresh` are the lines of `batch` that would be stored."""
        self.customers.update(fresh.keys)
        sums = self.sums
        for currency, day, amount in zip(fresh.currencies, fresh.days, fresh.amounts, strict=True):
            key = (currency, day[:7])
            sums[key] = sums.get(key, 0) + amount.total
        for item in self.examples.of(outcome.rejected):
            cell = dict(zip(COLUMNS, self.reader.cells(item.row), strict=True))
            cells = (
                cell["account_name"] or cell["account"],
                cell["booked_on"],
                cell["product"] or cell["product_name"],
                cell["quantity"],
                cell["amount"] or cell["unit_price"],
                cell["cost"],
            )
            self.bad.append(Shown(item.number, cells, "rejected", item.reason))
        stored = set(fresh.numbers) if len(self.good) < SHOWN_GOOD else set()
        for index in range(min(len(batch.numbers), SHOWN_GOOD - len(self.good))):
            result = "new" if batch.numbers[index] in stored else "unchanged"
            note = _("with a new customer") if batch.keys[index] in new_customers else ""
            if batch.amounts[index].differs:
                result, note = "notice", _("not quantity × price × (1 − discount)")
            self.good.append(Shown(batch.numbers[index], _cells(batch, index), result, note))

    def preview(self) -> list[dict[str, Any]]:
        """Rows with a problem first, then the first rows that are taken."""
        return [item.as_json() for item in (*self.bad, *self.good)]

    def unmatched(self) -> list[dict[str, Any]]:
        """Customers not known with their rows, the most frequent first; the last one stands for
        all the rest."""
        named = self.unknown.most_common(UNKNOWN_SHOWN)
        found = []
        for key, count in named:
            text, note = self.words[key]
            found.append({"key": key, "text": text, "note": note, "count": count})
        if rest := len(self.unknown) - len(named):
            rows = self.unknown.total() - sum(count for _key, count in named)
            words = ngettext("%(count)d more", "%(count)d more", rest) % {"count": rest}
            found.append({"key": "", "text": words, "note": "", "count": rows})
        return found


def totals(by_month: Mapping[tuple[str, str], Decimal], customers: int) -> list[dict[str, str]]:
    """Net by currency, customers, net by month; `by_month` is keyed by currency and `2026-05`."""
    by_currency: dict[str, Decimal] = {}
    for (currency, _month), revenue in by_month.items():
        by_currency[currency] = by_currency.get(currency, Decimal(0)) + revenue
    found = [
        {"label": _("Net"), "value": _cents(amount), "unit": currency}
        for currency, amount in sorted(by_currency.items())
    ]
    unit = ngettext("customer", "customers", customers)
    found.append({"label": _("Accounts touched"), "value": str(customers), "unit": unit})
    latest = sorted(by_month.items(), key=lambda item: item[0][1])[-MONTHS_SHOWN:]
    found += [
        {
            "label": _("Net, %(month)s") % {"month": _month_name(month)},
            "value": _cents(amount),
            "unit": currency,
        }
        for (currency, month), amount in latest
    ]
    return found


def _cells(batch: Batch, index: int) -> tuple[str, ...]:
    amount, cost = batch.amounts[index], batch.costs[index].total
    return (
        batch.names[index] or batch.accounts[index],
        batch.days[index],
        batch.codes[index],
        amount.quantity or "",
        f"{_cents(amount.total)} {batch.currencies[index]}",
        "" if cost is None else _cents(cost),
    )


def _month_name(text: str) -> str:
    return date_format(datetime.date.fromisoformat(f"{text}-01"), "F Y")


def _cents(amount: Decimal) -> str:
    return format(Decimal(amount).quantize(PENNY, ROUND_HALF_UP), "f")
