"""When an objective is achieved or missed (handbook 4.4, 4.5)."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.progress import objective_status
from tests.factories.plans import ObjectiveFactory, RiskFactory

DUE = datetime.date(2026, 1, 1)
BEFORE, AFTER = datetime.date(2025, 6, 2), datetime.date(2026, 1, 2)
FIGURES = st.decimals(-1000, 1000, places=2)


def status(baseline, target, actual, on=BEFORE, today=BEFORE, due=DUE, *, dropped=False):
    return objective_status(
        baseline=baseline,
        target=target,
        due=due,
        actual=actual,
        actual_on=on,
        dropped=dropped,
        today=today,
    ).value


@pytest.mark.parametrize(
    ("baseline", "target", "actual", "on", "today", "expected"),
    [
        (10400, 11200, 10660, BEFORE, BEFORE, "open"),
        (10400, 11200, 11200, BEFORE, BEFORE, "achieved"),
        (10400, 11200, 10660, BEFORE, AFTER, "missed"),
        (10400, 11200, 11300, AFTER, AFTER, "missed"),
        (20, 12, 15, BEFORE, BEFORE, "open"),
        (20, 12, 12, DUE, AFTER, "achieved"),
        (100, 100, 99, BEFORE, BEFORE, "open"),
        (100, 100, 99, DUE, DUE, "achieved"),
        (100, 100, 97, DUE, AFTER, "missed"),
        (None, None, None, None, BEFORE, "open"),
        (None, None, None, None, AFTER, "missed"),
    ],
)
def test_objective_status(baseline, target, actual, on, today, expected):
    figures = [None if value is None else Decimal(value) for value in (baseline, target, actual)]

    assert status(*figures, on, today) == expected


@given(FIGURES, FIGURES, FIGURES)
def test_objective_status_is_the_same_upside_down(baseline, target, actual):
    """Rising and falling indicators are judged alike."""
    assert status(baseline, target, actual) == status(-baseline, -target, -actual)


@given(FIGURES, FIGURES, FIGURES, st.dates(), st.dates())
def test_objective_is_dropped_whatever_its_figures(baseline, target, actual, on, today):
    assert status(baseline, target, actual, on, today, dropped=True) == "dropped"


@given(st.integers(1, 5), st.integers(1, 5))
def test_risk_bands(likelihood, impact):
    """1-4 low, 5-9 medium, 10-14 high, 15-25 critical (handbook 4.8)."""
    risk = RiskFactory.build(plan=None, likelihood=likelihood, impact=impact)
    score = likelihood * impact

    expected = "critical" if score >= 15 else "high" if score >= 10 else "medium"
    assert risk.band.value == (expected if score >= 5 else "low")


def test_expected_loss_is_unknown_without_its_inputs():
    """The tender of handbook 4.8: 0.35 of 2,496k."""
    tender = {"plan": None, "probability": Decimal("0.35"), "amount": Decimal(2496)}

    assert RiskFactory.build(**tender).expected_loss == Decimal("873.60")
    assert RiskFactory.build(**{**tender, "amount": None}).expected_loss is None


def test_progress_ratio_of_the_handbook():
    """Birch: 10,400 to 11,200, now 10,660: 0.325 (handbook 4.5)."""
    objective = ObjectiveFactory.build(
        plan=None, baseline=Decimal(10400), target=Decimal(11200), actual=Decimal(10660)
    )

    assert objective.progress_ratio == Decimal("0.325")
