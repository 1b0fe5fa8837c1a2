"""Answers that are one account apart from another: one more, one fewer, or one for another.

Where a selection cannot be solved anew, exchanges of single accounts make its answer better as long
as one does, and the best of those that remain are its runners-up (handbook 3.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from accounts.selection.filling import Filling
from accounts.selection.mip import Control
from accounts.selection.problem import Problem, whole_numbers

NOBODY = -1
LARGEST = 2**62
"""Whole numbers above it are reckoned in full, if slowly."""


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
        cost = self.filling.cost
        by_worth = sorted(ids, key=lambda account: (-self.worth[account], cost[account]))
        self.rank = np.empty(len(ids), dtype=np.int64)
        self.rank[[self.place_of[account] for account in by_worth]] = np.arange(len(ids))
        self.gains = self._array(self.worth)
        self.costs = self._array(cost)
        self.efforts = self._array(self.filling.plan.effort)
        self.is_star = np.array([account in self.filling.stars for account in ids], dtype=bool)
        self.may = {
            manager.user: np.array([manager.may_serve(account) for account in ids], dtype=bool)
            for manager in problem.managers
        }
        self._look()

    def _array(self, amounts: Mapping[int, int]) -> Any:
        found = [amounts[account] for account in self.accounts]
        is_small = max(map(abs, found), default=0) < LARGEST
        return np.array(found, dtype=np.int64 if is_small else object)

    def _look(self) -> None:
        """What is out, for what of it somebody has room and time, and how many rivals of it are
        in."""
        self.is_out = np.ones(len(self.accounts), dtype=bool)
        self.rivals = np.zeros(len(self.accounts), dtype=np.int64)
        for account in self.filling.plan.chosen:
            self.is_out[self.place_of[account]] = False
            self.rivals[self._rivals_of(account)] += 1
        self.is_placed = np.zeros(len(self.accounts), dtype=bool)
        for user, room in self.filling.plan.room.items():
            if room > 0:
                self.is_placed |= self._fits(user)

    def _rivals_of(self, account: int) -> list[int]:
        known = self.filling.rivals[account] & self.place_of.keys()
        return [self.place_of[rival] for rival in known]

    def _fits(self, user: int) -> Any:
        return self.may[user] & (self.efforts <= self.filling.plan.time[user])

    def climb(self, control: Control) -> dict[int, int]:
        """Change while that makes the answer better and there is time; the answer then."""
        was_better = True
        while was_better:
            was_better = False
            for out in self._leaving():
                if control.is_over:
                    return dict(self.filling.plan.chosen)
                changes = self._changes(out, 1, 0, better=True)
                if changes:
                    self._make(changes[0])
                    was_better = True
        return dict(self.filling.plan.chosen)

    def best(self, most: int, control: Control) -> list[dict[int, int]]:
        """The `most` answers around that are worth most without being better, of those the
        cheapest, then by name; none where the time was up."""
        found: list[Change] = []
        for out in self._leaving():
            if control.is_over:
                return []
            least = found[-1].gain if len(found) == most else None
            found += self._changes(out, most, least, better=False)
            found = sorted(found, key=self._order)[:most]
        return [self._changed(change) for change in found]

    def _order(self, change: Change) -> tuple[int, ...]:
        """The most worth first, then the cheapest, then by the names of who goes and comes."""
        places = (
            NOBODY if account is None else self.place_of[account]
            for account in (change.out, change.into)
        )
        return -change.gain, -change.saved, *places

    def _leaving(self) -> list[int | None]:
        """Nothing, or what is not required, the least worth first."""
        required = {row.account for row in self.rows if row.must_include}
        free = [account for account in self.filling.plan.chosen if account not in required]
        return [None, *sorted(free, key=lambda account: (self.worth[account], account))]

    def _changes(
        self, out: int | None, most: int, least: int | None, *, better: bool
    ) -> list[Change]:
        """The best changes in which `out` goes: the `most` in which another comes, and that none
        does. Those that make the answer `better`, or those that do not; none that gains less than
        `least`, if another comes."""
        filling = self.filling
        user = None if out is None else filling.remove(out)
        lost, freed = (0, 0) if out is None else (self.worth[out], filling.cost[out])
        found = [Change(-lost, freed, out)] if out is not None and self._has_stars() else []
        found = [change for change in found if change.is_better == better]
        for account in self._coming(out, user, None if least is None else least + lost):
            gain, saved = self.worth[account] - lost, freed - filling.cost[account]
            change = Change(gain, saved, out, account)
            if better and not change.is_better:
                break  # what follows gains less, or saves less
            if change.is_better != better or not filling.takes(account):
                continue
            taker = filling.plan.tightest(account, filling.plan.of)
            if taker is not None:
                found.append(change._replace(user=taker))
                most -= 1
                if not most:
                    break
        if out is not None and user is not None:
            filling.put_back({out: user})
        return sorted(found, key=self._order)

    def _has_stars(self) -> bool:
        return len(self.filling.stars & self.filling.plan.chosen.keys()) >= self.problem.min_stars

    def _coming(self, out: int | None, user: int | None, least: int | None) -> Iterator[int]:
        """What may come in where `user` has just lost `out`, the most worth first."""
        if self.filling.places < 1:
            return iter(())
        fits, rivals = self.is_placed, self.rivals
        if out is not None and user is not None:
            fits, rivals = fits | self._fits(user), rivals.copy()
            rivals[self._rivals_of(out)] -= 1
        fits = fits & self.is_out & (rivals == 0) & (self.costs <= self.filling.money)
        if not self._has_stars():
            fits &= self.is_star
        if least is not None:
            fits &= self.gains >= least
        places = np.flatnonzero(fits)
        order = np.argsort(self.rank[places])
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
