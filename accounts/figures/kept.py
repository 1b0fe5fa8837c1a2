"""Sums of each account over the periods that everybody asks for, kept beside its months.

A programme of many accounts keeps them for the trailing year (with the year before) and for all
of time, at the rates of the day: then a page reads one row an account instead of all its months,
and sorts by an index. Every write to months or costs to serve has the rows of its accounts made
anew, in the same transaction (`refresh`). A page that asks for another period, for other rates or
for what was known on a past day adds up as ever; `Rates.kept_for` decides.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Sum
from django.utils import timezone

from accounts.figures.basis import Figures, Period, Rates, between, rates_on, trailing_year
from accounts.figures.cells import join_cells
from accounts.figures.months import sum_of
from accounts.figures.ranking import BANDS
from accounts.figures.sums import (
    cost_sums,
    costs_in,
    figures_from,
    rounded,
    sales_in,
    sales_sums,
)
from accounts.models import Account, AccountSums, SumsPeriod
from accounts.models.triggers import BEFORE, COLUMNS, IS_ACTIVE, KEPT_MONTHS, MONTHS, PLACE, SUMS
from teams.models import Programme

PORTION = 1000
"""Accounts whose sums are made in one statement."""
LARGE = 5000
"""Accounts of a programme from which on keeping sums is worth its while: fewer are added up as
fast."""
LOCK = 0x6B616D53
"""Key of the advisory lock: shared by whoever writes sums, alone to whoever adds a period."""
READ_ON = datetime.timedelta(hours=1)
"""How long the sums of a retired period stay for a page that has looked for them before."""
POSTGRES_KEYS = "SELECT unnest(%s::bigint[]) AS account_id"
SQLITE_KEYS = "SELECT DISTINCT value AS account_id FROM json_each(%s)"
"""A list of primary keys as rows. SQLite is given it as JSON, and DISTINCT lets it put that down
first: else it reads the JSON anew for every row of the period."""
PAUSE = 0.12
"""Seconds between two portions on SQLite, where only one may write at a time: whoever waits looks
every tenth of a second whether it is their turn."""
COUNTS = ("line_count", "costless", "sales_unrated", "recorded", "costs_unrated")
BAND = (
    "CASE WHEN sales.revenue_sum > 0 THEN"
    f" CAST(FLOOR(LN(CAST(sales.revenue_sum AS DOUBLE PRECISION)) * {BANDS}) AS INTEGER) END"
)
"""Where a revenue lies, for `accounts.figures.ranking`."""
NEVER_NULL = {"revenue", *COUNTS, *(f"{name}{BEFORE}" for name in COUNTS)}
TABLE, ACCOUNTS = AccountSums._meta.db_table, Account._meta.db_table


def refresh(accounts: Iterable[int]) -> None:
    """Make the kept sums of `accounts` (primary keys) anew, after their months, costs to serve or
    they themselves have been written in this transaction.

    Rows are locked before anything is added up, so that of two writers the second one sees what
    the first has written; everybody locks in the order of the keys.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])
    periods = list(SumsPeriod.objects.filter(retired_at=None).order_by("pk"))
    if not periods:
        return
    parts = list(_portions(sorted(set(accounts))))
    for step in (_begin_rows, _fill):  # accounts are held before any sums are
        for period in periods:
            for part in parts:
                step(period, part)
    if len(parts) > 1:
        for period in periods:
            transaction.on_commit(partial(join_cells, period))


def hold(accounts: Iterable[int]) -> None:
    """Lock `accounts` (primary keys) and their kept sums, for a transaction that is going to write
    both in several steps: so that nobody who writes sums waits for it and it for them."""
    if connection.vendor != "postgresql":
        return
    parts = list(_portions(sorted(set(accounts))))
    for part in parts:
        rows = Account.objects.filter(pk__in=part).order_by("pk").select_for_update(no_key=True)
        list(rows.values_list("pk"))
    for period in SumsPeriod.objects.order_by("pk"):
        for part in parts:
            _lock(period, part)


def keep(programme: Programme, today: datetime.date) -> None:
    """Keep the sums that pages ask for on the day `today`, and those alone.

    Not in a transaction: each portion of accounts is one. What a killed process leaves undone the
    next call does, and so with accounts that have no sums for whatever reason.
    """
    current = []
    for period in (trailing_year(today), Period(None, None)):
        found = _kept(programme, period, rates_on(programme, period.last or today))
        if found is None:  # somebody writes without a pause: another time
            return
        current.append(found.pk)
    retire(programme, but=current)


def keep_if_large(programme: Programme, today: datetime.date) -> None:
    """Keep sums of a programme that is worth it, and none of any other one."""
    some = Account.objects.filter(programme=programme).order_by("pk")
    if some[LARGE : LARGE + 1].exists():
        keep(programme, today)
    else:
        retire(programme)


def retire(programme: Programme, *, but: Sequence[int] = ()) -> None:
    """Keep no sums of `programme` any more, apart from the periods `but`."""
    now = timezone.now()
    others = SumsPeriod.objects.filter(programme=programme).exclude(pk__in=but)
    others.filter(retired_at=None).update(retired_at=now)
    for period in others.filter(retired_at__lt=now - READ_ON):
        rows = AccountSums.objects.filter(period=period).order_by("account")
        while part := list(rows.values_list("account", flat=True)[:PORTION]):
            with transaction.atomic():
                _lock(period, part)
                AccountSums.objects.filter(period=period, account__in=part).delete()
        period.delete()


def _kept(programme: Programme, period: Period, rates: Rates) -> SumsPeriod | None:
    same = {
        "first": period.first,
        "last": period.last,
        "currency": rates.home,
        "rates_key": rates.fingerprint,
    }
    known = SumsPeriod.objects.filter(programme=programme, retired_at=None, **same)
    found = known.first() or _begin(programme, same, rates)
    if found is None:
        return None
    own = AccountSums.objects.filter(period=found, account=OuterRef("pk"))
    lacking = Account.objects.filter(~Exists(own), programme=programme).order_by("pk")
    for part in _portions(list(lacking.values_list("pk", flat=True))):
        with transaction.atomic():
            _begin_rows(found, part, waits=False)
            _fill(found, part)
        if connection.vendor == "sqlite":
            time.sleep(PAUSE)
    for pk in list(lacking.values_list("pk", flat=True)):  # one by one: who waits holds no other
        with transaction.atomic():
            _begin_rows(found, [pk])
            _fill(found, [pk])
    _correct_places(found)
    join_cells(found)
    if found.ready_at is None:
        found.ready_at = timezone.now()
        found.save(update_fields=["ready_at"])
    return found


@transaction.atomic
def _begin(programme: Programme, same: Mapping[str, Any], rates: Rates) -> SumsPeriod | None:
    """A new period, once nobody is writing who could have missed it; None while somebody is.

    Nobody queues for the lock: who waits for it would let others wait. On SQLite whoever is here
    is the only one who writes.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
            if not cursor.fetchone()[0]:
                return None
    factors = {code: str(rate) for code, rate in rates.factors.items()}
    known = SumsPeriod.objects.filter(programme=programme, retired_at=None, **same).first()
    return known or SumsPeriod.objects.create(programme=programme, factors=factors, **same)


def _portions(pks: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(pks), PORTION):
        yield list(pks[start : start + PORTION])


def _begin_rows(period: SumsPeriod, pks: list[int], *, waits: bool = True) -> None:
    """Make rows without sums for those of `pks` that belong to the programme of `period` and have
    none; what an undo is deleting has none, and it waits for those that are made.

    New rows hold on to their accounts, so that these do not move meanwhile without them
    (`accounts.models.triggers`); unless it `waits`, accounts that somebody writes to are left out.
    """
    first = dict.fromkeys(sorted(NEVER_NULL), "0") | {"status": "''", "is_active": "FALSE"}
    is_postgres, lock = connection.vendor == "postgresql", ""
    if is_postgres:
        first |= {name: name for name in PLACE} | {"is_active": IS_ACTIVE}
        lock = "FOR SHARE" if waits else "FOR SHARE SKIP LOCKED"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TABLE} (period_id, account_id, {', '.join(first)})"  # noqa: S608  (our own names)
            f" SELECT %s, id, {', '.join(first.values())} FROM {ACCOUNTS} AS own"
            f" WHERE id IN ({_listed()}) AND programme_id = %s AND NOT EXISTS"
            f" (SELECT 1 FROM {TABLE} WHERE period_id = %s AND account_id = own.id)"
            f" ORDER BY id {lock} ON CONFLICT (period_id, account_id) DO NOTHING",
            [period.pk, _keys(pks), period.programme_id, period.pk],
        )


def _lock(period: SumsPeriod, pks: list[int]) -> None:
    if connection.vendor != "postgresql":  # who writes there is alone
        return
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT 1 FROM {TABLE} WHERE period_id = %s AND account_id = ANY(%s)"  # noqa: S608
            " ORDER BY account_id FOR NO KEY UPDATE",
            [period.pk, pks],
        )


def _fill(period: SumsPeriod, pks: list[int]) -> None:
    """Write the sums of those of `pks` that have a row."""
    (sales, sales_given), (costs, costs_given) = (
        rows.query.sql_with_params() for rows in _sources(period, pks)
    )
    values = ", ".join(f"{name} = {_value(name)}" for name in ("revenue", *COLUMNS))
    _lock(period, pks)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} AS kept SET {values}, band = {BAND}"  # noqa: S608  (our own names)
            f" FROM ({_listed()}) AS own"
            f" LEFT JOIN ({sales}) AS sales ON sales.account = own.account_id"
            f" LEFT JOIN ({costs}) AS costs ON costs.account = own.account_id"
            " WHERE kept.period_id = %s AND kept.account_id = own.account_id",
            [_keys(pks), *sales_given, *costs_given, period.pk],
        )


def _correct_places(period: SumsPeriod) -> None:
    """Put right what was written past the triggers: tables that were copied, for instance."""
    if connection.vendor != "postgresql":
        return
    kept = ", ".join(f"kept.{name}" for name in (*PLACE, "is_active"))
    own = ", ".join((*(f"own.{name}" for name in PLACE), "own.is_active"))
    placed = ", ".join(f"{name} = own.{name}" for name in (*PLACE, "is_active"))
    there = f"SELECT id, {', '.join(PLACE)}, {IS_ACTIVE} AS is_active FROM {ACCOUNTS}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TABLE} AS kept SET {placed}"  # noqa: S608  (our own names)
            f" FROM ({there}) AS own"
            " WHERE kept.period_id = %s AND own.id = kept.account_id"
            f" AND ROW({kept}) IS DISTINCT FROM ROW({own})",
            [period.pk],
        )


def _listed() -> str:
    return POSTGRES_KEYS if connection.vendor == "postgresql" else SQLITE_KEYS


def _keys(pks: list[int]) -> Any:
    return pks if connection.vendor == "postgresql" else json.dumps(pks)


def _value(name: str) -> str:
    source = "costs" if name.removesuffix(BEFORE) in cost_sums(NO_RATES) else "sales"
    column = f"{source}.{'revenue_sum' if name == 'revenue' else name}"
    return f"COALESCE({column}, 0)" if name in NEVER_NULL else column


NO_RATES = Rates("", datetime.date.min, {})


def _sources(stored: SumsPeriod, pks: list[int]) -> tuple[QuerySet, QuerySet]:
    """Rows by account of all that is kept of sales and of costs to serve, by its column."""
    factors = {code: Decimal(rate) for code, rate in stored.factors.items()}
    rates = Rates(stored.currency, datetime.date.max, factors)
    period = Period(stored.first, stored.last)
    whole = period if period.first is None else period._replace(first=period.year_before().first)
    sales: dict[str, Any] = {}
    costs: dict[str, Any] = {}
    for ending, days in (("", period), (BEFORE, period.year_before())):
        is_asked = not ending or period.first is not None
        within = between("month", days) if is_asked else Q(month=None)
        found = sales_sums(rates, whole=True, within=within) | cost_sums(rates, within=within)
        for name, value in found.items():
            (costs if name in cost_sums(rates) else sales)[f"{name}{ending}"] = value
    for name, month in zip(MONTHS, _months(whole), strict=True):
        sales[name] = rates.total("revenue", Q(month=month))
    return (
        sales_in(pks, whole, whole=True).order_by().values("account").annotate(**sales),
        costs_in(pks, whole).order_by().values("account").annotate(**costs),
    )


def _months(whole: Period) -> list[datetime.date | None]:
    """First days of the months that are kept one by one; None where there are none."""
    if whole.first is None:
        return [None] * KEPT_MONTHS
    place = whole.first.year * 12 + whole.first.month - 1
    return [
        datetime.date(*_year_and_month(place + step), 1)  # type: ignore[misc]
        for step in range(KEPT_MONTHS)
    ]


def _year_and_month(place: int) -> tuple[int, int]:
    return place // 12, place % 12 + 1


def added(*, compare: bool) -> dict[str, Any]:
    """Sums of the kept columns of rows joined by `with_kept_sums`, for an aggregate; those of the
    year before and of single months to `compare`. `bare` counts accounts with sales and without
    recorded cost to serve (`without_costs`)."""
    found: dict[str, Any] = {name: Sum(f"sums__{name}") for name in _summed(compare=compare)}
    for ending in ("", BEFORE) if compare else ("",):
        bare = Q(**{f"sums__line_count{ending}__gt": 0, f"sums__recorded{ending}": 0})
        found[f"bare{ending}"] = Count("pk", filter=bare)
    return found


def added_cells(*, compare: bool) -> dict[str, Any]:
    """The same of cells (`SumsCell`)."""
    bare = ("bare", f"bare{BEFORE}") if compare else ("bare",)
    return {name: Sum(name) for name in (*_summed(compare=compare), *bare)}


def _summed(*, compare: bool) -> tuple[str, ...]:
    return COLUMNS if compare else SUMS


class KeptYear:
    """Figures of many accounts in a period, of the year before it, and its single months, from
    rows of `added`."""

    def __init__(self, rates: Rates, period: Period, rows: Iterable[Mapping[str, Any]]) -> None:
        self.rates, self.period = rates, period
        kept = list(rows)
        names = added(compare=period.first is not None)
        self.sums = {name: sum_of(row.get(name) for row in kept) for name in names}
        first = period.first and period.year_before().first
        self.places = dict(zip(_months(period._replace(first=first)), MONTHS, strict=True))

    @property
    def is_rated(self) -> bool:
        """Whether every line could be converted: if not, single months say where it lacks."""
        return not (self.sums["sales_unrated"] or self.sums.get(f"sales_unrated{BEFORE}"))

    def total(self, *, before: bool = False) -> Figures:
        """Figures of the period, or of the year `before` it."""
        ending = BEFORE if before else ""
        row = {name: self.sums[f"{name}{ending}"] for name in SUMS}
        bare = self.sums[f"bare{ending}"] or 0
        return figures_from(self.rates, row, accounts_without_costs=bare)

    def revenue(self, month: datetime.date) -> Decimal | None:
        """Net revenue of a month of either year, 0 without lines."""
        return rounded(self.sums[self.places[month]])
