"""The best patterns of all managers at once.

A pattern is a set of accounts that one manager can look after. What each account gains is the same
for everybody; managers differ in their places, their time and whom they may take. Which accounts
gain most together is a knapsack for each; all are filled in the same steps, side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import numpy as np

from accounts.selection.problem import (
    Candidate,
    Manager,
    Problem,
    total,
    whole_numbers,
)

TINY = 1e-6
"""What adds less than this is not looked at; it is added to what is proven."""
CELLS = 60_000
"""Steps of time of all crews together, at most."""
FEWEST, MOST = 120, 2_000
"""Steps in which the longest time is counted, within which CELLS decides."""

Pattern = tuple[int, ...]


class Crew(NamedTuple):
    """Managers who can take the same; `time` in steps and as it is, `may` says of each account
    whether."""

    users: list[int]
    most: int
    time: int
    may: Any
    exact_time: int


class _Item(NamedTuple):
    """The next account that each crew may take: all of one effort; gain -inf where there is none,
    or where better ones take no more time."""

    effort: int
    gains: Any
    places: Any


class Knapsacks:
    """Crews side by side; accounts are places in a row of them."""

    def __init__(self, efforts: Sequence[int], crews: Sequence[Crew]) -> None:
        self.effort = np.array(efforts, dtype=np.int64)
        self.most = np.array([crew.most for crew in crews], dtype=np.int64)
        self.time = np.array([crew.time for crew in crews], dtype=np.int64)
        self.widest = int(self.most.max(initial=0))
        self.longest = int(self.time.max(initial=0))
        may = np.array([crew.may for crew in crews], dtype=bool)
        self.kinds: list[tuple[int, Any, Any]] = []
        for effort in np.unique(self.effort[self.effort <= self.longest]).tolist():
            places = np.flatnonzero(self.effort == effort)
            able = may[:, places] & (self.time >= effort)[:, None]
            self.kinds.append((effort, places, able))

    def best(
        self, gains: Any, who: Any, *, barred: Any = None, shares: Sequence[float] = (1.0,)
    ) -> tuple[Any, list[list[tuple[float, Pattern]]]]:
        """Of each crew of `who` (an array of numbers): the most that it can gain, and its best
        patterns of each size in each of `shares` of its time, the best first. `barred` says of
        each of them which accounts it may not have beside those that it may never have."""
        items = list(self._items(gains, who, barred))
        best, took = self._filled(items, len(who))
        side = np.arange(len(who))
        ends = []
        for count in range(1, self.widest + 1):
            for share in shares:
                time = (self.time[who] * share).astype(np.int64)
                value = np.where(count <= self.most[who], best[count, time, side], -np.inf)
                ends.append((value, self._walk(items, took, count, time, value)))
        found: list[list[tuple[float, Pattern]]] = []
        for crew in range(len(who)):
            mine = {walk[crew]: float(value[crew]) for value, walk in ends if walk[crew]}
            found.append(sorted(((value, key) for key, value in mine.items()), reverse=True))
        top = np.array([max(0.0, mine[0][0]) if mine else 0.0 for mine in found])
        return top, found

    def _items(self, gains: Any, who: Any, barred: Any) -> Iterator[_Item]:
        """Accounts that a best pattern may need, those that take little time first: of those that
        take no more and gain more there are fewer than the crew has places."""
        side = np.arange(len(who))
        last = self.most[who] - 1
        top = np.full((len(who), self.widest), -np.inf)
        for effort, places, able in self.kinds:
            wanted = np.flatnonzero(gains[places] > TINY)
            wanted = wanted[np.argsort(-gains[places[wanted]], kind="stable")]
            if not len(wanted):
                continue
            mine = able[np.ix_(who, wanted)]
            if barred is not None:
                mine &= ~barred[:, places[wanted]]
            rank = mine.cumsum(axis=1)
            for turn in range(1, self._fitting(effort) + 1):
                hit = mine & (rank == turn)
                first = hit.argmax(axis=1)
                gain = np.where(hit[side, first], gains[places[wanted[first]]], -np.inf)
                gain = np.where(gain > top[side, last], gain, -np.inf)
                if not np.isfinite(gain).any():
                    break
                top = -np.sort(-np.column_stack([top, gain]), axis=1)[:, :-1]
                yield _Item(effort, gain, places[wanted[first]])

    def _fitting(self, effort: int) -> int:
        """Accounts of that effort that the ablest crew has time for."""
        return self.widest if not effort else min(self.widest, self.longest // effort)

    def _filled(self, items: Sequence[_Item], count: int) -> tuple[Any, list[Any]]:
        """The most that so many accounts in so much time gain, and where each item was taken."""
        best = np.full((self.widest + 1, self.longest + 1, count), -np.inf)
        best[0] = 0.0
        took = []
        for item in items:
            with_it = best[:-1, : self.longest + 1 - item.effort] + item.gains
            without = best[1:, item.effort :]
            took.append(with_it > without)
            np.maximum(with_it, without, out=without)
        return best, took

    def _walk(
        self, items: Sequence[_Item], took: Sequence[Any], count: int, time: Any, value: Any
    ) -> list[Pattern]:
        """The accounts of each crew's filling that ends there; none where there is no such."""
        side = np.arange(len(time))
        left = np.where(np.isfinite(value), count, 0)
        rest = time.copy()
        picked = []
        for item, taken in zip(reversed(items), reversed(took), strict=True):
            able = (left > 0) & (rest >= item.effort)
            row, column = np.maximum(left - 1, 0), np.maximum(rest - item.effort, 0)
            hit = able & taken[row, column, side]
            left = left - hit
            rest = rest - hit * item.effort
            picked.append(np.where(hit, item.places, -1))
        if not picked:
            return [()] * len(time)
        return [tuple(sorted(row[row >= 0].tolist())) for row in np.array(picked).T]


class Times(NamedTuple):
    """Managers of a problem, those alike together, and efforts of accounts in steps of time and as
    they are. Where steps would be too many, they are made wider and efforts rounded down, so that
    what is proven holds."""

    crews: list[Crew]
    efforts: list[int]
    exact_efforts: list[int]


def times_of(problem: Problem, rows: Sequence[Candidate]) -> Times:
    """The managers of the problem, and the efforts of `rows`; of times no more than the longest
    accounts need."""
    alike: dict[tuple[int, Decimal, frozenset[int] | None], list[Manager]] = {}
    for manager in problem.managers:
        if manager.most > 0:
            alike.setdefault((manager.most, manager.effort, manager.eligible), []).append(manager)
    groups = list(alike.values())
    widest = max((group[0].most for group in groups), default=0)
    longest = total(sorted((row.effort for row in rows), reverse=True)[:widest])
    times = [min(group[0].effort, longest) for group in groups]
    efforts, limits = whole_numbers((row.effort for row in rows), *times)
    most = min(MOST, max(FEWEST, CELLS // max(1, len(groups))))
    width = -(-max(limits, default=1) // most) or 1
    crews = list(_each_crew(groups, limits, width, rows))
    return Times(crews, [effort // width for effort in efforts], efforts)


def _each_crew(
    groups: Iterable[Sequence[Manager]],
    times: Iterable[int],
    width: int,
    rows: Sequence[Candidate],
) -> Iterator[Crew]:
    efforts = np.array([float(row.effort) for row in rows])
    accounts = np.array([row.account for row in rows])
    for group, time in zip(groups, times, strict=True):
        manager = group[0]
        may = efforts <= float(manager.effort)
        if manager.eligible is not None:
            may &= np.isin(accounts, list(manager.eligible))
        users = [item.user for item in group]
        yield Crew(users, manager.most, time // width, may, time)
