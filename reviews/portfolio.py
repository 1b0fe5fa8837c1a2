"""The whole portfolio as one reader may see it: value, stages, concentration (K053, K055, K064).

Every figure is a sum over accounts that the reader sees; each ledger line counts once, whatever
the group tree. Rights are those of today, dates and stages those of `as_of`.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import figures
from accounts.choices import Stage
from accounts.models import Account, StageChange, StatusChange
from kam.access.querysets import Reader
from teams.models import BusinessUnit, Programme

TOP = 10
"""Customers named in `top`."""


class Scope(NamedTuple):
    """Which accounts and which days: what the page's and the API's parameters mean."""

    programme: Programme
    period: figures.Period
    as_of: datetime.date
    statuses: tuple[str, ...] = ()
    unit: BusinessUnit | None = None
    level: str = "account"


@dataclass(frozen=True)
class Row:
    """One customer, or one customer group, of the ranking; shares are 0..1 of the total."""

    account: Account
    revenue: Decimal
    share: Decimal | None
    cumulative_share: Decimal | None


@dataclass(frozen=True)
class Portfolio:
    """What the portfolio is worth and where it stands; amounts in `now.currency`."""

    accounts: int
    now: figures.Figures
    before: figures.Figures | None
    stages: dict[str, int]
    overdue: int
    pareto: figures.Pareto
    top: list[Row]

    @property
    def revenue_change(self) -> Decimal | None:
        """Relative to the year before."""
        return figures.change_ratio(self.now.revenue, self.before.revenue if self.before else None)


def accounts_of(user: Reader, scope: Scope) -> QuerySet[Account]:
    """Accounts of the scope that `user` may see, with the status that they had on `as_of`."""
    accounts = Account.objects.visible_to(user).active().filter(programme=scope.programme)
    if scope.unit is not None:
        below = BusinessUnit.objects.under(scope.unit).values("pk")
        accounts = accounts.filter(business_unit__in=below)
    if not scope.statuses:
        return accounts
    if scope.as_of >= scope.programme.today():
        return accounts.of_status(*scope.statuses)
    known = _known(StatusChange.objects.filter(account=OuterRef("pk")), "decided_on", scope.as_of)
    then = accounts.annotate(status_then=Subquery(known.values("to_status")[:1]))
    return then.filter(status_then__in=scope.statuses)


def build(user: Reader, scope: Scope, *, compare: bool) -> Portfolio:
    """The portfolio of `scope` for `user`; `compare` adds the figures of the year before."""
    accounts = accounts_of(user, scope)
    rates = rates_for(scope)
    periods = [scope.period, scope.period.year_before()] if compare else [scope.period]
    now, *before = figures.compared(accounts, periods, rates)
    stages = stage_counts(accounts, scope)
    pareto, top = _ranking(user, accounts, scope, rates, now.revenue)
    return Portfolio(
        accounts=sum(stages.values()),
        now=now,
        before=before[0] if before else None,
        stages=stages,
        overdue=accounts.overdue_for_review(scope.as_of).count(),
        pareto=pareto,
        top=top,
    )


def stage_counts(
    accounts: QuerySet[Account], scope: Scope, *, on: datetime.date | None = None
) -> dict[str, int]:
    """Accounts by stage on the day `on` (`as_of`); `not_assessed` where there was no review."""
    day = on or scope.as_of
    if day >= scope.programme.today():
        rows = accounts.order_by().values_list("stage").annotate(count=Count("pk"))
    else:
        known = _known(StageChange.objects.filter(account=OuterRef("pk")), "happened_on", day)
        then = accounts.annotate(stage_then=Subquery(known.values("to_stage")[:1]))
        rows = then.order_by().values_list("stage_then").annotate(count=Count("pk"))
    counts = dict.fromkeys([*Stage.values, "not_assessed"], 0)
    for stage, count in rows:
        counts[stage or "not_assessed"] += count
    return counts


def target_counts(accounts: QuerySet[Account]) -> dict[str, int]:
    """Accounts by target stage; those without one are left out."""
    rows = accounts.exclude(target_stage=None).order_by().values_list("target_stage")
    return dict(rows.annotate(count=Count("pk")))


class MonthPair(NamedTuple):
    """Net revenue of a month and of the same month a year before; None is not available."""

    month: datetime.date
    now: Decimal | None
    before: Decimal | None


def month_pairs(accounts: QuerySet[Account], scope: Scope, rates: figures.Rates) -> list[MonthPair]:
    """Revenue month by month beside the year before (at most the last twelve months)."""
    last = scope.period.last or scope.as_of
    first = max(scope.period.first or datetime.date.min, _months_back(last.replace(day=1), 11))
    before = figures.Period(_months_back(first.replace(day=1), 12), last)
    sums = figures.revenue_by_month(accounts, before, rates)
    pairs = []
    month = first.replace(day=1)
    while month <= last:
        year_ago = _months_back(month, 12)
        pairs.append(MonthPair(month, sums.get(month, Decimal(0)), sums.get(year_ago, Decimal(0))))
        month = _months_back(month, -1)
    return pairs


def rates_for(scope: Scope) -> figures.Rates:
    """Rates of the last day of the period, or of `as_of` where that is earlier."""
    return figures.rates_on(scope.programme, min(scope.period.last or scope.as_of, scope.as_of))


def latest_period(programme: Programme, accounts: QuerySet[Account]) -> figures.Period:
    """The trailing year, or the last twelve months with sales where the ledger ends earlier."""
    usual = figures.trailing_year(programme.today())
    latest = figures.latest_month(accounts)
    if latest is None or usual.first is None or latest >= usual.first:
        return usual
    return figures.trailing_year(latest + datetime.timedelta(days=31))


def _known(changes: QuerySet, day_field: str, day: datetime.date) -> QuerySet:
    """Steps of a timeline that had happened and were recorded by the end of `day`, last first."""
    end = datetime.datetime.combine(
        day + datetime.timedelta(days=1), datetime.time(), timezone.get_default_timezone()
    )
    recorded = changes.filter(**{f"{day_field}__lte": day}, created_at__lt=end)
    return recorded.order_by(f"-{day_field}", "-pk")


def _months_back(month: datetime.date, count: int) -> datetime.date:
    years, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return datetime.date(years, index + 1, 1)


def _ranking(
    user: Reader,
    accounts: QuerySet[Account],
    scope: Scope,
    rates: figures.Rates,
    total: Decimal | None,
) -> tuple[figures.Pareto, list[Row]]:
    """Pareto point and the largest customers, from one pass over the ranked revenue."""
    ranked = _ranked(user, accounts, scope, rates)
    head: list[tuple[int, Decimal]] = []

    def remembered() -> Iterator[Decimal | None]:
        for account, revenue in ranked:
            if len(head) < TOP:
                head.append((account, revenue or Decimal(0)))
            yield revenue

    revenues = remembered()
    pareto = figures.pareto(revenues, total)
    while len(head) < TOP and next(revenues, None) is not None:
        pass
    named = Account.objects.visible_to(user).in_bulk([account for account, _revenue in head])
    rows, reached = [], Decimal(0)
    for pk, revenue in head:
        reached += revenue
        share = figures.ratio(revenue, total)
        rows.append(Row(named[pk], revenue, share, figures.ratio(reached, total)))
    return pareto, rows


def _ranked(
    user: Reader, accounts: QuerySet[Account], scope: Scope, rates: figures.Rates
) -> Iterator[tuple[int, Decimal | None]]:
    if scope.level == "account":
        rows = figures.revenue_rows(accounts, scope.period, rates)
        return rows.values_list("account", "total").iterator(chunk_size=500)
    return iter(_grouped(user, accounts, scope, rates))


def _grouped(
    user: Reader, accounts: QuerySet[Account], scope: Scope, rates: figures.Rates
) -> list[tuple[int, Decimal | None]]:
    """Revenue by group, under the highest account of the group that `user` may see."""
    roots = Account.objects.visible_to(user).filter(pk=OuterRef("root"))
    hidden = accounts.filter(~Q(root=F("pk")), ~Exists(roots.order_by()))
    key = "account__root" if not hidden.exists() else "account__path"
    rows = figures.revenue_rows(accounts, scope.period, rates, key=key).values_list(key, "total")
    if key == "account__root":
        return list(rows)
    shown = set(Account.objects.visible_to(user).values_list("pk", flat=True))
    sums: dict[int, Any] = {}
    for path, revenue in rows:
        chain = [int(part) for part in path.strip("/").split("/")]
        top = next(pk for pk in chain if pk in shown)
        sums[top] = sums.get(top, Decimal(0)) + (revenue or Decimal(0))
    return sorted(sums.items(), key=lambda item: (-item[1], item[0]))
