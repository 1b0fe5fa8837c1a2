"""What the data say beside each statement, to whom, and as of which day (handbook 2.4)."""

import datetime
from decimal import Decimal

import pytest
from django.utils import timezone

from plans.models import Plan
from reviews import evidence, scoring
from reviews.evidence.base import Evidence
from reviews.evidence.work import _kept_score
from tests.factories.accounts import (
    ContactFactory,
    FactFactory,
    InteractionFactory,
    MonthTotalFactory,
)
from tests.factories.plans import ActionFactory, ObjectiveFactory, PlanFactory
from tests.factories.reviews import AnswerFactory, StageReviewFactory
from tests.factories.teams import MembershipFactory

pytestmark = pytest.mark.django_db
ON = datetime.date(2026, 6, 1)
DAY = datetime.timedelta(days=1)
SILENT = ("B2", "B3", "B4", "C2", "C4", "D3", "E1", "E2", "E3", "E4", "F1", "F2", "F4")
"""Statements of which nothing that is stored so far tells."""


@pytest.fixture
def review(people):
    return StageReviewFactory(account=people.account, reviewed_on=ON)


def texts(review, reader, item):
    return [piece.text for piece in evidence.gather(review, reader)[item]]


def one(review, reader, item):
    (piece,) = evidence.gather(review, reader)[item]
    return piece


def test_nothing_stored_says_nothing(people, review):
    found = evidence.gather(review, people.kam)
    assert list(found) == list(scoring.ITEMS)
    silent = [item for item, pieces in found.items() if not pieces]
    assert silent == sorted({*SILENT, "B1", "C3", "D2", "D4", "F3"})


def test_commitments_count_what_was_done_in_time(people, review):
    for due, done in ((10, 12), (20, 20), (30, 29), (40, None), (400, 401), (-5, None), (0, None)):
        ActionFactory(
            account=people.account,
            due=ON - due * DAY,
            done_on=None if done is None else ON - done * DAY,
            status="todo" if done is None else "done",
        )
    ActionFactory(account=people.account, due=ON - DAY, status="cancelled")
    ActionFactory(due=ON - DAY)
    piece = one(review, people.kam, "B1")
    assert piece.text == "Our side: 2 of 4 actions due in 12 months were done in time"
    assert piece.says == 2
    assert [record.url for record in piece.records] == [f"/actions/?account={people.account.pk}"]


@pytest.mark.parametrize(
    ("kept", "count", "score"),
    [(0, 3, 0), (1, 1, 1), (2, 2, 2), (9, 10, 3), (10, 10, 3), (5, 10, 2), (4, 10, 1)],
)
def test_kept_commitments_support_a_score(kept, count, score):
    assert _kept_score(kept, count) == score


def test_plan_says_what_was_agreed_with_the_customer(people, review):
    assert one(review, people.kam, "C1") == Evidence("No plan yet", 0)
    plan = PlanFactory(account=people.account, title="Grow", starts_on=ON - DAY)
    ObjectiveFactory(plan=plan, title="Ours", shared=False)
    assert one(review, people.kam, "C1").says == 1
    assert one(review, people.kam, "C3").text == "No objective is agreed with the customer"
    agreed = ObjectiveFactory(plan=plan, title="Both", shared=True, kpi="", unit="")
    piece = one(review, people.kam, "C1")
    assert piece.text == "Not approved; 1 of 2 objectives agreed with the customer"
    assert (piece.says, piece.records[0].label) == (2, "Grow")
    piece = one(review, people.kam, "C3")
    assert piece.text == "1 objective agreed, 0 with a measure, 0 read in 12 months"
    assert (piece.says, piece.records[0].url) == (1, agreed.get_absolute_url())


def test_plan_of_the_day_counts_whatever_zone_its_reader_is_in(people, review):
    plan = PlanFactory(account=people.account, starts_on=ON + 90 * DAY)
    Plan.objects.filter(pk=plan.pk).update(
        created_at=datetime.datetime(2026, 6, 1, 23, tzinfo=datetime.UTC)
    )
    for zone in ("Asia/Tokyo", "America/Lima"):
        with timezone.override(zone):
            assert one(review, people.kam, "C1").text != "No plan yet"


def test_draft_of_a_plan_is_no_evidence_for_its_readers(people, review):
    plan = PlanFactory(account=people.account, starts_on=ON - DAY)
    ObjectiveFactory(plan=plan, title="Take over their rival", shared=True)
    shown = evidence.gather(review, people.member)
    assert "Take over" not in str(shown)
    assert one(review, people.member, "C1").text == ("Not approved")


def test_outsider_reads_nothing_of_the_account(people, review):
    contact = ContactFactory(account=people.account, name="Petit", buying_roles=["decider"])
    InteractionFactory(account=people.account, happened_on=ON - DAY, contacts=[contact])
    ActionFactory(account=people.account, due=ON - DAY)
    MonthTotalFactory(account=people.account, month=ON - 31 * DAY)
    FactFactory(account=people.account, kind="satisfaction", value=Decimal(8), as_of=ON)
    PlanFactory(account=people.account, title="Grow", starts_on=ON - DAY)
    shown = str(evidence.gather(review, people.outsider))
    for word in ("Petit", "1 action", "Sales", "Satisfaction", "Grow"):
        assert word not in shown
        assert word in str(evidence.gather(review, people.kam)), word


def test_ledger_talks_and_satisfaction_are_as_of_the_day(people, review):
    for month in (1, 2, 5):
        MonthTotalFactory(account=people.account, month=datetime.date(2026, month, 1))
    for day in (datetime.date(2026, 6, 1), datetime.date(2025, 5, 1)):
        MonthTotalFactory(account=people.account, month=day)
    assert texts(review, people.kam, "D2") == ["Sales in 3 of the last 12 whole months"]

    contacts = ContactFactory.create_batch(2, account=people.account)
    InteractionFactory(account=people.account, happened_on=ON - 300 * DAY, contacts=contacts)
    InteractionFactory(account=people.account, happened_on=ON - 9 * DAY, contacts=contacts[:1])
    InteractionFactory(account=people.account, happened_on=ON + DAY, contacts=contacts)
    assert texts(review, people.kam, "D4") == ["2 people of theirs in 2 talks in 12 months"]

    for value, day in ((6, -90), (8, -5), (3, 5)):
        FactFactory(
            account=people.account, kind="satisfaction", value=Decimal(value), as_of=ON + day * DAY,
            source="survey", confidence="confirmed",
        )  # fmt: skip
    assert texts(review, people.kam, "F3") == ["Satisfaction 8.0 of 10, confirmed, survey"]


def test_sponsor_is_named_with_the_last_talk(people, review):
    sponsor = MembershipFactory(team=people.account.team, role="sponsor").user
    line = f"Our sponsor {sponsor}: "
    assert texts(review, people.kam, "A2")[1] == f"{line}no talk in 180 days"
    InteractionFactory(account=people.account, user=sponsor, happened_on=ON - 9 * DAY)
    assert texts(review, people.kam, "A2")[1].startswith(f"{line}last talk ")


def test_customers_own_answers_stand_beside_ours(people, review):
    theirs = StageReviewFactory(account=people.account, side="customer", reviewed_on=ON - 300 * DAY)
    AnswerFactory(review=theirs, item="E1", score=1)
    piece = one(review, people.kam, "E1")
    assert piece.text == "The customer says 1"
    assert [record.url for record in piece.records] == [theirs.get_absolute_url()]
    assert not evidence.gather(theirs, people.kam)["E1"]


def test_data_contradict_up_to_what_they_can_show():
    assert Evidence("x", 1).contradicts(3)
    assert Evidence("x", 1).is_below(3)
    assert Evidence("x", 3).contradicts(1)
    assert not Evidence("x", 3).is_below(1)
    assert not Evidence("x", 3).contradicts(4)
    assert not Evidence("x").contradicts(4)
    assert not Evidence("x", 1).contradicts(None)


@pytest.mark.parametrize("count", [1, 3])
def test_evidence_query_count(people, review, count, django_assert_num_queries):
    plan = PlanFactory(account=people.account, starts_on=ON - DAY)
    ObjectiveFactory.create_batch(count, plan=plan, shared=True)
    ActionFactory.create_batch(count, account=people.account, due=ON - DAY)
    contacts = ContactFactory.create_batch(
        count, account=people.account, buying_roles=["decider"], level="executive"
    )
    for _number in range(count):
        InteractionFactory(account=people.account, happened_on=ON - DAY, contacts=contacts)
    evidence.gather(review, people.kam)
    # rights, people, talks, members, actions, plan, objectives, months, time, satisfaction, theirs
    with django_assert_num_queries(11):
        evidence.gather(review, people.kam)
