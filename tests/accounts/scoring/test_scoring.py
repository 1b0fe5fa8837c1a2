"""Indexes, quadrants, hard rules and suggestions against the handbook's tables (3.1-3.4)."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.scoring import criteria, index, suggesting
from accounts.scoring.index import Bond, Cuts, Quadrant

TABLE = [
    ("Alder", "9,10,0,6,6,7,9,7,6,4", "6,5,1,5,6,6", "6.77", "4.65", "star", "6.134"),
    ("Birch", "7,8,7,7,6,6,5,6,8,7", "7,7,4,6,6,7", "6.89", "6.15", "strategic", "6.668"),
    ("Cedar", "6,7,8,8,7,4,8,8,8,9", "8,8,7,6,8,8", "7.32", "7.50", "strategic", "7.374"),
    ("Dogwood", "3,6,6,5,3,5,6,3,4,4", "7,7,6,6,6,7", "4.40", "6.55", "status", "5.045"),
    ("Elm", "6,5,5,5,5,8,7,4,6,6", "6,6,6,5,5,6", "5.59", "5.75", "strategic", "5.638"),
    ("Fir", "10,5,0,7,6,6,7,10,7,5", "6,4,1,5,7,5", "6.79", "4.45", "star", "6.088"),
    ("Gorse", "5,3,2,4,5,4,3,3,6,5", "5,5,4,6,4,5", "4.10", "4.85", "streamline", "4.325"),
    ("Hazel", "2,2,4,6,6,2,5,2,4,5", "6,7,6,5,5,6", "3.64", "5.95", "status", "4.333"),
]
CUTS = Cuts(Decimal(5), Decimal(5))


def weights(defaults) -> dict[str, int]:
    return {row.code: row.weight for row in defaults}


def scores(text: str, defaults) -> dict[str, int]:
    return {row.code: int(n) for row, n in zip(defaults, text.split(","), strict=True)}


@pytest.mark.parametrize(("name", "a", "s", "attr", "strength", "field", "v"), TABLE)
def test_handbook_table(name, a, s, attr, strength, field, v) -> None:
    worth = index.index(weights(criteria.ATTRACTIVENESS), scores(a, criteria.ATTRACTIVENESS))
    rank = index.index(weights(criteria.STRENGTH), scores(s, criteria.STRENGTH))
    assert (worth.value, rank.value) == (Decimal(attr), Decimal(strength))
    assert index.quadrant(worth.value, rank.value, CUTS) == field
    assert index.value(worth.value, rank.value, Decimal("0.7")) == Decimal(v)
    assert not worth.is_provisional


def test_default_weights_keep_the_hard_rules() -> None:
    for kind, defaults in criteria.DEFAULTS.items():
        criteria.check_weights(kind, weights(defaults))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"A10": 8}, "sum"),
        ({"A10": 10}, "sum"),
        ({"A3": 21, "A10": 0, "A9": 6}, "today"),
        ({"A1": 9, "A9": 21}, "future"),
        ({"A10": -1, "A9": 20}, "negative"),
    ],
)
def test_weights_that_break_a_rule_are_refused(change, code) -> None:
    with pytest.raises(ValidationError) as caught:
        criteria.check_weights("attractiveness", weights(criteria.ATTRACTIVENESS) | change)
    assert [error.code for error in caught.value.error_list] == [code]


def test_today_may_weigh_twenty() -> None:
    change = {"A3": 20, "A10": 0, "A9": 7}
    criteria.check_weights("attractiveness", weights(criteria.ATTRACTIVENESS) | change)


def test_unscored_criteria_make_an_index_provisional() -> None:
    whole = weights(criteria.ATTRACTIVENESS)
    known = scores(TABLE[0][1], criteria.ATTRACTIVENESS)
    without = index.index(whole, {**known, "A1": None})
    assert without.missing == ("A1",)
    assert without.value == Decimal(677 - 180) / 80
    assert without.scored == Decimal("0.8")
    assert without.is_provisional
    assert without.is_selectable
    assert not index.index(whole, {**known, "A1": None, "A3": None}).is_selectable
    assert index.index(whole, {}).value is None


@given(st.dictionaries(st.sampled_from(list(weights(criteria.STRENGTH))), st.integers(0, 10)))
def test_index_lies_between_its_scores(known) -> None:
    found = index.index(weights(criteria.STRENGTH), known)
    if known:
        assert min(known.values()) <= found.value <= max(known.values())
        assert 0 < found.scored <= 1
    assert set(found.missing) == set(weights(criteria.STRENGTH)) - set(known)


PURCHASES = {  # 3.4: purchases and our sales in millions, suggestions for A2 and A3
    "Alder": ("38.0", "0", 10, 0),
    "Birch": ("26.0", "10.4", 9, 10),
    "Cedar": ("21.0", "12.6", 8, 10),
    "Dogwood": ("18.0", "9.0", 8, 10),
    "Elm": ("15.0", "6.0", 7, 9),
    "Fir": ("12.0", "0", 6, 0),
    "Gorse": ("9.0", "1.8", 6, 4),
    "Hazel": ("7.0", "4.2", 5, 7),
}


@pytest.mark.parametrize("name", PURCHASES)
def test_handbook_suggestions(name) -> None:
    bought, sold, size, turnover = PURCHASES[name]
    assert suggesting.size(Decimal(bought), Decimal(200)) == size
    assert suggesting.turnover(Decimal(sold), Decimal(50)) == turnover


def test_nothing_is_suggested_from_what_is_unknown() -> None:
    assert suggesting.size(None, Decimal(200)) is None
    assert suggesting.size(Decimal(1), Decimal(0)) is None
    assert suggesting.turnover(Decimal(1), None) is None
    assert suggesting.profitability(Decimal("0.1"), Decimal(0)) is None
    assert suggesting.growth(Decimal("0.1"), None) is None
    assert suggesting.saving(None) is None
    assert suggesting.reach(0, 0) is None
    assert suggesting.depth(None) is None


def test_anchors_of_the_other_suggestions() -> None:
    tenth = Decimal("0.1")
    margins = [Decimal("-0.1"), Decimal(0), tenth, Decimal("0.15"), Decimal("0.3")]
    assert [suggesting.profitability(item, tenth) for item in margins] == [0, 0, 5, 10, 10]
    falls = [Decimal("-0.01"), Decimal(0), tenth, Decimal("0.2"), Decimal("0.5")]
    assert [suggesting.saving(item) for item in falls] == [0, 5, 8, 10, 10]
    rates = [Decimal("-0.06"), Decimal("-0.05"), Decimal("0.03"), Decimal("0.15"), Decimal("0.2")]
    assert [suggesting.growth(item, Decimal("0.03")) for item in rates] == [0, 0, 5, 10, 10]
    assert [suggesting.reach(count, 4) for count in range(5)] == [0, 3, 5, 8, 10]
    assert [suggesting.depth(Decimal(item)) for item in ("4.9", "45", "44.9", "100")] == [
        0,
        5,
        4,
        10,
    ]


def test_equal_to_the_cut_is_high() -> None:
    five, less = Decimal(5), Decimal("4.99")
    assert index.quadrant(five, five, CUTS) == Quadrant.STRATEGIC
    assert index.quadrant(five, less, CUTS) == Quadrant.STAR
    assert index.quadrant(less, five, CUTS) == Quadrant.STATUS
    assert index.quadrant(less, less, CUTS) == Quadrant.STREAMLINE


def test_medians_of_the_portfolio_can_be_the_cuts() -> None:
    positions = [(Decimal(row[3]), Decimal(row[4])) for row in TABLE]
    assert index.medians(positions) == (Decimal("6.18"), Decimal("5.85"))
    assert index.medians([]) is None


def test_value_and_commonality_make_the_bond() -> None:
    assert index.bond(Decimal("6.77"), 6) == Bond.PARTNER
    assert index.bond(Decimal("6.77"), 4) == Bond.RIVAL
    assert index.bond(Decimal("4.10"), 6) == Bond.FRIEND
    assert index.bond(Decimal("4.40"), 4) == Bond.ACQUAINTANCE


def test_balance_asks_for_a_star_per_five_key_accounts() -> None:
    assert not index.lacks_stars(4, 0)
    assert index.lacks_stars(5, 0)
    assert not index.lacks_stars(9, 1)
    assert index.lacks_stars(10, 1)
