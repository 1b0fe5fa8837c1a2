"""The smallest set of conditions that cannot all be kept, where a selection has no answer.

Sets that must be broken somewhere are collected until their smallest hitting set cannot be kept
either: then none that is smaller exists (implicit hitting sets). A condition is a tuple whose first
item says its kind; the others are accounts or a user.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from accounts.selection.mip import Control, Programme
from accounts.selection.problem import Candidate, Problem, whole_numbers

Condition = tuple[str, *tuple[int, ...]]
State = Literal["found", "none", "stopped"]


class _Elastic:
    """The conditions on what has to be in, each of which may be given up (`slack`)."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.programme = problem, Programme()
        self.slack: dict[Condition, int] = {}
        self.rows = [row for row in problem.candidates if _matters(problem, row)]
        self.x = {row.account: self.programme.column() for row in self.rows}
        self.y = {
            (row.account, manager.user): self.programme.column()
            for row in self.rows
            for manager in problem.managers
        }
        self._require()
        self._assign()
        self._limit()
        self._keep_apart()

    def give_up(self, condition: Condition) -> int:
        """The column that says that the condition is not kept."""
        return self.slack.setdefault(condition, self.programme.column())

    def _require(self) -> None:
        row = self.programme.row
        for candidate in self.rows:
            column, account = self.x[candidate.account], candidate.account
            if candidate.must_include:
                row([(column, 1.0), (self.give_up(("must_include", account)), 1.0)], low=1.0)
            if candidate.barred:
                row([(column, 1.0), (self.give_up(("barred", account)), -1.0)], high=0.0)
        if self.problem.min_stars:
            stars = [item for item in self.rows if self.problem.is_star(item)]
            terms = [(self.x[item.account], 1.0) for item in stars]
            least = float(self.problem.min_stars)
            row([*terms, (self.give_up(("min_stars",)), least)], low=least)

    def _assign(self) -> None:
        problem, row, count = self.problem, self.programme.row, float(len(self.rows))
        efforts, times = whole_numbers(
            (item.effort for item in self.rows), *(manager.effort for manager in problem.managers)
        )
        for candidate in self.rows:
            account = candidate.account
            served = [(self.y[account, manager.user], 1.0) for manager in problem.managers]
            unserved = (self.give_up(("managers",)), 1.0)
            row([*served, unserved, (self.x[account], -1.0)], low=0.0)
            for manager in problem.managers:
                if not manager.may_serve(account):
                    spare = (self.give_up(("eligible", account)), -1.0)
                    row([(self.y[account, manager.user], 1.0), spare], high=0.0)
        for manager, time in zip(problem.managers, times, strict=True):
            mine = [self.y[item.account, manager.user] for item in self.rows]
            spare = (self.give_up(("capacity", manager.user)), -count)
            row([*((column, 1.0) for column in mine), spare], high=float(manager.most))
            busy = list(zip(mine, map(float, efforts), strict=True))
            spare = (self.give_up(("effort", manager.user)), -float(sum(efforts)))
            row([*busy, spare], high=float(time))

    def _limit(self) -> None:
        problem, row = self.problem, self.programme.row
        if problem.budget is not None:
            costs, (budget,) = whole_numbers((item.cost for item in self.rows), problem.budget)
            terms = [
                (self.x[item.account], float(cost))
                for item, cost in zip(self.rows, costs, strict=True)
            ]
            row([*terms, (self.give_up(("budget",)), -float(sum(costs)))], high=float(budget))
        if problem.max_accounts is not None:
            terms = [(column, 1.0) for column in self.x.values()]
            spare = (self.give_up(("max_accounts",)), -float(len(terms)))
            row([*terms, spare], high=float(problem.max_accounts))

    def _keep_apart(self) -> None:
        for pair in self.problem.pairs:
            if pair.a not in self.x or pair.b not in self.x:
                continue
            spare = (self.give_up((pair.kind, pair.a, pair.b)), -1.0)
            if pair.kind == "exclusive":
                both = [(self.x[pair.a], 1.0), (self.x[pair.b], 1.0)]
                self.programme.row([*both, spare], high=1.0)
                continue
            for manager in self.problem.managers:
                both = [(self.y[account, manager.user], 1.0) for account in (pair.a, pair.b)]
                self.programme.row([*both, spare], high=1.0)

    def least_given_up(
        self, kept: Iterable[Condition], control: Control
    ) -> tuple[State, frozenset[Condition]]:
        """The fewest conditions to give up while all of `kept` hold; `none` if that cannot be."""
        held = set(kept)
        for condition, column in self.slack.items():
            self.programme.bound(column, 0.0, 0.0 if condition in held else 1.0)
        found = self.programme.solve(dict.fromkeys(self.slack.values(), 1.0), control)
        if found.state == "infeasible":
            return "none", frozenset()
        if found.state != "optimal":
            return "stopped", frozenset()
        given = (item for item, column in self.slack.items() if found.is_on(column))
        return "found", frozenset(given)


def smallest(problem: Problem, control: Control) -> list[Condition] | None:
    """The smallest set of conditions that contradict each other, in order; empty where the problem
    has an answer, None where the search was stopped."""
    elastic = _Elastic(problem)
    to_break: list[frozenset[Condition]] = []
    while True:
        kept = _hitting(to_break, control)
        if kept is None:
            return None
        state, given_up = elastic.least_given_up(kept, control)
        if state == "none":
            return sorted(kept)
        if state == "stopped":
            return None
        if not given_up:
            return []
        to_break.append(given_up)


def _hitting(sets: list[frozenset[Condition]], control: Control) -> list[Condition] | None:
    """The fewest conditions of which each of `sets` holds one."""
    programme = Programme()
    columns = {item: programme.column() for item in sorted(set().union(*sets))}
    for members in sets:
        programme.row(((columns[item], 1.0) for item in sorted(members)), low=1.0)
    if not columns:
        return []
    found = programme.solve(dict.fromkeys(columns.values(), 1.0), control)
    if found.state != "optimal":
        return None
    return [item for item, column in columns.items() if found.is_on(column)]


def _matters(problem: Problem, candidate: Candidate) -> bool:
    """Only what has to be in can be too much: the required, and stars where some are required."""
    return candidate.must_include or bool(problem.min_stars and problem.is_star(candidate))
