"""A plan that is filled and improved step by step, within every limit of the programme."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from accounts.selection import exact
from accounts.selection.assigning import Plan
from accounts.selection.mip import Control
from accounts.selection.problem import Candidate, Problem, serves, whole_numbers

SMALL_GAP = 0.0002
"""Of a group that is solved anew: what is left open costs less than what it takes."""
SHARE = 0.4
"""Of the remaining time that one search may take."""
TRIED = 60
"""Accounts that are out and looked at when a few managers are solved anew."""
NODES = 300
"""Of one search: the same on every machine."""
GROUP = 8
"""Managers that are solved anew together."""
LEAST = Decimal("0.01")


def _is_served(problem: Problem, candidate: Candidate) -> bool:
    return any(serves(manager, candidate) for manager in problem.managers)


def _yield(problem: Problem, candidate: Candidate) -> tuple[Decimal, int]:
    """What the candidate is worth for its effort and cost, the most first."""
    budget = problem.budget or Decimal(0)
    cost = candidate.cost / budget * len(problem.managers) if budget else Decimal(0)
    return -problem.worth(candidate) / (candidate.effort + cost + LEAST), candidate.account


def _group(users: Sequence[int], step: int) -> set[int]:
    """Managers to be solved anew together: neighbours at first, then ever more distant ones."""
    distance = 1 + step * GROUP // len(users)
    first = step * GROUP
    return {users[(first + place * distance) % len(users)] for place in range(GROUP)}


class Filling:
    """A plan with what is left of the budget and of the places in the programme."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.plan = problem, Plan(problem)
        limits = [] if problem.budget is None else [problem.budget]
        costs, budget = whole_numbers((row.cost for row in problem.candidates), *limits)
        accounts = [row.account for row in problem.candidates]
        self.cost = dict(zip(accounts, costs, strict=True))
        self.money = budget[0] if budget else sum(costs)
        known = problem.max_accounts
        self.places = len(accounts) if known is None else known
        self.stars = {row.account for row in problem.candidates if problem.is_star(row)}
        self.rivals: dict[int, set[int]] = defaultdict(set)
        for pair in problem.pairs:
            if pair.kind == "exclusive":
                self.rivals[pair.a].add(pair.b)
                self.rivals[pair.b].add(pair.a)
        worth = [row for row in problem.candidates if problem.may_enter(row)]
        worth = [row for row in worth if problem.worth(row) > 0 and _is_served(problem, row)]
        self.by_yield = sorted(worth, key=lambda row: _yield(problem, row))

    def place(self, accounts: Iterable[int]) -> None:
        """Put in what fits: the required first, then Stars where the programme asks for some, then
        the hardest to place."""
        by_account, effort = self.problem.by_account, self.plan.effort
        wanted = self.stars if self.problem.min_stars else set()

        def hardest(account: int) -> tuple[bool, bool, int, int]:
            is_required = by_account[account].must_include
            return not is_required, account not in wanted, -effort[account], account

        for account in sorted(accounts, key=hardest):
            self.add(account)

    def complete(self) -> None:
        """Put in what is required and missing and Stars while there are too few, if need be in the
        place of others, then whatever else still fits."""
        problem, chosen = self.problem, self.plan.chosen
        for row in problem.candidates:
            if row.must_include and row.account not in chosen:
                self._force(row.account)
        stars = sorted(
            (row for row in problem.candidates if row.account in self.stars),
            key=lambda row: _yield(problem, row),
        )
        for row in stars:
            if len(self.stars & chosen.keys()) >= problem.min_stars:
                break
            if problem.may_enter(row) and row.account not in chosen:
                self._force(row.account)
        for row in self.by_yield:
            if self.places < 1:
                break
            user = self.plan.tightest(row.account, self.plan.of)
            if user is not None:
                self.add(row.account, user)

    def _force(self, account: int) -> bool:
        """Put the account in, in the place of the least that is neither required nor a Star."""
        if self.add(account):
            return True
        by_account, worth = self.problem.by_account, self.problem.worth
        weaker = [
            other
            for other in self.plan.chosen
            if not by_account[other].must_include and other not in self.stars
        ]
        for other in sorted(weaker, key=lambda other: (worth(by_account[other]), other)):
            user = self.remove(other)
            if self.add(account):
                return True
            self.put_back({other: user})
        return False

    def takes(self, account: int) -> bool:
        """Whether money, places and rivals leave room for one more account."""
        chosen = self.plan.chosen
        if account in chosen or self.places < 1 or self.money < self.cost[account]:
            return False
        return not any(rival in chosen for rival in self.rivals[account])

    def add(self, account: int, user: int | None = None) -> bool:
        """Put the account in, with `user` or whoever can take it, if everything allows it."""
        if not self.takes(account):
            return False
        if user is not None:
            self.plan.put(account, user)
        elif not self.plan.place(account):
            return False
        self.money -= self.cost[account]
        self.places -= 1
        return True

    def add_all(self, accounts: Sequence[int], user: int) -> bool:
        """Give all of the accounts to the manager, or none."""
        for place, account in enumerate(accounts):
            if not (self.plan.fits(account, user) and self.add(account, user)):
                for other in accounts[:place]:
                    self.remove(other)
                return False
        return True

    def remove(self, account: int) -> int:
        """Take the account out; who had it."""
        self.money += self.cost[account]
        self.places += 1
        return self.plan.take(account)

    def put_back(self, chosen: Mapping[int, int]) -> None:
        """Put in what is known to fit, account: user."""
        for account, user in chosen.items():
            self.money -= self.cost[account]
            self.places -= 1
            self.plan.put(account, user)

    def improve(self, control: Control, target: Decimal) -> None:
        """Solve a few managers at a time anew, with the best of those that are out, until what is
        in is worth `target` or the time is up."""
        users = [manager.user for manager in self.problem.managers]
        step = 0
        idle = 0
        while idle < len(users) and self.objective() < target and not control.is_over:
            group = _group(users, step)
            idle = 0 if self._solve_anew(group, control) else idle + GROUP
            step += 1

    def _solve_anew(self, users: Collection[int], control: Control) -> bool:
        """Whether the accounts of `users` could be exchanged for better ones."""
        problem, chosen = self.problem, self.plan.chosen
        mine = {account: user for account, user in chosen.items() if user in users}
        free = [row for row in self._outside() if not self.rivals[row.account] & chosen.keys()]
        rows = [*(problem.by_account[account] for account in mine), *free[:TRIED]]
        part = self.rest(users, rows)
        limit = control.silent(SHARE)
        answer = exact.solve(part, limit, in_full=False, start=mine, gap=SMALL_GAP, nodes=NODES)
        better = answer.state in ("optimal", "feasible") and len(answer.chosen) > 0
        if not better or answer.objective <= exact.objective_of(problem, mine):
            return False
        for account in mine:
            self.remove(account)
        self.put_back(answer.chosen)
        return True

    def rest(self, users: Collection[int], rows: Sequence[Candidate]) -> Problem:
        """The problem of those managers and accounts alone, with what the others leave."""
        problem = self.problem
        ids = {row.account for row in rows}
        kept = self.plan.chosen.keys() - ids
        most = problem.max_accounts
        return replace(
            problem,
            candidates=tuple(rows),
            managers=tuple(manager for manager in problem.managers if manager.user in users),
            pairs=tuple(pair for pair in problem.pairs if pair.a in ids and pair.b in ids),
            budget=None if problem.budget is None else problem.budget - self._spent(kept),
            max_accounts=None if most is None else most - len(kept),
            min_stars=max(0, problem.min_stars - len(self.stars & kept)),
        )

    def _spent(self, accounts: Collection[int]) -> Decimal:
        return exact.cost_of(self.problem, accounts)

    def _outside(self) -> list[Candidate]:
        """Those that are out and worth something, the most for what they take first."""
        return [row for row in self.by_yield if row.account not in self.plan.chosen]

    def objective(self) -> Decimal:
        """What is in is worth together."""
        return exact.objective_of(self.problem, self.plan.chosen)
