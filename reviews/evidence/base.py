"""A sentence from the data with the records that it stands on."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

TOP = 3
"""The most that data alone support: whether it is "routine" (4) is for people to say."""

YEAR_DAYS = 365
"""How far back commitments, talks and sales are looked at."""

SHOWN_RECORDS = 4
"""Records that are named beside a sentence."""


@dataclass(frozen=True)
class Record:
    """Something that is stored, and where it opens."""

    label: str
    url: str


@dataclass(frozen=True)
class Evidence:
    """A sentence; `says` is the score that the data support, None where they do not tell one."""

    text: str
    says: int | None = None
    records: tuple[Record, ...] = ()

    def contradicts(self, score: int | None) -> bool:
        """Whether people answered otherwise. Above what data can show at all they may."""
        if self.says is None or score is None:
            return False
        return score != self.says and not (self.says == TOP and score > TOP)

    def is_below(self, score: int | None) -> bool:
        """Whether people answered more than the data support."""
        return self.contradicts(score) and (score or 0) > (self.says or 0)


Found = dict[str, list[Evidence]]
"""What was found, by statement."""


def year_before(on: datetime.date) -> datetime.date:
    """First day of what the last twelve months show on the day `on`."""
    return on - datetime.timedelta(days=YEAR_DAYS)
