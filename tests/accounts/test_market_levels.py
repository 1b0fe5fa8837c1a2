"""Figures on a tree: nothing is counted twice, and what does not add up is shown (K086)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.market.levels import Known, Levels, Total, recorded, rolled_up, topmost

D = Decimal
# group 1: companies 2 and 3, 4 a site-like part of 2; 5 stands alone; 6 above 7 above 8
LINES = {1: [1], 2: [1, 2], 3: [1, 3], 4: [1, 2, 4], 5: [5], 6: [6], 7: [6, 7], 8: [6, 7, 8]}


def known(node, amount, *, site=None, category=None, use_type="", confidence="measured"):
    return Known(node, site, category, use_type, D(amount), confidence)


def amounts(totals):
    return {node: total.amount for node, total in totals.items()}


@pytest.mark.parametrize(
    ("figures", "amount"),
    [
        ([known(1, 5)], 5),
        ([known(1, 5), known(1, 3, site=7)], 5),
        ([known(1, 2, site=7), known(1, 3, site=8)], 5),
        ([known(1, 5), known(1, 4, category=1), known(1, 2, category=2)], 5),
        ([known(1, 4, category=1), known(1, 2, category=2)], 6),
        ([known(1, 5), known(1, 3, use_type="resale")], 5),
        ([known(1, 3, use_type="resale"), known(1, 1, use_type="own_input")], 4),
        ([known(1, 4, category=1), known(1, 3, category=1, use_type="resale")], 4),
        ([known(1, 4, category=1), known(1, 3, category=2, use_type="resale")], 7),
        ([known(1, 4, site=7, category=1), known(1, 9, site=7), known(1, 1, site=8)], 10),
    ],
)
def test_wider_figures_go_before_narrower_ones(figures, amount):
    assert recorded(figures)[1].amount == amount
    assert recorded(reversed(figures))[1].amount == amount


def test_sum_is_no_firmer_than_its_weakest_part():
    rows = [known(1, 1, site=7), known(1, 2, site=8, confidence="estimated")]
    assert recorded(rows)[1] == Total(D(3), "estimated")


def test_parent_without_a_figure_is_the_sum_of_what_lies_below():
    rolled = rolled_up(recorded([known(3, 30), known(4, 20)]), LINES)
    assert amounts(rolled.below) == {1: 50, 2: 20}
    assert (rolled.of(1).amount, rolled.of(2).amount, rolled.of(5)) == (50, 20, None)
    assert rolled.unallocated(1) is None


def test_parent_keeps_what_its_parts_do_not_explain():
    rolled = rolled_up(recorded([known(1, 100), known(2, 60), known(3, 30), known(4, 20)]), LINES)
    assert rolled.of(1).amount == 100
    assert (rolled.unallocated(1), rolled.unallocated(2), rolled.unallocated(3)) == (10, 40, None)
    assert list(topmost(rolled.own, LINES)) == [1]


def test_company_decides_where_something_is_known_of_it():
    levels = Levels(LINES, set(), below={1})
    assert {node: levels.deciding(node) for node in LINES} == {
        1: None,
        2: 2,
        3: 3,
        4: 2,
        5: 5,
        6: 6,
        7: 6,
        8: 6,
    }


def test_marked_account_decides_for_all_below_it():
    levels = Levels(LINES, {1, 8}, below={1, 6})
    assert {node: levels.deciding(node) for node in LINES} == {
        1: 1,
        2: 1,
        3: 1,
        4: 1,
        5: 5,
        6: None,
        7: None,
        8: 8,
    }


@given(
    amount=st.dictionaries(st.sampled_from(sorted(LINES)), st.integers(0, 1000), min_size=1),
    marked=st.sets(st.sampled_from(sorted(LINES))),
)
def test_no_amount_stands_at_two_places(amount, marked):
    """Places lie beside each other, never one within another, and what is recorded without a
    parent's figure above it is at one place or in a group above."""
    rolled = rolled_up(recorded(known(node, value) for node, value in amount.items()), LINES)
    levels = Levels(LINES, marked, rolled.below)
    places = [node for node in LINES if levels.deciding(node) == node]
    for place in places:
        assert not any(above in places for above in LINES[place][:-1])
    for node, line in LINES.items():
        at = levels.deciding(node)
        assert at is None or (at in line and at in places)
