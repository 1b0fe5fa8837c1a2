"""My day for each role: what is due, what waits, who is quiet, what changed."""

import datetime

import pytest
from django.urls import reverse

from kam.access.dates import business_today
from plans.models import Action
from reviews import services
from tests.factories.accounts import AccountFactory, ContactFactory
from tests.reviews.conftest import EXAMPLES, answers_of

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def act(people, text, days, owner=None, account=None):
    return Action.objects.create(
        account=account or people.account,
        text=text,
        owner=owner or people.kam,
        author=people.kam,
        due=business_today() + days * DAY,
    )


def day(client, user, query=""):
    client.force_login(user)
    return client.get(f"/{query}")


def tasks(response):
    return [(task.kind, task.text) for group in response.context["groups"] for task in group.tasks]


def test_list_is_mixed_and_by_lateness(client, people):
    people.account.__class__.objects.filter(pk=people.account.pk).update(
        stage="early", review_due_on=business_today() - 13 * DAY, reviewed_on=business_today()
    )
    act(people, "Answer the price question", -1)
    act(people, "Call Petit", 0)
    act(people, "Send the report", 2)
    act(people, "Far away", 30)
    response = day(client, people.kam)
    assert tasks(response) == [
        ("review", "Stage review of Birch Logistics"),
        ("action", "Answer the price question"),
        ("action", "Call Petit"),
        ("action", "Send the report"),
    ]
    labels = [group.label for group in response.context["groups"]]
    assert labels == ["Overdue, 2", "Today, 1", "This week, 1"]
    page = response.content.decode()
    assert "2 things are overdue, 2 are due within a week." in page
    assert "13 days late" in page


def test_mine_and_my_accounts(client, people):
    act(people, "Mine", 0)
    act(people, "Of the member", 0, owner=people.member)
    assert tasks(day(client, people.kam)) == [("action", "Mine")]
    wide = tasks(day(client, people.kam, "?whose=accounts"))
    assert wide == [("action", "Mine"), ("action", "Of the member")]
    assert tasks(day(client, people.member)) == [("action", "Of the member")]


def test_senior_manager_confirms_from_here(client, people):
    text, share = EXAMPLES["birch"]
    today = business_today()
    review = services.start_review(
        actor=people.kam, account=people.account, reviewed_on=today, on=today,
        answers=answers_of(text), share_of_wallet=share,
    )  # fmt: skip
    services.propose(
        actor=people.kam,
        review=review,
        decision={"decided_stage": "mid"},
        on=today,
        expected_version=review.version,
    )
    for person in (people.senior, people.director):
        found = tasks(day(client, person))
        assert found == [("confirm", "Confirm the stage of Birch Logistics: Mid")]
    assert tasks(day(client, people.kam)) == []


def test_quiet_people_and_changes_of_my_accounts(client, people):
    today = business_today()
    quiet = ContactFactory(
        account=people.account, name="Petit", interval_days=30,
        last_talked_on=today - 47 * DAY, quiet_on=today - 17 * DAY,
    )  # fmt: skip
    hidden = AccountFactory(programme=people.programme, name="Hidden plc")
    ContactFactory(account=hidden, name="Nobody", interval_days=1, quiet_on=today - DAY)
    response = day(client, people.kam)
    assert response.context["quiet"] == [quiet]
    assert "47 days, agreed 30" in response.content.decode()
    assert "?contact=" in response.content.decode()
    assert "?contact=" not in day(client, people.senior).content.decode()
    client.force_login(people.kam)
    services.start_review(actor=people.deputy, account=people.account, reviewed_on=today, on=today)
    changed = client.get(reverse("reviews:changed")).content.decode()
    assert str(people.deputy) in changed
    assert "Hidden" not in changed


def test_contact_is_offered_only_to_who_may_log_one(client, people):
    address = f'href="{reverse("accounts:log_contact")}"'
    for user, offered in (
        (people.kam, True),
        (people.member, True),
        (people.director, True),
        (people.senior, False),
    ):
        assert (address in day(client, user).content.decode()) is offered, user


def test_draft_review_comes_up_with_its_progress(client, people):
    today = business_today()
    services.start_review(
        actor=people.kam, account=people.account, reviewed_on=today, on=today,
        answers={"A1": {"score": 1}},
    )  # fmt: skip
    response = day(client, people.kam)
    assert [account.name for account in response.context["coming_up"]] == ["Birch Logistics"]
    assert "1 of 24 answered, not yet proposed" in response.content.decode()


def test_person_without_a_role_is_told_why_it_is_empty(client, people):
    act(people, "Secret", 0)
    page = day(client, people.outsider).content.decode()
    assert "You have no part in a programme yet" in page
    assert "Secret" not in page
    assert "Birch" not in page


def test_htmx_gets_the_list_alone(client, people):
    act(people, "Mine", 0)
    client.force_login(people.kam)
    page = client.get("/?whose=accounts", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in page
    assert "Mine" in page


@pytest.mark.parametrize("count", [1, 3])
def test_my_day_query_count(client, people, count, django_assert_num_queries):
    today = business_today()
    for number in range(count):
        account = AccountFactory(
            programme=people.programme, team=people.account.team, status="key",
            review_due_on=today - number * DAY, reviewed_on=today,
        )  # fmt: skip
        act(people, f"Action {number}", -number, account=account)
        ContactFactory(account=account, interval_days=1, quiet_on=today - DAY)
    day(client, people.kam)
    with django_assert_num_queries(13):
        response = client.get("/")
    assert len(tasks(response)) == 2 * count


def test_ticking_off_without_script_comes_back_to_my_day(client, people):
    action = act(people, "Call Petit", 0)
    page = day(client, people.kam).content.decode()
    assert '<input type="hidden" name="next" value="/">' in page
    answer = client.post(reverse("plans:close", args=[action.pk]), {"as": "item", "next": "/"})
    assert answer.url == "/"
