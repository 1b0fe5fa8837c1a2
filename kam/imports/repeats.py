"""Which row of a file is the first, second, ... of its equals, in flat memory for any file."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Sequence

_CACHE_KIB = 24_000


class Repeats:
    """Counts digests of rows in a private temporary database that spills to disk when it grows."""

    def __init__(self) -> None:
        self._seen = sqlite3.connect("", isolation_level=None)
        for order in (
            f"PRAGMA cache_size=-{_CACHE_KIB}",
            "PRAGMA journal_mode=OFF",
            "PRAGMA synchronous=OFF",
            "CREATE TABLE seen (digest BLOB PRIMARY KEY, times INTEGER NOT NULL) WITHOUT ROWID",
        ):
            self._seen.execute(order)

    def occurrences(self, digests: Sequence[bytes]) -> list[int]:
        """For each of `digests`, in order, how often it has been seen by then: 1 = the first."""
        self._seen.execute("BEGIN")
        self._seen.executemany(
            "INSERT INTO seen VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET times = times + 1",
            [(digest,) for digest in digests],
        )
        self._seen.execute("COMMIT")
        again = self._more_than_once(digests)
        if not again:
            return [1] * len(digests)
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

    def _more_than_once(self, digests: Sequence[bytes]) -> dict[bytes, int]:
        again: dict[bytes, int] = {}
        for start in range(0, len(digests), 900):
            part = digests[start : start + 900]
            marks = ",".join("?" * len(part))
            query = f"SELECT digest, times FROM seen WHERE times > 1 AND digest IN ({marks})"  # noqa: S608  (only question marks)
            again.update(self._seen.execute(query, part))
        return again

    def close(self) -> None:
        """Let go of the temporary database."""
        self._seen.close()
