"""The whole portfolio as one reader may see it: value, stages, concentration (K053, K055, K064).

Every figure is a sum over accounts that the reader sees; each ledger line counts once, whatever
the group tree. Rights are those of today, dates and stages those of `as_of`.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from accounts import figures
from kam.access.querysets import Reader
from reviews.portfolio.census import NOT_ASSESSED, Census, take_census
from reviews.portfolio.ranking import Row, ranking, ranking_kept
from reviews.portfolio.scope import Scope, accounts_of, cells_by, chosen_by, rates_for

__all__ = [
    "NOT_ASSESSED",
    "Census",
    "MonthPair",
    "Portfolio",
    "Row",
    "Scope",
    "accounts_of",
    "begins",
    "build",
    "cells_by",
    "chosen_by",
    "month_pairs",
    "rates_for",
]


@dataclass(frozen=True)
class Portfolio:
    """What the portfolio is worth and where it stands; amounts in `now.currency`.

    `before` is None where the ledger, which `begins` in a month, does not hold all of that year.
    """

    census: Census
    now: figures.Figures
    before: figures.Figures | None
    pareto: figures.Pareto
    top: list[Row]
    months: figures.Months | figures.KeptYear | None
    begins: datetime.date | None = None

    @property
    def accounts(self) -> int:
        """Accounts in all."""
        return sum(self.census.stages.values())

    @property
    def stages(self) -> dict[str, int]:
        """Accounts by stage, `not_assessed` among them."""
        return self.census.stages

    @property
    def revenue_change(self) -> Decimal | None:
        """Relative to the year before."""
        return figures.change_ratio(self.now.revenue, self.before.revenue if self.before else None)


def build(
    user: Reader,
    scope: Scope,
    *,
    compare: bool,
    rates: figures.Rates | None = None,
    begins: datetime.date | None = None,
) -> Portfolio:
    """The portfolio of `scope` for `user`; `compare` adds the figures of the year before, when
    the ledger, which `begins` in a month, holds all of it."""
    chosen = chosen_by(user, scope)
    rates = rates or rates_for(scope)
    periods = [scope.period, scope.period.year_before()] if compare else [scope.period]
    census = take_census(user, scope, periods, rates)
    kept = census.kept
    months: figures.Months | figures.KeptYear | None = None
    if kept is not None:
        months = kept
        found = [kept.total(), *([kept.total(before=True)] if compare else [])]
        if compare and not kept.is_rated:
            months = figures.Months(chosen, periods, rates)
    elif all(period.is_whole_months for period in periods):
        months = figures.Months(chosen, periods, rates)
        found = [
            months.total(period, bare=bare)
            for period, bare in zip(periods, census.bare, strict=True)
        ]
    else:
        found = figures.compared(chosen.all(), periods, rates)
    if kept is not None and scope.level == "account" and found[0].revenue is not None:
        pareto, top = ranking_kept(user, chosen, scope, rates, kept)
    else:
        pareto, top = ranking(user, chosen, scope, rates, found[0].revenue)
    whole = compare and scope.period.year_before().is_covered_from(begins)
    return Portfolio(census, found[0], found[1] if whole else None, pareto, top, months, begins)


def begins(user: Reader, scope: Scope) -> datetime.date | None:
    """The month in which the ledger of the scope begins, whatever the status of its accounts."""
    return figures.first_month(chosen_by(user, scope._replace(statuses=())))


class MonthPair(NamedTuple):
    """Net revenue of a month and of the same month a year before; None is not available."""

    month: datetime.date
    now: Decimal | None
    before: Decimal | None


def month_pairs(whole: Portfolio, scope: Scope) -> list[MonthPair]:
    """Revenue month by month beside the year before (at most the last twelve months).

    Empty where the period does not consist of whole months, or nothing was sold in either year.
    """
    if whole.months is None:
        return []
    last = scope.period.last or scope.as_of
    first = max(scope.period.first or datetime.date.min, _months_back(last.replace(day=1), 11))
    pairs = []
    month = first.replace(day=1)
    while month <= last:
        earlier = _months_back(month, 12)
        is_known = whole.begins is not None and whole.begins <= earlier
        before = whole.months.revenue(earlier) if is_known else None
        pairs.append(MonthPair(month, whole.months.revenue(month), before))
        month = _months_back(month, -1)
    return pairs if any(pair.now or pair.before for pair in pairs) else []


def _months_back(month: datetime.date, count: int) -> datetime.date:
    years, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return datetime.date(years, index + 1, 1)
