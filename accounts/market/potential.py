"""What customers may buy over three years, and what of it they buy from us (handbook 3.3; K027)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    F,
    FloatField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, ExtractMonth, ExtractYear

from accounts.figures import AMOUNT, Period, Rates, between
from accounts.figures.sums import sales_in
from accounts.models import Account, CategoryPurchase, MonthTotal
from kam.access.querysets import Reader

YEARS = 3
"""Over how many years a customer's worth is looked at (handbook 3.1)."""
ZERO = Value(Decimal(0), output_field=AMOUNT)
UNKNOWN = Cast(Value(None), AMOUNT)
"""PostgreSQL sums no NULL that says nothing of its type."""


def with_spend(accounts: QuerySet[Account], rates: Rates, on: Any) -> QuerySet[Account]:
    """Annotates `spend`: what each account with all below it buys from anybody in three years at
    the pace of the latest period that has begun on the day `on`; NULL is "not available".

    A figure on all that we could sell goes before those of categories; those of sites are parts of
    the account's.
    """
    known = CategoryPurchase.objects.active().filter(
        account=OuterRef("pk"), site=None, amount__isnull=False, period_from__lte=on
    )
    latest = known.order_by("-period_until").values("period_until")[:1]
    present = known.filter(period_until=OuterRef("latest_purchases")).order_by()
    sums = [
        Subquery(_over_years(present.filter(of_all), rates), output_field=AMOUNT)
        for of_all in (Q(category=None), Q(category__isnull=False))
    ]
    return accounts.alias(latest_purchases=Subquery(latest)).annotate(spend=Coalesce(*sums))


def _over_years(rows: QuerySet[CategoryPurchase], rates: Rates) -> QuerySet:
    """One sum over `rows`, none where one of them is in a currency without a rate."""
    years = ExtractYear("period_until") - ExtractYear("period_from")
    months = years * 12 + ExtractMonth("period_until") - ExtractMonth("period_from") + 1
    # As a float, because SQLite divides whole amounts without a remainder.
    pace = Cast(
        Cast("amount", FloatField()) * Value(12.0 * YEARS) / Cast(months, FloatField()), AMOUNT
    )
    return _known_sum(rows, Sum(pace * rates.factor(), output_field=AMOUNT), rates)


def with_sales(
    accounts: QuerySet[Account], reader: Reader, rates: Rates, year: Period, *, is_covered: bool
) -> QuerySet[Account]:
    """Annotates `sales`: what each account, and all below it that `reader` may see, buys from us
    in three years at the pace of `year` (whole months); NULL is "not available".

    `is_covered` says whether the ledger holds all of `year`: before it begins nothing is known.
    """
    if not is_covered:
        return accounts.annotate(sales=UNKNOWN)
    mine = OuterRef(OuterRef("root")), OuterRef(OuterRef("path"))
    group = Account.objects.visible_to(reader).filter(root=mine[0], path__startswith=mine[1])
    lines = sales_in(group.order_by().values("pk"), year).order_by()
    sold = _known_sum(lines, Coalesce(rates.total("revenue"), ZERO) * YEARS, rates)
    return accounts.annotate(sales=Subquery(sold, output_field=AMOUNT))


def with_own_sales(accounts: QuerySet[Account], rates: Rates, year: Period) -> QuerySet[Account]:
    """Annotates `own_sales`: what each account itself buys from us in `year` (whole months), NULL
    without any; for an order by size."""
    months = MonthTotal.objects.filter(between("month", year), account=OuterRef("pk")).order_by()
    summed = months.values("account").annotate(sum=rates.total("revenue")).values("sum")
    return accounts.annotate(own_sales=Subquery(summed, output_field=AMOUNT))


def _known_sum(rows: QuerySet, total: Any, rates: Rates) -> QuerySet:
    """`total` of `rows` as one row, NULL where one of them is in a currency without a rate."""
    sums = rows.annotate(whole=Value(1)).values("whole")
    sums = sums.annotate(own=total, unrated=rates.unknown())
    known = Case(When(unrated=0, then=F("own")), output_field=AMOUNT)
    return sums.annotate(known=known).values("known")
