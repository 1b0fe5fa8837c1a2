"""Handbook 2.5: the table, T1 to T6, and histories that never leave it."""

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.choices import LADDER, Initiator, Stage, Status, UncouplingReason
from reviews import transitions
from reviews.transitions import Standing, Step

ON = datetime.date(2026, 6, 1)
LONG_AGO = ON - datetime.timedelta(days=90)


def step(to, **changes):
    """A step with everything that any rule asks for."""
    defaults = {
        "to": to,
        "on": ON,
        "assessed_on": ON,
        "recommended": Stage.SYNERGISTIC,
        "scored": Stage.SYNERGISTIC,
        "checklist_done": True,
        "reason": "They asked for it.",
        "by_director": True,
        "uncoupling_reason": UncouplingReason.COMPETITOR_WON,
        "initiator": Initiator.CUSTOMER,
        "what_changed": "A new owner came.",
    }
    return Step(**{**defaults, **changes})


def at(stage, **changes):
    defaults = {"stage": stage, "since": LONG_AGO, "highest": stage}
    if stage == Stage.UNCOUPLING:
        defaults["highest"] = Stage.SYNERGISTIC
    return Standing(**{**defaults, **changes})


def codes(standing, proposed, limits=transitions.DEFAULT_LIMITS):
    return [refusal.code for refusal in transitions.refusals(standing, proposed, limits)]


TABLE = {
    None: "pre early mid partnership synergistic",
    "pre": "pre early uncoupling",
    "early": "pre early mid uncoupling",
    "mid": "pre early mid partnership uncoupling",
    "partnership": "pre early mid partnership synergistic uncoupling",
    "synergistic": "pre early mid partnership synergistic uncoupling",
    "uncoupling": "pre early mid uncoupling",
}


@pytest.mark.parametrize("origin", list(TABLE))
@pytest.mark.parametrize("to", Stage.values)
def test_table_of_transitions(origin, to):
    standing = at(origin) if origin else Standing()
    allowed = to in TABLE[origin].split()
    assert (codes(standing, step(to)) == []) == allowed
    assert (to in transitions.choices(standing)) == allowed


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"assessed_on": ON - datetime.timedelta(days=91)}, "assessment_age"),
        ({"recommended": Stage.EARLY}, "not_recommended"),
        ({"recommended": None}, "not_recommended"),
        ({"recommended": Stage.UNCOUPLING}, "not_recommended"),
        ({"checklist_done": False}, "checklist"),
        ({"on": ON - datetime.timedelta(days=1), "assessed_on": LONG_AGO}, "min_days"),
    ],
)
def test_forward_needs_age_recommendation_checklist_and_time(changes, code):
    assert codes(at(Stage.EARLY), step(Stage.MID, **changes)) == [code]


def test_forward_accepts_an_assessment_of_ninety_days():
    assert codes(at(Stage.EARLY), step(Stage.MID, assessed_on=LONG_AGO)) == []


def test_override_waives_time_checklist_and_recommendation():
    bare = {"recommended": None, "checklist_done": False, "evidences": ("letter", "minutes")}
    standing = at(Stage.EARLY, since=ON)
    assert codes(standing, step(Stage.MID, override=True, **bare)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"reason": " "}, "reason_missing"),
        ({"by_director": False}, "director"),
        ({"evidences": ("letter", " letter ")}, "evidences"),
    ],
)
def test_override_needs_reason_director_and_two_evidences(changes, code):
    full = {"override": True, "evidences": ("letter", "minutes")}
    assert codes(at(Stage.EARLY), step(Stage.MID, **{**full, **changes})) == [code]


def test_override_never_skips_a_step():
    leap = step(Stage.PARTNERSHIP, override=True, evidences=("letter", "minutes"))
    assert codes(at(Stage.EARLY), leap) == ["single_step"]


def test_first_assessment_reaches_up_to_the_scored_stage():
    assert codes(Standing(), step(Stage.MID, scored=Stage.MID)) == []
    assert codes(Standing(), step(Stage.PARTNERSHIP, scored=Stage.MID)) == ["above_recommended"]


def test_first_assessment_without_sufficient_evidence_is_pre():
    assert codes(Standing(), step(Stage.PRE, scored=None, recommended=None)) == []
    assert codes(Standing(), step(Stage.EARLY, scored=None)) == ["above_recommended"]


def test_back_needs_a_reason_but_no_time():
    recent = at(Stage.SYNERGISTIC, since=ON)
    assert codes(recent, step(Stage.PRE, checklist_done=False)) == []
    assert codes(recent, step(Stage.PRE, reason="")) == ["reason_missing"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"uncoupling_reason": ""}, "uncoupling_reason_missing"),
        ({"initiator": ""}, "initiator_missing"),
        ({"by_director": False}, "director"),
        ({"reason": ""}, "reason_missing"),
    ],
)
def test_uncoupling_needs_reason_initiator_and_director(changes, code):
    assert codes(at(Stage.MID), step(Stage.UNCOUPLING, **changes)) == [code]


@pytest.mark.parametrize(
    ("highest", "limit"),
    [
        (Stage.PRE, Stage.PRE),
        (Stage.EARLY, Stage.PRE),
        (Stage.MID, Stage.EARLY),
        (Stage.PARTNERSHIP, Stage.MID),
        (Stage.SYNERGISTIC, Stage.MID),
    ],
)
def test_re_entry_limit_is_below_the_highest_ever_and_capped(highest, limit):
    standing = at(Stage.UNCOUPLING, highest=highest)
    reached = [to for to in LADDER if codes(standing, step(to)) == []]
    assert reached[-1] == transitions.re_entry_limit(highest) == limit


def test_re_entry_needs_what_has_changed():
    assert codes(at(Stage.UNCOUPLING), step(Stage.PRE, what_changed="")) == ["what_changed_missing"]


def test_exited_account_starts_again_at_pre():
    again = Standing(highest=Stage.SYNERGISTIC, was_exited=True)
    assert codes(again, step(Stage.PRE)) == []
    assert codes(again, step(Stage.EARLY)) == ["re_entry_limit"]
    assert transitions.choices(again) == [Stage.PRE]


def test_maintained_account_keeps_its_re_entry_limit():
    again = Standing(highest=Stage.PARTNERSHIP)
    assert codes(again, step(Stage.PARTNERSHIP)) == ["re_entry_limit"]


def test_closing_sets_a_status_and_needs_the_checklist():
    closing = step(None, closing=Status.EXITED)
    assert codes(at(Stage.UNCOUPLING), closing) == []
    assert codes(at(Stage.MID), closing) == ["no_such_step"]
    undone = dataclasses.replace(closing, checklist_done=False)
    assert codes(at(Stage.UNCOUPLING), undone) == ["checklist"]
    wrong = dataclasses.replace(closing, closing=Status.KEY)
    assert codes(at(Stage.UNCOUPLING), wrong) == ["closing_status"]


def test_staying_against_the_advice_needs_a_reason():
    assert codes(at(Stage.MID), step(Stage.MID, recommended=Stage.MID, reason="")) == []
    assert codes(at(Stage.MID), step(Stage.MID, reason="")) == ["reason_missing"]


def test_override_is_refused_where_it_means_nothing():
    assert codes(at(Stage.MID), step(Stage.EARLY, override=True)) == ["override_needless"]


steps = st.builds(
    step,
    st.sampled_from([*Stage.values, None]),
    recommended=st.sampled_from([None, *Stage.values]),
    scored=st.sampled_from([None, *LADDER]),
    checklist_done=st.booleans(),
    override=st.booleans(),
    evidences=st.sampled_from([(), ("a",), ("a", "b")]),
    by_director=st.booleans(),
    closing=st.sampled_from(["", Status.EXITED, Status.MAINTAINED]),
)


@given(st.lists(st.tuples(steps, st.integers(0, 200)), max_size=12))
def test_random_histories_keep_the_rules(history):
    """Every allowed movement climbs one step, falls, ends, or comes back below its limit."""
    standing, day = Standing(), ON
    for sketch, days in history:
        day += datetime.timedelta(days=days)
        proposed = dataclasses.replace(sketch, on=day, assessed_on=day)
        if codes(standing, proposed):
            continue
        kind = transitions.kind_of(standing, proposed)
        if kind == "forward":
            assert LADDER.index(proposed.to) == LADDER.index(standing.stage) + 1
            assert proposed.override or (day - standing.since).days >= 90
        if kind == "re_entry":
            assert LADDER.index(proposed.to) <= LADDER.index(Stage.MID)
            assert LADDER.index(proposed.to) <= max(LADDER.index(standing.highest) - 1, 0)
        if kind == "first":
            assert standing.highest is None
        if proposed.to == Stage.UNCOUPLING and kind != "stay":
            assert standing.stage in LADDER
            assert proposed.by_director
        standing = _after(standing, proposed, day)


def _after(standing, proposed, day):
    moved = proposed.to != standing.stage
    ranks = [LADDER.index(s) for s in (standing.highest, proposed.to) if s in LADDER]
    return Standing(
        stage=proposed.to,
        since=day if moved else standing.since,
        highest=LADDER[max(ranks)] if ranks else None,
        was_exited=proposed.closing == Status.EXITED or (standing.was_exited and not proposed.to),
    )


@given(steps)
def test_choices_cover_every_allowed_step(proposed):
    for standing in [Standing(), *(at(stage) for stage in Stage.values)]:
        if not codes(standing, proposed) and proposed.to:
            assert proposed.to in transitions.choices(standing)
