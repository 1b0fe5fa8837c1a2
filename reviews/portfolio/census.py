"""Accounts by stage, and their kept sums."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, cast

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery, Sum

from accounts import figures
from accounts.choices import Stage
from accounts.models import Account, StageChange, SumsCell
from accounts.querysets import AccountQuerySet
from kam.access.querysets import Reader
from reviews.portfolio.scope import Scope, cells_by, chosen_by, end_of, known_steps

NOT_ASSESSED = "not_assessed"


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
    rows = chosen.find(("a year ago", scope.as_of), counted, end=end_of(day))
    for row in cast("Iterable[dict[str, Any]]", rows):
        formerly[row["stage_then"] or NOT_ASSESSED] += row["count"]
        overdue += row["late"]
    return formerly, overdue


def _stage_known(day: datetime.date, end: datetime.datetime | None = None) -> Subquery:
    """The stage of an account on `day`."""
    steps = StageChange.objects.filter(account=OuterRef("pk"))
    return Subquery(known_steps(steps, "happened_on", day, end).values("to_stage")[:1])
