"""The whole portfolio as one reader may see it: value, stages, concentration (K053, K055, K064).

Every figure is a sum over accounts that the reader sees; each ledger line counts once, whatever
the group tree. Rights are those of today, dates and stages those of `as_of`.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple, cast

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.utils import timezone

from accounts import figures
from accounts.choices import Stage
from accounts.models import Account, AccountSums, StageChange, StatusChange, SumsBand, SumsCell
from accounts.querysets import AccountQuerySet, CellQuerySet
from kam.access.once import asking_once
from kam.access.querysets import Reader, sight_of
from teams.models import BusinessUnit, Programme

NOT_ASSESSED = "not_assessed"
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

    account: int
    name: str
    revenue: Decimal
    share: Decimal | None
    cumulative_share: Decimal | None


class Census(NamedTuple):
    """Accounts by stage: on the day, a year before (where asked for), and as aimed at.

    `overdue` stage reviews; `bare` accounts with sales and no recorded cost to serve, a period;
    `kept` their sums, where these are kept.
    """

    stages: dict[str, int]
    year_ago: dict[str, int]
    targets: dict[str, int]
    overdue: int
    bare: tuple[int, ...]
    kept: figures.KeptYear | None = None


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


def accounts_of(user: Reader, scope: Scope) -> QuerySet[Account]:
    """Accounts of the scope that `user` may see, with the status that they had on `as_of`."""
    accounts = Account.objects.visible_to(user).active().filter(_within(scope))
    accounts = accounts.filter(programme=scope.programme)
    if not scope.statuses:
        return accounts
    if scope.as_of >= scope.programme.today():
        return accounts.of_status(*scope.statuses)
    known = _known(StatusChange.objects.filter(account=OuterRef("pk")), "decided_on", scope.as_of)
    then = accounts.annotate(status_then=Subquery(known.values("to_status")[:1]))
    return then.filter(status_then__in=scope.statuses)


def chosen_by(user: Reader, scope: Scope) -> figures.Chosen:
    """The same; SQL about them is kept, unless the past is asked for, as it was known then."""
    return figures.Chosen(lambda: accounts_of(user, scope), _key(user, scope))


def cells_by(user: Reader, scope: Scope, cells: CellQuerySet) -> figures.Chosen | None:
    """Cells of kept sums that hold just these accounts; None where there are none such."""
    with asking_once():
        key, seen = _key(user, scope), cells.visible_to(user, scope.programme)
    if key is None or seen is None or not figures.are_kept():
        return None
    named = Q(status__in=scope.statuses) if scope.statuses else Q()
    return figures.Chosen(lambda: seen.filter(_within(scope), named), (cells.model, key))


def _key(user: Reader, scope: Scope) -> Hashable:
    """All that it depends on which accounts are asked about; None where the past is."""
    if scope.as_of < scope.programme.today():
        return None
    unit = scope.unit.path if scope.unit is not None else None
    return "portfolio", sight_of(user), scope.programme.pk, scope.statuses, unit


def _within(scope: Scope) -> Q:
    """What is in the unit asked for."""
    if scope.unit is None:
        return Q()
    return Q(business_unit__in=BusinessUnit.objects.under(scope.unit).values("pk"))


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
        pareto, top = _ranking_kept(user, scope, rates, kept)
    else:
        pareto, top = _ranking(user, chosen, scope, rates, found[0].revenue)
    whole = compare and scope.period.year_before().is_covered_from(begins)
    return Portfolio(census, found[0], found[1] if whole else None, pareto, top, months, begins)


def begins(user: Reader, scope: Scope) -> datetime.date | None:
    """The month in which the ledger of the scope begins, whatever the status of its accounts."""
    return figures.first_month(chosen_by(user, scope._replace(statuses=())))


def take_census(
    user: Reader,
    scope: Scope,
    periods: Sequence[figures.Period],
    rates: figures.Rates,
) -> Census:
    """Count accounts by stage on `as_of` and as aimed at, add up their kept sums, and count them by
    stage a year before (for two `periods`): apart, since groups by what each account was then
    would be as many as accounts for all that a database can know."""
    chosen, compares = chosen_by(user, scope), len(periods) > 1
    kept = rates.kept_for(scope.period, compare=compares)
    cells = cells_by(user, scope, SumsCell.objects.all()) if kept is not None else None

    def counted(accounts: QuerySet[Account]) -> QuerySet:
        is_past = scope.as_of < scope.programme.today()
        stage = _stage_known(scope.as_of) if is_past else F("stage")
        sums: dict[str, Any] = {}
        if kept is not None:
            accounts = figures.with_kept_sums(accounts, kept)
            sums = figures.added(compare=compares)
        else:
            for place, period in enumerate(periods):
                sums[f"bare_{place}"] = Count("pk", filter=figures.without_costs(period))
        stages = accounts.order_by().annotate(stage_now=stage)
        return stages.values("stage_now", "target_stage").annotate(count=Count("pk"), **sums)

    def counted_there(cells: QuerySet[SumsCell]) -> QuerySet:
        stages = cells.filter(period=kept).order_by().annotate(stage_now=F("stage"))
        sums = {"count": Sum("count")} | figures.added_cells(compare=compares)
        return stages.values("stage_now", "target_stage").annotate(**sums)

    name = ("census", scope.as_of, tuple(periods), kept)
    rows = chosen.find(name, counted) if cells is None else cells.find(name, counted_there)
    stages = dict.fromkeys([*Stage.values, NOT_ASSESSED], 0)
    targets = dict.fromkeys(Stage.values, 0)
    lacking = [0] * len(periods)
    for row in cast("Iterable[dict[str, Any]]", rows):
        stages[row["stage_now"] or NOT_ASSESSED] += row["count"]
        if row["target_stage"]:
            targets[row["target_stage"]] += row["count"]
        for place in range(len(periods) if kept is None else 0):
            lacking[place] += row[f"bare_{place}"]
    year = figures.KeptYear(rates, scope.period, rows) if kept is not None else None
    formerly, overdue = _year_ago(chosen, scope) if compares else ({}, _overdue(chosen, scope))
    return Census(stages, formerly, targets, overdue, tuple(lacking), year)


def _overdue(chosen: figures.Chosen, scope: Scope) -> int:
    def late(accounts: AccountQuerySet) -> QuerySet:
        return accounts.overdue_for_review(scope.as_of).order_by().values("pk")

    return chosen.count(("overdue", scope.as_of), late)


def _year_ago(chosen: figures.Chosen, scope: Scope) -> tuple[dict[str, int], int]:
    """The same accounts by the stage that they had a year before `as_of`, and how many are overdue
    for a stage review on that day."""
    day = scope.as_of - datetime.timedelta(days=365)
    late = Count("pk", filter=Q(review_due_on__lt=scope.as_of))

    def counted(accounts: QuerySet[Account], end: datetime.datetime) -> QuerySet:
        stages = accounts.order_by().annotate(stage_then=_stage_known(day, end))
        return stages.values("stage_then").annotate(count=Count("pk"), late=late)

    formerly, overdue = dict.fromkeys([*Stage.values, NOT_ASSESSED], 0), 0
    rows = chosen.find(("a year ago", scope.as_of), counted, end=_end_of(day))
    for row in cast("Iterable[dict[str, Any]]", rows):
        formerly[row["stage_then"] or NOT_ASSESSED] += row["count"]
        overdue += row["late"]
    return formerly, overdue


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


def rates_for(scope: Scope) -> figures.Rates:
    """Rates of the last day of the period, or of `as_of` where that is earlier."""
    return figures.rates_on(scope.programme, min(scope.period.last or scope.as_of, scope.as_of))


def _stage_known(day: datetime.date, end: datetime.datetime | None = None) -> Subquery:
    """The stage of an account on `day`."""
    steps = StageChange.objects.filter(account=OuterRef("pk"))
    return Subquery(_known(steps, "happened_on", day, end).values("to_stage")[:1])


def _end_of(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(
        day + datetime.timedelta(days=1), datetime.time(), timezone.get_default_timezone()
    )


def _known(
    changes: QuerySet, day_field: str, day: datetime.date, end: datetime.datetime | None = None
) -> QuerySet:
    """Steps of a timeline that had happened and were recorded by the `end` of `day`, last first."""
    recorded = changes.filter(**{f"{day_field}__lte": day}, created_at__lt=end or _end_of(day))
    return recorded.order_by(f"-{day_field}", "-pk")


def _months_back(month: datetime.date, count: int) -> datetime.date:
    years, index = divmod(month.year * 12 + month.month - 1 - count, 12)
    return datetime.date(years, index + 1, 1)


def _ranking(
    user: Reader,
    chosen: figures.Chosen,
    scope: Scope,
    rates: figures.Rates,
    total: Decimal | None,
) -> tuple[figures.Pareto, list[Row]]:
    """Pareto point and the largest customers, from one pass over the ranked revenue."""
    ranked = _ranked(user, chosen, scope, rates)
    head: list[tuple[int, str, Decimal]] = []

    def remembered() -> Iterator[Decimal | None]:
        for account, name, revenue in ranked:
            if len(head) < TOP:
                head.append((account, name, revenue or Decimal(0)))
            yield revenue

    revenues = remembered()
    pareto = figures.pareto(revenues, total)
    while len(head) < TOP and next(revenues, None) is not None:
        pass
    return pareto, _rows(head, total)


def _ranking_kept(
    user: Reader,
    scope: Scope,
    rates: figures.Rates,
    kept: figures.KeptYear,
) -> tuple[figures.Pareto, list[Row]]:
    """The same from kept sums."""
    total, place = kept.total().revenue, rates.kept_for(scope.period)
    assert place is not None  # noqa: S101  (what was kept was found there)
    accounts = accounts_of(user, scope)
    largest = figures.ranked_sums(accounts, place)[:TOP]
    head = _rows(list(largest.values_list("account", "account__name", "revenue")), total)
    bands, sums = (
        cells_by(user, scope, cells) for cells in (SumsBand.objects.all(), AccountSums.placed.all())
    )
    if bands is None or sums is None:
        return figures.pareto_kept(figures.kept_of(accounts, place), total), head
    within, counted = (cells.all().filter(period=place) for cells in (sums, bands))
    return figures.pareto_kept(within, total, counted), head


def _rows(head: Iterable[tuple[int, str, Decimal]], total: Decimal | None) -> list[Row]:
    rows, reached = [], Decimal(0)
    for pk, name, revenue in head:
        reached += revenue
        share = figures.ratio(revenue, total)
        rows.append(Row(pk, name, revenue, share, figures.ratio(reached, total)))
    return rows


def _ranked(
    user: Reader, chosen: figures.Chosen, scope: Scope, rates: figures.Rates
) -> Iterator[tuple[int, str, Decimal | None]]:
    if scope.level != "account":
        return iter(_grouped(user, chosen.all(), scope, rates))

    def ranked(accounts: QuerySet[Account]) -> QuerySet:
        rows = figures.revenue_rows(accounts, scope.period, rates, "account", "account__name")
        return rows.values_list("account", "account__name", "total")

    return chosen.each(("ranked", scope.period, rates.key), ranked)


def _grouped(
    user: Reader, accounts: QuerySet[Account], scope: Scope, rates: figures.Rates
) -> list[tuple[int, str, Decimal | None]]:
    """Revenue by group, under the highest account of the group that `user` may see."""
    visible = Account.objects.visible_to(user)
    topped = Q(root=F("pk")) | Q(Exists(visible.filter(pk=OuterRef("root")).order_by()))
    keys = ("account__root", "account__root__name")
    whole = figures.revenue_rows(accounts.filter(topped), scope.period, rates, *keys)
    groups = list(whole.values_list(*keys, "total"))
    topless = accounts.filter(~topped)
    paths = figures.revenue_rows(topless, scope.period, rates, "account__path")
    parts = list(paths.values_list("account__path", "total"))
    if not parts:
        return groups
    below = visible.filter(root__in=topless.order_by().values("root"))
    names = dict(below.values_list("pk", "name"))
    sums: dict[int, Any] = {}
    for path, revenue in parts:
        chain = [int(part) for part in path.strip("/").split("/")]
        top = next(pk for pk in chain if pk in names)
        sums[top] = sums.get(top, Decimal(0)) + (revenue or Decimal(0))
    groups += [(pk, names[pk], revenue) for pk, revenue in sums.items()]
    return sorted(groups, key=lambda group: (-(group[2] or Decimal(0)), group[0]))
