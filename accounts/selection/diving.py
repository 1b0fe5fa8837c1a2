"""Managers with their accounts, from the linear programme over patterns.

The patterns that it prefers are given to managers, a part of them at a time, and the rest is
reckoned anew with patterns of what is left, until everybody has theirs (diving).
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from accounts.selection.exact import objective_of
from accounts.selection.filling import Filling
from accounts.selection.knapsacks import TINY, Pattern
from accounts.selection.mip import Control
from accounts.selection.patterns import Patterns
from accounts.selection.problem import SIX_PLACES, Problem

SURE = 0.999
"""A pattern that the programme takes as good as wholly."""
PART = 6
"""One manager in so many is settled before the rest is reckoned anew."""
AGAIN = 3
"""Searches for patterns of what is left, each time."""
PROVING = 0.5
"""Of the time that the proof may take."""
GIVING = 0.7
"""Of the time after it that giving may take."""


def solve(
    problem: Problem, start: Mapping[int, int], control: Control
) -> tuple[Filling, Decimal | None]:
    """Managers with their accounts, and what nothing can be worth more than; `start` (account:
    user) says where to begin."""
    patterns = Patterns(problem)
    filling = Filling(problem)
    if not patterns.rows or not patterns.crews:
        return filling, Decimal(0)
    patterns.begin(start)
    best = float(objective_of(problem, start))
    bound = patterns.complete(control.part(PROVING), best)
    _Dive(patterns, filling).go(control.part(GIVING), bound)
    return filling, None if bound is None else Decimal(bound + TINY).quantize(SIX_PLACES)


class _Dive:
    def __init__(self, patterns: Patterns, filling: Filling) -> None:
        self.patterns, self.filling = patterns, filling
        self.free = [list(crew.users) for crew in patterns.crews]

    def go(self, control: Control, bound: float | None) -> None:
        """Settle until every manager has a pattern, or none is left that fits."""
        if not self.patterns.reckon(control):
            return
        while self._settle():
            control.tell(float(self.filling.objective()), bound)
            self._go_on()
            if not self.patterns.rows or not self.patterns.crews:
                return
            if not self._reckon(control):
                return

    def _reckon(self, control: Control) -> bool:
        """Reckon what is left, with patterns sought for it; False where there was no time."""
        for _again in range(AGAIN):
            if control.is_over or not self.patterns.reckon(control):
                return False
            duals = self.patterns.duals
            if not self.patterns.search(duals, duals)[0]:
                return True
        return self.patterns.reckon(control)

    def _go_on(self) -> None:
        """Turn to those who have nothing yet, and what is left for them."""
        filling = self.filling
        chosen = filling.plan.chosen
        rows = [
            row
            for row in self.patterns.rows
            if row.account not in chosen and not filling.rivals[row.account] & chosen.keys()
        ]
        users = {user for users in self.free for user in users}
        self.patterns = self.patterns.rest(filling.rest(users, rows))
        self.free = [list(crew.users) for crew in self.patterns.crews]

    def _settle(self) -> int:
        """Give what is as good as sure, and some of the rest; how many."""
        most = max(1, sum(map(len, self.free)) // PART)
        made = 0
        for value, crew, pattern in self._preferred():
            if value < SURE and made >= most:
                break
            made += self._give(crew, pattern)
        return made

    def _preferred(self) -> list[tuple[float, int, Pattern]]:
        """Patterns: those with required accounts first, then the most wanted."""
        found: list[tuple[bool, float, int, Pattern]] = []
        for value, key in zip(self.patterns.values, self.patterns.columns, strict=True):
            if key is not None and value > TINY:
                found.append((self.patterns.required.isdisjoint(key[1]), -value, *key))
        return [(-value, crew, pattern) for _none, value, crew, pattern in sorted(found)]

    def _give(self, crew: int, pattern: Pattern) -> bool:
        accounts = [self.patterns.rows[place].account for place in pattern]
        if not self.free[crew] or not self.filling.add_all(accounts, self.free[crew][0]):
            return False
        self.free[crew].pop(0)
        return True
