"""Handbook 2.4 and 2.6: the worked examples to the figure, and what must hold for all answers."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.choices import LADDER, Stage
from reviews import scoring

ON = datetime.date(2026, 6, 1)

EXAMPLES = {
    "alder": ("1100 1001 0000 0000 0000 1000", "0", None),
    "birch": ("2221 2222 2121 2231 1111 2222", "0.4", "D3"),
    "cedar": ("1121 3334 3332 3443 2322 3333", "0.5", None),
    "elm": ("3332 3332 3322 2333 2222 3322", "0.3", None),
    "dogwood": ("3322 2232 2322 3222 3343 3223", "0.5", None),
}


def answers(text, *, without_evidence=(), answered_on=ON):
    digits = text.replace(" ", "")
    return {
        item: scoring.Given(int(digit), item not in without_evidence, answered_on)
        for item, digit in zip(scoring.ITEMS, digits, strict=True)
    }


def example(name, **options):
    text, share, bare = EXAMPLES[name]
    without = (bare,) if bare else ()
    return scoring.assess(
        answers(text, without_evidence=without), on=ON, share_of_wallet=Decimal(share), **options
    )


@pytest.mark.parametrize(
    ("name", "dimensions", "index", "stage"),
    [
        ("alder", "12.50 12.50 0 0 0 6.25", "5.21", Stage.PRE),
        ("birch", "43.75 50 37.50 43.75 25 50", "41.67", Stage.MID),
        ("cedar", "31.25 81.25 68.75 87.50 56.25 75", "66.67", Stage.EARLY),
        ("elm", "68.75 68.75 62.50 68.75 50 62.50", "63.54", Stage.PARTNERSHIP),
        ("dogwood", "62.50 56.25 56.25 56.25 81.25 62.50", "62.50", Stage.MID),
    ],
)
def test_worked_example_scores_as_in_handbook(name, dimensions, index, stage):
    outcome = example(name)
    assert list(outcome.dimensions.values()) == [Decimal(value) for value in dimensions.split()]
    assert round(outcome.index, 2) == Decimal(index)
    assert outcome.recommended == outcome.scored == stage


def blockers(outcome):
    return [(b.rule, b.dimension, round(b.actual, 2), b.required) for b in outcome.blockers]


def test_alder_is_blocked_for_early_by_index_and_contact():
    outcome = example("alder")
    assert {blocker.stage for blocker in outcome.blockers} == {Stage.EARLY}
    assert blockers(outcome) == [
        ("index", "", Decimal("5.21"), Decimal(20)),
        ("gate", "A", Decimal("12.50"), Decimal(20)),
    ]


def test_birch_has_a_capped_answer_and_seven_conditions_before_partnership():
    outcome = example("birch")
    assert outcome.capped == ("D3",)
    assert {blocker.stage for blocker in outcome.blockers} == {Stage.PARTNERSHIP}
    assert blockers(outcome) == [
        ("index", "", Decimal("41.67"), Decimal(60)),
        ("gate", "A", Decimal("43.75"), Decimal(60)),
        ("gate", "B", Decimal("50.00"), Decimal(60)),
        ("gate", "C", Decimal("37.50"), Decimal(60)),
        ("gate", "F", Decimal("50.00"), Decimal(60)),
        ("floor", "C", Decimal("37.50"), Decimal(40)),
        ("floor", "E", Decimal("25.00"), Decimal(40)),
    ]


def test_cedar_is_held_at_early_by_contact_breadth_alone():
    outcome = example("cedar")
    assert blockers(outcome) == [("gate", "A", Decimal("31.25"), Decimal(40))]


def test_dogwood_is_recommended_for_uncoupling_by_four_signals():
    index = example("dogwood").index
    assert scoring.index_fell(Decimal("84.0"), index)
    assert scoring.wallet_fell(Decimal("0.62"), Decimal("0.50"))
    outcome = example("dogwood", signals=["U6", "U3", "U4", "U5"])
    assert outcome.scored == Stage.MID
    assert [(b.rule, b.dimension) for b in outcome.blockers] == [("gate", "B"), ("gate", "C")]
    assert outcome.recommended == Stage.UNCOUPLING
    assert outcome.uncoupling == scoring.Uncoupling(("U3", "U4", "U5", "U6"), "recommended")


@pytest.mark.parametrize(
    ("signals", "level"),
    [
        ("", "none"),
        ("U3", "none"),
        ("U3 U4", "warning"),
        ("U3 U4 U10", "warning"),
        ("U3 U4 U5 U6", "recommended"),
        ("U1", "recommended"),
        ("U2 U7", "recommended"),
    ],
)
def test_uncoupling_level_follows_signals(signals, level):
    assert scoring.uncoupling(signals.split()).level == level


@pytest.mark.parametrize(
    ("share", "points"),
    [(None, None), ("0", 0), ("0.0499", 0), ("0.05", 1), ("0.2", 2), ("0.5", 3), ("0.75", 4)],
)
def test_wallet_score_follows_bands(share, points):
    assert scoring.wallet_score(None if share is None else Decimal(share)) == points


def test_answer_of_twelve_months_counts_and_an_older_one_does_not():
    given_ = answers("2222" * 6)
    on = ON + datetime.timedelta(days=365)
    assert scoring.score(given_, on=on, share_of_wallet=None).outdated == ()
    later = scoring.score(given_, on=on + datetime.timedelta(days=1), share_of_wallet=None)
    assert len(later.outdated) == 23
    assert later.index is None


def test_dimension_with_two_answers_gives_no_stage():
    given_ = answers("4444" * 6)
    del given_["F1"], given_["F2"]
    outcome = scoring.assess(given_, on=ON, share_of_wallet=Decimal("0.8"))
    assert outcome.insufficient == ("F",)
    assert (outcome.index, outcome.recommended, outcome.blockers) == (None, None, ())


def test_unknown_wallet_leaves_d1_unanswered_and_scores_the_other_three():
    outcome = scoring.assess(answers("2222 2222 2222 0244 2222 2222"), on=ON, share_of_wallet=None)
    assert outcome.dimensions["D"] == Decimal(250) / Decimal(3)
    assert outcome.answered == 23


def test_thirds_reach_the_threshold_exactly():
    """Three dimensions of 66.67 and three of 33.33 are an index of exactly 50."""
    values = {"A": "332", "B": "332", "C": "332", "D": "112", "E": "112", "F": "112"}
    given_ = {
        f"{key}{number}": scoring.Given(int(digit), has_evidence=True, answered_on=ON)
        for key, digits in values.items()
        for number, digit in zip((2, 3, 4), digits, strict=True)
    }
    rules = scoring.Rules(thresholds={**scoring.DEFAULT_RULES.thresholds, Stage.MID: Decimal(50)})
    outcome = scoring.assess(given_, on=ON, share_of_wallet=None, rules=rules)
    assert (outcome.index, outcome.recommended) == (Decimal(50), Stage.MID)


def test_customer_view_lowers_the_stage_and_lists_gaps():
    customer = answers("2222 1111 2222 2222 2222 2222")
    outcome = example("elm", customer=customer)
    assert outcome.scored == outcome.customer_stage == Stage.EARLY
    assert [(gap.dimension, gap.supplier, gap.customer) for gap in outcome.gaps] == [
        ("B", Decimal("68.75"), Decimal(25))
    ]
    assert {(b.side, b.rule, b.dimension) for b in outcome.blockers} == {("customer", "gate", "B")}


def test_customer_view_without_enough_answers_does_not_lower_the_stage():
    customer = {"A1": scoring.Given(0, has_evidence=False, answered_on=ON)}
    assert example("elm", customer=customer).recommended == Stage.PARTNERSHIP


def test_settings_move_the_thresholds():
    rules = scoring.Rules(
        thresholds={**scoring.DEFAULT_RULES.thresholds, Stage.MID: Decimal(30)},
        evidence_required_from=4,
    )
    assert example("cedar", rules=rules).recommended == Stage.MID
    assert example("birch", rules=rules).capped == ()


scores = st.one_of(st.none(), st.integers(0, 4))
sets = st.fixed_dictionaries(dict.fromkeys(scoring.ITEMS, scores))
proofs = st.frozensets(st.sampled_from(scoring.ITEMS))
shares = st.one_of(st.none(), st.decimals(0, 1, places=3))


def build(values, proven):
    return {
        item: scoring.Given(value, item in proven, ON)
        for item, value in values.items()
        if value is not None
    }


def rank(stage):
    return -1 if stage is None else LADDER.index(stage)


@given(sets, proofs, shares, st.sampled_from(scoring.ITEMS))
def test_raising_an_answer_never_lowers_the_stage(values, proven, share, item):
    if values[item] is None or values[item] == 4:
        return
    before = scoring.assess(build(values, proven), on=ON, share_of_wallet=share)
    raised = build({**values, item: values[item] + 1}, proven)
    after = scoring.assess(raised, on=ON, share_of_wallet=share)
    assert rank(after.recommended) >= rank(before.recommended)


@given(sets, proofs, shares, st.sampled_from(scoring.ITEMS))
def test_adding_evidence_never_lowers_the_stage(values, proven, share, item):
    before = scoring.assess(build(values, proven), on=ON, share_of_wallet=share)
    after = scoring.assess(build(values, proven | {item}), on=ON, share_of_wallet=share)
    assert rank(after.recommended) >= rank(before.recommended)


@given(sets, proofs, shares)
def test_passing_a_stage_implies_passing_all_below(values, proven, share):
    scored = scoring.score(build(values, proven), on=ON, share_of_wallet=share)
    passed = [scoring.passes(scored, stage) for stage in LADDER[1:]]
    assert passed == sorted(passed, reverse=True)


@given(sets, proofs, shares, st.randoms(use_true_random=False))
def test_order_of_answers_does_not_matter(values, proven, share, random):
    given_ = build(values, proven)
    shuffled = list(given_.items())
    random.shuffle(shuffled)
    assert scoring.assess(given_, on=ON, share_of_wallet=share) == scoring.assess(
        dict(shuffled), on=ON, share_of_wallet=share
    )


@given(sets, proofs, shares)
def test_blockers_are_empty_exactly_at_the_top_or_without_evidence(values, proven, share):
    outcome = scoring.assess(build(values, proven), on=ON, share_of_wallet=share)
    at_end = outcome.scored in (None, Stage.SYNERGISTIC)
    assert at_end == (not outcome.blockers)
    assert all(blocker.actual < blocker.required for blocker in outcome.blockers)


@given(sets, sets, proofs, shares)
def test_customer_view_never_raises_the_stage(values, theirs, proven, share):
    alone = scoring.assess(build(values, proven), on=ON, share_of_wallet=share)
    both = scoring.assess(
        build(values, proven), on=ON, share_of_wallet=share, customer=build(theirs, proven)
    )
    assert rank(both.recommended) <= rank(alone.recommended)


@given(st.frozensets(st.sampled_from(scoring.SIGNALS)), st.sampled_from(scoring.SIGNALS))
def test_another_signal_never_calms_the_level(signals, more):
    levels = ("none", "warning", "recommended")
    before = levels.index(scoring.uncoupling(signals).level)
    assert levels.index(scoring.uncoupling(signals | {more}).level) >= before
