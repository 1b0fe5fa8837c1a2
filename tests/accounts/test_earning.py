"""Return on a key account: the handbook's figures (4.7; K128, K133)."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.running import earning

DAYS = (datetime.date(2024, 1, 1), datetime.date(2024, 12, 31))
BIRCH = earning.Basis(Decimal(2300), Decimal(0), Decimal("0.03"))


def known(gained, spent):
    return earning.Year(1, *DAYS, Decimal(0), Decimal(0), Decimal(0), gained, spent)


def test_birch_after_two_years():
    """2,300k before, g 3 %, 2 years -> 2,440.07; dContribution 431.93; ratio 1.149."""
    row = earning.year(BIRCH, 2, DAYS, Decimal(2872), Decimal(376))
    assert row.counterfactual == Decimal("2440.07")
    assert row.more_contribution == Decimal("431.93")
    assert row.more_cost == 376
    assert round(row.ratio, 3) == Decimal("1.149")


def test_birch_over_three_years():
    """1.554 over three years, net present value 511.4k at 10 %."""
    pairs = (("431.93", 376), ("620", 390), ("760", 400))
    years = [known(Decimal(a), Decimal(b)) for a, b in pairs]
    whole = earning.total(years, Decimal("0.10"))
    assert round(whole.ratio, 3) == Decimal("1.554")
    assert round(whole.net, 3) == Decimal("0.554")
    assert round(whole.present_value, 1) == Decimal("511.4")


def test_what_is_missing_is_no_nought():
    row = earning.year(BIRCH, 1, DAYS, None, Decimal(376), ("cost to serve",))
    assert (row.more_contribution, row.ratio, row.is_low) == (None, None, False)
    assert earning.total([row], Decimal(0)) == (None, None, None)
    assert earning.total([], Decimal(0)).ratio is None


@pytest.mark.parametrize(
    ("ratios", "asks"),
    [
        (("0.9",), False),
        (("0.9", "0.99"), True),
        (("0.9", "1"), False),
        (("0.2", "1.3", "0.9"), False),
        (("2", "0.9", "0.5"), True),
        (("0.9", None, "0.9"), False),
    ],
)
def test_two_low_years_running_ask_for_review(ratios, asks):
    """K128."""
    years = [known(None if text is None else Decimal(text), Decimal(1)) for text in ratios]
    assert earning.asks_for_review(years) == asks


@pytest.mark.parametrize(
    ("day", "after"), [("2024-05-14", "2026-05-14"), ("2024-02-29", "2026-02-28")]
)
def test_verdict_waits_two_years(day, after):
    """K133."""
    wanted = datetime.date.fromisoformat(after)
    assert earning.verdict_from(datetime.date.fromisoformat(day)) == wanted


@given(st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 12, 31)), st.integers(-36, 240))
def test_months_later_is_that_month(day, months):
    later = earning.months_after(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
