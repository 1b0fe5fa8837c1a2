"""Why each account is in or out, what binds, and what one step more of each limit would gain.

Everything said is true of the problem: it follows from the answer itself, or from solving the
problem once more with one thing changed. Reasons are codes with figures; words are made when they
are shown, because who reads them may not see every account named.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import islice
from typing import Any, NamedTuple

from accounts.selection import checking, exact, large
from accounts.selection.conflicting import Condition
from accounts.selection.exact import Answer
from accounts.selection.mip import Control
from accounts.selection.problem import Candidate, Manager, Problem, loads

TYPICAL_CAPACITY = 2
"""Accounts of a manager, usually (handbook 3.5)."""
EFFORT_STEP = Decimal("0.1")
"""FTE by which a manager's time is tried longer."""
WHOLE = Decimal(1)
CURVE = 8
"""Steps of the budget that are shown."""
MOST_SOLVED = 2_000
"""Pairs of account and manager up to which the problem is solved anew for each account."""
MOST_FILLED = 20_000
"""Pairs up to which every manager's limits are widened to see what fits in then."""
WIDER = (Decimal("0.05"), Decimal("0.1"), Decimal("0.2"))
"""Shares by which the budget of a larger one is raised to see what is found then."""
NEW = 0
"""Stands for a manager who is not there yet."""


Gains = Callable[..., Decimal | None]


class Reason(NamedTuple):
    """Why an account is in or out. `blocks` are what stands against it beside the answer as it is;
    `price` is what the best programme loses when it is the other way round: None where that was
    not reckoned, or cannot be (`is_fixed`)."""

    account: int
    is_in: bool
    code: str
    rank: int
    blocks: tuple[dict[str, Any], ...] = ()
    price: Decimal | None = None
    is_fixed: bool = False


class Limit(NamedTuple):
    """A condition with a measure, how far it is used, and what one `step` more of it gains: at
    least that where `is_least`, since it was found and not proven."""

    condition: Condition
    used: Decimal
    limit: Decimal
    step: Decimal
    gain: Decimal | None
    is_least: bool = False

    @property
    def binds(self) -> bool:
        """Whether nothing is left of it, or more of it would help; that everybody is at work binds
        nothing."""
        is_used_up = self.used >= self.limit and self.condition != ("managers",)
        return is_used_up or bool(self.gain)


class Step(NamedTuple):
    """The smallest budget with which something better can be had; or, where `is_least`, a larger
    budget and the best that was found with it."""

    budget: Decimal
    objective: Decimal
    accounts: tuple[int, ...]
    is_least: bool = False


def is_small(problem: Problem) -> bool:
    """Whether the problem can be solved anew for every account and limit."""
    return len(problem.candidates) * max(1, len(problem.managers)) <= MOST_SOLVED


class _Left:
    """What an answer leaves, reckoned once for all accounts."""

    def __init__(self, problem: Problem, answer: Answer) -> None:
        self.problem, self.chosen = problem, answer.chosen
        cost = exact.cost_of(problem, answer.chosen)
        self.money = None if problem.budget is None else problem.budget - cost
        busy = loads(problem, answer.chosen)
        held = Counter(answer.chosen.values())
        self.free = [
            (manager, manager.effort - busy.get(manager.user, Decimal(0)))
            for manager in problem.managers
            if held[manager.user] < manager.most
        ]
        self.apart: dict[str, dict[int, list[int]]] = {
            "exclusive": defaultdict(list),
            "ring_fence": defaultdict(list),
        }
        for pair in problem.pairs:
            self.apart[pair.kind][pair.a].append(pair.b)
            self.apart[pair.kind][pair.b].append(pair.a)

    def blocks(self, row: Candidate) -> Iterator[dict[str, Any]]:
        """What it would break to add the account to the answer as it is."""
        for other in self.apart["exclusive"].get(row.account, ()):
            if other in self.chosen:
                yield {"code": "exclusive", "account": other}
        if self.money is not None and row.cost > self.money:
            yield {"code": "budget", "needs": row.cost, "left": self.money}
        most = self.problem.max_accounts
        if most is not None and len(self.chosen) >= most:
            yield {"code": "max_accounts", "limit": most}
        if not self._has_manager(row):
            yield {"code": "managers", "needs": row.effort}

    def _has_manager(self, row: Candidate) -> bool:
        others = self.apart["ring_fence"].get(row.account, ())
        fenced = {self.chosen[other] for other in others if other in self.chosen}
        return any(
            row.effort <= time and manager.may_serve(row.account) and manager.user not in fenced
            for manager, time in self.free
        )


def reasons(problem: Problem, answer: Answer, control: Control) -> Iterator[Reason]:
    """One reason for each candidate, by name."""
    ranked = sorted(problem.candidates, key=lambda row: (-problem.worth(row), row.name))
    ranks = {row.account: place for place, row in enumerate(ranked, start=1)}
    left = _Left(problem, answer)
    for row in problem.candidates:
        if row.account in answer.chosen:
            yield _inside(problem, answer, row, ranks[row.account], control)
        else:
            yield _outside(problem, answer, row, ranks[row.account], left, control)


def _inside(
    problem: Problem, answer: Answer, row: Candidate, rank: int, control: Control
) -> Reason:
    if row.must_include:
        return Reason(row.account, True, "required", rank)  # noqa: FBT003  (`is_in`)
    price, is_fixed = _otherwise(problem, answer, replace(row, barred=True), control)
    return Reason(row.account, True, "worth", rank, (), price, is_fixed)  # noqa: FBT003  (`is_in`)


def _outside(
    problem: Problem, answer: Answer, row: Candidate, rank: int, left: _Left, control: Control
) -> Reason:
    code = _hopeless(problem, row)
    if code is not None:
        return Reason(row.account, False, code, rank)  # noqa: FBT003  (`is_in`)
    blocks = tuple(left.blocks(row))
    price, is_fixed = _otherwise(problem, answer, replace(row, must_include=True), control)
    return Reason(row.account, False, "outbid", rank, blocks, price, is_fixed)  # noqa: FBT003  (`is_in`)


def _hopeless(problem: Problem, row: Candidate) -> str | None:
    """What keeps the account out whatever else is chosen."""
    if row.barred:
        return "barred"
    if not problem.is_attractive(row):
        return "below_cut"
    if problem.worth(row) <= 0:
        return "below_hurdle"
    return None if _servers(problem, row) else "no_manager"


def _servers(problem: Problem, row: Candidate) -> list[Manager]:
    return [
        manager
        for manager in problem.managers
        if manager.may_serve(row.account) and manager.most and manager.effort >= row.effort
    ]


def _price(problem: Problem, answer: Answer, control: Control) -> tuple[Decimal | None, bool]:
    """What the best answer loses when `problem` is solved instead, and whether it has no answer."""
    if not answer.is_proven or not is_small(problem):
        return None, False
    other = exact.solve(problem, control, in_full=False)
    if other.state == "infeasible":
        return None, True
    return (answer.objective - other.objective if other.is_proven else None), False


def _otherwise(
    problem: Problem, answer: Answer, row: Candidate, control: Control
) -> tuple[Decimal | None, bool]:
    """The price of `row` in the place of the candidate of the same account."""
    if not is_small(problem):
        return None, False
    rows = (row if item.account == row.account else item for item in problem.candidates)
    return _price(replace(problem, candidates=tuple(rows)), answer, control)


def limits(problem: Problem, answer: Answer, control: Control) -> Iterator[Limit]:
    """Every limit with a measure, how far it is used and what one step more gains."""
    is_least = not is_small(problem)
    price = _filled(problem, answer) if is_least else _proven(problem, answer, control)
    one = Decimal(1)
    if problem.budget is not None:
        used = exact.cost_of(problem, answer.chosen)
        step = next(budget_steps(problem, answer, control, most=1), None)
        raised = step.budget - problem.budget if step else Decimal(0)
        gained = step.objective - answer.objective if step else None
        yield Limit(("budget",), used, problem.budget, raised, gained, is_least)
    if problem.max_accounts is not None:
        size, most = Decimal(len(answer.chosen)), Decimal(problem.max_accounts)
        more = price(max_accounts=problem.max_accounts + 1)
        yield Limit(("max_accounts",), size, most, one, more, is_least)
    new = Manager(NEW, "", TYPICAL_CAPACITY)
    count = Decimal(len(problem.managers))
    more = price(managers=(*problem.managers, new))
    yield Limit(("managers",), count, count, one, more, is_least)
    is_huge = len(problem.candidates) * len(problem.managers) > MOST_FILLED
    yield from _of_managers(problem, answer, (lambda **_change: None) if is_huge else price)


def _proven(problem: Problem, answer: Answer, control: Control) -> Gains:
    """What a change of the problem gains, from the optimum of the changed one."""

    def gain(**change: Any) -> Decimal | None:
        price, _none = _price(replace(problem, **change), answer, control)
        return None if price is None else -price

    return gain


def _filled(problem: Problem, answer: Answer) -> Gains:
    """What a change of the problem gains at least: what fits in then beside the answer."""

    def gain(**change: Any) -> Decimal | None:
        other = large.filled_up(replace(problem, **change), answer.chosen)
        is_new = bool(checking.breaches(problem, other.chosen))
        return other.objective - answer.objective if is_new else Decimal(0)

    return gain


def _of_managers(problem: Problem, answer: Answer, gain: Gains) -> Iterator[Limit]:
    is_least = not is_small(problem)
    busy = loads(problem, answer.chosen)
    for manager in problem.managers:
        rest = [item for item in problem.managers if item is not manager]
        held = sum(user == manager.user for user in answer.chosen.values())
        wider = replace(manager, capacity=manager.capacity + 1)
        yield Limit(
            ("capacity", manager.user),
            Decimal(held),
            Decimal(manager.most),
            Decimal(1),
            gain(managers=(*rest, wider)),
            is_least,
        )
        longer = replace(manager, effort=manager.effort + EFFORT_STEP)
        yield Limit(
            ("effort", manager.user),
            busy.get(manager.user, Decimal(0)),
            manager.effort,
            EFFORT_STEP,
            gain(managers=(*rest, longer)),
            is_least,
        )


def budget_steps(
    problem: Problem, answer: Answer, control: Control, *, most: int = CURVE
) -> Iterator[Step]:
    """Budgets above today's at which the best programme gets better, one after the other."""
    if problem.budget is None:
        return
    if not is_small(problem):
        yield from islice(_wider(problem, answer), most)
        return
    if not answer.is_proven:
        return
    objective = answer.objective
    for _step in range(most):
        better = exact.cheapest(problem, objective, control)
        if not better.is_proven:
            return
        budget = exact.cost_of(problem, better.chosen)
        best = exact.solve(replace(problem, budget=budget), control, in_full=False)
        if not best.is_proven:
            return
        objective = best.objective
        yield Step(budget, objective, tuple(sorted(best.chosen)))


def _wider(problem: Problem, answer: Answer) -> Iterator[Step]:
    """Larger budgets, with what fits in then beside the answer."""
    today = problem.budget or Decimal(0)
    best = answer.objective
    for share in WIDER:
        budget = (today * (1 + share)).quantize(WHOLE)
        other = large.filled_up(replace(problem, budget=budget), answer.chosen)
        if other.objective > best and exact.cost_of(problem, other.chosen) > today:
            best = other.objective
            yield Step(budget, best, tuple(sorted(other.chosen)), is_least=True)


def by_score_alone(problem: Problem) -> list[int]:
    """Accounts that come in one after the other by score while cost and places last, conflicts
    kept: what somebody would choose without a solver."""
    chosen: list[int] = []
    cost = Decimal(0)
    rows = [row for row in problem.candidates if problem.may_enter(row)]
    for row in sorted(rows, key=lambda row: (not row.must_include, -problem.worth(row), row.name)):
        rivals = {
            pair.a if pair.b == row.account else pair.b
            for pair in problem.pairs
            if pair.kind == "exclusive" and row.account in (pair.a, pair.b)
        }
        is_full = problem.max_accounts is not None and len(chosen) >= problem.max_accounts
        is_dear = problem.budget is not None and cost + row.cost > problem.budget
        worthless = problem.worth(row) <= 0 and not row.must_include
        if is_full or is_dear or worthless or rivals & set(chosen):
            continue
        chosen.append(row.account)
        cost += row.cost
    return chosen
