"""Selections that are too large for one programme: every answer keeps all conditions, and its
bound is one (3.5; `design.md` 8)."""

from decimal import Decimal

from hypothesis import given, settings

from accounts.selection import checking, exact, large
from accounts.selection.mip import Control
from tests.accounts.selection import problems
from tests.accounts.selection.problems import BIRCH, CEDAR, ELM, FIR

SECONDS = 60


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
