"""Scores that the data suggest, proportional between the anchors of 3.1 (K052).

A suggestion stands beside the agreed score, which is people's; where an input is missing there is
none (handbook 0: unknown is not zero).
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

SIZE = ((Decimal("0.005"), 0), (Decimal("0.03"), 5), (Decimal("0.15"), 10))
"""A2: share of the category that the account buys."""
TURNOVER = ((Decimal(0), 0), (Decimal("0.05"), 5), (Decimal("0.15"), 10))
"""A3: its share of our sales."""
REACH = ((Decimal(0), 0), (Decimal("0.5"), 5), (Decimal(1), 10))
"""A6: the share of its regions that we reach."""
SAVING = ((Decimal(0), 5), (Decimal("0.2"), 10))
"""A5: by how much its cost to serve falls; rising is 0."""
SHRINKING, GROWING = Decimal("-0.05"), Decimal("0.15")
"""A1: a year."""
GOOD_MARGIN = Decimal("1.5")
"""A4: times the company's average."""

Anchors = Sequence[tuple[Decimal, int]]


def between(amount: Decimal, anchors: Anchors) -> int:
    """The score at `amount`: on a straight line between anchors, flat beyond them, half up."""
    if amount <= anchors[0][0]:
        return anchors[0][1]
    for (low, low_score), (high, high_score) in pairwise(anchors):
        if amount <= high:
            share = (amount - low) / (high - low)
            exact = low_score + share * (high_score - low_score)
            return int(exact.quantize(Decimal(1), ROUND_HALF_UP))
    return anchors[-1][1]


def size(purchases: Decimal | None, category: Decimal | None) -> int | None:
    """A2 from what it buys of the category."""
    return None if purchases is None or not category else between(purchases / category, SIZE)


def turnover(sales: Decimal | None, all_sales: Decimal | None) -> int | None:
    """A3 from our sales to it and in all."""
    return None if sales is None or not all_sales else between(sales / all_sales, TURNOVER)


def growth(yearly: Decimal | None, market: Decimal | None) -> int | None:
    """A1 from the yearly growth of its accessible spend and of the market, as ratios."""
    if yearly is None or market is None or not SHRINKING < market < GROWING:
        return None
    return between(yearly, ((SHRINKING, 0), (market, 5), (GROWING, 10)))


def profitability(margin: Decimal | None, average: Decimal | None) -> int | None:
    """A4 from its contribution and the company's average, as ratios of revenue."""
    if margin is None or average is None or average <= 0:
        return None
    return between(margin, ((Decimal(0), 0), (average, 5), (GOOD_MARGIN * average, 10)))


def saving(fall: Decimal | None) -> int | None:
    """A5 from the ratio by which cost to serve falls; below 0 it rises."""
    if fall is None:
        return None
    return 0 if fall < 0 else between(fall, SAVING)


def reach(reached: int, regions: int) -> int | None:
    """A6 from how many of its regions we reach."""
    return between(Decimal(reached) / regions, REACH) if regions else None


def depth(relationship_index: Decimal | None) -> int | None:
    """S3 = round(R / 10), half up (handbook 3.2)."""
    if relationship_index is None:
        return None
    return int((relationship_index / 10).quantize(Decimal(1), ROUND_HALF_UP))
