"""Who looks after whom, where accounts and managers are too many for one programme.

Best fit, the hardest to place first; one that does not fit takes the place of another that fits
elsewhere. Nothing here is left to chance: the same accounts always get the same managers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from accounts.selection.problem import Problem, whole_numbers


class Plan:
    """Accounts placed with managers; nobody ever has more than they may."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        efforts, times = whole_numbers(
            (row.effort for row in problem.candidates),
            *(manager.effort for manager in problem.managers),
        )
        accounts = (row.account for row in problem.candidates)
        self.effort = dict(zip(accounts, efforts, strict=True))
        users = [manager.user for manager in problem.managers]
        self.time = dict(zip(users, times, strict=True))
        self.room = {manager.user: manager.most for manager in problem.managers}
        self.of: dict[int, set[int]] = {user: set() for user in users}
        self.chosen: dict[int, int] = {}
        self.fenced: dict[int, set[int]] = defaultdict(set)
        for pair in problem.pairs:
            if pair.kind == "ring_fence":
                self.fenced[pair.a].add(pair.b)
                self.fenced[pair.b].add(pair.a)

    def may(self, account: int, user: int) -> bool:
        """Whether the manager is eligible and serves nobody from whom the account is kept apart."""
        if not self.problem.by_user[user].may_serve(account):
            return False
        return not self.fenced[account] & self.of[user]

    def fits(self, account: int, user: int) -> bool:
        """Whether the manager can take the account as things are."""
        has_room = self.room[user] > 0 and self.time[user] >= self.effort[account]
        return has_room and self.may(account, user)

    def put(self, account: int, user: int) -> None:
        """Give the account to the manager."""
        self.chosen[account] = user
        self.of[user].add(account)
        self.time[user] -= self.effort[account]
        self.room[user] -= 1

    def take(self, account: int) -> int:
        """Take the account away; who had it."""
        user = self.chosen.pop(account)
        self.of[user].discard(account)
        self.time[user] += self.effort[account]
        self.room[user] += 1
        return user

    def place(self, account: int) -> bool:
        """Find a manager, if need be by moving one other account; False where there is none."""
        user = self.tightest(account, self.of)
        if user is None:
            return self._move_for(account)
        self.put(account, user)
        return True

    def tightest(self, account: int, users: Iterable[int]) -> int | None:
        """Whoever of `users` can take the account and has the least time left."""
        fitting = (user for user in users if self.fits(account, user))
        return min(fitting, key=lambda user: (self.time[user], -self.room[user]), default=None)

    def _move_for(self, account: int) -> bool:
        need = self.effort[account]
        for user in self.of:
            if not self.problem.by_user[user].may_serve(account):
                continue
            for other in sorted(self.of[user], key=self.effort.__getitem__):
                if self.time[user] + self.effort[other] < need:
                    continue
                if self.fenced[account] & (self.of[user] - {other}):
                    continue
                place = next((to for to in self.of if to != user and self.fits(other, to)), None)
                if place is not None:
                    self.take(other)
                    self.put(other, place)
                    self.put(account, user)
                    return True
        return False

    def even_out(self, rounds: int) -> None:
        """Take from the busiest while somebody who is less busy can take it."""
        for _round in range(rounds):
            users = [user for user in self.of if self.of[user]]
            if not users:
                return
            busiest = max(users, key=lambda user: (self.load(user), user))
            if not self._relieve(busiest):
                return

    def load(self, user: int) -> int:
        """Effort given to the manager."""
        return sum(self.effort[account] for account in self.of[user])

    def _relieve(self, busiest: int) -> bool:
        top = self.load(busiest)
        for account in sorted(self.of[busiest], key=self.effort.__getitem__, reverse=True):
            for user in self.of:
                lighter = self.load(user) + self.effort[account] < top
                if user != busiest and lighter and self.fits(account, user):
                    self.take(account)
                    self.put(account, user)
                    return True
        return False
