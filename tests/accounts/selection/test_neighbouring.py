"""Answers one account apart from another: all of them are looked at, the best are runners-up, and
no exchange of one account makes an answer better that is told (3.5)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.selection import checking, exact, large, running
from accounts.selection.exact import Answer
from accounts.selection.mip import Control
from accounts.selection.neighbouring import Neighbours
from accounts.selection.problem import Candidate, Manager
from bench import selection
from tests.accounts.selection import problems

SECONDS = 60
MOST = 3
pytestmark = pytest.mark.one_database


def _rank(problem, chosen) -> tuple[Decimal, Decimal]:
    return -exact.objective_of(problem, chosen), exact.cost_of(problem, chosen)


def _around(problem, chosen):
    """Of all answers those in which others stay where they are, and at most one account goes and
    one comes; one for each set."""
    mine = set(chosen)
    found = {}
    for other in problems.answers(problem):
        stays = all(other[account] == chosen[account] for account in mine & other.keys())
        gone, come = mine - other.keys(), other.keys() - mine
        if stays and len(gone) <= 1 and len(come) <= 1 and (gone or come):
            found[frozenset(other)] = other
    return list(found.values())


@settings(max_examples=100, deadline=None)
@given(problems.problems(), st.data())
def test_best_around_an_answer_are_those_that_trying_each_finds(problem, data) -> None:
    answers = list(problems.answers(problem))
    if not answers:
        return
    chosen = data.draw(st.sampled_from(answers))
    around = [_rank(problem, other) for other in _around(problem, chosen)]
    worse = sorted(rank for rank in around if rank >= _rank(problem, chosen))
    found = Neighbours(problem, chosen).best(MOST, Control(SECONDS))
    assert all(checking.breaches(problem, other) == [] for other in found)
    assert all(set(other) != set(chosen) for other in found)
    assert len({frozenset(other) for other in found}) == len(found)
    assert [_rank(problem, other) for other in found] == worse[:MOST]


@settings(max_examples=100, deadline=None)
@given(problems.problems(), st.data())
def test_no_exchange_makes_a_settled_answer_better(problem, data) -> None:
    answers = list(problems.answers(problem))
    if not answers:
        return
    chosen = data.draw(st.sampled_from(answers))
    bound = max(exact.objective_of(problem, other) for other in answers)
    objective = exact.objective_of(problem, chosen)
    first = Answer("feasible", chosen, objective, bound)
    settled, is_settled = large.settled(problem, first, Control(SECONDS))
    assert is_settled
    assert checking.breaches(problem, settled.chosen) == []
    assert _rank(problem, settled.chosen) <= _rank(problem, chosen)
    for other in _around(problem, settled.chosen):
        assert _rank(problem, other) >= _rank(problem, settled.chosen)
    for runner_up in large.runners_up(problem, settled, MOST, Control(SECONDS)):
        assert runner_up.objective <= settled.objective


@pytest.mark.parametrize("case", ["places are scarce", "each manager may take a third"])
def test_large_scenario_has_runners_up_that_were_found(case, monkeypatch) -> None:
    monkeypatch.setattr(selection, "CANDIDATES", 1050)
    monkeypatch.setattr(selection, "MANAGERS", 20)
    problem = selection.programme(1, **selection.PROGRAMMES[case])
    first, again = (running.solve(problem, lambda: False, lambda *_far: None) for _time in "ab")
    assert first == again
    objective = Decimal(first["objective"])
    best = {row["account"] for row in first["selected"]}
    assert len(first["runner_up"]) == MOST
    before = objective
    for row in first["runner_up"]:
        chosen = {item["account"]: item["manager"] for item in row["selected"]}
        assert checking.breaches(problem, chosen) == []
        assert exact.objective_of(problem, chosen) == Decimal(row["objective"]) <= before
        assert exact.cost_of(problem, chosen) == Decimal(row["cost"])
        assert 1 <= len(best ^ chosen.keys()) <= 2
        assert row["is_proven"] is False
        before = Decimal(row["objective"])


def test_stars_that_are_asked_for_stay() -> None:
    """Only a Star may take the place of the one Star, and it may not simply go (3.3)."""
    problem = problems.handbook(must=(), min_stars=1, max_accounts=2)
    chosen = large.solve(problem, Control(SECONDS)).chosen
    found = Neighbours(problem, chosen).best(10, Control(SECONDS))
    assert found
    for other in found:
        assert any(problem.is_star(problem.by_account[account]) for account in other)


def test_nothing_chosen_has_neighbours_too() -> None:
    problem = problems.handbook(must=())
    chosen = Neighbours(problem, {}).climb(Control(SECONDS))
    assert chosen
    assert checking.breaches(problem, chosen) == []


def test_better_ones_take_no_place_among_the_next_best() -> None:
    """Five of equal effort, one place less than would be best, and one below the hurdle."""
    worths = {1: "8", 2: "7", 3: "6.5", 4: "6", 5: "5.1"}
    rows = [
        Candidate(pk, f"C{pk}", Decimal(score), Decimal(5), Decimal(10), Decimal("0.1"))
        for pk, score in worths.items()
    ]
    rows.append(Candidate(6, "C6", Decimal(5), Decimal(3), Decimal(10), Decimal("0.1")))
    problem = replace(
        problems.handbook(must=()),
        candidates=tuple(rows),
        managers=(Manager(9, "Kira", 5),),
        pairs=(),
    )
    chosen = {1: 9}
    worst_of_two = {1: 9, 6: 9}
    assert problem.worth(rows[-1]) < 0
    assert Neighbours(problem, chosen).best(1, Control(SECONDS)) == [worst_of_two]


def test_ties_are_broken_by_name_whatever_the_numbers_of_accounts() -> None:
    """The first of ten is the first of one, too."""
    rows = [
        Candidate(pk, f"C{9 - pk}", Decimal(6), Decimal(6), Decimal(10), Decimal("0.2"))
        for pk in range(8, 0, -1)
    ]
    problem = replace(
        problems.handbook(must=()),
        candidates=tuple(rows),
        managers=(Manager(99, "Kira", 3),),
        pairs=(),
        max_accounts=2,
    )
    around = Neighbours(problem, {8: 99, 7: 99})
    ten = around.best(10, Control(SECONDS))
    assert around.best(1, Control(SECONDS)) == ten[:1]
    assert [set(other) for other in ten[:3]] == [{6, 7}, {5, 7}, {4, 7}]


def test_costs_of_any_size_are_compared_exactly() -> None:
    huge, tiny = Decimal(10000000000000), Decimal("0.000001")
    rows = tuple(
        Candidate(pk, f"C{pk}", Decimal(score), Decimal(6), cost, Decimal("0.2"))
        for pk, score, cost in ((1, "6", huge), (2, "7", huge + tiny), (3, "7", huge))
    )
    problem = replace(
        problems.handbook(must=()), candidates=rows, pairs=(), budget=huge, max_accounts=1
    )
    chosen = {1: problems.KIRA}
    assert set(Neighbours(problem, chosen).climb(Control(SECONDS))) == {3}


def test_nothing_is_told_of_answers_around_where_the_time_is_up(monkeypatch) -> None:
    """One of them might be better: the answer stands alone."""
    monkeypatch.setattr(selection, "CANDIDATES", 2100)
    monkeypatch.setattr(selection, "MANAGERS", 10)
    monkeypatch.setattr(running, "SETTLING", 0.0)
    problem = selection.programme(3, **selection.PROGRAMMES["money is scarce"])
    found = running.solve(problem, lambda: False, lambda *_far: None)
    assert found["selected"]
    assert found["runner_up"] == []
