"""Answers that are one account apart from another: one more, one fewer, or one for another.

Where a selection is too large to be solved anew, the best of them are its runners-up, and an answer
is told only when none of them is better (handbook 3.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from accounts.selection.filling import Filling
from accounts.selection.mip import Control
from accounts.selection.problem import Problem, whole_numbers

NOBODY = -1


class Change(NamedTuple):
    """`out` goes and `into` comes, to `user`; what that gains and saves, in whole numbers."""

    gain: int
    saved: int
    out: int | None = None
    into: int | None = None
    user: int | None = None

    @property
    def is_better(self) -> bool:
        """Whether it gains something or, with the same worth, costs less."""
        return (self.gain, self.saved) > (0, 0)

    @property
    def order(self) -> tuple[int, ...]:
        """The most worth first, then the cheapest, then by account."""
        sides = (NOBODY if side is None else side for side in (self.out, self.into))
        return -self.gain, -self.saved, *sides


class Neighbours:
    """The answers around `chosen` (account: manager), which keeps every limit of `problem`."""

    def __init__(self, problem: Problem, chosen: Mapping[int, int]) -> None:
        self.problem, self.filling = problem, Filling(problem)
        self.filling.put_back(chosen)
        worth, _none = whole_numbers(problem.worth(row) for row in problem.candidates)
        numbers = zip(problem.candidates, worth, strict=True)
        self.worth = {row.account: number for row, number in numbers}
        self.rows = [row for row in problem.candidates if problem.may_enter(row)]
        ids = self.accounts = [row.account for row in self.rows]
        self.place_of = {account: place for place, account in enumerate(ids)}
        self.gains = self._array(self.worth)
        self.costs = self._array(self.filling.cost)
        self.efforts = self._array(self.filling.plan.effort)
        self.is_star = np.array([account in self.filling.stars for account in ids], dtype=bool)
        self.may = {
            manager.user: np.array([manager.may_serve(account) for account in ids], dtype=bool)
            for manager in problem.managers
        }
        self._look()

    def _array(self, amounts: Mapping[int, int]) -> Any:
        return np.array([amounts[account] for account in self.accounts], dtype=np.int64)

    def _look(self) -> None:
        """What is out, and for what of it somebody has room and time."""
        self.is_out = np.ones(len(self.accounts), dtype=bool)
        self.is_out[[self.place_of[account] for account in self.filling.plan.chosen]] = False
        self.is_placed = np.zeros(len(self.accounts), dtype=bool)
        for user, room in self.filling.plan.room.items():
            if room > 0:
                self.is_placed |= self._fits(user)

    def _fits(self, user: int) -> Any:
        return self.may[user] & (self.efforts <= self.filling.plan.time[user])

    def climb(self, control: Control) -> dict[int, int]:
        """Change while that makes the answer better; the answer then."""
        was_better = True
        while was_better and not control.is_over:
            was_better = False
            for out in self._leaving():
                change = next(iter(self._changes(out, 1, None)), None)
                if change is not None and change.is_better:
                    self._make(change)
                    was_better = True
        return dict(self.filling.plan.chosen)

    def best(self, most: int) -> list[dict[int, int]]:
        """The `most` answers around that are worth most without being better, of those the
        cheapest, then by account."""
        found: list[Change] = []
        for out in self._leaving():
            least = found[-1].gain if len(found) == most else None
            found += (item for item in self._changes(out, most, least) if not item.is_better)
            found = sorted(found, key=lambda change: change.order)[:most]
        return [self._changed(change) for change in found]

    def _leaving(self) -> list[int | None]:
        """Nothing, or what is not required, the least worth first."""
        required = {row.account for row in self.rows if row.must_include}
        free = [account for account in self.filling.plan.chosen if account not in required]
        return [None, *sorted(free, key=lambda account: (self.worth[account], account))]

    def _changes(self, out: int | None, most: int, least: int | None) -> list[Change]:
        """The best changes in which `out` goes; those that gain less than `least` are left out."""
        filling, lost, freed = self.filling, 0, 0
        user = None if out is None else filling.remove(out)
        if out is not None:
            lost, freed = self.worth[out], filling.cost[out]
        found: list[Change] = []
        for account in self._coming(user, None if least is None else least + lost):
            taker = filling.plan.tightest(account, filling.plan.of)
            if taker is not None and filling.takes(account):
                gain, saved = self.worth[account] - lost, freed - filling.cost[account]
                found.append(Change(gain, saved, out, account, taker))
                if len(found) == most:
                    break
        if out is not None and self._has_stars():
            found.append(Change(-lost, freed, out))
        if out is not None and user is not None:
            filling.put_back({out: user})
        return sorted(found, key=lambda change: change.order)

    def _has_stars(self) -> bool:
        return len(self.filling.stars & self.filling.plan.chosen.keys()) >= self.problem.min_stars

    def _coming(self, user: int | None, least: int | None) -> Iterator[int]:
        """What may come in where `user` has just lost an account, the most worth first."""
        fits = self.is_placed if user is None else self.is_placed | self._fits(user)
        fits = fits & self.is_out & (self.costs <= self.filling.money)
        if not self._has_stars():
            fits &= self.is_star
        if least is not None:
            fits &= self.gains >= least
        places = np.flatnonzero(fits)
        order = np.lexsort((places, self.costs[places], -self.gains[places]))
        return (self.accounts[place] for place in places[order].tolist())

    def _make(self, change: Change) -> None:
        if change.out is not None:
            self.filling.remove(change.out)
        if change.into is not None:
            self.filling.add(change.into, change.user)
        self._look()

    def _changed(self, change: Change) -> dict[int, int]:
        chosen = {**self.filling.plan.chosen}
        if change.out is not None:
            del chosen[change.out]
        if change.into is not None and change.user is not None:
            chosen[change.into] = change.user
        return chosen
