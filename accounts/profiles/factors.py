"""What decides for a customer, and how it ranks us against its best other supplier (K057; 4.9)."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

WHOLE = Decimal(100)
"""What the weights of a customer's critical success factors make together (handbook 3.2, 4.9)."""
FAR_BEHIND = -2
"""From this gap on a plan answers it with an objective or says why not (handbook 4.3, L2)."""


def gap_of(ours: int | None, best_other: int | None) -> int | None:
    """By how much we are ahead of the best other supplier; None where either is not known."""
    return None if ours is None or best_other is None else ours - best_other


class Index(NamedTuple):
    """`ours` and `best_other` of 10 over the factors of which both are known, None of none;
    `weight` is what all factors make, `scored` those that count."""

    ours: Decimal | None
    best_other: Decimal | None
    weight: Decimal
    scored: Decimal

    @property
    def gap(self) -> Decimal | None:
        """By how much the customer ranks us higher: 0 is parity."""
        if self.ours is None or self.best_other is None:
            return None
        return self.ours - self.best_other

    @property
    def is_whole(self) -> bool:
        """Whether the weights make 100 and each factor is scored."""
        return self.weight == WHOLE and self.scored == self.weight


def index_of(factors: Iterable[Any]) -> Index:
    """`sum(w x score) / sum(w)` of us and of the best other supplier (handbook 4.9); of weights
    that make 100 that is `sum(w x score) / 100`."""
    rows = list(factors)
    known = [row for row in rows if gap_of(row.ours, row.best_other) is not None]
    weight = sum((row.weight for row in rows), Decimal(0))
    scored = sum((row.weight for row in known), Decimal(0))
    if not scored:
        return Index(None, None, weight, scored)
    ours = sum((row.weight * row.ours for row in known), Decimal(0)) / scored
    other = sum((row.weight * row.best_other for row in known), Decimal(0)) / scored
    return Index(ours, other, weight, scored)
