"""Which accounts a manager has together, chosen for all managers at once.

A pattern is a set of accounts that one manager can look after. The linear programme over patterns
is far closer to the truth than one over single accounts, but there are too many patterns to write
down: those that would help are found as they are needed, from what the programme pays for each
account (column generation). What it pays also proves how much nothing can be worth more than
(Lagrange). Then the patterns that the programme prefers are given to managers, a few at a time,
and the rest is reckoned anew (diving).
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from time import monotonic
from typing import Any, NamedTuple

import highspy
import numpy as np

from accounts.selection.filling import Filling, serves
from accounts.selection.mip import INFINITE, SEED, Control
from accounts.selection.problem import Candidate, Manager, Problem, total, whole_numbers

PENALTY = -1_000.0
"""Worth of doing without an account that is required, or a Star that is asked for."""
SURE = 0.999
"""A pattern that the programme takes as good as wholly."""
TINY = 1e-6
"""What adds less than this is not looked at; it is added to what is proven."""
AT_ONCE = 6
"""Patterns sought for managers alike before the programme is reckoned anew."""
ENDS = (1.0, 0.95, 0.85, 0.7)
"""Shares of a manager's time that patterns are sought for."""
MANY = 24
"""Crews from which on each gets its best pattern alone, so that the programme stays small."""
CLOSE = 1e-4
"""Of what is proven: nearer to it no further patterns are sought."""
PART = 8
"""One manager in so many is settled before the rest is reckoned anew, more where time is short."""
AGAIN = 3
ROUNDS = 20
"""Of settling and reckoning anew, more or less."""
UNITS = 2_000
"""Steps in which a manager's time is counted at most."""


class Crew(NamedTuple):
    """Managers who can take the same; `time` in steps, `may` says of each account whether."""

    users: list[int]
    most: int
    time: int
    may: Any


class Priced(NamedTuple):
    """What the programme pays: for each account beyond its worth, for a manager of each crew; and
    what all limits together are worth at these prices."""

    gains: Any
    tolls: Any
    base: float


class Patterns:
    """The linear programme over patterns found so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rows = [row for row in problem.candidates if _matters(problem, row)]
        self.place_of = {row.account: place for place, row in enumerate(self.rows)}
        self.worth = np.array([float(problem.worth(row)) for row in self.rows])
        self.cost = _shares([row.cost for row in self.rows], problem.budget)
        self.star = np.array([float(problem.is_star(row)) for row in self.rows])
        self.fenced = _fenced(problem, self.place_of)
        efforts, times = _steps(self.rows, problem.managers)
        self.effort = np.array(efforts, dtype=np.int64)
        self.crews = _crews(problem, self.rows, times)
        self.columns: list[tuple[int, tuple[int, ...]] | None] = []
        self._known: set[tuple[int, tuple[int, ...]]] = set()
        self._build()

    def _build(self) -> None:
        self.solver: Any = highspy.Highs()
        self.solver.silent()
        for name, value in (("threads", 1), ("random_seed", SEED)):
            self.solver.setOptionValue(name, value)
        self.solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
        problem = self.problem
        self.low: list[float] = []
        self.high: list[float] = []
        for row in self.rows:
            self._row(1.0 if row.must_include else -INFINITE, 1.0)
        self.first_crew = self._next
        for crew in self.crews:
            self._row(-INFINITE, float(len(crew.users)))
        limit = 1.0 if problem.budget else 0.0
        self.budget = None if problem.budget is None else self._row(-INFINITE, limit)
        most = problem.max_accounts
        self.size = None if most is None else self._row(-INFINITE, float(most))
        stars = float(problem.min_stars)
        self.stars = self._row(stars, INFINITE) if problem.min_stars else None
        self.pairs: dict[int, list[int]] = defaultdict(list)
        for pair in problem.pairs:
            sides = [self.place_of.get(side) for side in (pair.a, pair.b)]
            if pair.kind == "exclusive" and None not in sides:
                number = self._row(-INFINITE, 1.0)
                for side in sides:
                    self.pairs[side].append(number)  # type: ignore[index]
        self._column(0.0, {})  # HiGHS says of an empty programme only that it is empty
        for place, row in enumerate(self.rows):
            if row.must_include:
                self._column(PENALTY, {place: 1.0})
        if self.stars is not None:
            self._column(PENALTY, {self.stars: 1.0})

    @property
    def _next(self) -> int:
        return len(self.low)

    def _row(self, low: float, high: float) -> int:
        self.low.append(low)
        self.high.append(high)
        self.solver.addRow(low, high, 0, np.array([], dtype=np.int32), np.array([]))
        return self._next - 1

    def _column(self, worth: float, terms: Mapping[int, float]) -> None:
        places = np.array(list(terms), dtype=np.int32)
        factors = np.array(list(terms.values()), dtype=float)
        self.solver.addCol(worth, 0.0, INFINITE, len(terms), places, factors)
        self.columns.append(None)

    def add(self, crew: int, pattern: tuple[int, ...]) -> bool:
        """Take up a pattern; False when it is known."""
        key = (crew, pattern)
        if not pattern or key in self._known:
            return False
        self._known.add(key)
        mine = list(pattern)
        terms: dict[int, float] = dict.fromkeys(mine, 1.0)
        terms[self.first_crew + crew] = 1.0
        sums = (
            (self.budget, float(self.cost[mine].sum())),
            (self.size, float(len(mine))),
            (self.stars, float(self.star[mine].sum())),
        )
        terms |= {row: amount for row, amount in sums if row is not None and amount}
        for place in mine:
            for row in self.pairs.get(place, ()):
                terms[row] = terms.get(row, 0.0) + 1.0
        self._column(float(self.worth[mine].sum()), terms)
        self.columns[-1] = key
        return True

    def reckon(self, control: Control) -> bool:
        """Solve the programme as it is; False where there was no time for it."""
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + control.left)
        self.solver.run()
        return bool(self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    def prices(self) -> Priced:
        """What the programme pays, with the sign that each limit allows, so that what follows from
        it holds however exactly it was solved."""
        dual = np.array(self.solver.getSolution().row_dual)
        low, high = np.array(self.low), np.array(self.high)
        dual = np.where(np.isinf(low), np.maximum(dual, 0.0), dual)
        dual = np.where(np.isinf(high), np.minimum(dual, 0.0), dual)
        base = float(np.where(np.isinf(high), low, high) @ dual)
        gains = self.worth - dual[: len(self.rows)]
        if self.budget is not None:
            gains = gains - self.cost * dual[self.budget]
        if self.size is not None:
            gains = gains - dual[self.size]
        if self.stars is not None:
            gains = gains - self.star * dual[self.stars]
        for place, rows in self.pairs.items():
            gains[place] -= dual[rows].sum()
        tolls = dual[self.first_crew : self.first_crew + len(self.crews)]
        return Priced(gains, tolls, base)

    def search(self, priced: Priced, taken: Any, left: Sequence[int]) -> tuple[int, float]:
        """Take up patterns worth more than they are paid for; how many, and what nothing can be
        worth more than while nothing is settled yet."""
        new, bound = 0, priced.base
        for number, crew in enumerate(self.crews):
            if not left[number]:
                continue
            gains = np.where(crew.may & ~taken, priced.gains, 0.0)
            toll = float(priced.tolls[number])
            for turn in range(min(AT_ONCE, left[number])):
                best, patterns = self._best(gains, crew, toll)
                if turn == 0:
                    bound += len(crew.users) * max(0.0, best + crew.most * TINY - toll)
                new += sum(self.add(number, pattern) for pattern in patterns)
                if not patterns:
                    break
                gains[list(patterns[0])] = 0.0
        return new, bound

    def _best(self, gains: Any, crew: Crew, toll: float) -> tuple[float, list[tuple[int, ...]]]:
        """What a manager of the crew can gain at most, and patterns worth more than `toll`, the
        best first: a knapsack of places and time."""
        places = self._promising(gains, crew)
        if not places:
            return 0.0, []
        best = np.full((crew.most + 1, crew.time + 1), -np.inf)
        best[0] = 0.0
        took = np.zeros((len(places), crew.most + 1, crew.time + 1), dtype=bool)
        for number, place in enumerate(places):
            effort = int(self.effort[place])
            with_it = best[:-1, : crew.time + 1 - effort] + gains[place]
            without = best[1:, effort:]
            took[number, 1:, effort:] = with_it > without
            best[1:, effort:] = np.maximum(with_it, without)
        shares = ENDS if len(self.crews) <= MANY else ENDS[:1]
        counts = range(1, crew.most + 1)
        ends = {(count, int(crew.time * share)) for count in counts for share in shares}
        ranked = sorted(((float(best[end]), end) for end in ends), reverse=True)
        found = [
            self._without_fences(_walk(places, took, self.effort, end), gains)
            for value, end in ranked
            if value > toll + TINY
        ]
        return max(0.0, ranked[0][0]), list(dict.fromkeys(found))

    def _promising(self, gains: Any, crew: Crew) -> list[int]:
        """Accounts that a best pattern may need: of those that take no more time and gain more
        there are fewer than the manager has places."""
        able = np.flatnonzero((gains > TINY) & (self.effort <= crew.time))
        order = able[np.lexsort((able, -gains[able], self.effort[able]))]
        top: list[float] = []
        found = []
        for place in order.tolist():
            gain = float(gains[place])
            if len(top) < crew.most:
                heapq.heappush(top, gain)
            elif gain > top[0]:
                heapq.heapreplace(top, gain)
            else:
                continue
            found.append(place)
        return found

    def _without_fences(self, pattern: tuple[int, ...], gains: Any) -> tuple[int, ...]:
        """The pattern, of two that are kept apart only the one that gains more."""
        kept: list[int] = []
        for place in sorted(pattern, key=lambda place: (-gains[place], place)):
            if not self.fenced[place].intersection(kept):
                kept.append(place)
        return tuple(sorted(kept))

    def values(self) -> list[float]:
        """How much of each pattern the programme takes."""
        return list(self.solver.getSolution().col_value)

    def settle(self, column: int) -> None:
        """One manager has this pattern from now on."""
        self.solver.changeColBounds(column, 1.0, INFINITE)


def solve(
    problem: Problem, start: Mapping[int, int], control: Control
) -> tuple[Filling, Decimal | None]:
    """Managers with their accounts, and what nothing can be worth more than; `start` (account:
    user) says where to begin."""
    patterns = Patterns(problem)
    if not patterns.rows or not patterns.crews:
        return Filling(problem), Decimal(0)
    _begin(patterns, start)
    bound = _complete(patterns, control)
    filling = Filling(problem)
    _dive(patterns, filling, control)
    proven = None if bound is None else Decimal(bound + TINY).quantize(Decimal("0.000001"))
    return filling, proven


def _begin(patterns: Patterns, start: Mapping[int, int]) -> None:
    crew_of = {user: number for number, crew in enumerate(patterns.crews) for user in crew.users}
    mine: dict[int, list[int]] = defaultdict(list)
    for account, user in start.items():
        if account in patterns.place_of and user in crew_of:
            mine[user].append(patterns.place_of[account])
    for user in sorted(mine):
        patterns.add(crew_of[user], tuple(sorted(mine[user])))


def _complete(patterns: Patterns, control: Control) -> float | None:
    """Search until hardly a pattern would help; what is proven by then."""
    taken = np.zeros(len(patterns.rows), dtype=bool)
    left = [len(crew.users) for crew in patterns.crews]
    bound = None
    mine = control.part(0.5)
    while not mine.is_over and patterns.reckon(mine):
        worth = patterns.solver.getInfo().objective_function_value
        new, found = patterns.search(patterns.prices(), taken, left)
        bound = found if bound is None else min(bound, found)
        control.tell(None, bound)
        if not new or bound - worth <= CLOSE * abs(worth):
            break
    return bound


def _dive(patterns: Patterns, filling: Filling, control: Control) -> None:
    """Settle the patterns preferred, a few at a time."""
    taken = np.zeros(len(patterns.rows), dtype=bool)
    free = [list(crew.users) for crew in patterns.crews]
    settled: set[int] = set()
    mine = control.part(0.7)
    again, part = AGAIN, PART
    while any(free) and not mine.is_over:
        begun = monotonic()
        if not patterns.reckon(mine):
            break
        spent = monotonic() - begun
        if spent * ROUNDS * AGAIN > mine.left:
            again, part = 1, 3
        made = 0
        most = max(1, sum(map(len, free)) // part)
        for value, column in _preferred(patterns, settled):
            if value < SURE and made >= most:
                break
            key = patterns.columns[column]
            if key is None or not _give(patterns, filling, key, free, taken):
                continue
            patterns.settle(column)
            settled.add(column)
            made += 1
        if not made:
            return
        for _again in range(again):
            left = [len(users) for users in free]
            if mine.is_over or not patterns.reckon(mine):
                return
            new, _bound = patterns.search(patterns.prices(), taken, left)
            if not new:
                break


def _preferred(patterns: Patterns, settled: set[int]) -> list[tuple[float, int]]:
    """Patterns not settled yet: those with required accounts first, then the most wanted."""
    required = {place for place, row in enumerate(patterns.rows) if row.must_include}
    found = []
    for column, value in enumerate(patterns.values()):
        key = patterns.columns[column]
        if key is not None and value > TINY and column not in settled:
            found.append((required.isdisjoint(key[1]), -value, column))
    return [(-value, column) for _none, value, column in sorted(found)]


def _give(
    patterns: Patterns,
    filling: Filling,
    key: tuple[int, tuple[int, ...]],
    free: list[list[int]],
    taken: Any,
) -> bool:
    crew, pattern = key
    if not free[crew] or taken[list(pattern)].any():
        return False
    accounts = [patterns.rows[place].account for place in pattern]
    if not filling.add_all(accounts, free[crew][0]):
        return False
    free[crew].pop(0)
    taken[list(pattern)] = True
    return True


def _walk(places: Sequence[int], took: Any, efforts: Any, end: tuple[int, int]) -> tuple[int, ...]:
    """The accounts of the knapsack's best filling that ends there."""
    count, time = end
    found = []
    for number in range(len(places) - 1, -1, -1):
        if count and took[number, count, time]:
            found.append(places[number])
            time -= int(efforts[places[number]])
            count -= 1
    return tuple(sorted(found))


def _matters(problem: Problem, row: Candidate) -> bool:
    """Whether a best answer may hold it."""
    needed = row.must_include or (problem.min_stars > 0 and problem.is_star(row))
    return problem.may_enter(row) and (needed or problem.worth(row) > 0)


def _shares(costs: Iterable[Decimal], budget: Decimal | None) -> Any:
    """Costs as shares of the budget, or as they are where it is nothing."""
    whole = budget or Decimal(1)
    return np.array([float(cost / whole) for cost in costs])


def _fenced(problem: Problem, place_of: Mapping[int, int]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = defaultdict(set)
    for pair in problem.pairs:
        if pair.kind == "ring_fence" and pair.a in place_of and pair.b in place_of:
            a, b = place_of[pair.a], place_of[pair.b]
            found[a].add(b)
            found[b].add(a)
    return found


def _steps(rows: Sequence[Candidate], managers: Sequence[Manager]) -> tuple[list[int], list[int]]:
    """Efforts and times in whole steps; of times no more than the longest accounts need. Where
    steps would be too many, they are made wider and efforts rounded down: what is proven holds,
    and what does not fit is refused when it is given."""
    longest = total(sorted((row.effort for row in rows), reverse=True)[: _widest(managers)])
    times = [min(manager.effort, longest) for manager in managers]
    efforts, limits = whole_numbers((row.effort for row in rows), *times)
    width = -(-max(limits, default=1) // UNITS) or 1
    return [effort // width for effort in efforts], [limit // width for limit in limits]


def _widest(managers: Sequence[Manager]) -> int:
    return max((manager.most for manager in managers), default=0)


def _crews(problem: Problem, rows: Sequence[Candidate], times: Sequence[int]) -> list[Crew]:
    """Managers alike, the able ones alone."""
    alike: dict[tuple[Any, ...], list[tuple[Manager, int]]] = defaultdict(list)
    for manager, time in zip(problem.managers, times, strict=True):
        if manager.most > 0:
            alike[manager.most, manager.effort, manager.eligible].append((manager, time))
    return list(_each_crew(alike.values(), rows))


def _each_crew(
    groups: Iterable[Sequence[tuple[Manager, int]]], rows: Sequence[Candidate]
) -> Iterator[Crew]:
    for group in groups:
        manager, time = group[0]
        may = np.array([serves(manager, row) for row in rows], dtype=bool)
        yield Crew([item.user for item, _time in group], manager.most, time, may)
