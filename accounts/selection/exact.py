"""The selection as one integer programme, solved to the end: for programmes of ordinary size.

Ties are broken one after the other, each with the earlier aims held: objective, then cost, then the
highest load of a manager, then names (handbook 3.5).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from accounts.selection import checking
from accounts.selection.mip import Control, Found, Programme
from accounts.selection.problem import SIX_PLACES, Candidate, Problem, total, whole_numbers

BATCH = 10_000
"""Choices by name are weighed against each other in one aim as long as weights stay below this."""
WHOLE = 1e-3
"""Within which a bound of whole numbers counts as the number itself."""
NODES = 1_000
"""Nodes after which the search for the lowest load takes the best that it has: the same answer on
every machine, where the lowest of all would take minutes to prove."""


class Answer(NamedTuple):
    """`state` as of `Found`, or `stopped` or `wrong` (it breaks a condition); `chosen` is
    account: manager; nothing chosen can be worth more than `bound`."""

    state: str
    chosen: dict[int, int]
    objective: Decimal
    bound: Decimal
    breaches: tuple[checking.Breach, ...] = ()

    @property
    def is_proven(self) -> bool:
        """Whether nothing is better."""
        return self.state == "optimal"


def objective_of(problem: Problem, chosen: Iterable[int]) -> Decimal:
    """Sum of v - h."""
    return total(problem.worth(problem.by_account[account]) for account in chosen)


def cost_of(problem: Problem, chosen: Iterable[int]) -> Decimal:
    """Yearly cost of the programme."""
    return total(problem.by_account[account].cost for account in chosen)


class Model:
    """Columns `x` (selected) and `y` (assigned) with every condition of the handbook."""

    def __init__(self, problem: Problem, other_than: Sequence[frozenset[int]] = ()) -> None:
        self.problem, self.programme = problem, Programme()
        self.rows = [row for row in problem.candidates if problem.may_enter(row)]
        add = self.programme.column
        self.x = {row.account: add(float(row.must_include)) for row in self.rows}
        self.y = {
            (row.account, manager.user): add()
            for row in self.rows
            for manager in problem.managers
            if manager.may_serve(row.account)
        }
        self.worth, _none = whole_numbers(problem.worth(row) for row in self.rows)
        limits = [] if problem.budget is None else [problem.budget]
        self.costs, self.budget = whole_numbers((row.cost for row in self.rows), *limits)
        efforts = [manager.effort for manager in problem.managers]
        self.efforts, self.times = whole_numbers((row.effort for row in self.rows), *efforts)
        self._assign()
        self._limit()
        self._keep_apart()
        for chosen in other_than:
            self.forbid(chosen)

    def _assign(self) -> None:
        row = self.programme.row
        for candidate in self.rows:
            mine = [(self.y[key], 1.0) for key in self.keys_of(candidate.account)]
            row([*mine, (self.x[candidate.account], -1.0)], 0.0, 0.0)
        for manager, time in zip(self.problem.managers, self.times, strict=True):
            row(((column, 1.0) for column, _effort in self.of(manager.user)), high=manager.most)
            row(self.of(manager.user), high=time)

    def _limit(self) -> None:
        problem, row = self.problem, self.programme.row
        for limit in self.budget:
            row(self.costing(), high=limit)
        if problem.max_accounts is not None:
            row(((column, 1.0) for column in self.x.values()), high=problem.max_accounts)
        if problem.min_stars:
            stars = (item.account for item in self.rows if problem.is_star(item))
            row(((self.x[account], 1.0) for account in stars), low=problem.min_stars)

    def _keep_apart(self) -> None:
        for pair in self.problem.pairs:
            if pair.a not in self.x or pair.b not in self.x:
                continue
            if pair.kind == "exclusive":
                self.programme.row([(self.x[pair.a], 1.0), (self.x[pair.b], 1.0)], high=1.0)
                continue
            for manager in self.problem.managers:
                both = [(pair.a, manager.user), (pair.b, manager.user)]
                if all(key in self.y for key in both):
                    self.programme.row(((self.y[key], 1.0) for key in both), high=1.0)

    def keys_of(self, account: int) -> list[tuple[int, int]]:
        """Where the account may go, managers by name."""
        users = (manager.user for manager in self.problem.managers)
        return [(account, user) for user in users if (account, user) in self.y]

    def of(self, user: int) -> list[tuple[int, float]]:
        """What a manager may look after, with its effort."""
        pairs = zip(self.rows, self.efforts, strict=True)
        return [
            (self.y[row.account, user], float(effort))
            for row, effort in pairs
            if (row.account, user) in self.y
        ]

    def worths(self) -> dict[int, float]:
        """The objective."""
        return {self.x[row.account]: float(w) for row, w in zip(self.rows, self.worth, strict=True)}

    def costing(self) -> list[tuple[int, float]]:
        """The cost of what is selected."""
        pairs = zip(self.rows, self.costs, strict=True)
        return [(self.x[row.account], float(cost)) for row, cost in pairs]

    def forbid(self, chosen: frozenset[int]) -> None:
        """Any set of accounts but this one."""
        if not chosen <= self.x.keys():
            return
        terms = [(column, -1.0 if account in chosen else 1.0) for account, column in self.x.items()]
        self.programme.row(terms, low=1.0 - len(chosen))

    def chosen(self, found: Found) -> dict[int, int]:
        """Account: manager."""
        return {account: user for (account, user), column in self.y.items() if found.is_on(column)}


def solve(
    problem: Problem,
    control: Control,
    *,
    other_than: Sequence[frozenset[int]] = (),
    in_full: bool = True,
    start: dict[int, int] | None = None,
    gap: float = 0.0,
    nodes: int | None = None,
) -> Answer:
    """The best answer whose set of accounts is none of `other_than`; ties only `in_full`. The
    search may begin with `start`, and end at a relative `gap` above 0 or after so many `nodes`."""
    if any(row.must_include and row.barred for row in problem.candidates):
        return Answer("infeasible", {}, Decimal(0), Decimal(0))
    model = Model(problem, other_than)
    hint = None if start is None else _hint(model, start)
    aim = model.worths()
    found = model.programme.solve(aim, control, largest=True, start=hint, gap=gap, nodes=nodes)
    if found.state == "infeasible":
        return Answer("infeasible", {}, Decimal(0), Decimal(0))
    if found.state == "unknown":
        return Answer("stopped", {}, Decimal(0), Decimal(0))
    answer = _answer(model, found)
    if not answer.is_proven or not in_full:
        return answer
    chosen = _tie_broken(model, found, control)
    if chosen is None:  # stopped or out of time: the objective is proven, the ties are open
        return answer._replace(state="feasible")
    return _checked(problem, chosen, "optimal", answer.objective)


def cheapest(problem: Problem, least: Decimal, control: Control) -> Answer:
    """The cheapest answer worth more than `least`, whatever the budget."""
    model = Model(replace(problem, budget=None))
    pairs = zip(model.rows, model.worth, strict=True)
    unit = next((problem.worth(row) / number for row, number in pairs if number), Decimal(1))
    model.programme.row(model.worths().items(), low=math.floor(least / unit) + 1.0)
    found = model.programme.solve(dict(model.costing()), control)
    if found.state != "optimal":
        state = "infeasible" if found.state == "infeasible" else "stopped"
        return Answer(state, {}, Decimal(0), Decimal(0))
    chosen = model.chosen(found)
    return _checked(model.problem, chosen, "optimal", objective_of(problem, chosen))


def _hint(model: Model, chosen: dict[int, int]) -> dict[int, float]:
    columns = [model.x[account] for account in chosen if account in model.x]
    columns += [model.y[key] for key in chosen.items() if key in model.y]
    return dict.fromkeys(columns, 1.0)


def _answer(model: Model, found: Found) -> Answer:
    chosen = model.chosen(found)
    objective = objective_of(model.problem, chosen)
    if found.state == "optimal":
        return _checked(model.problem, chosen, "optimal", objective)
    bound = max(objective, proven(model.problem, model.rows, model.worth, found))
    return _checked(model.problem, chosen, "feasible", bound)


def proven(
    problem: Problem, rows: Sequence[Candidate], worth: Sequence[int], found: Found
) -> Decimal:
    """What nothing can be worth more than; `worth` are the whole numbers of the aim."""
    if not math.isfinite(found.bound):
        return total(max(Decimal(0), problem.worth(row)) for row in rows)
    pairs = zip(rows, worth, strict=True)
    unit = next((problem.worth(row) / number for row, number in pairs if number), Decimal(1))
    return (math.floor(found.bound + WHOLE) * unit).quantize(SIX_PLACES)


def _checked(problem: Problem, chosen: dict[int, int], state: str, bound: Decimal) -> Answer:
    broken = tuple(checking.breaches(problem, chosen))
    objective = objective_of(problem, chosen)
    return Answer("wrong" if broken else state, chosen, objective, bound, broken)


def _tie_broken(model: Model, found: Found, control: Control) -> dict[int, int] | None:
    """Among the best: the cheapest, then the one whose busiest manager has least to do, then by
    name. None where the search ended before."""
    if not model.y:
        return {}
    programme = model.programme
    worths, costs = model.worths(), dict(model.costing())
    programme.row(worths.items(), low=_reached(worths, found))
    found = programme.solve(costs, control, start=_start(found))
    if found.state != "optimal":
        return None
    programme.row(costs.items(), high=_reached(costs, found))
    is_only = _is_only_set(model, found, control)
    if is_only is None:
        return None
    if is_only:  # what is left to settle is who looks after whom
        chosen = model.chosen(found)
        model = Model(_cut_down(model.problem, chosen))
        found = model.programme.solve({}, control, start=_hint(model, chosen))
    busiest = _least_load(model, found, control)
    return None if busiest is None else _by_name(model, busiest, control)


def _reached(aim: dict[int, float], found: Found) -> float:
    return sum(factor for column, factor in aim.items() if found.is_on(column))


def _is_only_set(model: Model, found: Found, control: Control) -> bool | None:
    """Whether no other set of accounts is as good and as cheap; None where that is not known."""
    model.forbid(frozenset(model.chosen(found)))
    other = model.programme.solve({}, control)
    model.programme.drop_last_row()
    return {"infeasible": True, "unknown": None}.get(other.state, False)


def _cut_down(problem: Problem, chosen: Collection[int]) -> Problem:
    """The problem of those accounts alone, all of which are to be in."""
    rows = [row for row in problem.candidates if row.account in chosen]
    return replace(
        problem, candidates=tuple(replace(row, must_include=True) for row in rows), min_stars=0
    )


def _start(found: Found) -> dict[int, float]:
    return dict(enumerate(found.values))


def _least_load(model: Model, found: Found, control: Control) -> Found | None:
    """Make the highest load the lowest, then hold every manager to it."""
    programme = model.programme
    most = programme.column(0.0, float(max(model.times)), whole=False)
    for manager in model.problem.managers:
        programme.row([*model.of(manager.user), (most, -1.0)], high=0.0)
    high = max(_load(model, found, manager.user) for manager in model.problem.managers)
    start = {**_start(found), most: high}
    found = programme.solve({most: 1.0}, control, start=start, nodes=NODES)
    if not _is_settled(found, control):
        return None
    high = max(_load(model, found, manager.user) for manager in model.problem.managers)
    programme.fix(most, high)
    return found


def _is_settled(found: Found, control: Control) -> bool:
    """Whether the search came to its own end, and not to that of its time."""
    return found.state == "optimal" or (found.state == "feasible" and not control.is_over)


def _load(model: Model, found: Found, user: int) -> float:
    return sum(effort for column, effort in model.of(user) if found.is_on(column))


def _by_name(model: Model, found: Found, control: Control) -> dict[int, int] | None:
    """Accounts in the order of their names: each selected if it can be, with the first manager."""
    programme, managers = model.programme, model.problem.managers
    base = len(managers) + 1
    size = 1
    while base ** (size + 1) <= BATCH:
        size += 1
    for first in range(0, len(model.rows), size):
        batch = model.rows[first : first + size]
        aim: dict[int, float] = {}
        for place, row in enumerate(reversed(batch)):
            rank = {manager.user: number for number, manager in enumerate(managers)}
            for key in model.keys_of(row.account):
                aim[model.y[key]] = (rank[key[1]] - len(managers)) * float(base**place)
        found = programme.solve(aim, control, start=_start(found), nodes=NODES)
        if not _is_settled(found, control):
            return None
        for row in batch:
            for key in model.keys_of(row.account):
                programme.fix(model.y[key], float(found.is_on(model.y[key])))
    return model.chosen(found)
