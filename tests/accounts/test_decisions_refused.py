"""Decisions that nobody can take, and the team that an appointed account gets (3.6)."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts.models import Account, Decision, Selection
from accounts.selection import keeping
from accounts.selection.gathering import gather
from accounts.services import archive_account, merge_accounts
from accounts.services.decision import Wish, decide
from tests.factories.accounts import AccountFactory, SelectionFactory
from tests.factories.api import caller
from tests.factories.selection import handbook_programme
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def run(example):
    """A solved run that advises to appoint Cedar."""
    run = SelectionFactory(programme=example.programme, status="optimal")
    run.problem = keeping.packed(gather(run, example.director).problem)
    cedar = example.accounts["Cedar"].pk
    run.result = {"selected": [{"account": cedar, "manager": example.kira.pk}]}
    run.save()
    return run


def maintain(account):
    return Wish(account, "maintain", "Small.", service_model="web", deviation="So be it.")


def appoint(example, **more):
    cedar = Account.objects.get(pk=example.accounts["Cedar"].pk)
    return Wish(cedar, "appoint", "Grows.", ("growth_potential",), manager=example.kira, **more)


@pytest.mark.parametrize("action", ["maintain", "review", "groom", "release", "appoint"])
def test_archived_account_is_not_decided_about(example, action):
    gone = example.accounts["Hazel"]
    archive_account(actor=example.director, account=gone, expected_version=None)
    wish = Wish(
        gone,
        action,
        "Why.",
        ("reference",),
        manager=example.kira,
        service_model="web",
        trigger="It asks.",
        review_on=datetime.date(2030, 1, 1),
    )
    with pytest.raises(ValidationError) as caught:
        decide(actor=example.director, wishes=[wish])
    assert list(caught.value.message_dict) == ["account"]
    assert not Decision.objects.exists()


def test_account_that_was_merged_is_not_decided_about(example, run):
    gorse, hazel = (example.accounts[name] for name in ("Gorse", "Hazel"))
    merge_accounts(actor=example.director, survivor=gorse, loser=hazel)
    with pytest.raises(PermissionDenied):
        decide(actor=example.director, wishes=[maintain(hazel)], selection=run)
    assert not Decision.objects.exists()


def test_run_is_decided_about_by_who_runs_its_programme(example, run):
    elsewhere = ProgrammeFactory()
    reader = RoleGrantFactory(programme=example.programme, role="finance").user
    RoleGrantFactory(user=reader, programme_manager=True, programme=elsewhere)
    account = AccountFactory(programme=elsewhere)
    wish = {"account": account.pk, "action": "maintain", "reason": "So.", "service_model": "web"}
    address = f"/api/v1/selections/{run.pk}/decide/"
    assert caller(reader).post(address, {"decisions": [wish]}).status_code == 403
    assert not Decision.objects.exists()
    assert Selection.objects.get(pk=run.pk).decided_by is None


def test_run_decides_about_its_candidates_alone(example, run):
    other = AccountFactory(programme=example.programme, status="maintained")
    with pytest.raises(ValidationError, match="no candidate"):
        decide(actor=example.director, wishes=[maintain(other)], selection=run)
    assert not Decision.objects.exists()


@pytest.mark.parametrize("day", ["9999-12-31", "2999-01-01", "0001-01-01"])
@pytest.mark.parametrize("action", ["handle", "review"])
def test_decision_is_of_today_or_before(example, action, day):
    client = caller(example.director)
    address = f"/api/v1/accounts/{example.accounts['Cedar'].pk}/status/"
    body = {"action": action, "reason": "So.", "message": "Later.", "answer": "keep"}
    refused = client.post(address, body | {"decided_on": day})
    assert refused.status_code == 400
    assert [error["pointer"] for error in refused.json()["errors"]] == ["/decided_on"]
    assert not Decision.objects.exists()


def test_more_decisions_than_one_call_takes_are_refused(example, run):
    wish = {"account": example.accounts["Cedar"].pk, "action": "review", "reason": "So."}
    client = caller(example.director)
    refused = client.post(f"/api/v1/selections/{run.pk}/decide/", {"decisions": [wish] * 101})
    assert refused.status_code == 400
    assert not Decision.objects.exists()


def test_appointed_account_leaves_the_team_that_it_shares(example, run):
    team = TeamFactory(programme=example.programme)
    before = MembershipFactory(team=team, role="kam").user
    helper = MembershipFactory(team=team, role="member").user
    cedar = example.accounts["Cedar"]
    Account.objects.filter(pk=cedar.pk).update(team=team)
    south = AccountFactory(programme=example.programme, parent=cedar, name="South", team=team)
    decide(actor=example.director, wishes=[appoint(example)], selection=run)
    for account in (cedar, south):
        account.refresh_from_db()
    assert south.team == team
    assert [row.user for row in team.memberships.filter(role="kam", valid_until=None)] == [before]
    people = set(cedar.team.memberships.values_list("user", "role"))
    assert people == {(example.kira.pk, "kam"), (helper.pk, "member")}


@pytest.mark.parametrize("name", ["Cedar health", "x" * 200])
def test_team_of_an_appointed_account_gets_a_name_that_is_free(example, run, name):
    TeamFactory(programme=example.programme, name=name[:120])
    if len(name) > 120:
        Account.objects.filter(pk=example.accounts["Cedar"].pk).update(name=name)
    decide(actor=example.director, wishes=[appoint(example)], selection=run)
    cedar = Account.objects.get(pk=example.accounts["Cedar"].pk)
    assert (cedar.status, cedar.team.name[-2:]) == ("key", " 2")


def test_manager_of_two_programmes_has_one_working_time(example):
    elsewhere = ProgrammeFactory()
    team = TeamFactory(programme=elsewhere)
    MembershipFactory(team=team, role="kam", user=example.kira)
    AccountFactory(programme=elsewhere, team=team, planned_effort="0.90")
    with pytest.raises(ValidationError) as caught:
        decide(actor=example.director, wishes=[appoint(example)])
    assert list(caught.value.message_dict) == ["override_reason"]
    assert example.kira.memberships.count() == 1
