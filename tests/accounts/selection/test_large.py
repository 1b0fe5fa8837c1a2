"""Selections that are too large for one programme: every answer keeps all conditions, and its
bound is one (3.5; `design.md` 8)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from accounts.selection import checking, diving, exact, knapsacks, large
from accounts.selection.mip import Control
from bench import selection
from tests.accounts.selection import problems
from tests.accounts.selection.problems import ALDER, BIRCH, CEDAR, ELM, FIR

SECONDS = 60
pytestmark = pytest.mark.one_database


@settings(max_examples=100, deadline=None)
@given(problems.problems())
def test_answer_is_possible_and_bound_holds(problem) -> None:
    ranked = sorted(problems.answers(problem), key=lambda item: problems.order(problem, item))
    answer = large.solve(problem, Control(SECONDS))
    if not ranked:
        assert answer.state in ("infeasible", "stopped")
        return
    best = exact.objective_of(problem, ranked[0])
    assert answer.state in ("optimal", "feasible")
    assert checking.breaches(problem, answer.chosen) == []
    assert answer.objective == exact.objective_of(problem, answer.chosen)
    assert answer.objective <= best <= answer.bound
    if answer.state == "optimal":
        assert answer.objective == best


def test_handbook_optimum_is_found_this_way_too() -> None:
    answer = large.solve(problems.handbook(), Control(SECONDS))
    assert set(answer.chosen) == {BIRCH, CEDAR, ELM, FIR}
    assert answer.objective == Decimal("5.768")


@pytest.mark.parametrize("case", ["money is scarce", "each manager may take a third"])
def test_hundreds_of_candidates_come_near_the_optimum(case, monkeypatch) -> None:
    monkeypatch.setattr(selection, "CANDIDATES", 600)
    monkeypatch.setattr(selection, "MANAGERS", 24)
    problem = selection.programme(1, **selection.PROGRAMMES[case])
    answer = large.solve(problem, Control(SECONDS))
    assert checking.breaches(problem, answer.chosen) == []
    assert answer.bound >= answer.objective >= answer.bound * Decimal("0.99")


def test_same_problem_has_the_same_answer_and_efforts_may_be_fine(monkeypatch) -> None:
    """Each of many managers may take other accounts, with efforts of thousandths."""
    monkeypatch.setattr(selection, "CANDIDATES", 200)
    monkeypatch.setattr(selection, "MANAGERS", 60)
    monkeypatch.setattr(knapsacks, "CELLS", 1)
    problem = selection.programme(2, money=450, chosen=1, share=8)
    fine = tuple(
        replace(row, effort=row.effort * Decimal("0.9") + Decimal("0.007"))
        for row in problem.candidates
    )
    problem = replace(problem, candidates=fine)
    first, second = (large.solve(problem, Control(SECONDS)) for _time in range(2))
    assert first == second
    assert checking.breaches(problem, first.chosen) == []
    assert first.bound >= first.objective >= first.bound * Decimal("0.98")


def test_required_account_that_is_barred_is_impossible_at_once() -> None:
    problem = problems.handbook()
    rows = tuple(replace(row, barred=row.account == CEDAR) for row in problem.candidates)
    answer = large.solve(replace(problem, candidates=rows), Control(SECONDS))
    assert answer.state == "infeasible"


def test_stars_take_the_place_of_others() -> None:
    problem = problems.handbook(must=(), min_stars=1, max_accounts=1)
    answer = large.solve(problem, Control(SECONDS))
    assert set(answer.chosen) <= {ALDER, FIR}
    assert answer.chosen


@settings(max_examples=60, deadline=None)
@given(problems.problems())
def test_patterns_prove_what_holds(problem) -> None:
    answers = list(problems.answers(problem))
    if not answers or not problem.managers:
        return
    filling, bound = diving.solve(problem, {}, Control(SECONDS))
    best = max(exact.objective_of(problem, chosen) for chosen in answers)
    assert bound is not None
    assert bound >= best
    allowed = {"min_stars", "must_include"}
    broken = {breach.code for breach in checking.breaches(problem, filling.plan.chosen)}
    assert broken <= allowed


def test_progress_is_that_of_the_problem_itself(monkeypatch) -> None:
    """What is told never goes beyond what is proven, and ends with the answer."""
    monkeypatch.setattr(selection, "CANDIDATES", 300)
    monkeypatch.setattr(selection, "MANAGERS", 24)
    problem = selection.programme(2, money=450, chosen=1, share=3)
    told: list[tuple[float | None, float | None]] = []
    control = Control(SECONDS, tell=lambda best, bound: told.append((best, bound)))
    answer = large.solve(problem, control)
    assert all(best <= bound for best, bound in told if best is not None and bound is not None)
    assert told[-1] == (float(answer.objective), float(answer.bound))
