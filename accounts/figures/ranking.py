"""Who brings how much: the largest customers, and the last month with sales."""

from __future__ import annotations

import datetime
import math
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, F, Max, Min, QuerySet, Sum

from accounts.figures.basis import AMOUNT, Period, Rates, trailing_year
from accounts.figures.chosen import Chosen
from accounts.figures.sums import sales_in
from accounts.models import Account, AccountSums, MonthTotal, SumsBand

ZERO = Decimal(0)
BANDS = 256
"""Bands of revenue a factor of e: accounts of one differ by 0.4 %."""
MARGIN = 0.001
"""Part of a band by which a logarithm may be off."""
PARETO_SHARE = Decimal("0.8")
"""The share of revenue whose smallest set of customers is sought (K055)."""


def revenue_rows(accounts: QuerySet[Account], period: Period, rates: Rates, *keys: str) -> QuerySet:
    """Rows with `keys` and `total` of accounts with sales, or of what else `keys` name
    (`account__root`: groups), largest first; ties by the first key."""
    pks = accounts.order_by().values("pk")
    kept = rates.kept_for(period)
    ordered = F("total").desc(nulls_last=True)
    if kept is None:
        column = "revenue" if period.is_whole_months else "amount"
        sales = sales_in(pks, period).order_by().values(*keys)
        return sales.annotate(total=rates.total(column)).order_by(ordered, keys[0])
    sums = kept_of(accounts, kept).filter(line_count__gt=0).order_by().values(*keys)
    return sums.annotate(total=Sum("revenue_sum", output_field=AMOUNT)).order_by(ordered, keys[0])


class Pareto(NamedTuple):
    """`accounts` largest customers reach `share` of the total (K055); None without sales."""

    share: Decimal
    accounts: int | None


def pareto(
    revenues: Iterator[Decimal | None], total: Decimal | None, reached: Decimal = ZERO
) -> Pareto:
    """Smallest number of customers, largest first, that reach 80 % of `total`.

    The total includes customers with negative sales (`data/README.md`). `revenues` comes in
    falling order and is read no further than needed; `reached` is what came before.
    """
    if total is None or total <= 0:
        return Pareto(PARETO_SHARE, None)
    for count, revenue in enumerate(revenues, start=1):
        reached += revenue or 0
        if reached >= PARETO_SHARE * total:
            return Pareto(PARETO_SHARE, count)
    return Pareto(PARETO_SHARE, None)


def pareto_kept(
    rows: QuerySet[AccountSums], total: Decimal | None, bands: Iterable[tuple[int, int, Decimal]]
) -> Pareto:
    """What `pareto` says of accounts with the kept sums `rows`: of their narrow bands of revenue
    the database has counted how many there are and with what sum (`bands`), and only those of the
    band in which the share is reached are read."""
    if total is None or total <= 0:
        return Pareto(PARETO_SHARE, None)
    reached, above = Decimal(0), 0
    for band, count, revenue in sorted(bands, reverse=True):
        if reached + revenue < PARETO_SHARE * total:
            reached, above = reached + revenue, above + count
            continue
        ends = (band - MARGIN, band + 1 + MARGIN)  # an index knows the revenue, not the band
        edges = [Decimal(math.exp(end / BANDS)) for end in ends]
        within = rows.filter(revenue__range=edges, band=band).order_by("-revenue")
        inside = pareto(within.values_list("revenue", flat=True).iterator(), total, reached)
        return Pareto(PARETO_SHARE, inside.accounts and above + inside.accounts)
    return Pareto(PARETO_SHARE, None)


def banded(rows: QuerySet[AccountSums] | QuerySet[SumsBand]) -> QuerySet:
    """Band, number and revenue of kept sums: accounts are counted, cells have counted them."""
    number = Sum("count") if rows.model is SumsBand else Count("*")
    found = rows.filter(band__isnull=False).order_by().values_list("band")
    return found.annotate(number=number, sum=Sum("revenue"))


def kept_of(accounts: QuerySet[Account], kept: int) -> QuerySet[AccountSums]:
    """Kept sums of `accounts`."""
    return AccountSums.objects.filter(period=kept, account__in=accounts.order_by().values("pk"))


def ranked_sums(accounts: QuerySet[Account], kept: int) -> QuerySet[AccountSums]:
    """Kept sums of those of `accounts` that have sales, the largest revenue first."""
    rows = kept_of(accounts, kept).filter(line_count__gt=0)
    return rows.order_by(F("revenue").desc(nulls_last=True), "account_id")


def first_month(chosen: Chosen) -> datetime.date | None:
    """First day of the first month in which any of the accounts has sales: before it nothing is
    known, which is not nothing sold (handbook 0)."""
    found = chosen.find("first month", lambda accounts: months_of(accounts).values("month")[:1])
    return found[0]["month"] if found else None


def months_of(accounts: QuerySet[Account]) -> QuerySet[MonthTotal]:
    """Totals of `accounts`, the earliest month first."""
    return MonthTotal.objects.filter(account__in=accounts.order_by().values("pk")).order_by("month")


def latest_month(accounts: QuerySet[Account]) -> datetime.date | None:
    """First day of the last month in which any of `accounts` has sales."""
    pks = accounts.order_by().values("pk")
    return MonthTotal.objects.filter(account__in=pks).aggregate(last=Max("month"))["last"]


def year_of_sales(accounts: QuerySet[Account], on: datetime.date) -> Period:
    """The trailing year, or the last twelve months with sales where the ledger of `accounts` ends
    before it: an old file is judged by its own days, and the days are named."""
    return year_until(latest_month(accounts), on)


def year_until(latest: datetime.date | None, on: datetime.date) -> Period:
    """`year_of_sales` where the last month with sales is known."""
    usual = trailing_year(on)
    if latest is None or usual.first is None or latest >= usual.first:
        return usual
    return trailing_year(latest + datetime.timedelta(days=31))


def months_of_sales(
    accounts: QuerySet[Account],
) -> tuple[datetime.date | None, datetime.date | None]:
    """First days of the first and the last month in which any of `accounts` has sales."""
    pks = accounts.order_by().values("pk")
    rows = MonthTotal.objects.filter(account__in=pks)
    found = rows.aggregate(first=Min("month"), last=Max("month"))
    return found["first"], found["last"]
