"""Figures month by month, from which those of longer periods are added up."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Case, DateField, Q, QuerySet, Value, When
from django.db.models.functions import TruncMonth

from accounts.figures.basis import Figures, MonthFigures, Period, Rates
from accounts.figures.chosen import Chosen
from accounts.figures.sums import (
    cost_sums,
    costs_in,
    figures_from,
    rounded,
    sales_in,
    sales_sums,
    without_costs,
)
from accounts.models import Account
from accounts.models.triggers import SUMS


class Part(NamedTuple):
    """Sums of a month, of the days since `since` (a first day, or the day after a last one), of
    the one account or of the others."""

    month: datetime.date
    since: datetime.date | None
    is_own: bool
    sums: dict[str, Any]


class Months:
    """Sums of `accounts` by month over all of `periods`, from two queries, to be added up.

    `own` names one of the accounts whose figures are wanted besides those of all. All periods are
    of one day's knowledge.
    """

    def __init__(
        self,
        chosen: Chosen,
        periods: Sequence[Period],
        rates: Rates,
        *,
        own: int | None = None,
    ) -> None:
        self.chosen, self.rates, self.own = chosen, rates, own
        self.periods = tuple(periods)
        firsts, lasts, known = zip(*periods, strict=True)
        span = Period(
            None if None in firsts else min(firsts),
            None if None in lasts else max(lasts),
            known[0],
        )
        whole = all(period.is_whole_months for period in periods)
        cuts = [] if whole else _cuts(periods)
        month, day = ("month", "month") if whole else ("booked_in", "booked_on")

        def sales(accounts: QuerySet[Account], own: int | None = None) -> QuerySet:
            source = sales_in(_pks(accounts), span, whole=whole)
            if not whole:
                source = source.annotate(booked_in=TruncMonth("booked_on"))
            return _by_part(source, month, day, cuts, own).annotate(
                **sales_sums(rates, whole=whole)
            )

        def costs(accounts: QuerySet[Account], own: int | None = None) -> QuerySet:
            source = costs_in(_pks(accounts), span)
            return _by_part(source, "month", "month", cuts, own).annotate(**cost_sums(rates))

        self.parts = [*self._parts("sales", sales, month), *self._parts("costs", costs, "month")]

    def _parts(self, name: str, build: Callable[..., QuerySet], month: str) -> Iterable[Part]:
        asked = {} if self.own is None else {"own": self.own}
        key = (name, self.periods, self.rates.key, *asked)
        for row in self.chosen.find(key, build, **asked):
            yield Part(row[month], row.get("since"), bool(row.get("is_own")), row)

    def _of(self, month: datetime.date | None = None, *, own: bool = False) -> list[Part]:
        return [
            part
            for part in self.parts
            if (part.is_own or not own) and (month is None or part.month == month)
        ]

    def total(self, period: Period, *, bare: int | None = None, own: bool = False) -> Figures:
        """Figures of `period`, of the one account or of all; `bare` as `without_costs` counts it,
        asked for if not given."""
        found = _added(part.sums for part in self._of(own=own) if _is_within(part, period))
        if bare is None:
            bare = 0 if own else self._bare(period, found)
        return figures_from(self.rates, found, accounts_without_costs=bare)

    def _bare(self, period: Period, found: Mapping[str, Any]) -> int:
        """Accounts with sales but without recorded cost to serve; 0 where none has any."""
        if not found["recorded"] or not found["line_count"]:
            return 0
        return self.chosen.count(
            ("bare", period), lambda accounts: accounts.filter(without_costs(period))
        )

    def by_month(self, period: Period, *, own: bool = False) -> list[MonthFigures]:
        """Figures of `period` month by month, in order; months without any line are left out."""
        months: dict[datetime.date, list[dict[str, Any]]] = defaultdict(list)
        for part in self._of(own=own):
            if _is_within(part, period):
                months[part.month].append(part.sums)
        return [
            MonthFigures(month, figures_from(self.rates, _added(months[month])))
            for month in sorted(months)
        ]

    def revenue(self, month: datetime.date) -> Decimal | None:
        """Net revenue of a month, 0 without lines; None where a rate is missing."""
        found = _added(part.sums for part in self._of(month))
        return None if found["sales_unrated"] else rounded(found["revenue_sum"])


def totals(accounts: QuerySet[Account], period: Period, rates: Rates) -> Figures:
    """Figures of all `accounts` together; each line counts once, whatever the group tree."""
    return compared(accounts, (period,), rates)[0]


def compared(accounts: QuerySet[Account], periods: Sequence[Period], rates: Rates) -> list[Figures]:
    """Figures of all `accounts` together in each of `periods`, all at the same rates."""
    months = Months(Chosen(lambda: accounts), periods, rates)
    return [months.total(period) for period in periods]


def by_month(accounts: QuerySet[Account], period: Period, rates: Rates) -> list[MonthFigures]:
    """Figures of `accounts` month by month, in order; months without any line are left out."""
    return Months(Chosen(lambda: accounts), (period,), rates).by_month(period)


def _pks(accounts: QuerySet[Account]) -> QuerySet:
    return accounts.order_by().values("pk")


def _by_part(
    source: QuerySet, month: str, day: str, cuts: list[datetime.date], own: int | None
) -> QuerySet:
    """Rows of `source` grouped as `Part` says."""
    keys: dict[str, Any] = {}
    if cuts:
        since = [When(Q(**{f"{day}__gte": cut}), then=Value(cut)) for cut in cuts]
        keys["since"] = Case(*since, default=None, output_field=DateField())
    if own is not None:
        is_own = When(account=own, then=Value(value=True))
        keys["is_own"] = Case(is_own, default=Value(value=False))
    return source.order_by().annotate(**keys).values(month, *keys)


def _cuts(periods: Sequence[Period]) -> list[datetime.date]:
    """Days on which some period begins or is over, the latest first."""
    begun = {period.first for period in periods if period.first is not None}
    over = {period.last for period in periods if period.last is not None}
    return sorted(begun | {day + datetime.timedelta(days=1) for day in over}, reverse=True)


def _is_within(part: Part, period: Period) -> bool:
    """Whether the days of `part` lie in `period`: parts begin and end where periods do."""
    day = part.month if part.since is None else part.since
    return (period.first is None or day >= period.first) and (
        period.last is None or day <= period.last
    )


def _added(rows: Iterable[dict[str, Any]]) -> dict[str, Any]:
    kept = list(rows)
    return {name: sum_of(row.get(name) for row in kept) for name in SUMS}


def sum_of(values: Iterable[Any]) -> Any:
    """Their sum as a database says it: None of nothing."""
    known = [value for value in values if value is not None]
    return sum(known) if known else None
