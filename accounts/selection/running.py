"""Solving a stored scenario: the real solver, the check by other code, why, and what binds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Any

from accounts.selection import conflicting, exact, keeping, large
from accounts.selection.exact import Answer
from accounts.selection.explaining import budget_steps, by_score_alone, is_small, limits, reasons
from accounts.selection.mip import Control
from accounts.selection.problem import Problem

SECONDS = 42.0
"""Of the search; with reasons an answer is there within 60 s (`design.md` 8)."""
SETTLING = 0.1
"""Share of as much time again in which accounts may be exchanged one by one."""
EXPLAINING = 0.3
"""Share of as much time again that reasons and what-ifs may take."""
RUNNERS_UP = 3
MOST_LEFT_OUT = 4
MOST_EXACT = 20_000
"""Pairs of account and manager up to which the whole is tried as one programme too."""
NODES = 2_000
"""After which that ends: the same on every machine."""


class Wrong(Exception):  # noqa: N818  (the solver's answer, not an error of the caller)
    """The answer breaks a condition: it is refused, whatever the solver said of it."""


def solve(problem: Problem, stopped: Callable[[], bool], tell: Any) -> dict[str, Any]:
    """State and result as they are kept: `state` is optimal, gap, infeasible or stopped."""
    control = Control(SECONDS, stopped, tell)
    is_exact = is_small(problem)
    answer = exact.solve(problem, control) if is_exact else _answer(problem, control)
    if answer.breaches:
        raise Wrong(str(answer.breaches))
    if stopped() or answer.state == "stopped":
        return {"state": "stopped"}
    after = Control(SECONDS * EXPLAINING, stopped)
    if answer.state == "infeasible":
        found = conflicting.smallest(problem, after)
        return {"state": "infeasible", "conflicting": [list(item) for item in found or ()]}
    if is_exact and answer.is_proven:
        others = list(_next_best(problem, answer, after))
    else:
        answer, others = _around(problem, answer, Control(SECONDS * SETTLING, stopped))
    return {
        "state": "optimal" if answer.is_proven else "gap",
        **keeping.answered(problem, answer),
        "runner_up": others,
        "explanations": keeping.reasoned(reasons(problem, answer, after)),
        "binding": keeping.limited(limits(problem, answer, after)),
        "budget_curve": keeping.stepped(budget_steps(problem, answer, after)),
        "by_score_alone": _by_score(problem),
        "without_manager": _without_managers(problem, answer, after) if is_exact else [],
    }


def _answer(problem: Problem, control: Control) -> Answer:
    """The best answer to a problem that is not small, in the end proven as one programme where it
    is not too large for that."""
    first = large.solve(problem, control)
    is_large = len(problem.candidates) * len(problem.managers) > MOST_EXACT
    if is_large or first.state in ("infeasible", "wrong") or control.is_over:
        return first
    start = first.chosen if first.state != "stopped" else None
    second = exact.solve(problem, control, start=start, nodes=NODES)
    if second.is_proven or first.state == "stopped":
        return second
    if second.state not in ("optimal", "feasible"):
        return first
    best = max((first, second), key=lambda answer: answer.objective)
    return best._replace(bound=max(best.objective, min(first.bound, second.bound)))


def _next_best(problem: Problem, answer: Answer, control: Control) -> Iterator[dict[str, Any]]:
    """The next best sets of accounts, one after the other, each proven."""
    known = [frozenset(answer.chosen)]
    while len(known) <= RUNNERS_UP and not control.is_over:
        other = exact.solve(problem, control, other_than=known)
        if not other.is_proven or not other.chosen:
            break
        yield _told(problem, other, is_proven=True)
        known.append(frozenset(other.chosen))


def _around(
    problem: Problem, answer: Answer, control: Control
) -> tuple[Answer, list[dict[str, Any]]]:
    """The answer made as good as exchanges of single accounts make it, and then the best sets
    around it; none where there was no time for all exchanges, since one might be better."""
    answer, is_settled = large.settled(problem, answer, control)
    if answer.breaches:
        raise Wrong(str(answer.breaches))
    others = large.runners_up(problem, answer, RUNNERS_UP, control) if is_settled else []
    return answer, [_told(problem, other, is_proven=False) for other in others]


def _told(problem: Problem, other: Answer, *, is_proven: bool) -> dict[str, Any]:
    if other.breaches:
        raise Wrong(str(other.breaches))
    return {**keeping.answered(problem, other), "is_proven": is_proven}


def _without_managers(problem: Problem, answer: Answer, control: Control) -> list[dict[str, Any]]:
    """What is left with one manager less, for the first few of those who are given work."""
    found = []
    busy = [row for row in problem.managers if row.user in answer.chosen.values()]
    for manager in busy[:MOST_LEFT_OUT]:
        rest = tuple(row for row in problem.managers if row is not manager)
        other = exact.solve(replace(problem, managers=rest), control)
        if other.is_proven:
            found.append({"user": manager.user, **keeping.answered(problem, other)})
    return found


def _by_score(problem: Problem) -> dict[str, Any]:
    """What taking the best scores one after the other would give."""
    accounts = by_score_alone(problem)
    return {
        "accounts": accounts,
        "objective": str(exact.objective_of(problem, accounts)),
        "cost": str(exact.cost_of(problem, accounts)),
    }


def gap_of(objective: Decimal, bound: Decimal) -> Decimal:
    """How far an answer may be from the best: (bound - objective) / bound, 0..1."""
    return Decimal(0) if bound <= objective or not bound else (bound - objective) / bound
