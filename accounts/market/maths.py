"""Formulas of handbook 3.4, on unrounded amounts of one currency; None is "not available"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Generic, NamedTuple, Protocol, TypeVar

from accounts.figures import PARETO_SHARE, ratio

T = TypeVar("T")


class Standing(Protocol):
    """A place in a ranking."""

    @property
    def rank(self) -> int:
        """Counted from 1."""

    @property
    def cumulative(self) -> Decimal | None:
        """Share of it and all before it, 0..1."""


class Ranked(NamedTuple, Generic[T]):
    """One customer in falling order of purchases: share of the category and running share, both
    0..1 (K087)."""

    rank: int
    of: T
    purchases: Decimal
    share: Decimal | None
    cumulative: Decimal | None


def share_of_wallet(sales: Decimal | None, purchases: Decimal | None) -> Decimal | None:
    """Our sales over what the customer buys from anybody, 0..1 (handbook 0.1, 3.4)."""
    return ratio(sales, purchases)


def gap(sales: Decimal | None, purchases: Decimal | None) -> Decimal | None:
    """What the customer buys elsewhere: purchases less our sales; below zero where more is sold
    than is known to be bought."""
    return None if sales is None or purchases is None else purchases - sales


def unallocated(whole: Decimal | None, parts: Iterable[Decimal | None]) -> Decimal | None:
    """What is known of a parent and of none of its parts (K086); below zero where the parts are
    more than the whole. Parts that are not known count among it."""
    if whole is None:
        return None
    return whole - sum((part for part in parts if part is not None), Decimal(0))


def ranked(purchases: Iterable[tuple[T, Decimal | None]], total: Decimal | None) -> list[Ranked[T]]:
    """Customers by what they buy, the largest first, ties in the order given (K087).

    `total` is the whole category, known customers and all others; those whose purchases are not
    known have no place.
    """
    known = [(of, amount) for of, amount in purchases if amount is not None]
    known.sort(key=lambda item: item[1], reverse=True)
    rows, reached = [], Decimal(0)
    for rank, (of, amount) in enumerate(known, start=1):
        reached += amount
        rows.append(Ranked(rank, of, amount, ratio(amount, total), ratio(reached, total)))
    return rows


def candidates(rows: Sequence[Ranked[T]], threshold: Decimal) -> list[Ranked[T]]:
    """Customers with more than `threshold` (0..1) of the category, strictly (K090)."""
    return [row for row in rows if row.share is not None and row.share > threshold]


def pareto(rows: Iterable[Standing]) -> int | None:
    """How many of the largest customers reach 80 % of the category (K055); None where it is not
    reached by those that are known: it lies in the tail."""
    for row in rows:
        if row.cumulative is not None and row.cumulative >= PARETO_SHARE:
            return row.rank
    return None
