"""The trade-channel map of a programme: who buys how much of a category, and how much from us."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import Q, Sum
from django.db.models.functions import Coalesce

from accounts.choices import Measure, PurchaseConfidence
from accounts.figures import (
    AMOUNT,
    Chosen,
    Rates,
    between,
    first_month,
    rates_on,
    ratio,
    rounded,
    sales_in,
)
from accounts.market.levels import Known, Levels, Line, Rolled, Total, recorded, rolled_up, topmost
from accounts.market.maths import gap, ranked, share_of_wallet
from accounts.market.ranking import NOTHING, Asked, Group, MarketMap, Place, sum_known
from accounts.models import Account, CategoryPurchase, Channel, LedgerEntry
from kam.access.dates import business_today
from teams.models import Programme, User
from teams.programme_settings import setting


class Tree(NamedTuple):
    """Accounts as the reader sees them: the line of each from the top, its channel (or that of
    the nearest above), and the marks."""

    lines: dict[int, Line]
    channels: dict[int, int | None]
    marked: set[int]


def market_map(reader: User, asked: Asked, *, today: datetime.date | None = None) -> MarketMap:
    """The map as `reader` sees it: a handful of queries for any number of accounts.

    Keys and figures of all accounts are read, the accounts themselves are not: shares and the
    strict threshold are reckoned with exact decimals, which SQLite's sums are not.
    """
    day = today or business_today()
    rates = rates_on(asked.programme, day)
    tree = _tree(reader, asked.programme)
    channels = _channels(reader, asked.programme)
    inside = _inside(asked.channel, channels)
    threshold = setting(asked.programme, "category_threshold", day)
    if asked.measure == Measure.SALES:
        return _map_of_sales(
            asked, rates, tree, _sales(reader, asked, rates, tree, inside), threshold
        )
    sold = _sold(reader, asked, rates, tree, inside)
    figures, markets, left_out = _figures(reader, asked, rates)
    own = {
        node: total
        for node, total in recorded(figures).items()
        if node in tree.lines and _is_inside(tree.channels[node], inside)
    }
    rolled = rolled_up(own, tree.lines)
    levels = Levels(tree.lines, tree.marked, rolled.below)
    deciding = {node: levels.deciding(node) for node in tree.lines}
    totals = {node: rolled.of(node) for node, at in deciding.items() if node == at}
    bought = {node: total for node, total in totals.items() if total is not None}
    market = {node: total for node, total in recorded(markets).items() if node in channels}
    if inside is not None:
        market = {node: total for node, total in market.items() if node in inside}
    total = _category(own, bought, market, tree, channels)
    return MarketMap(
        asked=asked,
        unit=asked.unit if asked.measure == Measure.VOLUME else rates.home,
        sales_currency=rates.home,
        threshold=threshold,
        total=total,
        is_measured=bool(market),
        places=_places(asked, bought, total, _by_place(sold, deciding), threshold),
        groups=_groups(rolled, deciding, total),
        sales=None if sold is None else sum_known(list(sold.values())),
        left_out=left_out,
    )


def _map_of_sales(
    asked: Asked, rates: Rates, tree: Tree, sold: Mapping[int, Decimal | None], threshold: Decimal
) -> MarketMap:
    """Customers by what they buy from us, each where its buying is decided; the whole is all that
    we sell, returns taken off. What is in a currency without a rate is left out and counted."""
    known = {node: amount for node, amount in sold.items() if amount}
    levels = Levels(
        tree.lines, tree.marked, {above for node in known for above in tree.lines[node][:-1]}
    )
    bought: dict[int, Decimal] = {}
    for node, amount in known.items():
        at = levels.deciding(node) or node
        bought[at] = bought.get(at, NOTHING) + amount
    unrated = sum(amount is None for amount in sold.values())
    total = sum(known.values(), NOTHING) if known else None
    totals = {node: Total(amount, PurchaseConfidence.MEASURED) for node, amount in bought.items()}
    return MarketMap(
        asked=asked,
        unit=rates.home,
        sales_currency=rates.home,
        threshold=threshold,
        total=total,
        is_measured=False,
        places=_places(asked, totals, total, None, threshold),
        groups=[],
        sales=total,
        left_out={"unrated": unrated} if unrated else {},
    )


def _tree(reader: User, programme: Programme) -> Tree:
    rows = Account.objects.visible_to(reader).active().filter(programme=programme).order_by()
    found = list(rows.values_list("pk", "path", "channel_id", "decision_level"))
    own = {pk: channel for pk, _path, channel, _marked in found}
    lines = {pk: _line(path, own) for pk, path, _channel, _marked in found}
    channels = {
        pk: next((own[node] for node in reversed(line) if own[node] is not None), None)
        for pk, line in lines.items()
    }
    return Tree(lines, channels, {pk for pk, _path, _channel, marked in found if marked})


def _line(path: str, seen: Mapping[int, Any]) -> Line:
    return [node for node in map(int, path.strip("/").split("/")) if node in seen]


def _channels(reader: User, programme: Programme) -> dict[int, Line]:
    rows = Channel.objects.visible_to(reader).active().filter(programme=programme).order_by()
    paths = dict(rows.values_list("pk", "path"))
    return {pk: _line(path, paths) for pk, path in paths.items()}


def _inside(channel: Channel | None, channels: Mapping[int, Line]) -> set[int] | None:
    """The channel and all below it; None: everything."""
    if channel is None:
        return None
    return {pk for pk, line in channels.items() if channel.pk in line}


def _is_inside(channel: int | None, inside: set[int] | None) -> bool:
    return inside is None or channel in inside


def purchases_of(reader: User, asked: Asked) -> Any:
    """Purchases that a map is made of, before its measure."""
    rows = CategoryPurchase.objects.visible_to(reader).active().filter(programme=asked.programme)
    rows = rows.filter(period_from=asked.period.first, period_until=asked.period.last)
    if asked.category is not None:
        rows = rows.filter(category=asked.category)
    if asked.use_type:
        rows = rows.filter(use_type=asked.use_type)
    return rows.order_by()


def _figures(
    reader: User, asked: Asked, rates: Rates
) -> tuple[list[Known], list[Known], dict[str, int]]:
    """Figures on accounts, on whole channels, and how many cannot be used, by reason."""
    in_money = asked.measure == Measure.AMOUNT
    measure, of = ("amount", "currency") if in_money else ("volume", "volume_unit")
    names = ("account", "channel", "site", "category", "use_type", measure, of, "confidence")
    accounts: list[Known] = []
    markets: list[Known] = []
    left_out: Counter[str] = Counter()
    for account, channel, site, category, use, value, unit, sure in purchases_of(
        reader, asked
    ).values_list(*names):
        if value is None:
            left_out["unmeasured"] += 1
            continue
        rate = rates.factors.get(unit) if in_money else _one_unit(unit, asked.unit)
        if rate is None:
            left_out["unrated" if in_money else "other_unit"] += 1
            continue
        node, rows = (channel, markets) if account is None else (account, accounts)
        rows.append(Known(node, site, category, use, value * rate, sure))
    return accounts, markets, dict(left_out)


def _one_unit(unit: str, asked: str) -> Decimal | None:
    return Decimal(1) if unit == asked else None


def _category(
    own: Mapping[int, Total],
    bought: Mapping[int, Total],
    market: Mapping[int, Total],
    tree: Tree,
    channels: Mapping[int, Line],
) -> Decimal | None:
    """The whole category: figures on whole channels, and what is known of customers in others;
    without any, the sum of what is known. None where nothing is. Customers without a channel are
    taken to be in those that are measured, so that nothing is counted twice."""
    tops = set(topmost(market, channels))
    covered: set[int | None] = {pk for pk, line in channels.items() if tops.intersection(line)}
    covered.add(None)
    outside = [
        own[node].amount
        for node in topmost(own, tree.lines)
        if not tops or tree.channels[node] not in covered
    ]
    if not tops:
        known = max(sum(outside, NOTHING), sum((row.amount for row in bought.values()), NOTHING))
        return known if own else None
    return sum((market[node].amount for node in tops), NOTHING) + sum(outside, NOTHING)


def _sold(
    reader: User, asked: Asked, rates: Rates, tree: Tree, inside: set[int] | None
) -> dict[int, Decimal | None] | None:
    """Our sales to each account, None where one is in a currency without a rate; None for all
    where the ledger does not cover the period."""
    seen = Account.objects.visible_to(reader).active().filter(programme=asked.programme)
    if not asked.period.is_covered_from(first_month(Chosen(lambda: seen))):
        return None
    return _sales(reader, asked, rates, tree, inside)


def _sales(
    reader: User, asked: Asked, rates: Rates, tree: Tree, inside: set[int] | None
) -> dict[int, Decimal | None]:
    """What the ledger says that we sold to each account, as in `_sold`."""
    seen = Account.objects.visible_to(reader).active().filter(programme=asked.programme)
    pks = seen.order_by().values("pk")
    if asked.category is None:
        column = "revenue" if asked.period.is_whole_months else "amount"
        sales = sales_in(pks, asked.period)
    else:
        column, days = "amount", between("booked_on", asked.period)
        sales = LedgerEntry.objects.live().filter(days, Q(account__in=pks))
        sales = sales.filter(product__line=asked.category)
    summed = Coalesce(Sum(column), NOTHING, output_field=AMOUNT)
    found = sales.order_by().values("account", "currency").annotate(summed=summed)
    sold: dict[int, Decimal | None] = {
        node: NOTHING for node, channel in tree.channels.items() if _is_inside(channel, inside)
    }
    for node, currency, amount in found.values_list("account", "currency", "summed"):
        if node not in sold:
            continue
        rate, before = rates.factors.get(currency), sold[node]
        known = rate is not None and before is not None
        sold[node] = before + rounded(amount) * rate if known else None  # type: ignore[operator]
    return sold


def _by_place(
    sold: Mapping[int, Decimal | None] | None, deciding: Mapping[int, int | None]
) -> dict[int, Decimal | None] | None:
    """Sales of each account brought to where its buying is decided."""
    if sold is None:
        return None
    places: dict[int, Decimal | None] = {}
    for node, amount in sold.items():
        at = deciding[node]
        if at is None:
            continue
        before = places.get(at, NOTHING)
        places[at] = None if amount is None or before is None else before + amount
    return places


def _places(
    asked: Asked,
    bought: Mapping[int, Total],
    total: Decimal | None,
    sold: Mapping[int, Decimal | None] | None,
    threshold: Decimal,
) -> list[Place]:
    is_market = asked.measure == Measure.AMOUNT
    places = []
    for row in ranked([(node, bought[node].amount) for node in sorted(bought)], total):
        sales = None if sold is None else sold.get(row.of, NOTHING)
        places.append(
            Place(
                rank=row.rank,
                account=row.of,
                purchases=row.purchases,
                confidence=bought[row.of].confidence,
                share=row.share,
                cumulative=row.cumulative,
                is_candidate=row.share is not None and row.share > threshold,
                sales=sales,
                share_of_wallet=share_of_wallet(sales, row.purchases) if is_market else None,
                gap=gap(sales, row.purchases) if is_market else None,
            )
        )
    return places


def _groups(
    rolled: Rolled, deciding: Mapping[int, int | None], total: Decimal | None
) -> list[Group]:
    """What lies above the level of decision, the largest first."""
    groups = []
    for node in {**rolled.own, **rolled.below}:
        known = rolled.of(node)
        if deciding[node] is not None or known is None:
            continue
        is_unsplit = node not in rolled.below
        rest = known.amount if is_unsplit else rolled.unallocated(node)
        groups.append(
            Group(
                account=node,
                purchases=known.amount,
                confidence=known.confidence,
                share=ratio(known.amount, total),
                unallocated=rest,
                unallocated_share=ratio(rest, total),
                is_unsplit=is_unsplit,
            )
        )
    return sorted(groups, key=lambda group: (-group.purchases, group.account))
