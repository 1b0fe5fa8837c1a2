"""From a draft to a stage on the account, and everybody who may not."""

import datetime
import threading
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import close_old_connections, connection

from accounts.models import Account, StageChange, StatusChange
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from reviews import services
from reviews.models import Answer, StageReview
from tests.factories.accounts import FactFactory
from tests.factories.reviews import StageReviewFactory
from tests.reviews.conftest import EXAMPLES, answers_of

ON = datetime.date(2026, 6, 1)
DAY = datetime.timedelta(days=1)


def start(people, example="birch", *, on=ON, actor=None, without_evidence=(), **options):
    text, share = EXAMPLES[example]
    options.setdefault("share_of_wallet", Decimal(share))
    options.setdefault("answers", answers_of(text, without_evidence=without_evidence))
    return services.start_review(
        actor=actor or people.kam, account=people.account, reviewed_on=on, on=on, **options
    )


def propose(people, review, stage, *, on=ON, actor=None, **decision):
    return services.propose(
        actor=actor or people.kam,
        review=review,
        decision={"decided_stage": stage, **decision},
        on=on,
        expected_version=review.version,
    )


def confirm(people, review, *, on=ON, actor=None):
    return services.confirm(
        actor=actor or people.senior, review=review, on=on, expected_version=review.version
    )


def decide(people, stage, *, example="top", on=ON, actor=None, **decision):
    """A whole review that ends in `stage`."""
    review = start(people, example, on=on)
    review = propose(people, review, stage, on=on, **decision)
    return confirm(people, review, on=on, actor=actor)


def tick_all(people, review, state="done"):
    from reviews.texts import checklist_of

    for text in checklist_of(Account.objects.get(pk=people.account.pk).stage):
        services.set_check(
            actor=people.kam, review=review, code=text.code, state=state, note="Seen on 1 June"
        )
    return StageReview.objects.get(pk=review.pk)


@pytest.mark.parametrize(
    ("example", "bare", "index", "recommended"),
    [
        ("alder", (), "5.208333", "pre"),
        ("birch", ("D3",), "41.666667", "mid"),
        ("cedar", (), "66.666667", "early"),
        ("elm", (), "63.541667", "partnership"),
        ("dogwood", (), "62.500000", "mid"),
    ],
)
def test_worked_examples_come_out_of_storage(people, example, bare, index, recommended):
    review = start(people, example, without_evidence=bare)
    review.refresh_from_db()
    assert (review.index, review.recommended_stage) == (Decimal(index), recommended)
    assert review.outcome["capped"] == list(bare)
    assert (review.share_origin, review.share_is_assumed) == ("given", True)


def test_dogwood_falls_into_uncoupling_by_its_own_history(people):
    last_year = ON - 365 * DAY
    before = start(people, "top", on=last_year, share_of_wallet=Decimal("0.62"))
    before = propose(people, before, "pre", on=last_year)
    assert before.index > 84
    review = start(people, "dogwood", signals={"U3": "Tender of 2 May", "U4": "Sponsor left"})
    assert review.outcome["uncoupling"] == {
        "signals": ["U3", "U4", "U5", "U6"],
        "level": "recommended",
    }
    assert review.outcome["derived_signals"] == ["U5", "U6"]
    assert review.outcome["scored"] == "mid"
    assert review.recommended_stage == "uncoupling"


def test_share_comes_from_the_latest_fact_unless_given(people):
    FactFactory(account=people.account, kind="share_of_wallet", value="0.3", as_of=ON - 40 * DAY)
    FactFactory(account=people.account, kind="share_of_wallet", value="0.9", as_of=ON + DAY)
    review = start(people, share_of_wallet=None)
    assert (review.share_used, review.share_origin) == (Decimal("0.3"), "computed")
    unknown = services.start_review(
        actor=people.kam, account=people.account, reviewed_on=ON - 100 * DAY, on=ON
    )
    assert (unknown.share_used, unknown.share_origin) == (None, "unknown")


def test_members_outsiders_and_confirmers_do_not_write(people):
    for actor in (people.member, people.senior, people.outsider):
        with pytest.raises(PermissionDenied):
            start(people, actor=actor)
    review = start(people)
    for actor in (people.member, people.senior, people.outsider):
        with pytest.raises(PermissionDenied):
            services.answer(
                actor=actor, review=review, item="A1", changes={"score": 4, "evidence": "x"}, on=ON
            )
        with pytest.raises(PermissionDenied):
            propose(people, review, "mid", actor=actor)
    assert Answer.objects.get(review=review, item="A1").score == 2


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"A1": {"score": 5}}, "A1"),
        ({"Z9": {"score": 1}}, "Z9"),
        ({"D1": {"score": 4}}, "D1"),
        ({"B2": {"score": 1, "answered_on": ON + DAY}}, "B2"),
    ],
)
def test_bad_answers_are_refused_by_statement_and_nothing_is_kept(people, answers, message):
    with pytest.raises(ValidationError) as caught:
        start(people, answers={"A2": {"score": 1}, **answers})
    assert caught.value.message_dict.keys() == {"answers"}
    assert caught.value.messages[0].startswith(message)


def test_computed_answer_may_be_sent_back_as_it_was(people):
    review = start(people, answers={"D1": {"score": 2}}, share_of_wallet=Decimal("0.4"))
    assert not review.answers.exists()


def test_review_of_tomorrow_is_refused(people):
    with pytest.raises(ValidationError):
        services.start_review(actor=people.kam, account=people.account, reviewed_on=ON + DAY, on=ON)


def test_prefilled_answers_count_only_once_confirmed(people):
    start(people, on=ON - 80 * DAY)
    review = services.start_review(
        actor=people.kam,
        account=people.account,
        reviewed_on=ON,
        on=ON,
        share_of_wallet=Decimal("0.4"),
        prefill=True,
    )
    assert review.answers.count() == 23
    assert (review.outcome["answered"], review.recommended_stage) == (1, None)
    review = services.confirm_answers(actor=people.kam, review=review, on=ON)
    assert (review.outcome["answered"], review.recommended_stage) == (24, "mid")
    assert set(review.answers.values_list("answered_on", flat=True)) == {ON}


def test_answering_moves_recommendation_and_leaves_one_log_row(people):
    review = start(people, "cedar")
    rows = Change.objects.count()
    services.answer(
        actor=people.kam,
        review=review,
        item="A1",
        changes={"score": 3, "evidence": "Plan of visits"},
        on=ON,
    )
    review.refresh_from_db()
    assert review.recommended_stage == "mid"
    row = Change.objects.first()
    assert Change.objects.count() == rows + 1
    assert (row.actor, row.account_id, row.object_type) == (
        people.kam,
        people.account.pk,
        "reviews.answer",
    )
    assert (row.before["score"], row.after["score"]) == (1, 3)


def test_second_editor_of_an_answer_meets_a_conflict(people):
    review = start(people)
    row = review.answers.get(item="A1")
    edit = {"review": review, "item": "A1", "on": ON, "expected_version": row.version}
    services.answer(actor=people.kam, changes={"score": 1}, **edit)
    with pytest.raises(VersionConflict):
        services.answer(actor=people.deputy, changes={"score": 4, "evidence": "x"}, **edit)
    assert review.answers.get(item="A1").score == 1


def test_first_assessment_is_proposed_confirmed_and_on_the_timeline(people):
    review = decide(people, "mid", example="birch")
    account = Account.objects.get(pk=people.account.pk)
    assert (account.stage, account.stage_since, account.reviewed_on) == ("mid", ON, ON)
    assert account.review_due_on == ON + 90 * DAY
    assert account.relationship_index == Decimal("42.7083")
    step = StageChange.objects.get(account=account)
    assert (step.proposed_by, step.confirmed_by) == (people.kam, people.senior)
    assert (step.first_assessment, step.override, step.review) == (True, False, review.pk)
    assert step.scores["dimensions"]["A"] == 43.75
    assert (review.status, review.decided_by, review.decided_on) == (
        "confirmed",
        people.senior,
        ON,
    )


def test_first_assessment_above_the_advice_is_refused(people):
    review = start(people, "cedar")
    with pytest.raises(ValidationError) as caught:
        propose(people, review, "mid")
    assert caught.value.error_dict["decided_stage"][0].code == "above_recommended"
    review.refresh_from_db()
    assert review.status == "draft"


def test_proposer_never_confirms_nor_rejects(people):
    review = start(people, actor=people.director)
    review = propose(people, review, "mid", actor=people.director)
    with pytest.raises(PermissionDenied):
        confirm(people, review, actor=people.director)
    with pytest.raises(PermissionDenied):
        services.reject(
            actor=people.director, review=review, reason="no", on=ON, expected_version=None
        )
    for actor in (people.kam, people.member, people.outsider):
        with pytest.raises(PermissionDenied):
            confirm(people, review, actor=actor)
    assert not StageChange.objects.exists()
    assert confirm(people, review).status == "confirmed"


def test_forward_step_needs_checklist_and_time(people):
    decide(people, "early")
    early = ON + 89 * DAY
    review = start(people, "top", on=early)
    with pytest.raises(ValidationError) as caught:
        propose(people, review, "mid", on=early)
    codes = [error.code for errors in caught.value.error_dict.values() for error in errors]
    assert sorted(codes) == ["checklist", "min_days"]
    review = tick_all(people, review)
    proposed = propose(people, review, "mid", on=ON + 90 * DAY)
    confirm(people, proposed, on=ON + 90 * DAY)
    assert Account.objects.get(pk=people.account.pk).stage == "mid"


def test_confirmation_checks_again(people):
    decide(people, "mid")
    later = ON + 90 * DAY
    review = tick_all(people, start(people, "top", on=later))
    review = propose(people, review, "partnership", on=later)
    with pytest.raises(ValidationError) as caught:
        confirm(people, review, on=later + 91 * DAY)
    assert caught.value.error_dict["reviewed_on"][0].code == "assessment_age"
    assert Account.objects.get(pk=people.account.pk).stage == "mid"


def test_override_is_confirmed_by_a_programme_manager_and_marked(people):
    decide(people, "early")
    review = start(people, "birch", on=ON + DAY)
    review = propose(
        people,
        review,
        "mid",
        on=ON + DAY,
        override=True,
        reason="New contract",
        override_evidence=["Contract of 30 May", "Mail of their CEO"],
    )
    with pytest.raises(ValidationError):
        confirm(people, review, on=ON + DAY)
    confirm(people, review, on=ON + DAY, actor=people.director)
    step = StageChange.objects.first()
    assert (step.to_stage, step.override) == ("mid", True)


def test_uncoupling_re_entry_and_closing(people):
    decide(people, "partnership")
    end = {"reason": "They sold the business", "uncoupling_reason": "ownership_change"}
    review = start(people, "alder")
    with pytest.raises(ValidationError):
        propose(people, review, "uncoupling", **end)
    review = propose(people, review, "uncoupling", initiator="customer", **end)
    confirm(people, review, actor=people.director)
    step = StageChange.objects.first()
    assert (step.uncoupling_reason, step.initiator) == ("ownership_change", "customer")

    again = start(people, "top", on=ON + DAY)
    with pytest.raises(ValidationError):
        propose(people, again, "partnership", on=ON + DAY, what_changed="New owner calls")
    again = propose(people, again, "mid", on=ON + DAY, what_changed="New owner calls")
    confirm(people, again, on=ON + DAY)
    assert Account.objects.get(pk=people.account.pk).stage == "mid"


def test_closing_an_uncoupling_exits_the_account_which_then_starts_at_pre(people):
    decide(people, "partnership")
    end = {"reason": "Over", "uncoupling_reason": "purpose_served", "initiator": "mutual"}
    decide(people, "uncoupling", actor=people.director, **end)
    review = start(people, "alder")
    with pytest.raises(ValidationError) as caught:
        propose(people, review, None, closing_status="exited", reason="All settled")
    assert caught.value.error_dict["checklist"][0].code == "checklist"
    review = tick_all(people, review, state="not_applicable")
    review = propose(people, review, None, closing_status="exited", reason="All settled")
    confirm(people, review, actor=people.director)
    account = Account.objects.get(pk=people.account.pk)
    assert (account.status, account.stage) == ("exited", None)
    assert StatusChange.objects.get(account=account, to_status="exited").reason == "All settled"
    with pytest.raises(ValidationError):
        start(people, "top", on=ON + DAY)


def test_customer_view_lowers_our_drafts_and_is_never_proposed(people):
    ours = start(people, "elm")
    assert ours.recommended_stage == "partnership"
    theirs = start(people, "birch", side="customer")
    ours.refresh_from_db()
    assert (ours.recommended_stage, ours.outcome["customer_stage"]) == ("mid", "mid")
    assert [gap["dimension"] for gap in ours.outcome["gaps"]] == ["A", "C", "E"]
    with pytest.raises(ValidationError):
        propose(people, theirs, "mid")
    services.archive_review(actor=people.kam, review=theirs, expected_version=theirs.version)
    ours.refresh_from_db()
    assert ours.recommended_stage == "partnership"


def test_rejection_needs_a_reason_and_leaves_the_stage(people):
    review = propose(people, start(people), "mid")
    reject = {"actor": people.senior, "review": review, "on": ON, "expected_version": None}
    with pytest.raises(ValidationError):
        services.reject(reason=" ", **reject)
    review = services.reject(reason="Look at C again", **reject)
    assert (review.status, review.rejection_reason) == ("rejected", "Look at C again")
    assert Account.objects.get(pk=people.account.pk).stage is None
    assert not StageChange.objects.exists()


def test_proposed_review_stands_still_until_withdrawn(people):
    review = propose(people, start(people), "mid")
    with pytest.raises(ValidationError):
        services.answer(actor=people.kam, review=review, item="A1", changes={"score": 0}, on=ON)
    review = services.withdraw(actor=people.deputy, review=review, expected_version=review.version)
    services.answer(actor=people.kam, review=review, item="A1", changes={"score": 0}, on=ON)
    assert StageReview.objects.get(pk=review.pk).status == "draft"


def test_stale_proposal_is_a_conflict(people):
    review = start(people)
    services.answer(actor=people.kam, review=review, item="A1", changes={"score": 0}, on=ON)
    with pytest.raises(VersionConflict):
        propose(people, review, "mid")


def test_check_needs_a_note_and_a_known_item(people):
    review = start(people)
    for code, state, note in (
        ("trade", "done", " "),
        ("nonsense", "done", "Seen"),
        ("trade", "not_applicable", "Never mind"),
    ):
        with pytest.raises(ValidationError):
            services.set_check(actor=people.kam, review=review, code=code, state=state, note=note)
    assert not review.checks.exists()


def test_staying_moves_the_dates_and_adds_nothing_to_the_timeline(people):
    decide(people, "mid", example="birch")
    later = ON + 30 * DAY
    decide(people, "mid", example="birch", on=later)
    account = Account.objects.get(pk=people.account.pk)
    assert (account.reviewed_on, account.stage_since) == (later, ON)
    assert StageChange.objects.filter(account=account).count() == 1


def test_reviews_are_hidden_from_outsiders(people):
    review = StageReviewFactory(account=people.account)
    seen = StageReview.objects.visible_to
    assert list(seen(people.member)) == [review]
    assert not seen(people.outsider).exists()
    assert not StageReview.objects.editable_by(people.member).exists()


@pytest.mark.django_db(transaction=True)
def test_two_confirmers_at_once_make_one_confirmation(people):
    review = propose(people, start(people), "mid")
    barrier = threading.Barrier(2, timeout=20)
    results = []

    def run(actor):
        close_old_connections()
        try:
            mine = StageReview.objects.get(pk=review.pk)
            barrier.wait()
            services.confirm(actor=actor, review=mine, on=ON, expected_version=mine.version)
            results.append("confirmed")
        except (ValidationError, VersionConflict) as error:
            results.append(type(error).__name__)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=run, args=(who,)) for who in (people.senior, people.director)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert sorted(results) == ["VersionConflict", "confirmed"]
    assert StageChange.objects.filter(account=people.account).count() == 1
    assert Change.objects.filter(object_type="reviews.stagereview", verb="confirmed").count() == 1


def test_review_with_answers_leaves_one_log_row(people):
    before = Change.objects.count()
    review = start(people)
    row = Change.objects.first()
    assert Change.objects.count() == before + 1
    assert (row.verb, row.object_id, row.account_id) == ("created", review.pk, people.account.pk)
    assert "A4: 1 Minutes of 12 May" in row.after["given_answers"].splitlines()
