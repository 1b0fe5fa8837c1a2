"""Selections too large for one programme.

First everything that managers have is counted together: nothing can be worth more than the optimum
of that, and where managers can be found for exactly those accounts it is the answer. Otherwise
managers get their accounts by patterns, a few managers at a time are solved anew, and what remains
is the gap.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

from accounts.selection import checking, diving, exact
from accounts.selection.exact import Answer
from accounts.selection.filling import SHARE, Filling
from accounts.selection.mip import INFINITE, Control, Found, Programme
from accounts.selection.neighbouring import Neighbours
from accounts.selection.problem import Candidate, Problem, serves, whole_numbers

GOOD = Decimal("0.0005")
"""A relative gap at which no further exchange is sought."""
LAYERS = (2, 3, 4, 5)
ROUNDS = 2_000


class _Choice:
    """Which accounts, with the places and the time of all managers together."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.programme = problem, Programme()
        self.rows = [
            row
            for row in problem.candidates
            if problem.may_enter(row)
            and (row.must_include or any(serves(manager, row) for manager in problem.managers))
        ]
        self.column = {
            row.account: self.programme.column(float(row.must_include)) for row in self.rows
        }
        self.worth, _none = whole_numbers(problem.worth(row) for row in self.rows)
        self._limit()
        self._share()

    def _sum(self, amounts: Iterable[float], *, low: float = -INFINITE, high: float = INFINITE):
        pairs = zip(self.column.values(), map(float, amounts), strict=True)
        self.programme.row(pairs, low, high)

    def _limit(self) -> None:
        problem = self.problem
        if problem.budget is not None:
            costs, (budget,) = whole_numbers((item.cost for item in self.rows), problem.budget)
            self._sum(costs, high=budget)
        if problem.max_accounts is not None:
            self._sum([1.0] * len(self.rows), high=problem.max_accounts)
        if problem.min_stars:
            self._sum(map(problem.is_star, self.rows), low=problem.min_stars)
        for pair in problem.pairs:
            if pair.kind == "exclusive" and pair.a in self.column and pair.b in self.column:
                both = [(self.column[pair.a], 1.0), (self.column[pair.b], 1.0)]
                self.programme.row(both, high=1.0)

    def _share(self) -> None:
        """Places and time of all; and of accounts that take more than a half, a third … of the
        time of one, nobody can take more than one, two …"""
        managers = self.problem.managers
        times = [manager.effort for manager in managers]
        efforts, limits = whole_numbers((item.effort for item in self.rows), *times)
        self._sum([1.0] * len(self.rows), high=sum(manager.most for manager in managers))
        self._sum(efforts, high=sum(limits))
        longest = max(limits)
        for layer in LAYERS:
            least = longest // layer + 1
            pairs = zip(managers, limits, strict=True)
            most = sum(min(manager.most, limit // least) for manager, limit in pairs)
            self._sum((effort >= least for effort in efforts), high=most)

    def best(self, control: Control) -> Found:
        """The most that accounts can be worth together."""
        pairs = zip(self.column.values(), map(float, self.worth), strict=True)
        return self.programme.solve(dict(pairs), control, largest=True)

    def chosen(self, found: Found) -> list[int]:
        """Accounts that are in."""
        return [account for account, column in self.column.items() if found.is_on(column)]


def solve(problem: Problem, control: Control) -> Answer:
    """The best answer found, with a bound above which there is none."""
    nothing = Answer("stopped", {}, Decimal(0), Decimal(0))
    if not problem.managers:
        return exact.solve(problem, control)
    if any(_is_impossible(problem, row) for row in problem.candidates if row.must_include):
        return nothing._replace(state="infeasible")
    choice = _Choice(problem)
    found = choice.best(control.silent(SHARE))
    if found.state == "infeasible":
        return nothing._replace(state="infeasible")
    bound = exact.proven(problem, choice.rows, choice.worth, found)
    first = Filling(problem)
    first.place(choice.chosen(found) if found.values else ())
    first.complete()
    best = _answer(problem, first.plan.chosen, bound)
    control.tell(float(best.objective), float(bound))
    if best.is_proven or control.is_over:
        return best if best.state != "wrong" else nothing
    filling, proven = diving.solve(problem, first.plan.chosen, control)
    bound = bound if proven is None else min(bound, max(proven, best.objective))
    filling.complete()
    best = max(
        (best._replace(bound=bound), _answer(problem, filling.plan.chosen, bound)), key=_rank
    )
    if best.state == "wrong":
        best = _required_alone(problem, control, bound) or best
        if best.state != "feasible":
            return best
    if best.objective < bound * (1 - GOOD) and not control.is_over:
        last = Filling(problem)
        last.put_back(best.chosen)
        last.improve(control, bound * (1 - GOOD))
        best = max((best, _answer(problem, last.plan.chosen, bound)), key=_rank)
    control.tell(float(best.objective), float(bound))
    return best


def settled(problem: Problem, answer: Answer, control: Control) -> tuple[Answer, bool]:
    """`answer` with work moved from the busiest to those who have less, and accounts exchanged one
    by one, until neither makes it better; False where the time was up before."""
    while True:
        answer = _evened(problem, answer)
        climbed = Neighbours(problem, answer.chosen).climb(control)
        if climbed == answer.chosen:
            return answer, not control.is_over
        answer = _answer(problem, climbed, answer.bound)


def runners_up(problem: Problem, answer: Answer, most: int, control: Control) -> list[Answer]:
    """The `most` next best of the answers that are one account apart from `answer`, which is
    `settled`, the best first: nothing is proven of what may lie between. None where the time was
    up."""
    around = Neighbours(problem, answer.chosen).best(most, control)
    return [_answer(problem, chosen, answer.bound) for chosen in around if chosen]


def filled_up(problem: Problem, chosen: Mapping[int, int]) -> Answer:
    """`chosen`, which keeps all limits of `problem`, with whatever else still fits: more may be
    possible, nothing is proven."""
    filling = Filling(problem)
    filling.put_back(chosen)
    filling.complete()
    answer = _answer(problem, filling.plan.chosen, Decimal(0))
    return answer._replace(bound=answer.objective)


def _is_impossible(problem: Problem, row: Candidate) -> bool:
    return row.barred or not any(serves(manager, row) for manager in problem.managers)


def _rank(answer: Answer) -> tuple[bool, Decimal]:
    return answer.state != "wrong", answer.objective


def _evened(problem: Problem, answer: Answer) -> Answer:
    """The same accounts, with work moved from the busiest to those who have less."""
    filling = Filling(problem)
    filling.put_back(answer.chosen)
    filling.plan.even_out(ROUNDS)
    return _answer(problem, filling.plan.chosen, answer.bound)


def _answer(problem: Problem, chosen: dict[int, int], bound: Decimal) -> Answer:
    broken = tuple(checking.breaches(problem, chosen))
    objective = exact.objective_of(problem, chosen)
    state = "wrong" if broken else ("optimal" if objective == bound else "feasible")
    return Answer(state, dict(chosen), objective, bound, broken)


def _required_alone(problem: Problem, control: Control, bound: Decimal) -> Answer | None:
    """Where not even what is required could be placed: whether that can be done at all."""
    rows = [row for row in problem.candidates if row.must_include or problem.is_star(row)]
    answer = exact.solve(replace(problem, candidates=tuple(rows)), control, in_full=False)
    if answer.state in ("optimal", "feasible"):
        return _answer(problem, answer.chosen, bound)
    return answer if answer.state == "infeasible" else None
