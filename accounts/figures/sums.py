"""Sums of sales lines and of costs to serve."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    FilteredRelation,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.figures.basis import AMOUNT, SIX_PLACES, Figures, Period, Rates, between
from accounts.models import Account, ActivityCost, LedgerEntry, MonthTotal
from kam.access.prepared import kept_among, kept_objects


def without_costs(period: Period) -> Q:
    """Accounts with sales in `period` and no recorded cost to serve, as a filter of accounts."""
    mine = OuterRef("pk")
    return Q(Exists(sales_in(mine, period).order_by())) & ~Q(
        Exists(costs_in(mine, period).order_by())
    )


def by_account(pks: Iterable[int], period: Period, rates: Rates) -> dict[int, Figures]:
    """Figures of each of a page of accounts, by primary key, in two queries."""
    rows: dict[int, dict[str, Any]] = {pk: {} for pk in pks}

    def sales(chosen: list[int]) -> QuerySet:
        own = sales_in(chosen, period).order_by().values("account")
        return own.annotate(**sales_sums(rates, whole=period.is_whole_months))

    def costs(chosen: list[int]) -> QuerySet:
        return costs_in(chosen, period).order_by().values("account").annotate(**cost_sums(rates))

    for name, source in (("sales", sales), ("costs", costs)):
        for row in kept_among((name, period, rates.key), source, rows):
            rows[row["account"]].update(row)
    return {pk: figures_from(rates, row) for pk, row in rows.items()}


def with_figures(
    accounts: QuerySet[Account],
    period: Period,
    rates: Rates,
    *,
    compare: bool = True,
    ranked: bool = False,
) -> QuerySet[Account]:
    """`accounts` with `revenue`, `gross_margin`, `cost_to_serve`, `contribution` and
    `revenue_before` (the year before) of their own lines, to show and to sort by; NULL is "not
    available", revenue without lines is 0. Without `compare` nothing is said of the year before.
    `ranked` says that the list is sorted by revenue.
    """
    kept = rates.kept_for(period, compare=compare)
    if kept is not None:
        annotated = _with_kept(accounts, kept, ranked=ranked)
    else:
        annotated = _with_added(accounts, period, rates, compare=compare)
    if not compare:
        annotated = annotated.annotate(revenue_before=Value(None, output_field=AMOUNT))
    margin = F("revenue") - F("known_cost")
    return annotated.annotate(
        gross_margin=Case(When(costless=0, then=margin), default=None, output_field=AMOUNT),
        contribution=Case(
            When(costless=0, then=margin - F("cost_to_serve")), default=None, output_field=AMOUNT
        ),
    )


def _with_added(
    accounts: QuerySet[Account], period: Period, rates: Rates, *, compare: bool
) -> QuerySet[Account]:
    """Sums of the rows behind each account."""

    def own(source: QuerySet, value: Any) -> Subquery:
        return Subquery(source.order_by().values("account").annotate(own=value).values("own"))

    mine = OuterRef("pk")
    sums = sales_sums(rates, whole=period.is_whole_months)
    sales, before = sales_in(mine, period), sales_in(mine, period.year_before())
    annotations = {
        "revenue": _or_zero(own(sales, sums["revenue_sum"])),
        "known_cost": _or_zero(own(sales, sums["cost_sum"])),
        "costless": Coalesce(own(sales, sums["costless"]), 0),
        "cost_to_serve": own(costs_in(mine, period), rates.total("amount")),
    }
    if compare:
        annotations["revenue_before"] = _or_zero(own(before, sums["revenue_sum"]))
    return accounts.annotate(**annotations)


def _with_kept(accounts: QuerySet[Account], kept: int, *, ranked: bool) -> QuerySet[Account]:
    """The same from the sums that are kept. A list that is `ranked` by them is read from their
    index, in which every account stands; any other one shows an account that has none as well."""
    rows = with_kept_sums(accounts, kept)
    if ranked:
        rows = rows.filter(sums__isnull=False)
    return rows.annotate(
        revenue=F("sums__revenue") if ranked else _or_zero(F("sums__revenue")),
        revenue_before=_or_zero(F("sums__revenue_sum_before")),
        known_cost=_or_zero(F("sums__cost_sum")),
        costless=Coalesce("sums__costless", 0),
        cost_to_serve=F("sums__serve_sum"),
    )


def with_kept_sums(accounts: QuerySet[Account], kept: int) -> QuerySet[Account]:
    """`accounts` joined with their kept sums as `sums` (`AccountSums`)."""
    condition = Q(kept_sums__period=kept)
    return accounts.annotate(sums=FilteredRelation("kept_sums", condition=condition))


def _or_zero(value: Any) -> Coalesce:
    """0 where there are no rows."""
    return Coalesce(value, Value(Decimal(0), output_field=AMOUNT), output_field=AMOUNT)


class ActivityTotal(NamedTuple):
    """What one activity cost in a period, converted."""

    name: str
    programme_cost: bool
    amount: Decimal


def by_activity(account: Account, period: Period, rates: Rates) -> list[ActivityTotal]:
    """Costs to serve one account by activity, ordinary ones first (4.6); none without a rate."""

    def costs(account: int) -> QuerySet:
        ordered = costs_in([account], period).order_by("activity__programme_cost", "activity__pk")
        keys = ("activity__name", "activity__programme_cost")
        return ordered.values(*keys).annotate(**cost_sums(rates))

    rows = kept_objects(("costs by activity", period, rates.key), costs, account=account.pk)
    return [
        ActivityTotal(
            row["activity__name"], row["activity__programme_cost"], rounded(row["serve_sum"])
        )
        for row in rows
        if not row["costs_unrated"]
    ]


def sales_in(accounts: Any, period: Period, *, whole: bool | None = None) -> QuerySet:
    """Monthly totals where they answer the period exactly, else the live lines themselves; `whole`
    says which, for whoever asks for several periods at once."""
    where = _whose(accounts)
    if period.is_whole_months if whole is None else whole:
        return MonthTotal.objects.filter(where, _known(period), between("month", period))
    lines = LedgerEntry.objects.live()
    if period.known_on is not None:
        lines = lines.known_on(period.known_on)
    return lines.filter(where, between("booked_on", period))


def costs_in(accounts: Any, period: Period) -> QuerySet:
    """Costs to serve: a month's cost counts on the first day of its month."""
    costs = ActivityCost.objects.active()
    return costs.filter(_whose(accounts), _known(period), between("month", period))


def _known(period: Period) -> Q:
    return Q() if period.known_on is None else Q(recorded_on__lte=period.known_on)


def _whose(accounts: Any) -> Q:
    return Q(account=accounts) if isinstance(accounts, OuterRef) else Q(account__in=accounts)


def sales_sums(rates: Rates, *, whole: bool, within: Q | None = None) -> dict[str, Any]:
    """What is summed of monthly totals (`whole`), or of lines; of those `within` alone."""
    if whole:
        return {
            "revenue_sum": rates.total("revenue", within),
            "cost_sum": rates.total("cost", within),
            "line_count": Sum("lines", filter=within),
            "costless": Sum("lines_without_cost", filter=within),
            "sales_unrated": rates.unknown(within),
        }
    return {
        "revenue_sum": rates.total("amount"),
        "cost_sum": rates.total("cost"),
        "line_count": Count("pk"),
        "costless": Count("pk", filter=Q(cost=None)),
        "sales_unrated": rates.unknown(),
    }


def cost_sums(rates: Rates, within: Q | None = None) -> dict[str, Any]:
    """What is summed of costs to serve; of those `within` alone."""
    return {
        "serve_sum": rates.total("amount", within),
        "recorded": Count("pk", filter=within),
        "costs_unrated": rates.unknown(within),
    }


def figures_from(
    rates: Rates, row: Mapping[str, Any], *, accounts_without_costs: int = 0
) -> Figures:
    """Figures of summed rows, and which inputs are missing."""
    missing = []
    lines = row.get("line_count") or 0
    revenue: Decimal | None = rounded(row.get("revenue_sum"))
    cost: Decimal | None = rounded(row.get("cost_sum"))
    serve: Decimal | None = rounded(row.get("serve_sum"))
    if row.get("sales_unrated"):
        revenue = cost = None
        missing.append(_("exchange rate on %(day)s") % {"day": rates.on.isoformat()})
    if row.get("costless"):
        cost = None
        missing.append(
            ngettext(
                "cost of goods of %(count)d line",
                "cost of goods of %(count)d lines",
                row["costless"],
            )
            % {"count": row["costless"]}
        )
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


def rounded(value: Decimal | None) -> Decimal:
    """Six places, as stored: SQLite sums in double precision."""
    return Decimal(0) if value is None else value.quantize(SIX_PLACES)
