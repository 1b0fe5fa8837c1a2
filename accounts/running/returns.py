"""The return on key accounts from what is stored: ledger, costs, and the year before (4.7)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Case, IntegerField, OuterRef, Subquery, Value, When
from django.utils.translation import gettext as _

from accounts import figures
from accounts.figures import AMOUNT, Rates
from accounts.models import Account, ActivityCost, MonthTotal, ReturnCase
from accounts.running import earning
from accounts.running.earning import Basis, Total, Year
from kam.access.querysets import Reader
from teams.models import Programme
from teams.programme_settings import setting

MOST_YEARS = 10
"""Years as a key account that are worked out."""


class Return(NamedTuple):
    """What one case came to by now, in `currency`."""

    case: ReturnCase
    currency: str
    years: list[Year]
    total: Total
    unknown_currency: bool = False

    @property
    def asks_for_review(self) -> bool:
        """Whether it earned less than it cost for two years running (K128)."""
        return earning.asks_for_review(self.years)

    @property
    def verdict_from(self) -> datetime.date:
        """First day on which a verdict may be given (K133)."""
        return earning.verdict_from(self.case.started_on)


SALES, SERVING, OWN = range(3)
"""What was booked: sales, ordinary cost to serve, cost of the programme."""


class _Month(NamedTuple):
    """Sums of one account and month, converted; None where something has no rate or no cost."""

    revenue: Decimal | None = Decimal(0)
    cost: Decimal | None = Decimal(0)


class _Booked(NamedTuple):
    """By account and month; None where something has no rate."""

    sales: dict[tuple[int, datetime.date], _Month]
    serving: dict[tuple[int, datetime.date], Decimal | None]
    own: dict[tuple[int, datetime.date], Decimal | None]


def returns_of(
    cases: Sequence[Any], *, programme: Programme, on: datetime.date
) -> dict[int, Return]:
    """What each of `cases` (`measured`, of `programme`) came to by the last whole month before
    `on`, by the key of its account. Three queries for any number of cases."""
    if not cases:
        return {}
    end = on.replace(day=1)
    rates = figures.rates_on(programme, end - datetime.timedelta(days=1))
    discount = setting(programme, "discount_rate", on)
    years = _years_of(cases, rates, end)
    return {
        case.account_id: Return(
            case,
            rates.home,
            years[case.account_id],
            earning.total(years[case.account_id], discount),
            case.currency not in rates.factors,
        )
        for case in cases
    }


def _years_of(cases: Sequence[Any], rates: Rates, end: datetime.date) -> dict[int, list[Year]]:
    """Whole years of each case before the day `end`: one query."""
    since = min(case.started_on for case in cases).replace(day=1)
    booked = _booked([case.account_id for case in cases], since, end, rates)
    return {
        case.account_id: list(_years(case, rates.factors[case.currency], end, booked))
        if case.currency in rates.factors
        else []
        for case in cases
    }


def _years(case: Any, rate: Decimal, end: datetime.date, booked: _Booked) -> Iterable[Year]:
    basis = Basis(case.contribution_before * rate, case.cost_before * rate, case.growth_ratio)
    begin = case.started_on.replace(day=1)
    for number in range(1, MOST_YEARS + 1):
        start = earning.months_after(begin, 12 * (number - 1))
        after = earning.months_after(begin, 12 * number)
        if after > end:
            return
        keys = [(case.account_id, earning.months_after(start, month)) for month in range(12)]
        missing = []
        contribution = _contribution([booked.sales.get(key, _Month()) for key in keys])
        serving = _sum([booked.serving[key] for key in keys if key in booked.serving])
        spent = _sum([booked.own[key] for key in keys if key in booked.own])
        if case.sold_since is None or start < case.sold_since:
            missing.append(_("sales of that time"))
        elif contribution is None:
            missing.append(_("cost of goods, or an exchange rate"))
        if serving is None:
            missing.append(_("cost to serve"))
        before = None
        if contribution is not None and serving is not None and not missing:
            before = contribution - serving
        if spent is None:
            missing.append(_("programme cost"))
        last = after - datetime.timedelta(days=1)
        yield earning.year(basis, number, (start, last), before, spent, tuple(missing))


def _contribution(months: Iterable[_Month]) -> Decimal | None:
    """Gross margin of the months."""
    amounts = [(row.revenue, row.cost) for row in months]
    if any(None in pair for pair in amounts):
        return None
    return sum(((a or Decimal(0)) - (b or Decimal(0)) for a, b in amounts), Decimal(0))


def _sum(amounts: list[Decimal | None]) -> Decimal | None:
    """None without any, and where one has no rate: missing is not nought."""
    if not amounts or None in amounts:
        return None
    return sum((amount or Decimal(0) for amount in amounts), Decimal(0))


def _booked(pks: list[int], since: datetime.date, end: datetime.date, rates: Rates) -> _Booked:
    """All that was booked for accounts from the day `since` to before `end`: one query."""
    within = {"account__in": pks, "month__gte": since, "month__lt": end}
    sales = MonthTotal.objects.filter(**within).order_by()
    costs = ActivityCost.objects.active().filter(**within).order_by()
    rows = sales.values_list(
        "account", "month", "currency", "revenue", "cost", "lines_without_cost", Value(SALES)
    ).union(
        costs.values_list(
            "account",
            "month",
            "currency",
            "amount",
            Value(Decimal(0), output_field=AMOUNT),
            Value(0),
            Case(
                When(activity__programme_cost=True, then=Value(OWN)),
                default=Value(SERVING),
                output_field=IntegerField(),
            ),
        ),
        all=True,
    )
    found = _Booked({}, {}, {})
    for account, month, currency, amount, cost, costless, kind in rows:
        rate, key = rates.factors.get(currency), (account, month)
        if kind == SALES:
            held = found.sales.get(key, _Month())
            found.sales[key] = _Month(
                _plus(held.revenue, amount, rate),
                _plus(held.cost, cost, None if costless else rate),
            )
        else:
            kinds = found.own if kind == OWN else found.serving
            kinds[key] = _plus(kinds.get(key, Decimal(0)), amount, rate)
    return found


def _plus(held: Decimal | None, more: Decimal, rate: Decimal | None) -> Decimal | None:
    return None if held is None or rate is None else held + more * rate


def measured(cases: Any) -> Any:
    """Annotates `sold_since`: the first month of the programme's ledger."""
    sold = MonthTotal.objects.filter(account__programme=OuterRef("account__programme"))
    return cases.annotate(sold_since=Subquery(sold.order_by("month").values("month")[:1]))


def cases_of(reader: Reader, programmes: Any) -> Any:
    """Cases of `programmes` (several, or a query of keys) that `reader` may see."""
    rows = ReturnCase.objects.visible_to(reader).active()
    return measured(rows.filter(account__programme__in=programmes, account__archived_at=None))


def accounts_to_review(reader: Reader, on: datetime.date) -> set[int]:
    """Key accounts that `reader` may see which brought less than they cost for two years running
    (K128): keys. Of programmes that are read as a whole; two queries for each that measures it."""
    found: set[int] = set()
    whole = Programme.objects.read_whole_by(reader)
    since = earning.months_after(on.replace(day=1), -12 * earning.LOW_YEARS)
    old = cases_of(reader, whole.order_by().values("pk"))
    old = old.filter(started_on__lt=earning.months_after(since, 1))
    by_programme: dict[Programme, list[Any]] = {}
    for case in old.select_related("account__programme"):
        by_programme.setdefault(case.account.programme, []).append(case)
    end = on.replace(day=1)
    for programme, cases in by_programme.items():
        rates = figures.rates_on(programme, end - datetime.timedelta(days=1))
        years = _years_of(cases, rates, end)
        found |= {pk for pk, rows in years.items() if earning.asks_for_review(rows)}
    return found


def suggested_before(account: Account, started: datetime.date) -> Decimal | None:
    """Contribution of the twelve months before `started`, without programme cost, as the ledger
    has it, in the programme's currency; None where something is missing."""
    begin = started.replace(day=1)
    rates = figures.rates_on(account.programme, begin - datetime.timedelta(days=1))
    booked = _booked([account.pk], earning.months_after(begin, -12), begin, rates)
    margin = _contribution(booked.sales.values()) if booked.sales else None
    serving = _sum(list(booked.serving.values()))
    return None if margin is None or serving is None else margin - serving
