"""Which refused rows a trial shows: a few of each reason instead of one reason many times."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kam.imports.kinds import Rejected

SHOWN_GOOD = 5
SHOWN_BAD = 25
SHOWN_ALIKE = 5
"""Rows shown that are taken, that are refused, and that are refused for one reason."""


class Examples:
    """Remembers over all chunks of a trial how many rows of each reason are shown."""

    def __init__(self) -> None:
        self.shown: Counter[str] = Counter()

    def of(self, rejected: Iterable[Rejected]) -> Iterator[Rejected]:
        """Those of `rejected` that are worth showing."""
        for item in rejected:
            if self.shown.total() >= SHOWN_BAD:
                return
            if self.shown[item.code] < SHOWN_ALIKE:
                self.shown[item.code] += 1
                yield item
