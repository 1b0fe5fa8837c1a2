"""Two years of sales lines and costs to serve, exact to the penny over twelve whole months."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from decimal import ROUND_DOWN, Decimal
from typing import Any

from accounts.models import Account, Activity, Product
from accounts.services import ledger
from reviews.demo.cast import ACTIVITIES, BIRCH_COSTS, BIRCH_MIX, LINES, MIX, Customer
from teams.models import User

PENNY = Decimal("0.01")
SEASON = (8, 8, 9, 8, 8, 9, 7, 6, 9, 10, 10, 8)
"""Hundredths of a year's sales by calendar month, January first; 100 in all."""


def months_before(today: datetime.date, count: int) -> list[datetime.date]:
    """First days of the `count` whole months before the month of `today`, earliest first."""
    months = []
    month = today.replace(day=1)
    for _step in range(count):
        month = (month - datetime.timedelta(days=1)).replace(day=1)
        months.append(month)
    return months[::-1]


def known_since(month: datetime.date, today: datetime.date) -> datetime.date:
    """The day on which a month's figures arrive: the third of the month after, today at latest."""
    return min((month + datetime.timedelta(days=31)).replace(day=3), today)


def split(total: Decimal, weights: list[Decimal]) -> list[Decimal]:
    """`total` in pennies by `weights`; the last part takes what rounding leaves."""
    whole = sum(weights)
    parts = [(total * weight / whole).quantize(PENNY, ROUND_DOWN) for weight in weights[:-1]]
    return [*parts, total - sum(parts)]


def sales_lines(
    customer: Customer, today: datetime.date, products: dict[str, Product]
) -> Iterator[dict[str, Any]]:
    """Lines of the last 24 whole months and of the present one up to `today`."""
    months = months_before(today, 24)
    for year, thousands in ((months[:12], customer.before), (months[12:], customer.sales)):
        amounts = split(Decimal(thousands * 1000), [Decimal(SEASON[m.month - 1]) for m in year])
        for month, amount in zip(year, amounts, strict=True):
            yield from _month(customer, month, amount, products, today)
    started = today.replace(day=1)
    share = Decimal(SEASON[today.month - 1]) * (today.day - 1) / 31 / 100
    amount = (customer.sales * 1000 * share).quantize(PENNY)
    if amount:
        yield from _month(customer, started, amount, products, today)


def _month(
    customer: Customer,
    month: datetime.date,
    amount: Decimal,
    products: dict[str, Product],
    today: datetime.date,
) -> Iterator[dict[str, Any]]:
    if not amount:
        return
    mix = BIRCH_MIX if customer.name == "Birch Logistics" else MIX
    costs = amount * customer.goods if customer.goods is not None else None
    shares = list(mix.values())
    parts = split(amount, shares)
    goods = split(costs.quantize(PENNY), shares) if costs is not None else [None] * len(parts)
    for place, (line, part, cost) in enumerate(zip(mix, parts, goods, strict=True)):
        code = LINES[line][month.month % len(LINES[line])][0]
        day = month.replace(day=5 + 6 * place)
        yield {
            "booked_on": min(day, today),
            "product": products[code],
            "quantity": (part / 25).quantize(Decimal(1)),
            "amount": part,
            "cost": cost,
            "document": f"INV-{month:%y%m}-{place + 1}",
            "source": "erp",
            "recorded_on": known_since(month, today),
        }


def record(
    actor: User,
    account: Account,
    customer: Customer,
    today: datetime.date,
    products: dict[str, Product],
    activities: dict[str, Activity],
) -> None:
    """Write the account's ledger and its costs to serve."""
    lines = list(sales_lines(customer, today, products))
    if lines:
        ledger.enter_sales_lines(actor=actor, account=account, lines=lines)
    if customer.serve is None:
        return
    chosen = [
        (activities[code], Decimal(thousands))
        for (code, _name, of_programme), thousands in zip(ACTIVITIES, BIRCH_COSTS, strict=True)
        if customer.status == "key" or not of_programme
    ]
    months = months_before(today, 24)
    shares = [weight for _activity, weight in chosen]
    costs = []
    serve = Decimal(customer.serve * 1000)
    for year, amount in ((months[:12], serve * Decimal("0.94")), (months[12:], serve)):
        yearly = split(amount.quantize(PENNY), shares)
        for (activity, _weight), total in zip(chosen, yearly, strict=True):
            amounts = split(total, [Decimal(1)] * 12)
            costs += [
                {
                    "activity": activity,
                    "month": month,
                    "amount": amount,
                    "recorded_on": known_since(month, today),
                }
                for month, amount in zip(year, amounts, strict=True)
                if amount
            ]
    if costs:
        ledger.enter_activity_costs(actor=actor, account=account, costs=costs)
