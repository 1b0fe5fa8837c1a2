"""What a trade-channel map says: the ranked customers of a category, and what follows (3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from itertools import takewhile
from typing import NamedTuple

from accounts.choices import Measure
from accounts.figures import Period, ratio
from accounts.market.maths import gap, pareto, share_of_wallet, unallocated
from accounts.models import Channel, ProductLine
from teams.models import Programme

NOTHING = Decimal(0)


@dataclass(frozen=True)
class Asked:
    """What a map is of. No `category`: all that we could sell; no `use_type`: both; no `channel`:
    the whole market; volumes are of one `unit`. By `Measure.SALES` customers are ranked by what
    they buy from us, of all of which that is a share: for a programme that knows its own ledger
    and no market yet (K055, K087)."""

    programme: Programme
    period: Period
    category: ProductLine | None = None
    measure: str = Measure.AMOUNT
    use_type: str = ""
    channel: Channel | None = None
    unit: str = ""


class Place(NamedTuple):
    """A customer in falling order of purchases (K087). Shares are of the category, 0..1; `sales`
    are ours to it and all below it, in money; None is "not available"."""

    rank: int
    account: int
    purchases: Decimal
    confidence: str
    share: Decimal | None
    cumulative: Decimal | None
    is_candidate: bool
    sales: Decimal | None
    share_of_wallet: Decimal | None
    gap: Decimal | None

    @property
    def is_non_customer(self) -> bool:
        """Whether it is known to buy nothing from us (K089)."""
        return self.sales == 0

    @property
    def needs_development(self) -> bool:
        """Whether trial or distribution is to be gained: a candidate that is no customer (K089)."""
        return self.is_candidate and self.is_non_customer


class Group(NamedTuple):
    """A parent above the level of decision: `unallocated` is known of it and of nothing below it
    (K086), None where no figure is recorded of the parent itself."""

    account: int
    purchases: Decimal
    confidence: str
    share: Decimal | None
    unallocated: Decimal | None
    unallocated_share: Decimal | None
    is_unsplit: bool


@dataclass(frozen=True)
class MarketMap:
    """The ranked customers of a category and what follows from them (handbook 3.4)."""

    asked: Asked
    unit: str
    sales_currency: str
    threshold: Decimal
    total: Decimal | None
    is_measured: bool
    """Whether `total` is a figure on whole channels, not the sum of the customers known."""
    places: list[Place]
    groups: list[Group]
    sales: Decimal | None
    left_out: Mapping[str, int] = field(default_factory=dict)

    @property
    def in_money(self) -> bool:
        """Whether the ranking is in the programme's currency."""
        return self.asked.measure != Measure.VOLUME

    @property
    def is_market(self) -> bool:
        """Whether purchases can be set against our sales."""
        return self.asked.measure == Measure.AMOUNT

    @property
    def of_sales(self) -> bool:
        """Whether customers are ranked by what they buy from us."""
        return self.asked.measure == Measure.SALES

    @cached_property
    def candidates(self) -> list[Place]:
        """Customers with more than the threshold, strictly (K090)."""
        return list(takewhile(lambda row: row.is_candidate, self.places))

    @cached_property
    def non_customers(self) -> list[Place]:
        """Candidates that buy nothing from us (K089)."""
        return [row for row in self.candidates if row.is_non_customer]

    def purchases_of(self, places: list[Place]) -> Decimal:
        """What they buy together."""
        return sum((row.purchases for row in places), NOTHING)

    def share_of(self, amount: Decimal | None) -> Decimal | None:
        """`amount` as a share of the category, 0..1."""
        return ratio(amount, self.total)

    @cached_property
    def candidate_purchases(self) -> Decimal:
        """What the candidates buy."""
        return self.purchases_of(self.candidates)

    @cached_property
    def candidate_sales(self) -> Decimal | None:
        """Our sales to the candidates."""
        return sum_known([row.sales for row in self.candidates])

    @property
    def candidate_gap(self) -> Decimal | None:
        """What the candidates buy elsewhere."""
        return gap(self.candidate_sales, self.candidate_purchases) if self.is_market else None

    @property
    def market_share(self) -> Decimal | None:
        """Our sales over the category."""
        return ratio(self.sales, self.total) if self.is_market else None

    @cached_property
    def pareto(self) -> int | None:
        """How many of the largest reach 80 % of the category; None: it lies in the tail (K055)."""
        return pareto(self.places)

    @cached_property
    def others(self) -> Decimal | None:
        """What all others buy, below zero where those known buy more than the whole market."""
        return unallocated(self.total, [row.purchases for row in self.places])

    @property
    def others_share(self) -> Decimal | None:
        """What all others buy as a share of the category."""
        return self.share_of(self.others)

    @property
    def whole(self) -> Decimal | None:
        """The running share behind all others: all of it."""
        return self.share_of(self.total)

    @cached_property
    def others_sales(self) -> Decimal | None:
        """Our sales to all others."""
        known = sum_known([row.sales for row in self.places])
        return None if self.sales is None or known is None else self.sales - known

    @property
    def others_gap(self) -> Decimal | None:
        """What all others buy elsewhere."""
        return gap(self.others_sales, self.others) if self.is_market else None

    @property
    def others_share_of_wallet(self) -> Decimal | None:
        """Our share of what all others buy."""
        return share_of_wallet(self.others_sales, self.others) if self.is_market else None

    def place_of(self, account: int) -> Place | None:
        """The place of an account, None where it has none."""
        return next((row for row in self.places if row.account == account), None)


def sum_known(amounts: list[Decimal | None]) -> Decimal | None:
    """The sum, not available when one of them is not."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known, NOTHING) if len(known) == len(amounts) else None
