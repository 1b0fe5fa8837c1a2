"""Who brings how much: the largest customers, and the last month with sales."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import F, Max, QuerySet

from accounts.figures.basis import Period, Rates
from accounts.figures.sums import sales_in
from accounts.models import Account, MonthTotal

PARETO_SHARE = Decimal("0.8")
"""The share of revenue whose smallest set of customers is sought (K055)."""


def revenue_rows(accounts: QuerySet[Account], period: Period, rates: Rates, *keys: str) -> QuerySet:
    """Rows with `keys` and `total` of accounts with sales, or of what else `keys` name
    (`account__root`: groups), largest first; ties by the first key."""
    column = "revenue" if period.is_whole_months else "amount"
    sales = sales_in(accounts.order_by().values("pk"), period).order_by().values(*keys)
    ordered = F("total").desc(nulls_last=True)
    return sales.annotate(total=rates.total(column)).order_by(ordered, keys[0])


class Pareto(NamedTuple):
    """`accounts` largest customers reach `share` of the total (K055); None without sales."""

    share: Decimal
    accounts: int | None


def pareto(revenues: Iterator[Decimal | None], total: Decimal | None) -> Pareto:
    """Smallest number of customers, largest first, that reach 80 % of `total`.

    The total includes customers with negative sales (`data/README.md`). `revenues` comes in
    falling order and is read no further than needed.
    """
    if total is None or total <= 0:
        return Pareto(PARETO_SHARE, None)
    reached = Decimal(0)
    for count, revenue in enumerate(revenues, start=1):
        reached += revenue or 0
        if reached >= PARETO_SHARE * total:
            return Pareto(PARETO_SHARE, count)
    return Pareto(PARETO_SHARE, None)


def first_month(accounts: QuerySet[Account]) -> datetime.date | None:
    """First day of the first month in which any of `accounts` has sales: before it nothing is
    known, which is not nothing sold (handbook 0)."""
    pks = accounts.order_by().values("pk")
    rows = MonthTotal.objects.filter(account__in=pks).order_by("month")
    return rows.values_list("month", flat=True).first()


def latest_month(accounts: QuerySet[Account]) -> datetime.date | None:
    """First day of the last month in which any of `accounts` has sales."""
    pks = accounts.order_by().values("pk")
    return MonthTotal.objects.filter(account__in=pks).aggregate(last=Max("month"))["last"]
