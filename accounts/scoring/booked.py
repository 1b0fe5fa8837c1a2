"""What is stored of accounts and of everybody in a year, as far as scores follow from it.

A page of the score grid needs sums of months and of costs, of two years and of everybody, what is
sold by product, and countries. Each is a small question of the same accounts, and all are asked
together: one query, each row of which says with its `kind` what it answers.
"""

from __future__ import annotations

import datetime
import operator
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce
from typing import Any, NamedTuple

from django.db.models import Case, Count, F, IntegerField, Q, QuerySet, Sum, TextField, Value, When
from django.db.models.functions import Cast

from accounts import figures
from accounts.figures import AMOUNT, Figures, Period, Rates
from accounts.figures.sums import cost_sums, costs_in, figures_from, sales_in, sales_sums
from accounts.models import Account, AccountSums, LedgerEntry, MonthTotal, Site

SALES, COSTS, ALL_SALES, ALL_COSTS, BARE, NAMED, COUNTRY, OURS = range(8)
"""Sums of the group of an account, sums of everybody, accounts without recorded cost, groups of
which we know what they buy, countries of an account, countries in which we sell."""
KEYS = ("kind", "of", "word", "is_now")
OF_SALES = ("revenue_sum", "cost_sum", "line_count", "costless", "sales_unrated")
OF_COSTS = ("serve_sum", "no_amount", "recorded", "no_count", "costs_unrated")
NO_AMOUNT = Value(Decimal(0), output_field=AMOUNT)
NO_COUNT = Value(0, output_field=IntegerField())


class Year(NamedTuple):
    """Money of accounts with all below them, in the last year and the one before it; `all` is
    everybody's."""

    now: Mapping[int, Figures]
    before: Mapping[int, Figures]
    all: Figures | None
    is_covered: bool
    last: datetime.date


class Reach(NamedTuple):
    """Countries of each account, and those in which we sell."""

    of: Mapping[int, set[str]]
    ours: set[str]


class Booked(NamedTuple):
    """`places` and the money of everybody are None for who does not read the whole programme;
    `named` are accounts of whose purchases from us we know what they are."""

    money: Year
    places: Reach | None
    named: set[int]


@dataclass
class _Found:
    """Rows of the answer, sorted by what they say."""

    sums: dict[tuple[str, int], dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    all: dict[str, Any] = field(default_factory=dict)
    bare: int = 0
    named: set[str] = field(default_factory=set)
    countries: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    ours: set[str] = field(default_factory=set)


def booked_of(
    accounts: Sequence[Account],
    seen: QuerySet[Account],
    period: Period,
    rates: Rates,
    *,
    is_whole: bool,
    begun: datetime.date | None,
) -> Booked:
    """What is booked for `accounts` with all that lies below them among `seen`, and, if
    `is_whole`, for all of `seen`. One query."""
    within = reduce(operator.or_, (Q(path__startswith=account.path) for account in accounts))
    roots = {account.root_id for account in accounts}
    group = seen.filter(within, root__in=roots).order_by().values("pk")
    parts = list(_of_groups(group, period, rates))
    if is_whole:
        parts += [*_of_everybody(seen, period, rates), *_countries(accounts, seen, period)]
    found = _read(parts[0].union(*parts[1:], all=True))
    everybody = None
    if is_whole:
        bare = found.bare if found.all.get("recorded") and found.all.get("line_count") else 0
        everybody = figures_from(rates, found.all, accounts_without_costs=bare)
    now, before = (_year(accounts, found, rates, is_now=is_now) for is_now in (1, 0))
    covered = period.is_covered_from(begun)
    return Booked(
        Year(now, before, everybody, covered, period.last or datetime.date.max),
        _places(accounts, found) if is_whole else None,
        {
            account.pk
            for account in accounts
            if any(path.startswith(account.path) for path in found.named)
        },
    )


def _part(rows: Any, kind: int, of: Any = "", word: Any = "", is_now: Any = 1) -> Any:
    """`rows` grouped by the keys of an answer."""
    texts = {"of": of, "word": word}
    keys = {
        name: Cast(F(value) if value else Value(""), TextField()) for name, value in texts.items()
    }
    now = Value(is_now, output_field=IntegerField()) if isinstance(is_now, int) else is_now
    kinds = {"kind": Value(kind, output_field=IntegerField()), "is_now": now}
    return rows.order_by().annotate(**kinds, **keys).values(*KEYS)


def _sales(rows: Any, rates: Rates) -> QuerySet:
    return rows.annotate(**sales_sums(rates, whole=True)).values_list(*KEYS, *OF_SALES)


def _costs(rows: Any, rates: Rates) -> QuerySet:
    sums = rows.annotate(**cost_sums(rates), no_amount=NO_AMOUNT, no_count=NO_COUNT)
    return sums.values_list(*KEYS, *OF_COSTS)


def _kept(rows: Any, names: Sequence[str]) -> QuerySet:
    """Columns that are kept for each account (`accounts.figures.kept`), added up."""
    empty = {"no_amount": NO_AMOUNT, "no_count": NO_COUNT}
    sums = {f"all_{name}": empty.get(name) or Sum(name) for name in names}
    return rows.annotate(**sums).values_list(*KEYS, *sums)


def _told(rows: Any, counted: Any = NO_COUNT) -> QuerySet:
    """Rows that say something without an amount."""
    said = rows.annotate(a=NO_AMOUNT, b=NO_AMOUNT, counted=counted, c=NO_COUNT, d=NO_COUNT)
    return said.values_list(*KEYS, "a", "b", "counted", "c", "d")


def _of_groups(group: Any, period: Period, rates: Rates) -> Iterable[QuerySet]:
    span = period._replace(first=period.year_before().first)
    is_now = Case(
        When(month__gte=period.first, then=Value(1)), default=Value(0), output_field=IntegerField()
    )
    sales, costs = sales_in(group, span, whole=True), costs_in(group, span)
    yield _sales(_part(sales, SALES, "account__path", is_now=is_now), rates)
    yield _costs(_part(costs, COSTS, "account__path", is_now=is_now), rates)
    lines = LedgerEntry.objects.live().filter(account__in=group).exclude(product=None)
    lines = lines.filter(figures.between("booked_on", period))
    yield _told(_part(lines, NAMED, "account__path")).distinct()


def _of_everybody(seen: Any, period: Period, rates: Rates) -> Iterable[QuerySet]:
    pks = seen.order_by().values("pk")
    kept = rates.kept_for(period)
    if kept is not None:
        rows = AccountSums.objects.filter(period=kept, account__in=pks)
        yield _kept(_part(rows, ALL_SALES), OF_SALES)
        yield _kept(_part(rows, ALL_COSTS), OF_COSTS)
        bare = rows.filter(line_count__gt=0, recorded=0)
        yield _told(_part(bare, BARE), Count("pk"))
        return
    yield _sales(_part(sales_in(pks, period, whole=True), ALL_SALES), rates)
    yield _costs(_part(costs_in(pks, period), ALL_COSTS), rates)
    yield _told(_part(seen.filter(figures.without_costs(period)), BARE), Count("pk"))


def _countries(accounts: Sequence[Account], seen: Any, period: Period) -> Iterable[QuerySet]:
    sites = Site.objects.active().exclude(country="")
    theirs = sites.filter(account__in=[account.pk for account in accounts])
    yield _told(_part(theirs, COUNTRY, "account__path", "country")).distinct()
    months = MonthTotal.objects.filter(figures.between("month", period), revenue__gt=0)
    buyers = seen.filter(pk__in=months.order_by().values("account"))
    yield _told(
        _part(sites.filter(account__in=buyers.order_by().values("pk")), OURS, word="country")
    ).distinct()
    standing = buyers.filter(Q(sites__archived_at=None) | Q(sites=None)).exclude(country="")
    yield _told(_part(standing, OURS, word="country")).distinct()


def _read(rows: Iterable[tuple]) -> _Found:
    found = _Found()
    for kind, of, word, is_now, *values in rows:
        if kind == SALES:
            found.sums[of, is_now].update(zip(OF_SALES, values, strict=True))
        elif kind == COSTS:
            found.sums[of, is_now].update(zip(OF_COSTS, values, strict=True))
        elif kind == ALL_SALES:
            found.all.update(zip(OF_SALES, values, strict=True))
        elif kind == ALL_COSTS:
            found.all.update(zip(OF_COSTS, values, strict=True))
        elif kind == BARE:
            found.bare = values[2]
        elif kind == NAMED:
            found.named.add(of)
        elif kind == COUNTRY:
            found.countries[of].add(word.casefold())
        else:
            found.ours.add(word.casefold())
    return found


def _year(
    accounts: Sequence[Account], found: _Found, rates: Rates, *, is_now: int
) -> dict[int, Figures]:
    """Figures of the group of each of `accounts`, by primary key."""
    own = {
        path: figures_from(rates, sums) for (path, now), sums in found.sums.items() if now == is_now
    }
    return {
        account.pk: _together(
            rates, [row for path, row in own.items() if path.startswith(account.path)]
        )
        for account in accounts
    }


def _together(rates: Rates, parts: Iterable[Figures]) -> Figures:
    """Figures of several accounts; who has neither sales nor costs takes nothing away."""
    used = [row for row in parts if row.lines or row.cost_to_serve is not None]

    def total(name: str) -> Decimal | None:
        amounts = [getattr(row, name) for row in used]
        return None if None in amounts else sum(amounts, Decimal(0))

    return Figures(
        rates.home,
        total("revenue"),
        total("cost"),
        total("cost_to_serve") if used else None,
        sum(row.lines for row in used),
    )


def _places(accounts: Sequence[Account], found: _Found) -> Reach:
    """Countries of the sites of each account, else its own, and those of all to whom we sold."""
    own = {
        account.pk: found.countries.get(account.path)
        or ({account.country.casefold()} if account.country else set())
        for account in accounts
    }
    return Reach(own, found.ours)
