"""The solver against the handbook's numbers and against trying every answer (3.5; K061)."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given, settings

from accounts.selection import checking, conflicting, exact
from accounts.selection.mip import Control
from accounts.selection.problem import Problem, loads
from tests.accounts.selection import problems
from tests.accounts.selection.problems import ALDER, BIRCH, CEDAR, DOGWOOD, ELM, FIR, KIRA, LUIS

SECONDS = 60


def solved(problem: Problem, **options) -> exact.Answer:
    return exact.solve(problem, Control(SECONDS), **options)


def test_handbook_optimum() -> None:
    problem = problems.handbook()
    answer = solved(problem)
    assert answer.state == "optimal"
    assert answer.chosen == {BIRCH: KIRA, CEDAR: KIRA, ELM: LUIS, FIR: LUIS}
    assert answer.objective == Decimal("5.768")
    assert exact.cost_of(problem, answer.chosen) == 990
    assert loads(problem, answer.chosen) == {KIRA: Decimal("0.90"), LUIS: Decimal("0.85")}


@pytest.mark.parametrize(
    ("change", "accounts", "objective", "cost"),
    [
        ({"budget": 980}, {ALDER, BIRCH, CEDAR}, "5.176", 980),
        ({"budget": 1260}, {ALDER, BIRCH, CEDAR, FIR}, "6.264", 1260),
        ({"max_accounts": 3}, {ALDER, BIRCH, CEDAR}, "5.176", 980),
        ({"managers": ("Kira",)}, {BIRCH, CEDAR}, "4.042", 560),
        ({"must": ("Cedar", "Dogwood")}, {BIRCH, CEDAR, DOGWOOD, FIR}, "5.175", 990),
    ],
)
def test_handbook_variations(change, accounts, objective, cost) -> None:
    problem = problems.handbook(**change)
    answer = solved(problem)
    assert set(answer.chosen) == accounts
    assert answer.objective == Decimal(objective)
    assert exact.cost_of(problem, answer.chosen) == cost


def test_handbook_runner_up_and_count() -> None:
    problem = problems.handbook()
    second = solved(problem, other_than=[frozenset({BIRCH, CEDAR, ELM, FIR})])
    assert set(second.chosen) == {ALDER, BIRCH, CEDAR}
    assert second.objective == Decimal("5.176")
    assert len({frozenset(chosen) for chosen in problems.answers(problem)}) == 11


def test_exclusive_pair_that_is_required_is_named() -> None:
    problem = problems.handbook(must=("Alder", "Elm"))
    assert solved(problem).state == "infeasible"
    expected = [("exclusive", ALDER, ELM), ("must_include", ALDER), ("must_include", ELM)]
    assert conflicting.smallest(problem, Control(SECONDS)) == expected


@settings(max_examples=150, deadline=None)
@given(problems.problems())
def test_best_answer_is_that_of_trying_each(problem) -> None:
    ranked = sorted(problems.answers(problem), key=lambda item: problems.order(problem, item))
    answer = solved(problem)
    if not ranked:
        assert answer.state == "infeasible"
        return
    assert answer.state == "optimal"
    assert answer.chosen == ranked[0]
    assert checking.breaches(problem, answer.chosen) == []
    others = [item for item in ranked if set(item) != set(ranked[0])]
    second = solved(problem, other_than=[frozenset(answer.chosen)])
    assert second.chosen == (others[0] if others else {})


@settings(max_examples=150, deadline=None)
@given(problems.problems(most=4))
def test_check_and_trying_agree_on_what_is_kept(problem) -> None:
    kept = [frozenset(chosen.items()) for chosen in problems.answers(problem)]
    places = [None, *(manager.user for manager in problem.managers)]
    for users in itertools.product(places, repeat=len(problem.candidates)):
        pairs = zip(problem.candidates, users, strict=True)
        chosen = {row.account: user for row, user in pairs if user is not None}
        assert (checking.breaches(problem, chosen) == []) == (frozenset(chosen.items()) in kept)


@settings(max_examples=100, deadline=None)
@given(problems.problems())
def test_conflicting_conditions_are_empty_where_there_is_an_answer(problem) -> None:
    found = conflicting.smallest(problem, Control(SECONDS))
    assert (found == []) == any(True for _answer in problems.answers(problem))


@settings(max_examples=100, deadline=None)
@given(problems.problems(most=3))
def test_conflicting_conditions_are_the_fewest(problem) -> None:
    found = conflicting.smallest(problem, Control(SECONDS))
    assert found is not None
    assert len(found) == problems.smallest_contradiction(problem)
