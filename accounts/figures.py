"""Money of accounts over a period, converted and honest about what is missing (handbook 0, 4.6).

Revenue is the sum of live ledger lines; gross margin = revenue - cost of goods; contribution =
gross margin - cost to serve. A line without a cost makes cost, margin and contribution "not
available"; an account without recorded cost to serve has none to subtract, so that its
contribution is not available either. Every amount is in the programme's currency at the rates of
the last day of the period: one rate a currency, so that a change of rates is no change of sales.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FilteredRelation,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.translation import gettext as _

from accounts.models import Account, ActivityCost, ExchangeRate, LedgerEntry, MonthTotal
from kam.access.querysets import Reader
from teams.models import Programme

SIX_PLACES = Decimal("0.000001")
AMOUNT: DecimalField = DecimalField(max_digits=30, decimal_places=6)
RATE: DecimalField = DecimalField(max_digits=20, decimal_places=10)
SUMS = (
    "revenue_sum",
    "cost_sum",
    "line_count",
    "costless",
    "sales_unrated",
    "serve_sum",
    "recorded",
    "costs_unrated",
)
"""What is summed of sales lines and of costs to serve."""
PARETO_SHARE = Decimal("0.8")
"""The share of revenue whose smallest set of customers is sought (K055)."""


class Period(NamedTuple):
    """Days from `first` to `last`, both included; None is open."""

    first: datetime.date | None
    last: datetime.date | None

    @property
    def is_whole_months(self) -> bool:
        """Whether monthly totals answer it exactly."""
        starts = self.first is None or self.first.day == 1
        ends = self.last is None or (self.last + datetime.timedelta(days=1)).day == 1
        return starts and ends

    def year_before(self) -> Period:
        """The same days one year earlier; 29 February becomes 28."""
        return Period(*(day and _shift_year(day, -1) for day in self))


def trailing_year(on: datetime.date) -> Period:
    """The last twelve whole months before the month of `on`."""
    this_month = on.replace(day=1)
    return Period(_shift_year(this_month, -1), this_month - datetime.timedelta(days=1))


class Rates(NamedTuple):
    """One unit of each currency in `home`, at the rates of the day `on`."""

    home: str
    on: datetime.date
    factors: Mapping[str, Decimal]

    def factor(self) -> Case:
        """Row's rate by its `currency`; NULL where no rate is known."""
        known = [
            When(currency=code, then=Value(rate, output_field=RATE))
            for code, rate in self.factors.items()
        ]
        return Case(*known, default=None, output_field=RATE)

    def total(self, name: str, only: Q | None = None) -> Sum:
        """Converted sum of the column `name`; rows without a rate are counted apart."""
        if len(self.factors) == 1:
            at_home = Q(currency=self.home) & (only or Q())
            return Sum(name, filter=at_home, output_field=AMOUNT)
        return Sum(F(name) * self.factor(), filter=only, output_field=AMOUNT)

    def unknown(self, only: Q | None = None) -> Count:
        """Rows in a currency without a rate."""
        return Count("pk", filter=~Q(currency__in=list(self.factors)) & (only or Q()))


def rates_on(programme: Programme, on: datetime.date) -> Rates:
    """Latest rate of each currency up to the day `on`; the programme's own is 1."""
    rows = (
        ExchangeRate.objects.active()
        .filter(programme=programme, valid_from__lte=on)
        .order_by("currency", "valid_from")
        .values_list("currency", "rate")
    )
    return Rates(programme.currency, on, {**dict(rows), programme.currency: Decimal(1)})


def rates_for(user: Reader, on: datetime.date) -> Rates | None:
    """Rates to the currency of the first programme that `user` belongs to; None without one."""
    known = Q(exchange_rates__archived_at=None, exchange_rates__valid_from__lte=on)
    rows = (
        Programme.objects.visible_to(user)
        .active()
        .annotate(known=FilteredRelation("exchange_rates", condition=known))
        .order_by("pk", "known__currency", "known__valid_from")
        .values_list("pk", "currency", "known__currency", "known__rate")
    )
    found = list(rows)
    if not found:
        return None
    home = found[0][1]
    factors = {code: rate for pk, _home, code, rate in found if pk == found[0][0] and code}
    return Rates(home, on, {**factors, home: Decimal(1)})


@dataclass(frozen=True)
class Figures:
    """Sums of one account or of many; None is "not available", `missing` names the inputs.

    Amounts are unrounded in `currency`; ratios are 0..1.
    """

    currency: str
    revenue: Decimal | None
    cost: Decimal | None
    cost_to_serve: Decimal | None
    lines: int
    missing: tuple[str, ...] = field(default=())

    @property
    def gross_margin(self) -> Decimal | None:
        """Net revenue less cost of goods (F2)."""
        return _minus(self.revenue, self.cost)

    @property
    def contribution(self) -> Decimal | None:
        """Gross margin less cost to serve (F3; K007)."""
        return _minus(self.gross_margin, self.cost_to_serve)

    @property
    def contribution_ratio(self) -> Decimal | None:
        """Contribution over revenue."""
        return ratio(self.contribution, self.revenue)

    @property
    def margin_ratio(self) -> Decimal | None:
        """Gross margin over revenue."""
        return ratio(self.gross_margin, self.revenue)

    @property
    def cost_to_serve_ratio(self) -> Decimal | None:
        """Cost to serve over revenue."""
        return ratio(self.cost_to_serve, self.revenue)


class MonthFigures(NamedTuple):
    """One month of `Figures`; `month` is its first day."""

    month: datetime.date
    figures: Figures


def ratio(part: Decimal | None, whole: Decimal | None) -> Decimal | None:
    """`part` over `whole`, or not available when either is or the whole is zero."""
    return None if part is None or not whole else part / whole


def change_ratio(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    """Relative change, on the size of the base; not available on an empty base."""
    difference = _minus(now, before)
    return ratio(difference, abs(before)) if before is not None else None


def totals(accounts: QuerySet[Account], period: Period, rates: Rates) -> Figures:
    """Figures of all `accounts` together; each line counts once, whatever the group tree."""
    return compared(accounts, (period,), rates)[0]


def compared(accounts: QuerySet[Account], periods: Sequence[Period], rates: Rates) -> list[Figures]:
    """Figures of all `accounts` together in each of `periods`, all at the same rates."""
    if all(period.is_whole_months for period in periods):
        months = Months(accounts, periods, rates)
        return [months.total(period) for period in periods]
    return [_one_period(accounts, period, rates) for period in periods]


class Months:
    """Sums of `accounts` by month over all of `periods`, from two queries, to be added up."""

    def __init__(
        self, accounts: QuerySet[Account], periods: Sequence[Period], rates: Rates
    ) -> None:
        self.pks = accounts.order_by().values("pk")
        self.rates = rates
        firsts, lasts = zip(*periods, strict=True)
        span = Period(
            None if None in firsts else min(firsts), None if None in lasts else max(lasts)
        )
        self.rows: dict[datetime.date, dict[str, Any]] = defaultdict(dict)
        sales = _sales(self.pks, span)
        if not span.is_whole_months:
            sales = sales.annotate(month=TruncMonth("booked_on"))
        for source, sums in (
            (sales, _sales_sums(span, rates)),
            (_costs(self.pks, span), _cost_sums(rates)),
        ):
            for row in source.order_by().values("month").annotate(**sums):
                self.rows[row.pop("month")].update(row)

    def total(self, period: Period, *, bare: int | None = None) -> Figures:
        """Figures of `period`; `bare` as `without_costs` counts it, asked for if not given."""
        inside = [row for month, row in self.rows.items() if _is_within(month, period)]
        part = {name: _added(row.get(name) for row in inside) for name in SUMS}
        count = _bare(self.pks, period, part) if bare is None else bare
        return _figures(self.rates, part, accounts_without_costs=count)

    def revenue(self, month: datetime.date) -> Decimal | None:
        """Net revenue of a month, 0 without lines; None where a rate is missing."""
        row = self.rows.get(month, {})
        return None if row.get("sales_unrated") else _rounded(row.get("revenue_sum"))


def without_costs(period: Period) -> Q:
    """Accounts with sales in `period` and no recorded cost to serve, as a filter of accounts."""
    mine = OuterRef("pk")
    return Q(Exists(_sales(mine, period).order_by())) & ~Q(Exists(_costs(mine, period).order_by()))


def by_month(accounts: QuerySet[Account], period: Period, rates: Rates) -> list[MonthFigures]:
    """Figures of `accounts` month by month, in order; months without any line are left out."""
    rows = Months(accounts, (period,), rates).rows
    return [MonthFigures(month, _figures(rates, rows[month])) for month in sorted(rows)]


def by_account(pks: Iterable[int], period: Period, rates: Rates) -> dict[int, Figures]:
    """Figures of each of a page of accounts, by primary key, in two queries."""
    chosen = list(pks)
    rows: dict[int, dict[str, Any]] = {pk: {} for pk in chosen}
    sales = _sales(chosen, period).order_by().values("account")
    for row in sales.annotate(**_sales_sums(period, rates)):
        rows[row["account"]].update(row)
    costs = _costs(chosen, period).order_by().values("account")
    for row in costs.annotate(**_cost_sums(rates)):
        rows[row["account"]].update(row)
    return {pk: _figures(rates, row) for pk, row in rows.items()}


def with_figures(accounts: QuerySet[Account], period: Period, rates: Rates) -> QuerySet[Account]:
    """`accounts` with `revenue`, `gross_margin`, `cost_to_serve`, `contribution` and
    `revenue_before` (the year before) of their own lines, to show and to sort by; NULL is "not
    available", revenue without lines is 0."""

    def own(source: QuerySet, value: Any) -> Subquery:
        return Subquery(source.order_by().values("account").annotate(own=value).values("own"))

    mine = OuterRef("pk")
    sums = _sales_sums(period, rates)
    sales, before = _sales(mine, period), _sales(mine, period.year_before())
    nothing = Value(Decimal(0), output_field=AMOUNT)
    annotated = accounts.annotate(
        revenue=Coalesce(own(sales, sums["revenue_sum"]), nothing, output_field=AMOUNT),
        revenue_before=Coalesce(own(before, sums["revenue_sum"]), nothing, output_field=AMOUNT),
        known_cost=Coalesce(own(sales, sums["cost_sum"]), nothing, output_field=AMOUNT),
        costless=Coalesce(own(sales, sums["costless"]), 0),
        cost_to_serve=own(_costs(mine, period), rates.total("amount")),
    )
    margin = F("revenue") - F("known_cost")
    return annotated.annotate(
        gross_margin=Case(When(costless=0, then=margin), default=None, output_field=AMOUNT),
        contribution=Case(
            When(costless=0, then=margin - F("cost_to_serve")), default=None, output_field=AMOUNT
        ),
    )


class ActivityTotal(NamedTuple):
    """What one activity cost in a period, converted."""

    name: str
    programme_cost: bool
    amount: Decimal


def by_activity(account: Account, period: Period, rates: Rates) -> list[ActivityTotal]:
    """Costs to serve one account by activity, ordinary ones first (4.6); none without a rate."""
    rows = (
        _costs([account.pk], period)
        .order_by("activity__programme_cost", "activity__pk")
        .values("activity__name", "activity__programme_cost")
        .annotate(**_cost_sums(rates))
    )
    return [
        ActivityTotal(
            row["activity__name"], row["activity__programme_cost"], _rounded(row["serve_sum"])
        )
        for row in rows
        if not row["costs_unrated"]
    ]


def revenue_rows(accounts: QuerySet[Account], period: Period, rates: Rates, *keys: str) -> QuerySet:
    """Rows with `keys` and `total` of accounts with sales, or of what else `keys` name
    (`account__root`: groups), largest first; ties by the first key."""
    column = "revenue" if period.is_whole_months else "amount"
    sales = _sales(accounts.order_by().values("pk"), period).order_by().values(*keys)
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


def latest_month(accounts: QuerySet[Account]) -> datetime.date | None:
    """First day of the last month in which any of `accounts` has sales."""
    pks = accounts.order_by().values("pk")
    return MonthTotal.objects.filter(account__in=pks).aggregate(last=Max("month"))["last"]


def _one_period(accounts: QuerySet[Account], period: Period, rates: Rates) -> Figures:
    pks = accounts.order_by().values("pk")
    part = {
        **_sales(pks, period).aggregate(**_sales_sums(period, rates)),
        **_costs(pks, period).aggregate(**_cost_sums(rates)),
    }
    return _figures(rates, part, accounts_without_costs=_bare(pks, period, part))


def _is_within(month: datetime.date, period: Period) -> bool:
    return (period.first is None or month >= period.first.replace(day=1)) and (
        period.last is None or month <= period.last
    )


def _added(values: Iterable[Any]) -> Any:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


def _bare(pks: QuerySet, period: Period, row: Mapping[str, Any]) -> int:
    """Accounts with sales but without recorded cost to serve; 0 where none has any."""
    if not row["recorded"] or not row["line_count"]:
        return 0
    served = _costs(pks, period).values("account")
    return _sales(pks, period).exclude(account__in=served).values("account").distinct().count()


def _sales(accounts: Any, period: Period) -> QuerySet:
    """Monthly totals where they answer the period exactly, else the live lines themselves."""
    where = _whose(accounts)
    if period.is_whole_months:
        return MonthTotal.objects.filter(where, between("month", period))
    return LedgerEntry.objects.live().filter(where, between("booked_on", period))


def _costs(accounts: Any, period: Period) -> QuerySet:
    """Costs to serve: a month's cost counts on the first day of its month."""
    return ActivityCost.objects.active().filter(_whose(accounts), between("month", period))


def _whose(accounts: Any) -> Q:
    return Q(account=accounts) if isinstance(accounts, OuterRef) else Q(account__in=accounts)


def between(name: str, period: Period) -> Q:
    """Rows whose day `name` lies in `period`."""
    inside = Q()
    if period.first is not None:
        inside &= Q(**{f"{name}__gte": period.first})
    if period.last is not None:
        inside &= Q(**{f"{name}__lte": period.last})
    return inside


def _sales_sums(period: Period, rates: Rates, only: Q | None = None) -> dict[str, Any]:
    """Sums over `_sales(period)`; `only` narrows them further."""
    if period.is_whole_months:
        return {
            "revenue_sum": rates.total("revenue", only),
            "cost_sum": rates.total("cost", only),
            "line_count": Sum("lines", filter=only),
            "costless": Sum("lines_without_cost", filter=only),
            "sales_unrated": rates.unknown(only),
        }
    return {
        "revenue_sum": rates.total("amount", only),
        "cost_sum": rates.total("cost", only),
        "line_count": Count("pk", filter=only),
        "costless": Count("pk", filter=Q(cost=None) & (only or Q())),
        "sales_unrated": rates.unknown(only),
    }


def _cost_sums(rates: Rates, only: Q | None = None) -> dict[str, Any]:
    return {
        "serve_sum": rates.total("amount", only),
        "recorded": Count("pk", filter=only),
        "costs_unrated": rates.unknown(only),
    }


def _figures(rates: Rates, row: Mapping[str, Any], *, accounts_without_costs: int = 0) -> Figures:
    missing = []
    lines = row.get("line_count") or 0
    revenue: Decimal | None = _rounded(row.get("revenue_sum"))
    cost: Decimal | None = _rounded(row.get("cost_sum"))
    serve: Decimal | None = _rounded(row.get("serve_sum"))
    if row.get("sales_unrated"):
        revenue = cost = None
        missing.append(_("exchange rate on %(day)s") % {"day": rates.on.isoformat()})
    if row.get("costless"):
        cost = None
        missing.append(_("cost of goods of %(count)d lines") % {"count": row["costless"]})
    if row.get("costs_unrated"):
        serve = None
        missing.append(_("exchange rate of costs"))
    if not row.get("recorded"):
        serve = None
        missing.append(_("cost to serve"))
    elif accounts_without_costs:
        serve = None
        missing.append(_("cost to serve of %(count)d accounts") % {"count": accounts_without_costs})
    return Figures(rates.home, revenue, cost, serve, lines, tuple(missing))


def _rounded(value: Decimal | None) -> Decimal:
    """Six places, as stored: SQLite sums in double precision."""
    return Decimal(0) if value is None else value.quantize(SIX_PLACES)


def _minus(first: Decimal | None, second: Decimal | None) -> Decimal | None:
    return None if first is None or second is None else first - second


def _shift_year(day: datetime.date, years: int) -> datetime.date:
    leap_end = day.month == 2 and day.day == 29
    last_of_month = (day + datetime.timedelta(days=1)).month != day.month
    if leap_end:
        return day.replace(year=day.year + years, day=28)
    shifted = day.replace(year=day.year + years)
    if day.month == 2 and last_of_month and (shifted + datetime.timedelta(days=1)).month == 2:
        return shifted + datetime.timedelta(days=1)
    return shifted
