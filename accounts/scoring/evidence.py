"""What is stored that bears on the scores of accounts: suggestions with their source, and how much
is known at all (K052, K056; handbook 3.1-3.4).

A fixed number of queries for any number of accounts of one programme. What adds up everybody (our
sales in all, the market, the average) is for whoever reads the whole programme: others get no
suggestion from it.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, Subquery
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import figures
from accounts.figures import Period, Rates
from accounts.models import Account, CategoryPurchase, MonthTotal
from accounts.scoring import suggesting
from accounts.scoring.booked import Reach, Year, booked_of
from kam.access.querysets import Reader
from kam.web import formatting
from teams.models import Programme

ENOUGH = Decimal("0.75")
"""Readiness below which data are thin (K056)."""
Days = tuple[datetime.date, datetime.date]
Amounts = Mapping[int | None, Decimal]
"""By category; None is all that we could sell."""


class Suggestion(NamedTuple):
    """The score that the data suggest, and from what, in words."""

    score: int
    source: str


class Readiness(NamedTuple):
    """Which of the four fields of K056 are known."""

    what: bool
    purchases: bool
    revenue: bool
    profit: bool

    @property
    def share(self) -> Decimal:
        """Known fields over all, 0..1."""
        return Decimal(sum(self)) / len(self)

    @property
    def is_thin(self) -> bool:
        """Whether too little is known to judge by."""
        return self.share < ENOUGH

    @property
    def missing(self) -> list[str | Promise]:
        """What is not known, in words."""
        return [FIELDS[name] for name, known in self._asdict().items() if not known]


FIELDS: Mapping[str, str | Promise] = {
    "what": gettext_lazy("what they buy"),
    "purchases": gettext_lazy("how much they buy"),
    "revenue": gettext_lazy("our revenue"),
    "profit": gettext_lazy("profit or potential"),
}


class Evidence(NamedTuple):
    """All that the data say about one account: suggestions by criterion."""

    suggestions: Mapping[str, Suggestion]
    readiness: Readiness


def with_span(accounts: Any, among: Any) -> Any:
    """Annotates `sold_from` and `sold_until`, the first and the last month in which any of `among`
    has sales, the same in every row: `evidence_of` asks for nothing that its accounts bring."""
    months = MonthTotal.objects.filter(account__in=among.order_by().values("pk"))
    first, last = (months.order_by(order).values("month")[:1] for order in ("month", "-month"))
    return accounts.annotate(sold_from=Subquery(first), sold_until=Subquery(last))


def evidence_of(
    accounts: Sequence[Any], *, programme: Programme, reader: Reader, on: datetime.date
) -> dict[int, Evidence]:
    """The evidence about each of `accounts`, all of `programme`, by primary key: three queries for
    accounts `with_span`, four for others."""
    if not accounts:
        return {}
    is_whole = Programme.objects.is_read_whole_by(reader, programme.pk)
    seen = Account.objects.visible_to(reader).filter(programme=programme)
    if hasattr(accounts[0], "sold_from"):
        begun, latest = accounts[0].sold_from, accounts[0].sold_until
    else:
        begun, latest = figures.months_of_sales(seen)
    period = figures.year_until(latest, on)
    rates = figures.rates_on(programme, period.last or on)
    money, places, named = booked_of(accounts, seen, period, rates, is_whole=is_whole, begun=begun)
    bought, market = _purchases(accounts, programme, rates, is_whole=is_whole)
    found = {}
    for account in accounts:
        own = bought.get(account.pk, {})
        growth = _growth(own)
        suggested = {
            "A1": _suggest_growth(growth, own, market),
            "A2": _suggest_size(own, market, rates),
            "A3": _suggest_turnover(money, account.pk, rates),
            "A4": _suggest_profitability(money, account.pk),
            "A5": _suggest_saving(money, account.pk),
            "A6": _suggest_reach(places, account.pk),
            "S3": _suggest_depth(account),
        }
        now = money.now[account.pk]
        found[account.pk] = Evidence(
            {code: item for code, item in suggested.items() if item is not None},
            Readiness(
                what=account.pk in named or any(set(held) - {None} for held in own.values()),
                purchases=bool(own),
                revenue=now.revenue is not None and (now.lines > 0 or money.is_covered),
                profit=now.contribution is not None or growth is not None,
            ),
        )
    return found


def _purchases(
    accounts: Sequence[Account], programme: Programme, rates: Rates, *, is_whole: bool
) -> tuple[dict[int, dict[Days, dict]], Mapping[Days, dict]]:
    """What each account is known to buy, by days and category, and what everybody does: figures on
    channels, of each branch the topmost one."""
    rows = CategoryPurchase.objects.active().exclude(amount=None)
    of_market = Q(programme=programme, account=None) if is_whole else Q(pk=None)
    found = _by_holder(rows.filter(Q(account__in=accounts, site=None) | of_market), rates)
    own = {pk: held for (pk, _path), held in found.items() if pk is not None}
    by_path = {path: held for (pk, path), held in found.items() if pk is None}
    return own, _topmost(by_path)


def _topmost(by_path: Mapping[str, Mapping[Days, Amounts]]) -> Mapping[Days, dict]:
    found: dict[Days, dict[int | None, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for path, held in by_path.items():
        above = [by_path[other] for other in by_path if other != path and path.startswith(other)]
        for days, amounts in held.items():
            for category, amount in amounts.items():
                if not any(category in more.get(days, ()) for more in above):
                    found[days][category] += amount
    return found


def _by_holder(rows: Any, rates: Rates) -> dict[tuple[Any, Any], dict[Days, dict]]:
    """Amounts by holder (account, or none and the path of a channel), days and category.

    A figure without a use covers both uses: beside it those of single uses are parts. What has no
    rate is not known.
    """
    found: dict[Any, dict[Days, dict]] = defaultdict(lambda: defaultdict(dict))
    whole: set[tuple[Any, Days, int | None]] = set()
    names = ("category", "period_from", "period_until", "use_type", "amount", "currency")
    ordered = rows.order_by("use_type").values_list("account", "channel__path", *names)
    for pk, path, category, first, last, use, amount, currency in ordered:
        key = pk, path
        rate = rates.factors.get(currency)
        days = first, last
        if rate is None or (key, days, category) in whole:
            continue
        if not use:
            whole.add((key, days, category))
        held = found[key][days]
        held[category] = held.get(category, Decimal(0)) + amount * rate
    return found


def _compared(own: Amounts, other: Amounts) -> tuple[Decimal, Decimal] | None:
    """Both in what both are known for: all that we could sell, else the same categories."""
    if None in own and None in other:
        return own[None], other[None]
    same = own.keys() & other.keys()
    if not same:
        return None
    return sum((own[key] for key in same), Decimal(0)), sum(
        (other[key] for key in same), Decimal(0)
    )


def _latest(own: Mapping[Days, Amounts]) -> list[Days]:
    return sorted(own, key=lambda days: days[1], reverse=True)


def _year_before(days: Days) -> Days:
    before = Period(*days).year_before()
    return before.first or days[0], before.last or days[1]


def _growth(own: Mapping[Days, Amounts]) -> tuple[Decimal, Days] | None:
    """Growth of what is bought from one year to the next, with the later year."""
    for days in _latest(own):
        pair = _compared(own[days], own.get(_year_before(days), {}))
        if pair and pair[1]:
            return pair[0] / pair[1] - 1, days
    return None


def _suggest_growth(
    growth: tuple[Decimal, Days] | None,
    own: Mapping[Days, Amounts],
    market: Mapping[Days, Amounts],
) -> Suggestion | None:
    if growth is None:
        return None
    yearly, days = growth
    pair = _compared(market.get(days, {}), market.get(_year_before(days), {}))
    of_market = pair[0] / pair[1] - 1 if pair and pair[1] else None
    words = _("purchases %(own)s a year, market %(market)s")
    return _suggestion(
        suggesting.growth(yearly, of_market),
        words % {"own": formatting.change(yearly), "market": formatting.change(of_market)},
    )


def _suggest_size(
    own: Mapping[Days, Amounts], market: Mapping[Days, Amounts], rates: Rates
) -> Suggestion | None:
    for days in _latest(own):
        pair = _compared(own[days], market.get(days, {}))
        if pair and pair[1]:
            words = _("buys %(own)s of %(market)s k %(currency)s, %(day)s")
            said = {
                "own": formatting.kilo(pair[0]),
                "market": formatting.kilo(pair[1]),
                "currency": rates.home,
                "day": _year_to(days[1]),
            }
            return _suggestion(suggesting.size(*pair), words % said)
    return None


def _suggest_turnover(money: Year, pk: int, rates: Rates) -> Suggestion | None:
    if money.all is None or not money.is_covered:
        return None
    words = _("our sales %(own)s of %(all)s k %(currency)s in 12 months to %(day)s")
    sold, whole = money.now[pk].revenue, money.all.revenue
    said = {
        "own": formatting.kilo(sold),
        "all": formatting.kilo(whole),
        "currency": rates.home,
        "day": formatting.short_day(money.last),
    }
    return _suggestion(suggesting.turnover(sold, whole), words % said)


def _suggest_profitability(money: Year, pk: int) -> Suggestion | None:
    own = money.now[pk].contribution_ratio
    average = money.all.contribution_ratio if money.all else None
    words = _("contribution %(own)s, average %(all)s in 12 months to %(day)s")
    said = {
        "own": formatting.percent(own),
        "all": formatting.percent(average),
        "day": formatting.short_day(money.last),
    }
    return _suggestion(suggesting.profitability(own, average), words % said)


def _suggest_saving(money: Year, pk: int) -> Suggestion | None:
    now, before = money.now[pk].cost_to_serve_ratio, money.before[pk].cost_to_serve_ratio
    fall = (before - now) / before if now is not None and before else None
    words = _("cost to serve %(now)s of revenue, a year ago %(before)s")
    said = {"now": formatting.percent(now), "before": formatting.percent(before)}
    return _suggestion(suggesting.saving(fall), words % said)


def _suggest_reach(places: Reach | None, pk: int) -> Suggestion | None:
    if places is None:
        return None
    theirs = places.of.get(pk, set())
    reached = len(theirs & places.ours)
    words = _("countries of its sites where we sell: %(reached)d of %(all)d")
    said = {"reached": reached, "all": len(theirs)}
    return _suggestion(suggesting.reach(reached, len(theirs)), words % said)


def _suggest_depth(account: Account) -> Suggestion | None:
    value = account.relationship_index
    words = _("relationship index %(index)s of 100") % {"index": formatting.number(value, 1)}
    return _suggestion(suggesting.depth(value), words)


def _suggestion(score: int | None, source: str) -> Suggestion | None:
    return None if score is None else Suggestion(score, source)


def _year_to(day: datetime.date) -> str:
    return _("year to %(day)s") % {"day": formatting.short_day(day)}
