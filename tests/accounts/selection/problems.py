"""Selection problems for tests: the handbook's example (3.5), random ones, and all answers of
small ones by trying each."""

import itertools
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from accounts.selection.problem import Candidate, Manager, Pair, Problem

HANDBOOK = {
    "Alder": (1, "6.77", "4.65", 420, "0.60"),
    "Birch": (2, "6.89", "6.15", 260, "0.40"),
    "Cedar": (3, "7.32", "7.50", 300, "0.50"),
    "Dogwood": (4, "4.40", "6.55", 150, "0.30"),
    "Elm": (5, "5.59", "5.75", 150, "0.35"),
    "Fir": (6, "6.79", "4.45", 280, "0.50"),
    "Gorse": (7, "4.10", "4.85", 90, "0.20"),
    "Hazel": (8, "3.64", "5.95", 70, "0.15"),
}
ALDER, BIRCH, CEDAR, DOGWOOD, ELM, FIR, GORSE, HAZEL = range(1, 9)
KIRA, LUIS = 101, 102
MANAGERS = {"Kira": Manager(KIRA, "Kira", 3), "Luis": Manager(LUIS, "Luis", 2)}


def handbook(
    *,
    must: tuple[str, ...] = ("Cedar",),
    managers: tuple[str, ...] = ("Kira", "Luis"),
    budget: int = 1000,
    max_accounts: int = 5,
    **other: Any,
) -> Problem:
    """The worked example of 3.5, amounts in thousands."""
    rows = tuple(
        Candidate(pk, name, Decimal(a), Decimal(s), Decimal(cost), Decimal(effort), name in must)
        for name, (pk, a, s, cost, effort) in HANDBOOK.items()
    )
    return Problem(
        candidates=rows,
        managers=tuple(MANAGERS[name] for name in managers),
        pairs=(Pair(ALDER, ELM, "exclusive"), Pair(BIRCH, FIR, "ring_fence")),
        budget=Decimal(budget),
        max_accounts=max_accounts,
        **other,
    )


def answers(problem: Problem) -> Iterator[dict[int, int]]:
    """Every answer that keeps the conditions of 3.5, found by trying each way to assign."""
    places = [None, *(manager.user for manager in problem.managers)]
    for users in itertools.product(places, repeat=len(problem.candidates)):
        pairs = zip(problem.candidates, users, strict=True)
        chosen = {row.account: user for row, user in pairs if user is not None}
        if _keeps(problem, chosen):
            yield chosen


def _keeps(problem: Problem, chosen: dict[int, int]) -> bool:
    rows = [row for row in problem.candidates if row.account in chosen]
    apart = (pair for pair in problem.pairs if pair.a in chosen and pair.b in chosen)
    return (
        not any(row.barred for row in rows)
        and all(row.account in chosen for row in problem.candidates if row.must_include)
        and all(row.attractiveness >= problem.cut or row.must_include for row in rows)
        and (problem.budget is None or sum(row.cost for row in rows) <= problem.budget)
        and (problem.max_accounts is None or len(rows) <= problem.max_accounts)
        and sum(problem.is_star(row) for row in rows) >= problem.min_stars
        and all(pair.kind == "ring_fence" and chosen[pair.a] != chosen[pair.b] for pair in apart)
        and all(_can(manager, rows, chosen) for manager in problem.managers)
    )


def _can(manager: Manager, rows: list[Candidate], chosen: dict[int, int]) -> bool:
    mine = [row for row in rows if chosen[row.account] == manager.user]
    return (
        len(mine) <= min(5, manager.capacity)
        and sum(row.effort for row in mine) <= manager.effort
        and (manager.eligible is None or all(row.account in manager.eligible for row in mine))
    )


def smallest_contradiction(problem: Problem) -> int:
    """How many conditions the smallest set holds that cannot all be kept; 0 where there is none.

    Every way to assign, that of an account in without a manager too, breaks some conditions; the
    smallest set that holds one of each cannot be kept.
    """
    places = [None, UNSERVED, *(manager.user for manager in problem.managers)]
    ways = itertools.product(places, repeat=len(problem.candidates))
    broken = {frozenset(_given_up(problem, users)) for users in ways}
    if frozenset() in broken:
        return 0
    every = sorted(set().union(*broken))
    sizes = range(1, len(every) + 1)
    return next(
        size
        for size in sizes
        if any(
            all(one.intersection(chosen) for one in broken)
            for chosen in itertools.combinations(every, size)
        )
    )


UNSERVED = 0


def _given_up(problem: Problem, users: tuple[int | None, ...]) -> Iterator[tuple[Any, ...]]:
    pairs = zip(problem.candidates, users, strict=True)
    chosen = {row.account: user for row, user in pairs if user is not None}
    rows = [row for row in problem.candidates if row.account in chosen]
    for row in problem.candidates:
        if row.must_include and row not in rows:
            yield ("must_include", row.account)
        if row.barred and row in rows:
            yield ("barred", row.account)
    for pair in problem.pairs:
        together = pair.a in chosen and pair.b in chosen
        served = together and chosen[pair.a] == chosen[pair.b] != UNSERVED
        if together if pair.kind == "exclusive" else served:
            yield (pair.kind, pair.a, pair.b)
    yield from _limits_given_up(problem, rows, chosen)


def _limits_given_up(
    problem: Problem, rows: list[Candidate], chosen: dict[int, int]
) -> Iterator[tuple[Any, ...]]:
    if UNSERVED in chosen.values():
        yield ("managers",)
    for manager in problem.managers:
        mine = [row for row in rows if chosen[row.account] == manager.user]
        if len(mine) > manager.most:
            yield ("capacity", manager.user)
        if sum(row.effort for row in mine) > manager.effort:
            yield ("effort", manager.user)
        yield from (("eligible", row.account) for row in mine if not manager.may_serve(row.account))
    if problem.budget is not None and sum(row.cost for row in rows) > problem.budget:
        yield ("budget",)
    if problem.max_accounts is not None and len(rows) > problem.max_accounts:
        yield ("max_accounts",)
    if sum(problem.is_star(row) for row in rows) < problem.min_stars:
        yield ("min_stars",)


def order(problem: Problem, chosen: dict[int, int]) -> tuple[Any, ...]:
    """The best answer comes first: worth, cost, highest load, names (3.5)."""
    rows = [row for row in problem.candidates if row.account in chosen]
    load = max(
        (
            sum(row.effort for row in rows if chosen[row.account] == manager.user)
            for manager in problem.managers
        ),
        default=Decimal(0),
    )
    users = [manager.user for manager in problem.managers]
    places = {**{user: place for place, user in enumerate(users)}, None: len(users)}
    names = [places[chosen.get(row.account)] for row in problem.candidates]
    return -sum(problem.worth(row) for row in rows), sum(row.cost for row in rows), load, names


def _tenths(low: int, high: int) -> st.SearchStrategy[Decimal]:
    return st.integers(low, high).map(lambda number: Decimal(number) / 10)


@st.composite
def problems(draw: st.DrawFn, most: int = 5) -> Problem:
    """Small problems of every shape, with many ties."""
    count = draw(st.integers(1, most))
    rows = tuple(
        Candidate(
            place + 1,
            f"C{place}",
            draw(_tenths(40, 80)),
            draw(_tenths(30, 80)),
            Decimal(draw(st.sampled_from([0, 100, 150, 200, 300]))),
            draw(_tenths(1, 8)),
            must_include=draw(st.integers(0, 5)) == 0,
            barred=draw(st.integers(0, 7)) == 0,
        )
        for place in range(count)
    )
    accounts = [row.account for row in rows]
    managers = tuple(
        Manager(
            100 + place,
            f"M{place}",
            draw(st.integers(0, 3)),
            draw(_tenths(3, 12)),
            draw(st.none() | st.frozensets(st.sampled_from(accounts))),
        )
        for place in range(draw(st.integers(0, 3)))
    )
    two = st.tuples(st.sampled_from(accounts), st.sampled_from(accounts))
    pairs = draw(st.lists(st.tuples(two, st.sampled_from(["exclusive", "ring_fence"])), max_size=3))
    return Problem(
        candidates=rows,
        managers=managers,
        pairs=tuple(Pair(a, b, kind) for (a, b), kind in pairs),
        budget=draw(st.none() | st.sampled_from([Decimal(300), Decimal(500), Decimal(700)])),
        max_accounts=draw(st.none() | st.integers(1, most)),
        min_stars=draw(st.sampled_from([0, 0, 0, 1, 2])),
    )
