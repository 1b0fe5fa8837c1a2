"""Which row of a file is the first, second, ... of its equals, in flat memory for any file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

_CACHE_KIB = 24_000
IN_MEMORY = 500_000
"""Different digests (about 130 bytes each) kept in memory before they move to disk."""


class Repeats:
    """Counts digests of rows: in memory while they are few, then in a private temporary database
    that spills to disk when it grows."""

    def __init__(self, in_memory: int = IN_MEMORY) -> None:
        self._limit = in_memory
        self._once: set[bytes] = set()
        self._more: dict[bytes, int] = {}
        self._stored: sqlite3.Connection | None = None

    def occurrences(self, digests: Sequence[bytes]) -> list[int] | None:
        """For each of `digests`, in order, how often it has been seen by then: 1 = the first.
        None: each of them is the first of its kind."""
        if self._stored is None and len(self._once) + len(digests) > self._limit:
            self._move()
        if self._stored is not None:
            return self._count_stored(self._stored, digests)
        before = len(self._once)
        new = set(digests)
        again = new & self._once
        self._once |= new
        if len(self._once) - before == len(digests):
            return None
        return [self._count(digest, again) for digest in digests]

    def _count(self, digest: bytes, again: set[bytes]) -> int:
        """`again` holds what was seen before; it grows by what has been counted."""
        if digest not in again:
            again.add(digest)
            return 1
        times = self._more[digest] = self._more.get(digest, 1) + 1
        return times

    def _move(self) -> None:
        self._stored = sqlite3.connect("", isolation_level=None)
        for order in (
            f"PRAGMA cache_size=-{_CACHE_KIB}",
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID",
            "BEGIN",
        ):
            self._stored.execute(order)
        seen = ((digest, self._more.get(digest, 1)) for digest in self._once)
        self._stored.executemany("INSERT INTO seen VALUES (?, ?)", seen)
        self._stored.execute("COMMIT")
        self._once, self._more = set(), {}

    def _count_stored(self, stored: sqlite3.Connection, digests: Sequence[bytes]) -> list[int]:
        stored.execute("BEGIN")
        stored.executemany(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1",
            [(digest,) for digest in digests],
        )
        stored.execute("COMMIT")
        again = self._more_than_once(stored, digests)
        here = Counter(digest for digest in digests if digest in again)
        numbers = []
        for digest in digests:
            total = again.get(digest)
            if total is None:
                numbers.append(1)
            else:
                numbers.append(total - here[digest] + 1)
                here[digest] -= 1
        return numbers

    @staticmethod
    def _more_than_once(stored: sqlite3.Connection, digests: Sequence[bytes]) -> dict[bytes, int]:
        again: dict[bytes, int] = {}
        for start in range(0, len(digests), 900):
            part = digests[start : start + 900]
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, times FROM seen WHERE times > 1 AND digest IN ({marks})"  # noqa: S608  (only question marks)
            again.update(stored.execute(query, part))
        return again

    def close(self) -> None:
        """Let go of what is kept."""
        self._once, self._more = set(), {}
        if self._stored is not None:
            self._stored.close()
            self._stored = None
