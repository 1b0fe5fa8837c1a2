"""Teams and their members as a file: the rules of the services hold row by row."""

import datetime

import pytest

from kam.changes.models import Change
from kam.imports import passes, services
from teams.models import Membership, Team
from tests.accounts.test_imports_ledger import import_file, problems, undo, upload
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.teams import (
    FunctionFactory,
    MembershipFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
HEAD = "Team,Person,Role,Function,FTE,From,Until\n"


@pytest.fixture
def manager():
    """Manages the only programme."""
    return RoleGrantFactory(programme_manager=True).user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


@pytest.fixture
def team(programme):
    return TeamFactory(programme=programme, name="North")


@pytest.fixture
def ann():
    return UserFactory(username="ann", email="ann@supplier.example")


@pytest.fixture
def bo():
    return UserFactory(username="bo", email="bo@supplier.example")


def take(manager, text, **kwargs):
    return import_file(manager, HEAD + text, kind="memberships", name="members.csv", **kwargs)


def test_members_are_found_by_user_name_or_mail(manager, programme, team, ann, bo):
    FunctionFactory(programme=programme, code="pricing", name="Pricing")
    text = "north,ann,Manager,Pricing,0.5,2026-01-01,2026-12-31\n"
    text += "North,BO@supplier.example,member,,,,\n"
    run = take(manager, text)
    first, second = Membership.objects.order_by("user__username")
    assert (run.created, problems(run)) == (2, {})
    assert (first.user, first.role, first.function.code, str(first.effort_fte)) == (
        ann,
        "kam",
        "pricing",
        "0.50",
    )
    assert (first.valid_until, second.user, second.role) == (
        datetime.date(2026, 12, 31),
        bo,
        "member",
    )
    (change,) = Change.objects.of(first)
    assert (change.verb, change.audience, change.audience_id) == ("created", "team", team.pk)
    again = take(manager, text)
    assert (again.created, again.updated, again.unchanged) == (0, 0, 2)
    undo(manager, run)
    assert Membership.objects.count() == 0


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("North,,member,,,,\n", "nothing"),
        ("North,nobody,member,,,,\n", "unknown_user"),
        ("South,ann,member,,,,\n", "bad_team"),
        ("North,ann,chief,,,,\n", "bad_role"),
        ("North,ann,member,Magic,,,\n", "bad_function"),
        ("North,ann,member,,2,,\n", "bad_effort_fte"),
        ("North,ann,member,,,2026-05-01,2026-04-01\n", "bad_valid_until"),
        ("North,ann,manager,,,2026-05-01,\n", "bad_role"),
    ],
)
def test_members_that_cannot_be_taken_are_refused(manager, team, ann, bo, row, code):
    MembershipFactory(team=team, user=bo, role="kam")
    run = take(manager, row)
    assert (problems(run), Membership.objects.count()) == ({code: 1}, 1)


def test_two_managers_in_one_file_are_refused_as_by_hand(manager, team, ann, bo):
    run = take(manager, "North,ann,kam,,,2026-01-01,\nNorth,bo,kam,,,2026-06-01,\n")
    assert (run.created, problems(run)) == (1, {"bad_role": 1})
    assert Membership.objects.get().user == ann


def test_manager_of_too_many_accounts_in_one_file_is_refused(manager, programme, ann):
    for number in range(7):
        mine = TeamFactory(programme=programme, name=f"T{number}")
        AccountFactory(programme=programme, team=mine)
    text = "".join(f"T{number},ann,kam,,,,\n" for number in range(7))
    run = upload(manager, HEAD + text, kind="memberships", name="members.csv")
    run = passes.check(services.check_run(actor=manager, run=run, enqueue=False).pk)
    assert (run.created, problems(run), Membership.objects.count()) == (5, {"load": 2}, 0)
    run = take(manager, text)
    assert (run.created, problems(run), Membership.objects.count()) == (5, {"load": 2}, 5)


def test_nobody_gets_to_both_sides_of_a_barrier_by_one_file(manager, programme, ann):
    sides = [TeamFactory(programme=programme, name=name) for name in ("East", "West")]
    ConflictFactory(
        a=AccountFactory(programme=programme, team=sides[0]),
        b=AccountFactory(programme=programme, team=sides[1]),
    )
    run = take(manager, "East,ann,member,,,,\nWest,ann,member,,,,\n")
    assert (run.created, problems(run)) == (1, {"barrier": 1})


def test_unknown_teams_are_made_when_asked_for_and_go_when_undone(manager, ann, bo):
    text = "South,ann,kam,,,,\nSouth,bo,kam,,,,\nSouth,bo,member,,,,\n"
    run = take(manager, text, options={"teams": "create"})
    assert (run.created, problems(run), Team.objects.count()) == (2, {"bad_role": 1}, 1)
    undo(manager, run)
    assert (Membership.objects.count(), Team.objects.count()) == (0, 0)


def test_end_and_effort_of_a_known_member_change(manager, team, ann):
    member = MembershipFactory(team=team, user=ann, role="member")
    run = take(manager, "North,ann,member,,0.25,,2099-12-31\n")
    member.refresh_from_db()
    assert (run.updated, str(member.effort_fte), member.valid_until.year) == (1, "0.25", 2099)
    undo(manager, run)
    member.refresh_from_db()
    assert (member.effort_fte, member.valid_until) == (None, None)


def test_people_whom_the_importer_may_not_see_read_as_none(manager, team):
    elsewhere = RoleGrantFactory(programme_manager=True).user
    run = take(manager, f"North,{elsewhere.username},member,,,,\n")
    assert problems(run) == {"unknown_user": 1}
