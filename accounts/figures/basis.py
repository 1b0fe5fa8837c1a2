"""Periods, rates, and what a set of figures consists of."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.db.models import (
    Case,
    Count,
    DecimalField,
    F,
    FilteredRelation,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from accounts.models import ExchangeRate
from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from teams.models import Programme

SIX_PLACES = Decimal("0.000001")
AMOUNT: DecimalField = DecimalField(max_digits=30, decimal_places=6)
RATE: DecimalField = DecimalField(max_digits=20, decimal_places=10)


class Period(NamedTuple):
    """Days from `first` to `last`, both included; None is open.

    `known_on` is the day whose knowledge counts: what was recorded later is left out (`design.md`
    4.5); None is today's.
    """

    first: datetime.date | None
    last: datetime.date | None
    known_on: datetime.date | None = None

    @property
    def is_whole_months(self) -> bool:
        """Whether monthly totals answer it exactly."""
        starts = self.first is None or self.first.day == 1
        ends = self.last is None or (self.last + datetime.timedelta(days=1)).day == 1
        return starts and ends

    def is_covered_from(self, month: datetime.date | None) -> bool:
        """Whether a ledger that begins in `month` (its first day, None: empty) holds all of it."""
        return self.first is not None and month is not None and month <= self.first

    def year_before(self) -> Period:
        """The same days one year earlier; 29 February becomes 28."""
        first, last = (day and _shift_year(day, -1) for day in (self.first, self.last))
        return self._replace(first=first, last=last)


def trailing_year(on: datetime.date) -> Period:
    """The last twelve whole months before the month of `on`."""
    this_month = on.replace(day=1)
    return Period(_shift_year(this_month, -1), this_month - datetime.timedelta(days=1))


class Rates(NamedTuple):
    """One unit of each currency in `home`, at the rates of the day `on`."""

    home: str
    on: datetime.date
    factors: Mapping[str, Decimal]

    @property
    def key(self) -> Hashable:
        """All that sums at these rates depend on."""
        return self.home, self.on, tuple(self.factors.items())

    def factor(self) -> Case:
        """Row's rate by its `currency`; NULL where no rate is known."""
        known = [
            When(currency=code, then=Value(rate, output_field=RATE))
            for code, rate in self.factors.items()
        ]
        return Case(*known, default=None, output_field=RATE)

    def total(self, name: str) -> Sum:
        """Converted sum of the column `name`; rows without a rate are counted apart."""
        if len(self.factors) == 1:
            return Sum(name, filter=Q(currency=self.home), output_field=AMOUNT)
        return Sum(F(name) * self.factor(), output_field=AMOUNT)

    def unknown(self) -> Count:
        """Rows in a currency without a rate."""
        return Count("pk", filter=~Q(currency__in=list(self.factors)))


def rates_on(programme: Programme, on: datetime.date) -> Rates:
    """Latest rate of each currency up to the day `on`; the programme's own is 1."""

    def known(programme: int) -> QuerySet:
        rows = ExchangeRate.objects.active().filter(programme=programme, valid_from__lte=on)
        return rows.order_by("currency", "valid_from").values_list("currency", "rate")

    rows = kept_objects(("rates", on), known, programme=programme.pk)
    return Rates(programme.currency, on, {**dict(rows), programme.currency: Decimal(1)})


def rates_for(user: Reader, on: datetime.date) -> Rates | None:
    """Rates to the currency of the first programme that `user` belongs to; None without one."""

    def rates() -> QuerySet:
        known = Q(exchange_rates__archived_at=None, exchange_rates__valid_from__lte=on)
        programmes = Programme.objects.visible_to(user).active()
        return (
            programmes.annotate(known=FilteredRelation("exchange_rates", condition=known))
            .order_by("pk", "known__currency", "known__valid_from")
            .values_list("pk", "currency", "known__currency", "known__rate")
        )

    found = kept_objects(("rates for", sight_of(user), on), rates)
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


def between(name: str, period: Period) -> Q:
    """Rows whose day `name` lies in `period`."""
    inside = Q()
    if period.first is not None:
        inside &= Q(**{f"{name}__gte": period.first})
    if period.last is not None:
        inside &= Q(**{f"{name}__lte": period.last})
    return inside


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
