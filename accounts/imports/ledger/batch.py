"""Sales lines by column, and what is made of each different value."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from itertools import compress
from typing import Any, NamedTuple

from kam.imports.refusal import Refused

CACHE = 50_000
"""Different dates or numbers that are remembered before the memory is emptied."""
BAD: Any = object()
"""Stands in a table of readings for what is refused."""


class Amount(NamedTuple):
    """Quantity and money of a row: `quantity` and `text` are decimals without exponent, `mark` is
    what counts for the row's identity. `differs` when the given amount is not quantity × unit
    price × (1 − discount)."""

    quantity: str | None
    total: Decimal
    text: str
    mark: str
    differs: bool


class Cost(NamedTuple):
    """Cost of goods: None where it is not known, and its text for identity and storage."""

    total: Decimal | None
    text: str | None
    mark: str


NO_COST = Cost(None, None, "")


class Batch(NamedTuple):
    """Checked sales lines, a list for each column and all of one length.

    `keys` find the accounts, `accounts` hold the customers' numbers as written.
    """

    numbers: Sequence[int]
    keys: Sequence[str]
    accounts: Sequence[str]
    names: Sequence[str]
    countries: Sequence[str]
    days: Sequence[str]
    codes: Sequence[str]
    product_names: Sequence[str]
    product_lines: Sequence[str]
    amounts: Sequence[Amount]
    currencies: Sequence[str]
    costs: Sequence[Cost]
    documents: Sequence[str]
    digests: Sequence[bytes]

    def chosen(self, mask: Sequence[Any]) -> Batch:
        """The rows for which `mask` holds something true."""
        columns: Iterable[Any] = (list(compress(column, mask)) for column in self)
        return Batch(*columns)


class Readings(dict):
    """What `read` makes of each different value, found again; `BAD` where it refuses."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, raw: Any) -> Any:
        try:
            value = self._read(raw)
        except Refused:
            value = BAD
        if len(self) >= CACHE:
            self.clear()
        self[raw] = value
        return value

    def of(self, column: Sequence[Any]) -> list[Any]:
        """The readings of a column."""
        return list(map(self.__getitem__, column))
