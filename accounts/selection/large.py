"""Selections too large for one programme: which accounts first, then who looks after them.

The first step leaves single managers out and counts their places and time together, so that nothing
can be worth more than its optimum. Where managers can be found for exactly those accounts, the
optimum of the whole is proven; otherwise accounts are exchanged until every one has a manager, and
what remains is the gap.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from accounts.selection import checking, exact
from accounts.selection.assigning import Plan
from accounts.selection.exact import Answer
from accounts.selection.mip import INFINITE, Control, Found, Programme
from accounts.selection.problem import (
    MOST_ACCOUNTS,
    Candidate,
    Manager,
    Problem,
    whole_numbers,
)

MOST_KINDS = 24
SMALL_GAP = 0.0002
"""Of the first step where managers differ: what is left open costs less than what it takes."""
SHARE = 0.4
"""Of the remaining time that one search may take."""
TRIED = 60
"""Accounts that are out and looked at when a few managers are solved anew."""
GROUP = 8
"""Managers that are solved anew together."""
GOOD = Decimal("0.001")
"""A relative gap at which no further exchange is sought."""
LEAST = Decimal("0.01")
LAYERS = (2, 3, 4, 5)
ROUNDS = 2_000


class Kind(NamedTuple):
    """Managers alike in what they can take."""

    most: int
    effort: Decimal


class _Choice:
    """Which accounts, and which kind of manager for each; managers of a kind share what they have.

    With a single kind all managers are taken together.
    """

    def __init__(self, problem: Problem, kinds: dict[Kind, list[Manager]]) -> None:
        self.problem, self.kinds, self.programme = problem, kinds, Programme()
        entering = [row for row in problem.candidates if problem.may_enter(row)]
        self.places = {
            (row.account, kind): self.programme.column()
            for row in entering
            for kind, managers in kinds.items()
            if any(_serves(manager, row) for manager in managers)
        }
        self.rows = entering
        self.worth, _none = whole_numbers(problem.worth(row) for row in entering)
        self.of = {row.account: self._columns(row.account) for row in entering}
        self._limit()
        for kind, managers in kinds.items():
            self._share(kind, managers)

    def _columns(self, account: int) -> list[int]:
        found = (self.places.get((account, kind)) for kind in self.kinds)
        return [column for column in found if column is not None]

    def _sum(self, amounts: Iterable[float], *, low: float = -INFINITE, high: float = INFINITE):
        pairs = zip(self.rows, amounts, strict=True)
        terms = ((column, float(n)) for row, n in pairs for column in self.of[row.account])
        self.programme.row(terms, low, high)

    def _limit(self) -> None:
        problem, row = self.problem, self.programme.row
        for candidate in self.rows:
            terms = [(column, 1.0) for column in self.of[candidate.account]]
            row(terms, low=float(candidate.must_include), high=1.0)
        if problem.budget is not None:
            costs, (budget,) = whole_numbers((item.cost for item in self.rows), problem.budget)
            self._sum(costs, high=budget)
        if problem.max_accounts is not None:
            self._sum([1.0] * len(self.rows), high=problem.max_accounts)
        if problem.min_stars:
            self._sum(map(problem.is_star, self.rows), low=problem.min_stars)
        for pair in problem.pairs:
            if pair.kind == "exclusive" and pair.a in self.of and pair.b in self.of:
                both = [*self.of[pair.a], *self.of[pair.b]]
                row(((column, 1.0) for column in both), high=1.0)

    def _share(self, kind: Kind, managers: list[Manager]) -> None:
        """Places and time of all; and of accounts that take more than a half, a third … of the
        time of one, nobody can take more than one, two …"""
        times = [manager.effort for manager in managers]
        efforts, limits = whole_numbers((item.effort for item in self.rows), *times)
        mine = [
            (self.places[row.account, kind], effort)
            for row, effort in zip(self.rows, efforts, strict=True)
            if (row.account, kind) in self.places
        ]
        most, row = sum(manager.most for manager in managers), self.programme.row
        row(((column, 1.0) for column, _effort in mine), high=most)
        row(((column, float(effort)) for column, effort in mine), high=sum(limits))
        longest = max(limits)
        for layer in LAYERS:
            heavy = [(column, 1.0) for column, effort in mine if effort * layer > longest]
            pairs = zip(managers, limits, strict=True)
            least = longest // layer + 1
            row(heavy, high=sum(min(manager.most, limit // least) for manager, limit in pairs))

    def best(self, control: Control, gap: float) -> Found:
        """The most that accounts can be worth together."""
        pairs = zip(self.rows, self.worth, strict=True)
        aim = {column: float(n) for row, n in pairs for column in self.of[row.account]}
        return self.programme.solve(aim, control, largest=True, gap=gap)

    def chosen(self, found: Found) -> dict[int, Kind]:
        """Accounts that are in, with the kind of their manager."""
        return {
            account: kind for (account, kind), column in self.places.items() if found.is_on(column)
        }


def _kinds(problem: Problem) -> dict[Kind, list[Manager]]:
    """Managers by kind; where there are too many kinds, by places alone."""
    found: dict[Kind, list[Manager]] = defaultdict(list)
    for manager in problem.managers:
        found[Kind(manager.most, manager.effort)].append(manager)
    if len(found) <= MOST_KINDS:
        return dict(found)
    found.clear()
    for manager in problem.managers:
        found[Kind(manager.most, Decimal(0))].append(manager)
    return dict(found)


def _is_served(problem: Problem, candidate: Candidate) -> bool:
    return any(_serves(manager, candidate) for manager in problem.managers)


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


def _serves(manager: Manager, candidate: Candidate) -> bool:
    return (
        manager.most > 0
        and manager.may_serve(candidate.account)
        and manager.effort >= candidate.effort
    )


class _Filling:
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

    def place(self, accounts: Mapping[int, Kind], kinds: Mapping[Kind, list[Manager]]) -> None:
        """Put in what fits, with managers of the kind foreseen where they have room: the required
        first, then the hardest to place."""
        by_account, effort = self.problem.by_account, self.plan.effort

        def hardest(account: int) -> tuple[bool, int, int]:
            return not by_account[account].must_include, -effort[account], account

        for account in sorted(accounts, key=hardest):
            users = [manager.user for manager in kinds[accounts[account]]]
            self.add(account, self.plan.tightest(account, users))

    def add(self, account: int, user: int | None = None) -> bool:
        """Put the account in, with `user` or whoever can take it, if everything allows it."""
        chosen = self.plan.chosen
        if account in chosen or self.places < 1 or self.money < self.cost[account]:
            return False
        if any(rival in chosen for rival in self.rivals[account]):
            return False
        if user is not None:
            self.plan.put(account, user)
        elif not self.plan.place(account):
            return False
        self.money -= self.cost[account]
        self.places -= 1
        return True

    def remove(self, account: int) -> int:
        """Take the account out; who had it."""
        self.money += self.cost[account]
        self.places += 1
        return self.plan.take(account)

    def put_back(self, account: int, user: int) -> None:
        """Undo `remove`."""
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
        rest = chosen.keys() - mine.keys()
        free = [row for row in self._outside() if not self.rivals[row.account] & rest]
        rows = [*(problem.by_account[account] for account in mine), *free[:TRIED]]
        ids = {row.account for row in rows}
        stars = problem.min_stars - len(self.stars & rest)
        part = replace(
            problem,
            candidates=tuple(rows),
            managers=tuple(manager for manager in problem.managers if manager.user in users),
            pairs=tuple(pair for pair in problem.pairs if pair.a in ids and pair.b in ids),
            budget=None if problem.budget is None else problem.budget - self._spent(rest),
            max_accounts=None if problem.max_accounts is None else problem.max_accounts - len(rest),
            min_stars=max(0, stars),
        )
        answer = exact.solve(part, control.part(SHARE), in_full=False, start=mine, gap=SMALL_GAP)
        better = answer.state in ("optimal", "feasible") and len(answer.chosen) > 0
        if not better or answer.objective <= exact.objective_of(problem, mine):
            return False
        for account in mine:
            self.remove(account)
        for account, user in answer.chosen.items():
            self.put_back(account, user)
        return True

    def _spent(self, accounts: Collection[int]) -> Decimal:
        return exact.cost_of(self.problem, accounts)

    def _outside(self) -> list[Candidate]:
        """Those that are out and worth something, the most for what they take first."""
        return [row for row in self.by_yield if row.account not in self.plan.chosen]

    def objective(self) -> Decimal:
        """What is in is worth together."""
        return exact.objective_of(self.problem, self.plan.chosen)


def solve(problem: Problem, control: Control) -> Answer:
    """The best answer found, with a bound above which there is none."""
    nothing = Answer("stopped", {}, Decimal(0), Decimal(0))
    if not problem.managers:
        return exact.solve(problem, control)
    together = {Kind(MOST_ACCOUNTS, Decimal(0)): list(problem.managers)}
    best: Answer | None = None
    for kinds, gap in ((together, 0.0), (_kinds(problem), SMALL_GAP)):
        choice = _Choice(problem, kinds)
        found = choice.best(control.part(SHARE), gap)
        if found.state == "infeasible":
            return nothing._replace(state="infeasible")
        bound = exact.proven(problem, choice.rows, choice.worth, found)
        best = best and best._replace(bound=min(bound, best.bound))
        if not found.values:
            continue
        filling = _Filling(problem)
        filling.place(choice.chosen(found), kinds)
        filling.improve(control, bound * (1 - GOOD))
        filling.plan.even_out(ROUNDS)
        answer = _answer(problem, filling.plan.chosen, bound if best is None else best.bound)
        best = answer if best is None or _rank(answer) > _rank(best) else best
        control.tell(float(best.objective), float(best.bound))
        if best.is_proven or control.is_over:
            break
    if best is None or best.state == "wrong":
        return _required_alone(problem, control) or best or nothing
    return best


def _rank(answer: Answer) -> tuple[bool, Decimal]:
    return answer.state != "wrong", answer.objective


def _answer(problem: Problem, chosen: dict[int, int], bound: Decimal) -> Answer:
    broken = tuple(checking.breaches(problem, chosen))
    objective = exact.objective_of(problem, chosen)
    state = "wrong" if broken else ("optimal" if objective == bound else "feasible")
    return Answer(state, dict(chosen), objective, bound, broken)


def _required_alone(problem: Problem, control: Control) -> Answer | None:
    """Where not even what is required could be placed: whether that can be done at all."""
    rows = [row for row in problem.candidates if row.must_include or problem.is_star(row)]
    answer = exact.solve(replace(problem, candidates=tuple(rows)), control, in_full=False)
    return answer if answer.state in ("infeasible", "optimal", "feasible") else None
