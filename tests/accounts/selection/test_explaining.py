"""Reasons, limits and steps of the budget: the handbook's example, and the truth of random ones."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings

from accounts.selection import exact, explaining
from accounts.selection.mip import Control
from accounts.selection.problem import Manager, Problem
from tests.accounts.selection import problems
from tests.accounts.selection.problems import (
    ALDER,
    BIRCH,
    CEDAR,
    DOGWOOD,
    ELM,
    FIR,
    GORSE,
    HAZEL,
    LUIS,
)

SECONDS = 60


def explained(problem: Problem):
    control = Control(SECONDS)
    answer = exact.solve(problem, control)
    found = {row.account: row for row in explaining.reasons(problem, answer, control)}
    return answer, found, list(explaining.limits(problem, answer, control))


def test_handbook_reasons() -> None:
    _answer, found, _limits = explained(problems.handbook())
    alder = found[ALDER]
    assert alder.blocks[:2] == (
        {"code": "exclusive", "account": ELM},
        {"code": "budget", "needs": Decimal(420), "left": Decimal(10)},
    )
    assert alder.price == Decimal("0.592")
    assert found[CEDAR].code == "required"
    assert (found[BIRCH].code, found[BIRCH].rank) == ("worth", 2)
    assert {found[account].code for account in (DOGWOOD, GORSE, HAZEL)} == {"below_cut"}


def test_handbook_limits_and_next_budget() -> None:
    problem = problems.handbook()
    answer, _found, found = explained(problem)
    binding = {limit.condition for limit in found if limit.binds}
    assert binding == {("budget",), ("capacity", LUIS)}
    budget = next(limit for limit in found if limit.condition == ("budget",))
    assert (budget.used, budget.step, budget.gain) == (990, 260, Decimal("0.496"))
    steps = list(explaining.budget_steps(problem, answer, Control(SECONDS)))
    assert [(step.budget, step.objective) for step in steps] == [(1260, Decimal("6.264"))]
    assert steps[0].accounts == (ALDER, BIRCH, CEDAR, FIR)


def test_handbook_choice_by_score_alone() -> None:
    problem = problems.handbook()
    chosen = explaining.by_score_alone(problem)
    assert chosen == [CEDAR, BIRCH, ALDER]
    assert exact.objective_of(problem, chosen) == Decimal("5.176")
    assert exact.cost_of(problem, chosen) == 980


def best(problem: Problem) -> Decimal | None:
    worths = [exact.objective_of(problem, chosen) for chosen in problems.answers(problem)]
    return max(worths, default=None)


@settings(max_examples=60, deadline=None)
@given(problems.problems(most=4))
def test_reasons_are_true(problem) -> None:
    answer, found, limits = explained(problem)
    if answer.state != "optimal":
        return
    for row in problem.candidates:
        reason = found[row.account]
        assert reason.is_in == (row.account in answer.chosen)
        if reason.code not in ("worth", "outbid"):
            continue
        change = {"barred": True} if reason.is_in else {"must_include": True}
        rows = (replace(item, **change) if item is row else item for item in problem.candidates)
        otherwise = best(replace(problem, candidates=tuple(rows)))
        assert reason.is_fixed == (otherwise is None)
        assert reason.price == (None if otherwise is None else answer.objective - otherwise)
        if not reason.is_in and not reason.blocks:
            assert reason.price == 0 or reason.is_fixed
    for limit in limits:
        if limit.condition == ("max_accounts",):
            wider = best(replace(problem, max_accounts=problem.max_accounts + 1))
            assert limit.gain == wider - answer.objective
        if limit.condition == ("budget",) and limit.gain:
            raised = replace(problem, budget=limit.limit + limit.step)
            assert best(raised) == answer.objective + limit.gain
            almost = replace(problem, budget=limit.limit + limit.step - Decimal("0.01"))
            assert best(almost) == answer.objective


def wider(problem: Problem, limit: explaining.Limit) -> Problem:
    """The problem with one step more of the limit."""
    kind, *of = limit.condition
    if kind == "budget":
        return replace(problem, budget=problem.budget + limit.step)
    if kind == "max_accounts":
        return replace(problem, max_accounts=problem.max_accounts + 1)
    if kind == "managers":
        return replace(problem, managers=(*problem.managers, Manager(0, "", 2)))
    field = "capacity" if kind == "capacity" else "effort"
    managers = (
        replace(row, **{field: getattr(row, field) + type(getattr(row, field))(limit.step)})
        if row.user == of[0]
        else row
        for row in problem.managers
    )
    return replace(problem, managers=tuple(managers))


@settings(max_examples=60, deadline=None)
@given(problems.problems(most=4))
def test_what_a_large_scenario_gains_at_least_can_be_had(problem) -> None:
    """What is not proven is found: never more than enumeration finds, and only beyond the limit."""
    control = Control(SECONDS)
    answer = exact.solve(problem, control)
    if answer.state != "optimal":
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(explaining, "MOST_SOLVED", 0)
        limits = list(explaining.limits(problem, answer, control))
        steps = list(explaining.budget_steps(problem, answer, control))
    assert all(limit.is_least for limit in limits)
    for limit in limits:
        if limit.gain is not None:
            assert 0 <= limit.gain <= best(wider(problem, limit)) - answer.objective
    values = [answer.objective]
    for step in steps:
        possible = best(replace(problem, budget=step.budget))
        assert step.is_least
        assert values[-1] < step.objective <= possible
        values.append(step.objective)


def test_third_place_of_the_handbook_gains_1_134_of_which_1_088_fits_as_it_is(monkeypatch) -> None:
    problem = problems.handbook(max_accounts=2)
    wanted = Decimal("1.134"), Decimal("1.088")
    for most, gain in zip((2_000, 0), wanted, strict=True):
        monkeypatch.setattr(explaining, "MOST_SOLVED", most)
        _answer, _found, limits = explained(problem)
        places = next(limit for limit in limits if limit.condition == ("max_accounts",))
        assert (places.used, places.gain, places.is_least) == (2, gain, not most)


@settings(max_examples=60, deadline=None)
@given(problems.problems(most=4))
def test_what_is_worth_something_and_fits_is_in(problem) -> None:
    answer, found, _limits = explained(problem)
    if answer.state != "optimal":
        return
    outbid = [row for row in found.values() if row.code == "outbid"]
    assert all(row.blocks for row in outbid)
