"""Periods, rates, and what a set of figures consists of."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import (
    Case,
    Count,
    DecimalField,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Sum,
    Value,
    When,
)

from accounts.models import ExchangeRate
from kam.access.prepared import kept_exists, kept_objects
from kam.access.querysets import Reader, roles_of, sight_of
from teams.models import Programme

SIX_PLACES = Decimal("0.000001")
AMOUNT: DecimalField = DecimalField(max_digits=30, decimal_places=6)
RATE: DecimalField = DecimalField(max_digits=20, decimal_places=10)


DAY_LIMITS = (
    MinValueValidator(datetime.date(1900, 1, 1)),
    MaxValueValidator(datetime.date(2999, 12, 31)),
)
"""Days that figures are asked for: some years from the ends of the calendar, which is reckoned
with."""


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


class KeptPeriod(NamedTuple):
    """A period whose sums are kept at certain rates (`accounts.figures.kept`); `pk` is where."""

    pk: int
    first: datetime.date | None
    last: datetime.date | None


class Rates(NamedTuple):
    """One unit of each currency in `home`, at the rates of the day `on`; `kept` are the periods
    whose sums at just these rates are kept."""

    home: str
    on: datetime.date
    factors: Mapping[str, Decimal]
    kept: tuple[KeptPeriod, ...] = ()

    @property
    def key(self) -> Hashable:
        """All that sums at these rates depend on."""
        return self.home, self.on, tuple(self.factors.items()), self.kept

    @property
    def fingerprint(self) -> str:
        """The same for the same rates, whatever the day."""
        text = " ".join(
            f"{code}={rate.normalize():f}" for code, rate in sorted(self.factors.items())
        )
        return hashlib.sha256(f"{self.home} {text}".encode()).hexdigest()

    def kept_for(self, period: Period, *, compare: bool = False) -> int | None:
        """Where the sums of `period` are kept (with those of the year before, if it has one, for
        `compare`); None where they have to be added up."""
        if period.known_on is not None or (compare and period.first is None):
            return None
        days = (period.first, period.last)
        return next((item.pk for item in self.kept if (item.first, item.last) == days), None)

    def factor(self) -> Case:
        """Row's rate by its `currency`; NULL where no rate is known."""
        known = [
            When(currency=code, then=Value(rate, output_field=RATE))
            for code, rate in self.factors.items()
        ]
        return Case(*known, default=None, output_field=RATE)

    def total(self, name: str, within: Q | None = None) -> Sum:
        """Converted sum of the column `name`, of rows `within`; rows without a rate are counted
        apart."""
        if len(self.factors) == 1:
            own = Q(currency=self.home)
            return Sum(name, filter=own if within is None else own & within, output_field=AMOUNT)
        return Sum(F(name) * self.factor(), filter=within, output_field=AMOUNT)

    def unknown(self, within: Q | None = None) -> Count:
        """Rows `within` in a currency without a rate."""
        lacking = ~Q(currency__in=list(self.factors))
        return Count("pk", filter=lacking if within is None else lacking & within)


def rates_on(programme: Programme, on: datetime.date) -> Rates:
    """Latest rate of each currency up to the day `on`; the programme's own is 1."""

    def rows(programme: int) -> QuerySet:
        return _with_rates(Programme.objects.filter(pk=programme), on)

    return _rates(kept_objects(("rates", on), rows, programme=programme.pk), on)


def rates_for(user: Reader, on: datetime.date) -> Rates | None:
    """Rates to the currency of the first programme that `user` belongs to; None without one.

    Sums are kept programme by programme: whoever may see accounts of another one has them added up.
    """

    def rows() -> QuerySet:
        return _with_rates(Programme.objects.visible_to(user).active(), on)

    found = kept_objects(("rates for", sight_of(user), on), rows)
    if not found:
        return None
    first = found[0][0]
    rates = _rates([row for row in found if row[0] == first], on)
    return rates if not rates.kept or _is_only(first, user) else rates._replace(kept=())


def _is_only(programme: int, user: Reader) -> bool:
    """Whether `user` belongs to no programme but this one, archived ones among them."""
    held = roles_of(user)
    if not held.administers:
        return held.homes <= {programme}
    return not kept_exists(
        "other programmes", lambda pk: Programme.objects.exclude(pk=pk), pk=programme
    )


def _with_rates(programmes: QuerySet, on: datetime.date) -> QuerySet:
    """Rows of the latest rate of each currency on the day `on` with each period whose sums are
    kept."""
    later = ExchangeRate.objects.active().filter(
        programme=OuterRef("pk"),
        currency=OuterRef("known__currency"),
        valid_from__lte=on,
        valid_from__gt=OuterRef("known__valid_from"),
    )
    known = Q(exchange_rates__archived_at=None, exchange_rates__valid_from__lte=on)
    ready = Q(sums_periods__ready_at__isnull=False, sums_periods__retired_at=None)
    return (
        programmes.annotate(
            known=FilteredRelation("exchange_rates", condition=known),
            kept=FilteredRelation("sums_periods", condition=ready),
        )
        .filter(~Exists(later))
        .order_by("pk", "known__currency", "kept__pk")
        .values_list(
            "pk",
            "currency",
            "known__currency",
            "known__rate",
            "kept__rates_key",
            "kept__pk",
            "kept__first",
            "kept__last",
        )
    )


def _rates(rows: Iterable[tuple], on: datetime.date) -> Rates:
    """Rates of the one programme to which `rows` belong."""
    factors: dict[str, Decimal] = {}
    kept: dict[KeptPeriod, str] = {}
    home = ""
    for _programme, home, code, rate, rates_key, *period in rows:  # noqa: B007  (all have one home)
        if code:
            factors[code] = rate
        if rates_key:
            kept[KeptPeriod(*period)] = rates_key
    rates = Rates(home, on, {**factors, home: Decimal(1)})
    mark = rates.fingerprint if kept else ""
    return rates._replace(kept=tuple(period for period, key in kept.items() if key == mark))


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
