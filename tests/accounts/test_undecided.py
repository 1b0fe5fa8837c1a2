"""Customers whose status nobody decided (K049): who says how each of them is served?"""

import csv
import io

import pytest
from django.urls import reverse

from accounts.models import Decision
from accounts.services.decision import Wish, decide
from tests.factories.accounts import AccountFactory, DecisionFactory, StatusChangeFactory
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/selection/undecided/"


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def inside(client, director):
    client.force_login(director)
    return client


@pytest.fixture
def customers(programme):
    """One of each status as an import leaves it, and two that were decided."""
    made = {
        status: AccountFactory(programme=programme, name=status.title(), status=status)
        for status in ("candidate", "key", "groomed", "maintained", "diplomatic", "exited")
    }
    StatusChangeFactory(account=made["maintained"], to_status="maintained", reason="From the file.")
    served = AccountFactory(programme=programme, name="Served", status="maintained")
    DecisionFactory(account=served, action="maintain", service_model="distributor")
    other = AccountFactory(programme=programme, name="Uncoupled", status="maintained")
    DecisionFactory(account=other, action="appoint")
    AccountFactory(programme=programme, name="Reasoned", status="key", rationale="Opens doors.")
    return made | {"served": served, "uncoupled": other}


def names(page):
    return [row.name for row in page.context["rows"]]


def test_who_has_a_status_without_its_decision_is_listed_with_the_next_step(inside, customers):
    page = inside.get(PAGE)
    assert {row.name: str(row.step) for row in page.context["rows"]} == {
        "Diplomatic": "Say what you tell it, and whether to keep it",
        "Groomed": "Say what makes it key, and when you look again",
        "Key": "Say why it is a key account",
        "Maintained": "Say how it is served",
        "Uncoupled": "Say how it is served",
    }
    text = page.content.decode()
    assert "From the file." in text
    step = reverse("accounts:status", args=[customers["maintained"].pk])
    assert f"{step}?decision=maintain" in text
    assert names(inside.get(PAGE, {"status": "groomed"})) == ["Groomed"]


def test_review_that_was_decided_waits_elsewhere(inside, programme):
    asked = AccountFactory(programme=programme, status="key")
    DecisionFactory(account=asked, action="review")
    assert names(inside.get(PAGE)) == []
    assert "Everybody was decided on" in inside.get(PAGE).content.decode()


def test_list_is_taken_away_with_the_next_step(inside, customers):
    file = inside.get(PAGE, {"export": "csv", "status": "maintained"})
    rows = csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig")))
    assert [(row["Account"], row["How it came"], row["Next step"]) for row in rows] == [
        ("Maintained", "From the file.", "Say how it is served"),
        ("Uncoupled", "", "Say how it is served"),
    ]


def test_those_that_are_ticked_are_served_in_one_go(inside, customers, director):
    ticked = [customers[name].pk for name in ("maintained", "uncoupled", "key", "served")]
    body = {"account": [*ticked, "x"], "service_model": "web", "reason": "Small orders."}
    page = inside.post(PAGE, body, follow=True)
    assert "2 accounts decided." in page.content.decode()
    made = Decision.objects.filter(service_model="web")
    assert {row.account.name for row in made} == {"Maintained", "Uncoupled"}
    assert {(row.action, row.decided_by) for row in made} == {("maintain", director)}
    assert names(page) == ["Diplomatic", "Groomed", "Key"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"service_model": "web", "reason": "So."}, "Tick the accounts first."),
        ({"service_model": "", "reason": "So."}, "This field is required."),
        ({"service_model": "web", "reason": ""}, "This field is required."),
    ],
)
def test_what_lacks_is_said_and_nothing_decided(inside, customers, body, said):
    if body["reason"] == "" or not body["service_model"]:
        body = body | {"account": customers["maintained"].pk}
    before = Decision.objects.count()
    page = inside.post(PAGE, body)
    assert page.status_code == 422
    assert said in page.content.decode()
    assert Decision.objects.count() == before


def test_who_decides_nothing_sees_the_own_accounts_and_no_ticks(client, programme, customers):
    team = TeamFactory(programme=programme)
    AccountFactory(programme=programme, team=team, status="maintained", name="Mine")
    client.force_login(MembershipFactory(team=team, role="kam").user)
    page = client.get(PAGE)
    assert names(page) == ["Mine"]
    assert not page.context["may_tick"]
    body = {"account": customers["maintained"].pk, "service_model": "web", "reason": "So."}
    assert client.post(PAGE, body).status_code == 403
    assert not Decision.objects.filter(service_model="web").exists()


def test_lists_filter_by_decision_and_by_way_of_service(inside, customers, director):
    """K049: every customer that is not key has a service model; page and REST find who lacks it."""
    url = reverse("accounts:list")
    lacking = {"Diplomatic", "Groomed", "Key", "Maintained", "Uncoupled"}
    ways = [
        ({"decided": "false"}, lacking),
        ({"decided": "true"}, {"Candidate", "Exited", "Reasoned", "Served"}),
        ({"decided": "false", "status": "maintained"}, {"Maintained", "Uncoupled"}),
        ({"service_model": "distributor"}, {"Served"}),
        ({"service_model": "web"}, set()),
    ]
    for query, found in ways:
        page = inside.get(url, query)
        assert {row.name for row in page.context["object_list"]} == found, query
        rows = inside.get("/api/v1/accounts/", query).json()["results"]
        assert {row["name"] for row in rows} == found, query
    wish = Wish(customers["uncoupled"], "maintain", "Small.", service_model="web")
    decide(actor=director, wishes=[wish])
    assert len(inside.get("/api/v1/accounts/", {"service_model": "web"}).json()["results"]) == 1
    assert inside.get("/api/v1/accounts/", {"service_model": "x"}).status_code == 400
