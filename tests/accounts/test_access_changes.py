"""Rights that are gained or lost show in the feed of whom they concern, and of nobody else."""

import datetime

import pytest

from accounts import services
from accounts.tasks import note_access_until
from kam.access.dates import business_today
from teams import services as team_services
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.api import caller
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)
DAY = datetime.timedelta(days=1)
FEED = "/api/v1/changes/"


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def team(programme):
    return TeamFactory(programme=programme)


@pytest.fixture
def account(programme, team):
    return AccountFactory(programme=programme, team=team)


def told(user) -> list[tuple[str, int | None]]:
    """What the feed of `user` says of rights: verb and account."""
    rows = caller(user).get(FEED).json()["results"]
    return [(row["verb"], row["account"]) for row in rows if row["verb"].startswith("access.")]


def test_joining_and_leaving_a_team_is_told_to_the_person_alone(director, team, account):
    user, other = UserFactory(), MembershipFactory(team=team).user
    membership, _ = team_services.add_membership(
        actor=director, team=team, user=user, role="member", valid_from=None
    )
    assert told(user) == [("access.granted", account.pk)]
    yesterday = business_today() - DAY
    team_services.end_membership(actor=director, membership=membership, valid_until=yesterday)
    assert told(user) == [("access.granted", account.pk), ("access.revoked", account.pk)]
    gone = caller(user).get(f"{FEED}?verb=access.revoked").json()["results"][0]
    assert (gone["object_label"], gone["before"], gone["after"]) == ("", {}, {})
    assert told(other) == told(director) == []


def test_whoever_sees_it_anyway_is_told_nothing(director, team, account, programme):
    auditor = RoleGrantFactory(auditor=True, programme=programme).user
    team_services.add_membership(
        actor=director, team=team, user=auditor, role="observer", valid_from=None
    )
    assert told(auditor) == []


def test_a_team_assigned_is_told_to_both_teams(director, team, account, programme):
    old = MembershipFactory(team=team).user
    other = TeamFactory(programme=programme)
    new, both = [MembershipFactory(team=other, role=role).user for role in ("kam", "member")]
    MembershipFactory(team=team, user=both, role="member")
    services.assign_team(actor=director, account=account, team=other, expected_version=None)
    assert told(old) == [("access.revoked", account.pk)]
    assert told(new) == [("access.granted", account.pk)]
    assert told(both) == []


def test_a_barrier_and_an_exception_are_told_to_whom_they_fence(director, account, programme):
    rival_team = TeamFactory(programme=programme)
    rival = AccountFactory(programme=programme, team=rival_team)
    user = MembershipFactory(team=rival_team).user
    RoleGrantFactory(auditor=True, programme=programme, user=user)
    conflict = services.create_conflict(actor=director, a=account, b=rival, kind="ring_fence")
    assert told(user) == [("access.revoked", account.pk)]
    services.add_exception(actor=director, conflict=conflict, user=user, reason="Agreed.")
    assert told(user) == [("access.revoked", account.pk), ("access.granted", account.pk)]


def test_roles_are_told_as_one_row_of_the_role(programme, account):
    admin = RoleGrantFactory().user
    user = UserFactory()
    grant = team_services.grant_role(
        actor=admin, user=user, role="auditor", programme=programme, valid_from=None
    )
    yesterday = business_today() - DAY
    team_services.end_role(actor=admin, grant=grant, valid_until=yesterday)
    assert told(user) == [("access.granted", None), ("access.revoked", None)]


def test_rights_that_turn_with_the_day_are_told(team, account):
    today = business_today()
    comes = MembershipFactory(team=team, role="member", valid_from=today).user
    goes = MembershipFactory(team=team, role="member", valid_until=today - DAY).user
    stays = MembershipFactory(team=team, role="member").user
    note_access_until(today)
    assert told(comes) == [("access.granted", account.pk)]
    assert told(goes) == [("access.revoked", account.pk)]
    assert told(stays) == []


def test_a_barrier_that_begins_with_the_day_is_told(account, programme):
    today = business_today()
    rival_team = TeamFactory(programme=programme)
    user = MembershipFactory(team=rival_team).user
    RoleGrantFactory(auditor=True, programme=programme, user=user)
    rival = AccountFactory(programme=programme, team=rival_team)
    ConflictFactory(a=account, b=rival, valid_from=today)
    note_access_until(today)
    assert told(user) == [("access.revoked", account.pk)]


def test_days_without_a_worker_are_made_up_for_once(team, account):
    today = business_today()
    note_access_until(today - 5 * DAY)
    came = MembershipFactory(team=team, role="member", valid_from=today - 3 * DAY).user
    went = MembershipFactory(team=team, role="member", valid_until=today - 3 * DAY).user
    both = {"valid_from": today - 4 * DAY, "valid_until": today - 2 * DAY}
    passed = MembershipFactory(team=team, role="member", **both).user
    for _ in range(2):
        note_access_until(today)
    assert told(came) == [("access.granted", account.pk)]
    assert told(went) == [("access.revoked", account.pk)]
    assert told(passed) == [("access.granted", account.pk), ("access.revoked", account.pk)]


def test_what_a_service_has_told_is_not_told_again_by_the_day(director, team, account):
    today = business_today()
    note_access_until(today - DAY)
    user = UserFactory()
    team_services.add_membership(
        actor=director, team=team, user=user, role="member", valid_from=today
    )
    note_access_until(today)
    assert told(user) == [("access.granted", account.pk)]
