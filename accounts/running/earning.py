"""Return on a key account: what it brings more than it would have, over what it costs more (4.7).

`dContribution = contribution before programme cost - counterfactual`, where the counterfactual is
that of the last year before, grown as comparable accounts grow; `dInvestment = programme cost now -
programme cost before`. Cost of the programme stays out of the first: it would be charged twice.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from accounts.figures import ratio

PATIENCE_MONTHS = 24
"""No verdict earlier (K133)."""
LOW_YEARS = 2
"""So many years running with a ratio below 1 ask for a review (K128)."""


class Basis(NamedTuple):
    """What it is measured against, in one currency: the last year before, and growth a year as
    0.03."""

    contribution: Decimal
    cost: Decimal
    growth: Decimal


class Year(NamedTuple):
    """One whole year as a key account; amounts are None where an input is `missing`."""

    number: int
    first: datetime.date
    last: datetime.date
    contribution: Decimal | None
    cost: Decimal | None
    counterfactual: Decimal
    more_contribution: Decimal | None
    more_cost: Decimal | None
    missing: tuple[str, ...] = ()

    @property
    def ratio(self) -> Decimal | None:
        """Return ratio; 1 breaks even. None where it cannot be said."""
        return ratio(self.more_contribution, self.more_cost)

    @property
    def is_low(self) -> bool:
        """Whether it did not earn what it cost more: nothing gained for nothing more is not low."""
        gained, spent = self.more_contribution, self.more_cost
        return gained is not None and spent is not None and spent > 0 and gained < spent


class Total(NamedTuple):
    """All years together; None where one of them is not known."""

    more_contribution: Decimal | None
    more_cost: Decimal | None
    present_value: Decimal | None

    @property
    def ratio(self) -> Decimal | None:
        """Return ratio over all years."""
        return ratio(self.more_contribution, self.more_cost)

    @property
    def net(self) -> Decimal | None:
        """Net return: the ratio less 1."""
        return None if self.ratio is None else self.ratio - 1


def year(
    basis: Basis,
    number: int,
    days: tuple[datetime.date, datetime.date],
    contribution: Decimal | None,
    cost: Decimal | None,
    missing: tuple[str, ...] = (),
) -> Year:
    """Year `number` (1 is the first) with `contribution` before programme cost, and that `cost`."""
    without = basis.contribution * (1 + basis.growth) ** number
    return Year(
        number,
        *days,
        contribution,
        cost,
        without,
        None if contribution is None else contribution - without,
        None if cost is None else cost - basis.cost,
        missing,
    )


def total(years: Sequence[Year], discount: Decimal) -> Total:
    """Sums over `years`, and their net present value, the first year discounted once."""
    gained = [row.more_contribution for row in years]
    spent = [row.more_cost for row in years]
    if not years or None in gained or None in spent:
        return Total(None, None, None)
    pairs = [(a or Decimal(0), b or Decimal(0)) for a, b in zip(gained, spent, strict=True)]
    value = sum(
        ((a - b) / (1 + discount) ** place for place, (a, b) in enumerate(pairs, 1)), Decimal(0)
    )
    return Total(
        sum((a for a, _b in pairs), Decimal(0)), sum((b for _a, b in pairs), Decimal(0)), value
    )


def asks_for_review(years: Sequence[Year]) -> bool:
    """Whether the last two years were both low (K128); one that is not known breaks the row."""
    last = years[-LOW_YEARS:]
    return len(last) == LOW_YEARS and all(row.is_low for row in last)


def verdict_from(started: datetime.date) -> datetime.date:
    """First day on which a verdict may be given (K133)."""
    return months_after(started, PATIENCE_MONTHS)


def months_after(day: datetime.date, months: int) -> datetime.date:
    """The same day so many months later, or the last of that month."""
    place = day.month - 1 + months
    first = datetime.date(day.year + place // 12, place % 12 + 1, 1)
    following = datetime.date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return min(first.replace(day=1) + datetime.timedelta(days=day.day - 1), following - _DAY)


_DAY = datetime.timedelta(days=1)
