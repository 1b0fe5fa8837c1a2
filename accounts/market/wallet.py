"""What customers buy of what we could sell, beside what they buy from us."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet, Sum

from accounts.figures import AMOUNT, Chosen, Period, Rates, between, first_month
from accounts.market.maths import gap, share_of_wallet
from accounts.models import Account, CategoryPurchase, LedgerEntry

NONE = Decimal(0)


class Wallet(NamedTuple):
    """One figure on purchases in `currency`, with our sales to the same accounts in the same
    category and days; None is "not available": an amount or a rate is missing, or the ledger
    begins later."""

    purchase: CategoryPurchase
    currency: str
    purchases: Decimal | None
    sales: Decimal | None

    @property
    def share_of_wallet(self) -> Decimal | None:
        """Our sales over the purchases, 0..1."""
        return share_of_wallet(self.sales, self.purchases)

    @property
    def gap(self) -> Decimal | None:
        """What is bought elsewhere."""
        return gap(self.sales, self.purchases)


def wallets(
    purchases: Sequence[CategoryPurchase],
    accounts: QuerySet[Account],
    rates: Rates,
    *,
    known: QuerySet[Account],
) -> list[Wallet]:
    """Each of `purchases` beside what `accounts`, taken together, bought from us: two queries.

    For a figure on an account, `accounts` are it and all below it that the reader sees; the
    ledger begins with the first sale to any of `known`. What one site buys from us is not known:
    lines are of accounts.
    """
    if not purchases:
        return []
    begun = first_month(Chosen(lambda: known))
    sales = _sales(purchases, accounts, rates)
    rows = []
    for purchase in purchases:
        covered = Period(purchase.period_from, purchase.period_until).is_covered_from(begun)
        is_whole = purchase.site_id is None and purchase.account_id is not None
        sold = sales[_key(purchase)] if covered and is_whole else None
        rows.append(Wallet(purchase, rates.home, _converted(purchase, rates), sold))
    return rows


def _key(purchase: CategoryPurchase) -> tuple[Any, ...]:
    return purchase.category_id, purchase.period_from, purchase.period_until


def _sales(
    purchases: Sequence[CategoryPurchase], accounts: QuerySet[Account], rates: Rates
) -> dict[tuple[Any, ...], Decimal | None]:
    """Our sales by category and days, None where one is in a currency without a rate."""
    periods = sorted({(row.period_from, row.period_until) for row in purchases})
    sums: dict[str, Any] = {
        f"in_{place}": Sum(
            "amount", filter=between("booked_on", Period(first, last)), output_field=AMOUNT
        )
        for place, (first, last) in enumerate(periods)
    }
    whole = Period(periods[0][0], max(last for _first, last in periods))
    lines = LedgerEntry.objects.live().filter(account__in=accounts.order_by().values("pk"))
    found = lines.filter(between("booked_on", whole)).order_by()
    rows: list[Any] = list(found.values("product__line", "currency").annotate(**sums))
    sold: dict[tuple[Any, ...], Decimal | None] = {}
    for category, first, last in {_key(row) for row in purchases}:
        name = f"in_{periods.index((first, last))}"
        parts = [
            _at_rate(row[name], row["currency"], rates)
            for row in rows
            if row[name] is not None and category in (None, row["product__line"])
        ]
        sold[category, first, last] = None if None in parts else sum(filter(None, parts), NONE)
    return sold


def _converted(purchase: CategoryPurchase, rates: Rates) -> Decimal | None:
    amount = purchase.amount
    return None if amount is None else _at_rate(amount, purchase.currency, rates)


def _at_rate(amount: Decimal, currency: str, rates: Rates) -> Decimal | None:
    rate = rates.factors.get(currency)
    return None if rate is None else amount * rate
