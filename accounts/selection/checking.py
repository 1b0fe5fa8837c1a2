"""Whether an answer keeps every condition, from the problem alone and in exact numbers.

Knows nothing of how answers are found: a solver may return a point outside its own bounds and call
it optimal (handbook 3.5).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.selection.problem import Problem


class Breach(NamedTuple):
    """A condition that an answer does not keep; `about` are accounts, `user` a manager."""

    code: str
    about: tuple[int, ...] = ()
    user: int | None = None
    used: Any = None
    limit: Any = None


def breaches(problem: Problem, chosen: Mapping[int, int]) -> list[Breach]:
    """Conditions of the handbook (3.5) that `chosen` (account: manager) breaks; none is right."""
    return [*_candidates(problem, chosen), *_pairs(problem, chosen), *_limits(problem, chosen)]


def _candidates(problem: Problem, chosen: Mapping[int, int]) -> Iterator[Breach]:
    known = {row.account: row for row in problem.candidates}
    for account in chosen:
        if account not in known:
            yield Breach("unknown", (account,))
    for account, candidate in known.items():
        if candidate.must_include and account not in chosen:
            yield Breach("must_include", (account,))
        if candidate.barred and account in chosen:
            yield Breach("barred", (account,))
        too_low = candidate.attractiveness < problem.cut and not candidate.must_include
        if too_low and account in chosen:
            yield Breach("attractiveness", (account,), None, candidate.attractiveness, problem.cut)


def _pairs(problem: Problem, chosen: Mapping[int, int]) -> Iterator[Breach]:
    for pair in problem.pairs:
        if pair.a not in chosen or pair.b not in chosen:
            continue
        if pair.kind == "exclusive":
            yield Breach("exclusive", (pair.a, pair.b))
        elif chosen[pair.a] == chosen[pair.b]:
            yield Breach("ring_fence", (pair.a, pair.b), chosen[pair.a])


def _limits(problem: Problem, chosen: Mapping[int, int]) -> Iterator[Breach]:
    rows = [row for row in problem.candidates if row.account in chosen]
    cost = sum((row.cost for row in rows), Decimal(0))
    if problem.budget is not None and cost > problem.budget:
        yield Breach("budget", (), None, cost, problem.budget)
    if problem.max_accounts is not None and len(rows) > problem.max_accounts:
        yield Breach("max_accounts", (), None, len(rows), problem.max_accounts)
    stars = sum(row.strength < problem.cut <= row.attractiveness for row in rows)
    if stars < problem.min_stars:
        yield Breach("min_stars", (), None, stars, problem.min_stars)
    known = {manager.user: manager for manager in problem.managers}
    for user in sorted(set(chosen.values())):
        mine = [row for row in rows if chosen[row.account] == user]
        manager = known.get(user)
        if manager is None:
            yield Breach("no_manager", tuple(row.account for row in mine), user)
            continue
        for row in mine:
            if manager.eligible is not None and row.account not in manager.eligible:
                yield Breach("eligible", (row.account,), user)
        most = min(manager.capacity, 5)
        if len(mine) > most:
            yield Breach("capacity", (), user, len(mine), most)
        effort = sum((row.effort for row in mine), Decimal(0))
        if effort > manager.effort:
            yield Breach("effort", (), user, effort, manager.effort)
