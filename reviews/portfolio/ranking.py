"""The largest customers, and how few of them bring most of the revenue (K055)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from accounts import figures
from accounts.models import Account, AccountSums, SumsBand
from kam.access.querysets import Reader
from reviews.portfolio.scope import Scope, cells_by

TOP = 10
"""Customers named in `top`."""


@dataclass(frozen=True)
class Row:
    """One customer, or one customer group, of the ranking; shares are 0..1 of the total."""

    account: int
    name: str
    revenue: Decimal
    share: Decimal | None
    cumulative_share: Decimal | None


def ranking(
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


def ranking_kept(
    user: Reader,
    chosen: figures.Chosen,
    scope: Scope,
    rates: figures.Rates,
    kept: figures.KeptYear,
) -> tuple[figures.Pareto, list[Row]]:
    """The same from kept sums."""
    total, place = kept.total().revenue, rates.kept_for(scope.period)
    assert place is not None  # noqa: S101  (what was kept was found there)

    def largest(accounts: QuerySet[Account], place: int) -> QuerySet:
        rows = figures.ranked_sums(accounts, place)
        return rows.values_list("account", "account__name", "revenue")[:TOP]

    head = _rows(chosen.find("largest", largest, place=place), total)
    bands, sums = (
        cells_by(user, scope, cells) for cells in (SumsBand.objects.all(), AccountSums.placed.all())
    )
    if bands is None or sums is None:

        def counted(accounts: QuerySet[Account], place: int) -> QuerySet:
            return figures.banded(figures.kept_of(accounts, place))

        accounts = figures.kept_of(chosen.all(), place)
        return figures.pareto_kept(
            accounts, total, chosen.find("bands", counted, place=place)
        ), head

    def told(cells: QuerySet[SumsBand], place: int) -> QuerySet:
        return figures.banded(cells.filter(period=place))

    within = sums.all().filter(period=place)
    return figures.pareto_kept(within, total, bands.find("bands", told, place=place)), head


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
