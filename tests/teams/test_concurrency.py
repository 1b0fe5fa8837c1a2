"""Two writers at the same moment, on connections of their own."""

import pytest
from django.core.exceptions import ValidationError

from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from teams import services
from teams.models import BusinessUnit, Membership, Programme, RoleGrant, User
from tests.concurrency import run_together
from tests.factories.teams import (
    BusinessUnitFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db(transaction=True)


def refusals(outcomes):
    """Kinds of errors, sorted; anything unexpected is raised."""
    return sorted(type(item.error).__name__ for item in outcomes if item.error)


def test_two_managers_at_once_make_one():
    programme = ProgrammeFactory()
    actor = RoleGrantFactory(programme_manager=True, programme=programme).user
    team = TeamFactory(programme=programme)
    today = business_today()

    def appoint(user, until):
        return lambda: services.add_membership(
            actor=actor, team=team, user=user, role="kam", valid_from=today, valid_until=until
        )

    outcomes = run_together(*(appoint(UserFactory(), until) for until in (None, today, None)))
    assert refusals(outcomes) == ["ValidationError", "ValidationError"]
    assert Membership.objects.filter(team=team, role="kam").count() == 1


def test_moves_that_would_make_a_circle_together():
    programme = ProgrammeFactory()
    actor = RoleGrantFactory(programme_manager=True, programme=programme).user
    first = BusinessUnitFactory(programme=programme)
    second = BusinessUnitFactory(programme=programme)
    below = BusinessUnitFactory(parent=first)

    def put(unit, parent):
        return lambda: services.update_unit(
            actor=actor, unit=unit, expected_version=1, changes={"parent": parent}
        )

    outcomes = run_together(put(first, second), put(second, below))
    assert refusals(outcomes) == ["ValidationError"]
    for unit in BusinessUnit.objects.all():
        assert unit.path == (unit.parent.path if unit.parent else "/") + f"{unit.pk}/"


def test_last_two_administrators_cannot_leave_together():
    one, other = RoleGrantFactory(), RoleGrantFactory()
    outcomes = run_together(
        lambda: services.deactivate_user(actor=one.user, user=other.user),
        lambda: services.end_role(actor=other.user, grant=one, valid_until=business_today()),
    )
    assert len(refusals(outcomes)) == 1
    assert RoleGrant.objects.permanent_administrators().count() == 1


def test_administrators_who_leave_at_once_leave_one():
    one, other = RoleGrantFactory(), RoleGrantFactory()
    outcomes = run_together(
        *(
            lambda user=grant.user: services.deactivate_user(actor=user, user=user)
            for grant in (one, other)
        )
    )
    assert refusals(outcomes) == ["ValidationError"]
    assert RoleGrant.objects.permanent_administrators().count() == 1


def test_two_set_ups_make_one_administrator():
    def start(name):
        return lambda: services.set_up(
            person={"username": name, "email": f"{name}@supplier.example"},
            password="a-long-secret-one",
            programme={"name": f"Of {name}", "supplier_name": "Acme", "currency": "EUR"},
        )

    outcomes = run_together(start("ada"), start("bob"), start("cy"))
    assert refusals(outcomes) == ["ValidationError", "ValidationError"]
    assert all(
        outcome.error.code == "done"
        for outcome in outcomes
        if isinstance(outcome.error, ValidationError)
    )
    assert (User.objects.people().count(), Programme.objects.count()) == (1, 1)


def test_two_edits_of_one_person_lose_none():
    actor = RoleGrantFactory().user
    user = UserFactory()

    def rename(name):
        return lambda: services.update_user(
            actor=actor, user=user, expected_version=1, changes={"last_name": name}
        )

    outcomes = run_together(rename("One"), rename("Two"))
    assert refusals(outcomes) == [VersionConflict.__name__]
    user.refresh_from_db()
    assert user.version == 2


def test_system_user_is_made_once():
    outcomes = run_together(services.system_user, services.system_user, services.system_user)
    assert refusals(outcomes) == []
    assert len({outcome.value.pk for outcome in outcomes}) == 1
    assert RoleGrant.objects.filter(user__username="system").count() == 1
