"""Accounts, their group, status, stage, team and barriers: what is refused and what is logged."""

import datetime

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts import services
from accounts.models import Account, Conflict
from accounts.services.team import manager_load
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from teams.services import add_membership
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
TODAY = datetime.date(2026, 6, 1)
KEY = {"status": "key", "decided_on": TODAY, "reason": "Grows", "rationale_types": ["reference"]}


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def account(programme):
    return AccountFactory(programme=programme)


def kam_of(account):
    account.team = TeamFactory(programme=account.programme)
    account.save()
    return MembershipFactory(team=account.team, role="kam").user


def test_create_account_places_it_in_its_group_and_logs_it(director, programme):
    top = services.create_account(actor=director, programme=programme, changes={"name": "Top"})
    child = services.create_account(
        actor=director,
        programme=programme,
        changes={"name": "Child", "parent": top},
        external_ids=[("erp", "1")],
    )
    assert (child.path, child.root_id) == (f"/{top.pk}/{child.pk}/", top.pk)
    assert [str(item) for item in child.external_ids.all()] == ["erp 1"]
    row = Change.objects.of(child).get(verb="created")
    assert (row.actor, row.after["name"], row.after["parent"]) == (director, "Child", top.pk)


def test_create_account_is_the_programme_managers(account):
    kam = kam_of(account)
    with pytest.raises(PermissionDenied):
        services.create_account(actor=kam, programme=account.programme, changes={"name": "New"})
    assert Account.objects.count() == 1


def test_create_account_refuses_another_programmes_parent(director, programme):
    with pytest.raises(ValidationError) as error:
        services.create_account(
            actor=director,
            programme=programme,
            changes={"name": "New", "parent": AccountFactory()},
        )
    assert list(error.value.message_dict) == ["parent"]


def test_move_carries_the_whole_subtree(director, programme):
    first, second = AccountFactory.create_batch(2, programme=programme)
    child = AccountFactory(parent=first)
    grandchild = AccountFactory(parent=child)
    services.update_account(
        actor=director, account=child, expected_version=1, changes={"parent": second}
    )
    grandchild.refresh_from_db()
    assert grandchild.path == f"/{second.pk}/{child.pk}/{grandchild.pk}/"
    assert grandchild.root_id == second.pk
    assert list(Account.objects.under(first)) == [first]


def test_move_refuses_a_cycle(director, programme):
    top = AccountFactory(programme=programme)
    below = AccountFactory(parent=AccountFactory(parent=top))
    with pytest.raises(ValidationError) as error:
        services.update_account(
            actor=director, account=top, expected_version=1, changes={"parent": below}
        )
    assert list(error.value.message_dict) == ["parent"]
    top.refresh_from_db()
    assert top.parent is None


def test_update_refuses_a_stale_version_and_changes_nothing(director, account):
    services.update_account(
        actor=director, account=account, expected_version=1, changes={"country": "Denmark"}
    )
    with pytest.raises(VersionConflict) as error:
        services.update_account(
            actor=director, account=account, expected_version=1, changes={"country": "Norway"}
        )
    assert error.value.current.country == "Denmark"
    account.refresh_from_db()
    assert (account.country, account.version) == ("Denmark", 2)


def test_update_without_difference_leaves_no_trace(director, account):
    same = services.update_account(
        actor=director, account=account, expected_version=1, changes={"name": account.name}
    )
    assert same.version == 1
    assert not Change.objects.exists()


def test_edits_of_one_field_within_ten_minutes_fold(director, account):
    for version, country in enumerate(["Denmark", "Norway"], start=1):
        services.update_account(
            actor=director, account=account, expected_version=version, changes={"country": country}
        )
    row = Change.objects.get()
    assert (row.before, row.after) == ({"country": ""}, {"country": "Norway"})


def test_manager_edits_text_but_not_what_moves_the_account(account):
    kam = kam_of(account)
    unit = BusinessUnitFactory(programme=account.programme)
    services.update_account(
        actor=kam, account=account, expected_version=None, changes={"industry": "Logistics"}
    )
    with pytest.raises(PermissionDenied):
        services.update_account(
            actor=kam, account=account, expected_version=None, changes={"business_unit": unit}
        )
    account.refresh_from_db()
    assert (account.industry, account.business_unit) == ("Logistics", None)


def test_archive_refuses_while_accounts_below_are_active(director, account):
    child = AccountFactory(parent=account)
    with pytest.raises(ValidationError):
        services.archive_account(actor=director, account=account, expected_version=1)
    services.archive_account(actor=director, account=child, expected_version=1)
    archived = services.archive_account(actor=director, account=account, expected_version=1)
    assert archived.is_archived
    assert not services.restore_account(
        actor=director, account=archived, expected_version=2
    ).is_archived


def test_archive_refuses_in_the_same_words_what_is_seen_and_what_is_not(director, account):
    """Whether accounts below are hidden by a barrier cannot be read from the refusal."""
    child = AccountFactory(parent=account)

    def refusal() -> list[str]:
        with pytest.raises(ValidationError) as caught:
            services.archive_account(actor=director, account=account, expected_version=None)
        return caught.value.messages

    seen = refusal()
    rival = AccountFactory(programme=account.programme, team=TeamFactory())
    MembershipFactory(team=rival.team, user=director)
    ConflictFactory(a=rival, b=child, kind="ring_fence")
    assert not Account.objects.visible_to(director).filter(pk=child.pk).exists()
    assert refusal() == seen


def test_nothing_is_active_below_an_archived_account(director, account):
    child = AccountFactory(programme=account.programme, parent=account)
    other = AccountFactory(programme=account.programme)
    for number, row in ((1, child), (1, account)):
        services.archive_account(actor=director, account=row, expected_version=number)
    calls = (
        lambda: services.restore_account(actor=director, account=child, expected_version=2),
        lambda: services.update_account(
            actor=director, account=other, expected_version=1, changes={"parent": account}
        ),
        lambda: services.create_account(
            actor=director,
            programme=account.programme,
            changes={"name": "New", "parent": account},
        ),
    )
    for call in calls:
        with pytest.raises(ValidationError) as refusal:
            call()
        assert refusal.value.message_dict == {"parent": ["It is archived: restore it first."]}
    assert list(Account.objects.active()) == [other]


@pytest.mark.django_db(transaction=True)
def test_account_is_not_archived_while_another_moves_below_it(director, account):
    other = AccountFactory(programme=account.programme)
    outcomes = run_together(
        lambda: services.archive_account(actor=director, account=account, expected_version=1),
        lambda: services.update_account(
            actor=director, account=other, expected_version=1, changes={"parent": account}
        ),
    )
    assert [type(outcome.error) for outcome in outcomes].count(ValidationError) == 1
    account.refresh_from_db()
    other.refresh_from_db()
    assert not (account.is_archived and other.parent_id == account.pk)


def test_external_id_belongs_to_one_account(director, account):
    other = AccountFactory(programme=account.programme)
    services.set_external_ids(actor=director, account=account, external_ids=[("erp", "7")])
    with pytest.raises(ValidationError):
        services.set_external_ids(actor=director, account=other, external_ids=[("erp", "7")])


def test_key_status_needs_a_rationale(director, account):
    """K004."""
    with pytest.raises(ValidationError) as error:
        services.set_status(actor=director, account=account, status="key", decided_on=TODAY)
    assert set(error.value.message_dict) == {"reason", "rationale_types"}
    account.refresh_from_db()
    assert account.status == "candidate"


def test_key_status_is_recorded_with_decider_date_and_reason(director, account):
    """K010: status, rationale, decision date, decider."""
    services.set_status(actor=director, account=account, **KEY)
    step = account.status_changes.get()
    account.refresh_from_db()
    assert (account.status, account.status_since, account.rationale) == ("key", TODAY, "Grows")
    assert (step.from_status, step.to_status) == ("candidate", "key")
    assert (step.decided_by, step.decided_on, step.override) == (director, TODAY, False)


def test_one_key_account_more_than_the_limit_needs_an_override(director, programme):
    """K032."""
    ProgrammeSettingFactory(
        programme=programme, name="programme_max_accounts", value=1, valid_from=TODAY
    )
    first, second = AccountFactory.create_batch(2, programme=programme)
    services.set_status(actor=director, account=first, **KEY)
    with pytest.raises(ValidationError) as error:
        services.set_status(actor=director, account=second, **KEY)
    assert list(error.value.message_dict) == ["override_reason"]
    services.set_status(actor=director, account=second, override_reason="Board, 1 June", **KEY)
    assert second.status_changes.get().override


def test_exclusive_rivals_are_never_both_key(director, programme):
    """K130; the whole group of each counts."""
    first, second = AccountFactory.create_batch(2, programme=programme)
    below = AccountFactory(parent=second)
    ConflictFactory(a=first, b=second, kind=Conflict.Kind.EXCLUSIVE)
    services.set_status(actor=director, account=first, **KEY)
    with pytest.raises(ValidationError) as error:
        services.set_status(actor=director, account=below, **KEY)
    assert error.value.message_dict == {
        "status": [f"{first} is key, and the two exclude each other."]
    }


def test_sixth_account_of_a_manager_is_refused(director, programme):
    """K033: five at most, no override."""
    kam = UserFactory()
    accounts = AccountFactory.create_batch(6, programme=programme)
    for number, account in enumerate(accounts, start=1):
        team = TeamFactory(programme=programme)
        MembershipFactory(team=team, user=kam, role="kam", valid_from=TODAY)
        if number < 6:
            services.assign_team(actor=director, account=account, team=team, expected_version=1)
        else:
            with pytest.raises(ValidationError) as error:
                services.assign_team(actor=director, account=account, team=team, expected_version=1)
            assert error.value.code == "load"
    assert manager_load(kam, on=business_today()) == 5


def test_a_lower_limit_makes_the_fifth_fail(director, programme):
    """K022: setting 4 makes a fifth assignment fail, through the membership as well."""
    ProgrammeSettingFactory(
        programme=programme,
        name="max_accounts_per_manager",
        value=4,
        valid_from=TODAY.replace(year=2020),
    )
    kam = UserFactory()
    for account in AccountFactory.create_batch(4, programme=programme):
        account.team = TeamFactory(programme=programme)
        account.save()
        MembershipFactory(team=account.team, user=kam, role="kam", valid_from=TODAY)
    fifth = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    with pytest.raises(ValidationError):
        add_membership(actor=director, team=fifth.team, user=kam, role="kam", valid_from=TODAY)
    assert not fifth.team.memberships.exists()


def test_a_group_counts_once_unless_a_child_is_itself_key(director, programme):
    """`design.md` 11."""
    team = TeamFactory(programme=programme)
    kam = MembershipFactory(team=team, role="kam").user
    top = AccountFactory(programme=programme, team=team)
    children = AccountFactory.create_batch(3, parent=top, team=team)
    assert manager_load(kam, on=business_today()) == 1
    Account.objects.filter(pk=children[0].pk).update(status="key")
    assert manager_load(kam, on=business_today()) == 2
    Account.objects.filter(pk=children[1].pk).update(status="maintained")
    assert manager_load(kam, on=business_today()) == 2


def test_team_is_shared_inside_one_group_only(director, programme):
    team = TeamFactory(programme=programme)
    top = AccountFactory(programme=programme, team=team)
    child = AccountFactory(parent=top)
    stranger = AccountFactory(programme=programme)
    services.assign_team(actor=director, account=child, team=team, expected_version=1)
    with pytest.raises(ValidationError) as error:
        services.assign_team(actor=director, account=stranger, team=team, expected_version=1)
    assert list(error.value.message_dict) == ["team"]


def test_nobody_joins_both_sides_of_a_barrier(director, programme):
    first, second = AccountFactory.create_batch(2, programme=programme)
    kam = kam_of(first)
    below = AccountFactory(parent=second, team=TeamFactory(programme=programme))
    ConflictFactory(a=first, b=second)
    with pytest.raises(ValidationError) as error:
        add_membership(actor=director, team=below.team, user=kam, role="observer", valid_from=TODAY)
    assert error.value.code == "barrier"
    assert not below.team.memberships.exists()
    with pytest.raises(ValidationError):
        services.assign_team(actor=director, account=second, team=first.team, expected_version=1)


def test_barrier_reason_names_the_other_account_only_to_who_sees_it(programme):
    """The director is in a team of one side, so that the other is hidden."""
    first, second = AccountFactory.create_batch(2, programme=programme)
    kam = kam_of(second)
    first.team = TeamFactory(programme=programme)
    first.save()
    ConflictFactory(a=first, b=second)
    director = RoleGrantFactory(programme_manager=True, programme=programme).user
    MembershipFactory(team=first.team, user=director, role="observer", valid_from=TODAY)
    with pytest.raises(ValidationError) as error:
        add_membership(actor=director, team=first.team, user=kam, role="member", valid_from=TODAY)
    assert second.name not in str(error.value)


def test_set_stage_writes_state_timeline_and_due_date(director, account):
    """K064; reviews of `mid` fall due after 90 days (`design.md` 11)."""
    services.set_stage(
        actor=director,
        account=account,
        stage="mid",
        happened_on=TODAY,
        reason="First assessment",
        proposed_by=UserFactory(),
        first_assessment=True,
        scores={"R": "41.67"},
    )
    account.refresh_from_db()
    assert (account.stage, account.stage_since) == ("mid", TODAY)
    assert account.review_due_on == TODAY + datetime.timedelta(days=90)
    step = account.stage_changes.get()
    assert (step.from_stage, step.to_stage, step.confirmed_by) == ("", "mid", director)
    again = TODAY + datetime.timedelta(days=80)
    services.set_stage(
        actor=director, account=account, stage="mid", happened_on=again, reason="Unchanged"
    )
    account.refresh_from_db()
    assert (account.stage_since, account.reviewed_on) == (TODAY, again)
    assert account.stage_changes.count() == 1


def test_set_stage_is_not_the_managers(account):
    kam = kam_of(account)
    with pytest.raises(PermissionDenied):
        services.set_stage(
            actor=kam, account=account, stage="early", happened_on=TODAY, reason="No"
        )
    assert not account.stage_changes.exists()


def test_conflict_needs_two_branches(director, account):
    child = AccountFactory(parent=account)
    with pytest.raises(ValidationError):
        services.create_conflict(actor=director, a=account, b=child, kind="exclusive")
    assert not Conflict.objects.exists()


def test_exception_from_a_barrier_is_given_by_somebody_else(director, programme):
    first, second = AccountFactory.create_batch(2, programme=programme)
    conflict = services.create_conflict(actor=director, a=second, b=first, kind="ring_fence")
    assert (conflict.a, conflict.b) == (first, second)
    with pytest.raises(ValidationError):
        services.add_exception(actor=director, conflict=conflict, user=director, reason="Me")
    user = UserFactory()
    exception = services.add_exception(
        actor=director, conflict=conflict, user=user, reason="Carve-out"
    )
    assert Change.objects.of(exception).get().after["user"] == user.pk


def test_parent_moved_meanwhile_makes_no_circle(director, programme):
    """What the caller read of the parent is old once somebody else has moved it."""
    first, second = AccountFactory.create_batch(2, programme=programme)
    stale = Account.objects.get(pk=first.pk)
    services.update_account(
        actor=director, account=first, expected_version=1, changes={"parent": second}
    )
    with pytest.raises(ValidationError) as error:
        services.update_account(
            actor=director, account=second, expected_version=1, changes={"parent": stale}
        )
    assert list(error.value.message_dict) == ["parent"]
    assert Account.objects.get(pk=second.pk).path == f"/{second.pk}/"


def test_parent_moved_meanwhile_gives_new_account_its_true_path(director, programme):
    first, second = AccountFactory.create_batch(2, programme=programme)
    stale = Account.objects.get(pk=first.pk)
    services.update_account(
        actor=director, account=first, expected_version=1, changes={"parent": second}
    )
    child = services.create_account(
        actor=director, programme=programme, changes={"name": "Child", "parent": stale}
    )
    assert (child.path, child.root_id) == (f"/{second.pk}/{first.pk}/{child.pk}/", second.pk)
