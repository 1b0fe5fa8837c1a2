"""Lines of a talk that become actions, from the page and over REST."""

import datetime

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Interaction
from kam.access.dates import business_today
from plans.capture import NoDay, read_mention
from plans.models import Action
from teams.models import User
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.api import caller
from tests.factories.teams import MembershipFactory, UserFactory

TODAY = datetime.date(2026, 6, 1)
TOM = User(pk=1, username="tom", first_name="Tom", last_name="Becker")
FRIDAY = datetime.date(2026, 6, 5)


@pytest.fixture
def tom(people):
    user = UserFactory(username="tom", first_name="Tom", last_name="Becker")
    MembershipFactory(team=people.account.team, user=user, role="member")
    return user


def body(text):
    return {"kind": "call", "text": text, "happened_on": business_today().isoformat()}


@pytest.mark.parametrize(
    ("due", "text", "expected"),
    [
        ("Friday", "send the quote", ("send the quote", FRIDAY)),
        ("", "send the quote, friday", ("send the quote", FRIDAY)),
        ("", "send paper, ink", ("send paper, ink", None)),
        ("friday", "send paper, monday", ("send paper, monday", FRIDAY)),
    ],
)
def test_mention_takes_its_day_from_by_or_from_the_end(due, text, expected):
    found = read_mention("Tom", due, text, today=TODAY, people=[TOM])

    assert (found.text, found.due) == expected
    assert (found.owner, found.unknown_owner) == (TOM, "")


def test_mention_refuses_a_day_that_is_none():
    with pytest.raises(NoDay):
        read_mention("Tom", "the full moon", "howl", today=TODAY, people=[TOM])


@given(st.text(min_size=1, max_size=90), st.text(max_size=90))
def test_mention_never_loses_its_name(name, text):
    found = read_mention(name, "", text, today=TODAY, people=[TOM])

    assert (found.owner is None) is (found.unknown_owner == name)


def test_logged_line_makes_an_action_and_the_page_says_so(people, tom, client):
    client.force_login(people.kam)
    url = reverse("accounts:log_contact_with", args=[people.account.pk])

    answer = client.post(url, body("Fine.\n@Tom by +3d: send the quote"), follow=True)

    action = Action.objects.get()
    made = (action.account, action.owner, action.author, action.text, action.origin)
    assert made == (people.account, tom, people.kam, "send the quote", "interaction")
    assert action.due == business_today() + datetime.timedelta(days=3)
    assert b"Action for Tom Becker by " in answer.content


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("@Tomm: send", "Nobody called “Tomm” on this team. Tom Becker?"),
        ("@Tom by never: send", "“never” is no day."),
        (f"@Tom: {'x' * 501}", "at most 500 characters"),
    ],
)
def test_refused_line_keeps_the_note_on_the_page_and_makes_nothing(
    people, tom, client, line, words
):
    client.force_login(people.kam)
    url = reverse("accounts:log_contact_with", args=[people.account.pk])

    answer = client.post(url, body(f"Fine.\n@Tom: first\n{line}"))

    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert "Fine." in answer.content.decode()
    assert (Interaction.objects.count(), Action.objects.count()) == (0, 0)


def test_line_for_somebody_behind_a_barrier_is_refused(people, tom, client):
    other = AccountFactory(programme=people.account.programme)
    ConflictFactory(a=people.account, b=other, kind="ring_fence")
    member = MembershipFactory(team__programme=people.account.programme, user=tom)
    other.team = member.team
    other.save()
    client.force_login(people.kam)
    url = reverse("accounts:log_contact_with", args=[people.account.pk])

    answer = client.post(url, body("@Tom: send the quote"))

    assert answer.status_code == 422
    assert b"This person does not work with the account." in answer.content
    assert Interaction.objects.count() == 0


def test_line_over_rest_makes_the_same_action_and_refuses_the_same(people, tom):
    api = caller(people.kam)
    note = {"account": people.account.pk, "kind": "call", "text": "@Tom by 2099-06-05: quote"}

    answer = api.post("/api/v1/interactions/", note, format="json")
    assert answer.status_code == 201
    action = Action.objects.get()
    assert (action.owner, action.due) == (tom, datetime.date(2099, 6, 5))
    assert answer.json()["made"] == ["Action for Tom Becker by Fri 5 June 2099: quote"]

    refused = api.post("/api/v1/interactions/", note | {"text": "@Tomm: quote"}, format="json")
    assert refused.status_code == 400
    assert refused.json()["errors"][0]["pointer"] == "/text"
    assert Action.objects.count() == 1


def test_member_logs_with_a_line_and_an_observer_does_not(people, tom):
    note = {"account": people.account.pk, "kind": "call", "text": "@Tom: quote"}

    assert caller(tom).post("/api/v1/interactions/", note, format="json").status_code == 201
    answer = caller(people.observer).post("/api/v1/interactions/", note, format="json")
    assert answer.status_code == 403
    assert Action.objects.count() == 1
