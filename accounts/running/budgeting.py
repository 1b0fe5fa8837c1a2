"""Budget by account and kind, beside what is planned and what was spent (K023, K131)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum

from accounts import figures
from accounts.choices import CostType
from accounts.figures import Rates
from accounts.models import Account, ActivityCost, BudgetLine
from accounts.running.earning import months_after
from kam.access.querysets import Reader
from teams.models import Programme

ZERO = Decimal(0)


class BudgetRow(NamedTuple):
    """An account, or the programme as a whole (`account` None): budget by kind, what was planned
    for the account, and what its activities of the programme cost. None is not known."""

    account: Any
    kinds: Mapping[str, Decimal]
    effort: Decimal
    planned: Decimal | None
    spent: Decimal | None

    @property
    def whole(self) -> Decimal:
        """All lines together."""
        return sum(self.kinds.values(), ZERO)

    @property
    def by_kind(self) -> list[Decimal]:
        """Budget of every kind, in the order of the kinds."""
        return [self.kinds.get(kind, ZERO) for kind in CostType.values]

    @property
    def off_plan(self) -> Decimal | None:
        """Budget over (or, below 0, under) the planned yearly cost; None without lines or plan."""
        has_both = self.planned is not None and bool(self.kinds)
        return self.whole - (self.planned or ZERO) if has_both else None


class Budget(NamedTuple):
    """A year's budget as far as its reader sees it, in the programme's currency. `unrated` lines
    are in no sum: their currency has no rate."""

    currency: str
    year: int
    first: datetime.date
    last: datetime.date
    rows: list[BudgetRow]
    programme: BudgetRow
    unrated: int

    @property
    def accounts(self) -> BudgetRow:
        """All accounts together."""
        return _together(None, self.rows)

    @property
    def whole(self) -> BudgetRow:
        """All together: accounts and the programme as a whole."""
        return _together(None, [*self.rows, self.programme])

    @property
    def off_plan(self) -> list[BudgetRow]:
        """Accounts whose lines do not add up to their planned yearly cost."""
        return [row for row in self.rows if row.off_plan]


def fiscal_year(programme: Programme, year: int) -> tuple[datetime.date, datetime.date]:
    """First and last day of the fiscal year that begins in `year`."""
    first = datetime.date(year, programme.fiscal_year_start, 1)
    return first, months_after(first, 12) - datetime.timedelta(days=1)


def year_of(programme: Programme, day: datetime.date) -> int:
    """The fiscal year of `day`, named by the year in which it begins."""
    return day.year if day.month >= programme.fiscal_year_start else day.year - 1


def budget_of(reader: Reader, programme: Programme, year: int, on: datetime.date) -> Budget:
    """The budget of a fiscal year as `reader` may see it, at the rates of the day `on`. A fixed
    number of queries."""
    rates = figures.rates_on(programme, on)
    first, last = fiscal_year(programme, year)
    lines = BudgetLine.objects.visible_to(reader).active().filter(programme=programme, year=year)
    held, unrated = _lines(lines, rates)
    named = [pk for pk in held if pk is not None]
    seen = Account.objects.visible_to(reader).filter(programme=programme)
    rows = [
        BudgetRow(
            account,
            *held.get(account.pk, NOTHING),
            account.planned_cost,
            None if account.unrated or account.spent is None else figures.rounded(account.spent),
        )
        for account in _with_spent(seen, first, last, rates)
        .filter(Q(pk__in=named) | Q(spent__isnull=False))
        .order_by("name", "pk")
    ]
    own = BudgetRow(None, *held.get(None, NOTHING), None, None)
    return Budget(rates.home, year, first, last, rows, own, unrated)


Held = tuple[dict[str, Decimal], Decimal]
NOTHING: Held = ({}, ZERO)


def _lines(lines: QuerySet[BudgetLine], rates: Rates) -> tuple[dict[int | None, Held], int]:
    """Amounts by kind and effort of each account (None: the programme), and how many lines are in
    no sum."""
    sums = lines.order_by().values("account", "cost_type", "currency")
    found: dict[int | None, Held] = {}
    unrated = 0
    for row in sums.annotate(total=Sum("amount"), people=Sum("effort"), number=Count("pk")):
        rate = rates.factors.get(row["currency"])
        if rate is None:
            unrated += row["number"]
            continue
        kinds, effort = found.get(row["account"], NOTHING)
        more = kinds.get(row["cost_type"], ZERO) + figures.rounded(row["total"] * rate)
        kinds = {**kinds, row["cost_type"]: more}
        found[row["account"]] = kinds, effort + (row["people"] or ZERO)
    return found, unrated


def _with_spent(
    accounts: QuerySet[Account], first: datetime.date, last: datetime.date, rates: Rates
) -> Any:
    """Annotates `spent`, the cost of the programme's activities, and `unrated`, how many of these
    costs have no rate."""
    rows = ActivityCost.objects.active().filter(
        account=OuterRef("pk"), activity__programme_cost=True, month__range=(first, last)
    )
    sums = rows.order_by().values("account")
    unknown = ~Q(currency__in=list(rates.factors))
    return accounts.annotate(
        spent=Subquery(sums.annotate(total=rates.total("amount")).values("total")),
        unrated=Subquery(sums.annotate(lacking=Count("pk", filter=unknown)).values("lacking")),
    )


def _together(account: Any, rows: list[BudgetRow]) -> BudgetRow:
    kinds = {
        kind: sum((row.kinds.get(kind, ZERO) for row in rows), ZERO) for kind in CostType.values
    }
    planned = [row.planned for row in rows if row.planned is not None]
    spent = [row.spent for row in rows if row.spent is not None]
    return BudgetRow(
        account,
        kinds,
        sum((row.effort for row in rows), ZERO),
        sum(planned, ZERO) if planned else None,
        sum(spent, ZERO) if spent else None,
    )
