"""What was archived comes back: teams, units and functions, by whoever runs the programme."""

import pytest
from django.urls import reverse
from django.utils import timezone

from kam.changes.models import Change
from tests.factories.teams import (
    BusinessUnitFactory,
    FunctionFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def manager(client, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


MAKERS = {
    "teams:restore": TeamFactory,
    "settings:unit_restore": BusinessUnitFactory,
    "settings:function_restore": FunctionFactory,
}


@pytest.mark.parametrize("name", MAKERS)
def test_archived_row_is_restored_and_logged(client, manager, programme, name):
    row = MAKERS[name](programme=programme, archived_at=timezone.now())
    stale = client.post(reverse(name, args=[row.pk]), {"version": row.version + 1})
    assert stale.status_code == 302
    row.refresh_from_db()
    assert row.is_archived
    client.post(reverse(name, args=[row.pk]), {"version": row.version})
    row.refresh_from_db()
    assert not row.is_archived
    assert Change.objects.get().verb == "restored"


@pytest.mark.parametrize("name", MAKERS)
def test_member_does_not_restore(client, programme, name):
    member = MembershipFactory(team__programme=programme)
    row = member.team if name == "teams:restore" else MAKERS[name](programme=programme)
    row.archived_at = timezone.now()
    row.save()
    client.force_login(member.user)
    assert client.post(reverse(name, args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.is_archived


def test_unit_below_an_archived_one_waits_for_it(client, manager, programme):
    above = BusinessUnitFactory(programme=programme, archived_at=timezone.now())
    below = BusinessUnitFactory(parent=above, archived_at=timezone.now())
    page = client.post(reverse("settings:unit_restore", args=[below.pk]), follow=True)
    assert "Restore the unit above it first." in page.content.decode()
    below.refresh_from_db()
    assert below.is_archived


def test_pages_lead_to_what_is_archived(client, manager, programme):
    team = TeamFactory(programme=programme, name="Former", archived_at=timezone.now())
    unit = BusinessUnitFactory(programme=programme, archived_at=timezone.now())
    assert "Former" not in client.get(reverse("teams:list")).content.decode()
    assert "Former" in client.get(reverse("teams:list"), {"archived": "1"}).content.decode()
    page = client.get(team.get_absolute_url()).content.decode()
    assert reverse("teams:restore", args=[team.pk]) in page
    page = client.get(reverse("settings:programme", args=[programme.pk])).content.decode()
    assert reverse("settings:unit_restore", args=[unit.pk]) in page
