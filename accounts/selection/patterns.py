"""The linear programme over patterns: which accounts managers have together, for all at once.

It is far closer to the truth than one over single accounts, but there are too many patterns to
write down: those that would help are found as they are needed, from what the programme pays for
each account (column generation). Any prices also prove how much nothing can be worth more than
(Lagrange); patterns are sought half-way between the programme's prices and the best proof so far,
which keeps the prices from swinging (Wentges).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import highspy
import numpy as np

from accounts.selection.knapsacks import TINY, Knapsacks, Pattern, times_of
from accounts.selection.mip import INFINITE, SEED, Control
from accounts.selection.problem import Candidate, Problem

PENALTY = -1_000.0
"""Worth of doing without an account that is required, or a Star that is asked for."""
HALFWAY = 0.5
CLOSE = 2e-4
"""Of what is proven: nearer to it no further patterns are sought."""
ROUNDS = 120
"""Of reckoning and searching, at most."""
AT_ONCE = 6
"""Patterns sought for managers alike before the programme is reckoned anew."""
SHARES = (1.0, 0.95, 0.85, 0.7)
"""Of a manager's time that patterns are sought for."""
MANY = 24
"""Crews from which on each gets its best few patterns alone, so that the programme stays small."""
FEW = 3
GONE = -1
PRIMAL = 4
"""The way of HiGHS through a linear programme that goes on well after new columns."""


class Patterns:
    """The linear programme over the patterns found so far."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.rows = [row for row in problem.candidates if _matters(problem, row)]
        self.place_of = {row.account: place for place, row in enumerate(self.rows)}
        self.required = {place for place, row in enumerate(self.rows) if row.must_include}
        self.worth = np.array([float(problem.worth(row)) for row in self.rows])
        self.cost = _shares([row.cost for row in self.rows], problem.budget)
        self.star = np.array([float(problem.is_star(row)) for row in self.rows])
        self.fenced = _fenced(problem, self.place_of)
        self.crews, efforts, self.exact_effort = times_of(problem, self.rows)
        self.knapsacks = Knapsacks(efforts, self.crews)
        self.size = np.array([len(crew.users) for crew in self.crews])
        self.columns: list[tuple[int, Pattern] | None] = []
        self._known: set[tuple[int, Pattern]] = set()
        self._build()

    def _build(self) -> None:
        self.solver = _solver()
        problem = self.problem
        self._low: list[float] = []
        self._high: list[float] = []
        for row in self.rows:
            self._row(1.0 if row.must_include else -INFINITE, 1.0)
        for crew in self.crews:
            self._row(-INFINITE, float(len(crew.users)))
        self.sums: dict[str, int] = {}
        if problem.budget is not None:
            self.sums["cost"] = self._row(-INFINITE, 1.0 if problem.budget else 0.0)
        if problem.max_accounts is not None:
            self.sums["count"] = self._row(-INFINITE, float(problem.max_accounts))
        if problem.min_stars:
            self.sums["star"] = self._row(float(problem.min_stars), INFINITE)
        self.amounts = {"cost": self.cost, "count": np.ones(len(self.rows)), "star": self.star}
        self.pairs: dict[int, list[int]] = defaultdict(list)
        for pair in problem.pairs:
            sides = [self.place_of[side] for side in (pair.a, pair.b) if side in self.place_of]
            if pair.kind == "exclusive" and len(sides) > 1:
                number = self._row(-INFINITE, 1.0)
                for side in sides:
                    self.pairs[side].append(number)
        self.low, self.high = np.array(self._low), np.array(self._high)
        self._column(0.0, {})  # HiGHS says of an empty programme only that it is empty
        for place in sorted(self.required):
            self._column(PENALTY, {place: 1.0})
        if "star" in self.sums:
            self._column(PENALTY, {self.sums["star"]: 1.0})

    def _row(self, low: float, high: float) -> int:
        self._low.append(low)
        self._high.append(high)
        self.solver.addRow(low, high, 0, np.array([], dtype=np.int32), np.array([]))
        return len(self._low) - 1

    def _column(self, worth: float, terms: Mapping[int, float]) -> None:
        places = np.array(list(terms), dtype=np.int32)
        factors = np.array(list(terms.values()), dtype=float)
        self.solver.addCol(worth, 0.0, INFINITE, len(terms), places, factors)
        self.columns.append(None)

    def add(self, crew: int, pattern: Pattern) -> bool:
        """Take up a pattern; False when it is known."""
        key = (crew, pattern)
        if not pattern or key in self._known:
            return False
        self._known.add(key)
        mine = list(pattern)
        terms: dict[int, float] = dict.fromkeys(mine, 1.0)
        terms[len(self.rows) + crew] = 1.0
        for name, row in self.sums.items():
            amount = float(self.amounts[name][mine].sum())
            if amount:
                terms[row] = amount
        for place in mine:
            for row in self.pairs.get(place, ()):
                terms[row] = terms.get(row, 0.0) + 1.0
        self._column(float(self.worth[mine].sum()), terms)
        self.columns[-1] = key
        return True

    def begin(self, start: Mapping[int, int]) -> None:
        """Take up the patterns of `start` (account: user)."""
        users = {user: number for number, crew in enumerate(self.crews) for user in crew.users}
        mine: dict[int, list[int]] = defaultdict(list)
        for account, user in start.items():
            if account in self.place_of and user in users:
                mine[user].append(self.place_of[account])
        for user in sorted(mine):
            self.add(users[user], tuple(sorted(mine[user])))

    def reckon(self, control: Control) -> bool:
        """Solve the programme as it is; False where there was no time for it."""
        self.solver.setOptionValue("time_limit", self.solver.getRunTime() + control.left)
        self.solver.run()
        return bool(self.solver.getModelStatus() == highspy.HighsModelStatus.kOptimal)

    @property
    def objective(self) -> float:
        """What the programme is worth as it is."""
        return float(self.solver.getInfo().objective_function_value)

    @property
    def values(self) -> list[float]:
        """How much of each pattern the programme takes."""
        return list(self.solver.getSolution().col_value)

    @property
    def duals(self) -> Any:
        """What the programme pays for each of its rows, with the sign that each limit allows, so
        that what follows from it holds however exactly it was solved."""
        dual = np.array(self.solver.getSolution().row_dual)
        dual = np.where(np.isinf(self.low), np.maximum(dual, 0.0), dual)
        return np.where(np.isinf(self.high), np.minimum(dual, 0.0), dual)

    def gains(self, duals: Any) -> Any:
        """What each account is worth beyond what is paid for it."""
        gains = self.worth - duals[: len(self.rows)]
        for name, row in self.sums.items():
            gains = gains - self.amounts[name] * duals[row]
        for place, rows in self.pairs.items():
            gains[place] -= duals[rows].sum()
        return gains

    def tolls(self, duals: Any) -> Any:
        """What is paid for a manager of each crew."""
        return duals[len(self.rows) : len(self.rows) + len(self.crews)]

    def bound(self, duals: Any, tops: Any) -> float:
        """What nothing can be worth more than, where crews gain `tops` at most at these prices."""
        ends = np.where(np.isinf(self.high), self.low, self.high)
        ends[len(self.rows) : len(self.rows) + len(self.crews)] = 0.0
        return float(ends @ duals + (self.size * (tops + self.knapsacks.most * TINY)).sum())

    def search(self, at: Any, duals: Any | None) -> tuple[int, float]:
        """Take up the best patterns at the prices `at` that gain more than they are paid for at
        `duals` (all where there are none); how many are new, and what is proven."""
        gains = self.gains(at)
        real = None if duals is None else self.gains(duals)
        tolls = np.zeros(len(self.crews)) if duals is None else self.tolls(duals)
        shares = SHARES if len(self.crews) <= MANY else SHARES[:1]
        most = FEW if len(self.crews) > MANY else len(shares) * self.knapsacks.widest
        tops = np.zeros(len(self.crews))
        barred = np.zeros((len(self.crews), len(self.rows)), dtype=bool)
        new = 0
        for turn in range(min(AT_ONCE, int(self.size.max(initial=0)))):
            who = np.flatnonzero(self.size > turn)
            top, found = self.knapsacks.best(gains, who, barred=barred[who], shares=shares)
            if turn == 0:
                tops[who] = top
            for crew, patterns in zip(who.tolist(), found, strict=True):
                for _value, pattern in patterns[:most]:
                    kept = self._possible(crew, pattern, gains)
                    if real is None or real[list(kept)].sum() > tolls[crew] + TINY:
                        new += self.add(crew, kept)
                if patterns:
                    barred[crew, list(patterns[0][1])] = True
        return new, self.bound(at, tops)

    def _possible(self, crew: int, pattern: Pattern, gains: Any) -> Pattern:
        """What of the pattern a manager can have together, what gains most first: only one of two
        that are kept apart, and no more than there is time for."""
        kept: list[int] = []
        left = self.crews[crew].exact_time
        for place in sorted(pattern, key=lambda place: (-gains[place], place)):
            effort = self.exact_effort[place]
            if effort <= left and not self.fenced[place].intersection(kept):
                kept.append(place)
                left -= effort
        return tuple(sorted(kept))

    def rest(self, problem: Problem) -> Patterns:
        """The programme of a part of the problem, with the patterns that can still be had."""
        part = Patterns(problem)
        crew_of = {user: number for number, crew in enumerate(part.crews) for user in crew.users}
        numbers = [
            next((crew_of[user] for user in crew.users if user in crew_of), None)
            for crew in self.crews
        ]
        places = [part.place_of.get(row.account, GONE) for row in self.rows]
        for key in self.columns:
            crew = None if key is None else numbers[key[0]]
            if key is None or crew is None:
                continue
            pattern = [places[place] for place in key[1]]
            if GONE not in pattern:
                part.add(crew, tuple(sorted(pattern)))
        return part

    def complete(self, control: Control, best: float) -> float | None:
        """Search until hardly a pattern would help; what is proven by then. `best` is what there
        is already."""
        centre, duals = self._guess(), None
        proven, worth, part = None, None, HALFWAY
        for _round in range(ROUNDS):
            at = centre if duals is None else part * centre + (1 - part) * duals
            new, bound = self.search(at, duals)
            if proven is None or bound < proven:
                proven, centre = bound, at
                control.tell(best, proven)
            if worth is not None and proven - worth <= CLOSE * abs(worth):
                break
            if duals is not None and not new:
                if not part:
                    break
                part = part - HALFWAY / 2
                continue
            part = HALFWAY
            if control.is_over or not self.reckon(control):
                break
            duals, worth = self.duals, self.objective
        return proven

    def _guess(self) -> Any:
        """Prices to begin with: of a programme that counts the time and the places of all managers
        together. Each account is paid what it is worth beyond what it takes of them."""
        solver = _solver()
        count = len(self.rows)
        places = np.arange(count, dtype=np.int32)
        solver.addVars(count, np.zeros(count), np.ones(count))
        solver.changeColsCost(count, places, self.worth)
        effort = self.knapsacks.effort.astype(float)
        time = float((self.size * self.knapsacks.time).sum())
        room = float((self.size * self.knapsacks.most).sum())
        solver.addRow(-INFINITE, time, count, places, effort)
        solver.addRow(-INFINITE, room, count, places, np.ones(count))
        for name, row in self.sums.items():
            amounts = self.amounts[name]
            solver.addRow(self._low[row], self._high[row], count, places, amounts)
        for place in sorted(self.required):
            solver.changeColBounds(place, 1.0, 1.0)
        solver.run()
        guess = np.zeros(len(self.low))
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return guess
        of_time, of_room, *others = solver.getSolution().row_dual
        taken = max(0.0, of_time) * effort + max(0.0, of_room)
        for (name, row), dual in zip(self.sums.items(), others, strict=True):
            guess[row] = min(0.0, dual) if np.isinf(self.high[row]) else max(0.0, dual)
            taken = taken + self.amounts[name] * guess[row]
        guess[:count] = np.maximum(0.0, self.worth - taken)
        for place in self.required:
            guess[place] = self.worth[place] - taken[place]
        return guess


def _solver() -> Any:
    solver = highspy.Highs()
    solver.silent()
    for name, value in (("threads", 1), ("random_seed", SEED), ("simplex_strategy", PRIMAL)):
        solver.setOptionValue(name, value)
    solver.changeObjectiveSense(highspy.ObjSense.kMaximize)
    return solver


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
