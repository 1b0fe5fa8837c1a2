"""Endpoints of people, programmes and teams; they refuse what the pages refuse."""

import datetime

import pytest
from django.urls import reverse
from django.utils import timezone

from kam.access.dates import business_today
from teams.models import Membership, ProgrammeSetting, RoleGrant, Team, User
from tests.factories.accounts import AccountFactory
from tests.factories.api import caller
from tests.factories.teams import (
    BusinessUnitFactory,
    FunctionFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
V1 = "/api/v1"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def admin():
    return RoleGrantFactory().user


@pytest.fixture
def manager(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


def pointers(response):
    """Refused members of the body."""
    assert response.status_code == 400, response.json()
    return sorted(item["pointer"].lstrip("/") for item in response.json()["errors"])


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("programmes", None),
        ("business-units", lambda p: BusinessUnitFactory(programme=p)),
        ("functions", lambda p: FunctionFactory(programme=p)),
        ("users", lambda p: RoleGrantFactory(finance=True, programme=p)),
        ("role-grants", lambda p: RoleGrantFactory(finance=True, programme=p)),
        ("teams", lambda p: MembershipFactory(team__programme=p)),
        ("memberships", lambda p: MembershipFactory(team__programme=p)),
    ],
)
def test_list_query_count(manager, programme, resource, make, count, django_assert_max_num_queries):
    for _number in range(count if make else 0):
        make(programme)
    client = caller(manager, "read")
    client.get(f"{V1}/me/")
    with django_assert_max_num_queries(5):
        response = client.get(f"{V1}/{resource}/")
    assert len(response.json()["results"]) >= (count if make else 1)


def test_names_for_colleagues_and_details_for_those_entitled(manager, programme):
    member = MembershipFactory(team__programme=programme).user
    names = {row["id"]: row for row in caller(member).get(f"{V1}/users/").json()["results"]}
    assert set(names) == {member.pk, manager.pk}
    assert (names[manager.pk]["email"], names[manager.pk]["roles"]) == (None, None)
    assert names[manager.pk]["username"] is None
    assert names[member.pk]["email"] == member.email
    details = caller(manager).get(f"{V1}/users/{member.pk}/").json()
    assert (details["email"], details["roles"]) == (member.email, [])


def test_users_are_not_found_by_address(manager, programme):
    member = MembershipFactory(team__programme=programme).user
    found = caller(member).get(f"{V1}/users/", {"search": manager.email}).json()["results"]
    assert found == []
    assert caller(member).get(f"{V1}/users/", {"email": manager.email}).status_code == 400


def test_stranger_sees_only_oneself(manager):
    stranger = UserFactory()
    client = caller(stranger)
    rows = client.get(f"{V1}/users/").json()["results"]
    assert [row["id"] for row in rows] == [stranger.pk]
    assert client.get(f"{V1}/users/{manager.pk}/").status_code == 404


def test_user_is_made_changed_barred_and_let_in(admin, mailoutbox):
    client = caller(admin, "admin")
    made = client.post(f"{V1}/users/", {"username": "nora", "email": "n@supplier.example"})
    assert made.status_code == 201
    url = f"{V1}/users/{made.json()['id']}/"
    assert client.patch(url, {"last_name": "N"}).status_code == 428
    assert client.patch(url, {"last_name": "N"}, headers={"If-Match": '"1"'}).status_code == 200
    stale = client.patch(url, {"last_name": "M"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204
    assert not User.objects.get(username="nora").is_active
    back = client.post(f"{url}activate/", headers={"If-Match": '"3"'})
    assert back.json()["is_active"] is True


def test_users_are_the_administrators(manager):
    client, person = caller(manager), UserFactory()
    assert client.post(f"{V1}/users/", {"username": "nora"}).status_code == 403
    url, match = f"{V1}/users/{person.pk}/", {"If-Match": '"1"'}
    assert client.patch(url, {"last_name": "X"}, headers=match).status_code == 403
    assert client.delete(url, headers=match).status_code == 403
    assert client.post(f"{url}invite/").status_code == 403
    person.refresh_from_db()
    assert (person.version, person.is_active) == (1, True)


def test_role_is_given_and_ended(admin, programme):
    client, person = caller(admin, "admin"), UserFactory()
    body = {"user": person.pk, "role": "finance", "valid_from": "2026-01-01"}
    assert pointers(client.post(f"{V1}/role-grants/", body)) == [""]
    made = client.post(f"{V1}/role-grants/", body | {"programme": programme.pk})
    url = f"{V1}/role-grants/{made.json()['id']}/"
    match = {"If-Match": '"1"'}
    assert pointers(client.patch(url, {"role": "auditor"}, headers=match)) == ["role"]
    ended = client.patch(url, {"valid_until": "2026-06-30"}, headers=match)
    assert ended.json()["valid_until"] == "2026-06-30"
    assert RoleGrant.objects.get(user=person).role == "finance"


def test_last_administrator_stays(admin):
    grant = admin.grants.get()
    response = caller(admin, "admin").delete(
        f"{V1}/role-grants/{grant.pk}/", headers={"If-Match": '"1"'}
    )
    assert response.status_code == 400
    assert RoleGrant.objects.permanent_administrators().count() == 1


def test_settings_are_read_and_changed(manager, programme):
    client, url = caller(manager), f"{V1}/programmes/{programme.pk}/settings/"
    assert client.get(url).json()["values"]["discount_rate"] == "0.1000"
    body = {"values": {"discount_rate": "0.125"}, "valid_from": "2026-06-01", "reason": "Rates."}
    assert pointers(client.post(url, body | {"reason": ""})) == ["reason"]
    assert pointers(client.post(url, body | {"values": {"kpi_amber": "0.99"}})) == ["kpi_amber"]
    assert pointers(client.post(url, body | {"values": {"nothing": "1"}})) == [""]
    assert not ProgrammeSetting.objects.exists()
    assert client.post(url, body).status_code == 200
    assert client.get(url, {"on": "2026-05-31"}).json()["values"]["discount_rate"] == "0.1000"
    assert client.get(url, {"on": "2026-06-01"}).json()["values"]["discount_rate"] == "0.1250"
    assert client.get(url, {"on": "soon"}).status_code == 400
    rows = client.get(f"{V1}/programme-settings/").json()["results"]
    assert [(row["name"], row["reason"]) for row in rows] == [("discount_rate", "Rates.")]


def test_members_read_and_do_not_write(programme):
    membership = MembershipFactory(team__programme=programme)
    client, match = caller(membership.user), {"If-Match": '"1"'}
    team = f"{V1}/teams/{membership.team_id}/"
    assert client.get(team).json()["members"][0]["user"] == membership.user_id
    assert client.patch(team, {"name": "Mine"}, headers=match).status_code == 403
    assert client.delete(team, headers=match).status_code == 403
    row = f"{V1}/memberships/{membership.pk}/"
    assert client.delete(row, headers=match).status_code == 403
    body = {"team": membership.team_id, "user": membership.user_id, "role": "observer"}
    assert client.post(f"{V1}/memberships/", body).status_code == 403
    assert Team.objects.get().version == 1
    assert Membership.objects.count() == 1


def test_membership_is_added_changed_and_ended_at_once(manager, programme):
    client, person = caller(manager), UserFactory()
    team = TeamFactory(programme=programme)
    today = business_today()
    body = {"team": team.pk, "user": person.pk, "role": "member", "valid_from": "2026-01-01"}
    made = client.post(f"{V1}/memberships/", body)
    assert made.status_code == 201
    url = f"{V1}/memberships/{made.json()['id']}/"
    changed = client.patch(url, {"effort_fte": "0.4"}, headers={"If-Match": '"1"'})
    assert changed.json()["effort_fte"] == "0.40"
    assert pointers(client.patch(url, {"role": "kam"}, headers={"If-Match": '"2"'})) == ["role"]
    role = {"role": "deputy", "valid_from": today.isoformat()}
    deputy = client.post(f"{url}role/", role, headers={"If-Match": '"2"'})
    assert deputy.status_code == 201
    url = f"{V1}/memberships/{deputy.json()['id']}/"
    assert client.delete(url, headers={"If-Match": '"1"'}).status_code == 204
    assert not Membership.objects.filter(user=person).valid_on(today).exists()


@pytest.mark.parametrize(
    "values",
    [
        {"role": "kam"},
        {"role": "king"},
        {"role": "member", "effort_fte": "1.5"},
        {"role": "member", "effort_fte": "half"},
        {"role": "member", "valid_from": "2026-06-02", "valid_until": "2026-06-01"},
        {"role": "member", "valid_from": "31 June"},
        {"role": "member", "function": "other"},
        {"role": "member", "user": "invisible"},
    ],
)
def test_page_and_api_refuse_the_same_members(client, manager, programme, values):
    team, person = TeamFactory(programme=programme), UserFactory()
    MembershipFactory(team=team)
    special = {
        "other": FunctionFactory().pk,
        "invisible": UserFactory(is_active=False).pk,
    }
    values = {name: special.get(value, value) for name, value in values.items()}
    body = {"user": person.pk, **values}
    refused = pointers(caller(manager).post(f"{V1}/memberships/", {"team": team.pk, **body}))
    client.force_login(manager)
    page = client.post(reverse("teams:member_add", args=[team.pk]), body)
    assert page.status_code == 422
    assert sorted(page.context["form"].errors) == refused
    assert Membership.objects.count() == 1


@pytest.mark.parametrize(
    "values",
    [
        {"username": ""},
        {"username": "no blanks"},
        {"username": "kira"},
        {"username": "nora", "email": "nowhere"},
        {"username": "nora", "email": "kira@supplier.example"},
        {"username": "x@y.example", "email": "nora@supplier.example"},
    ],
)
def test_page_and_api_refuse_the_same_people(client, admin, values):
    UserFactory(username="kira", email="kira@supplier.example")
    count = User.objects.count()
    refused = pointers(caller(admin, "admin").post(f"{V1}/users/", values))
    client.force_login(admin)
    page = client.post(reverse("settings:person_create"), values)
    assert page.status_code == 422
    assert [name.replace("__all__", "") for name in sorted(page.context["form"].errors)] == refused
    assert User.objects.count() == count


def test_units_and_functions_by_api(manager, programme):
    client = caller(manager)
    root = client.post(f"{V1}/business-units/", {"programme": programme.pk, "name": "Europe"})
    root = root.json()
    body = {"programme": programme.pk, "name": "North", "parent": root["id"]}
    north = client.post(f"{V1}/business-units/", body).json()
    url, match = f"{V1}/business-units/{root['id']}/", {"If-Match": '"1"'}
    assert pointers(client.patch(url, {"parent": north["id"]}, headers=match)) == ["parent"]
    other = BusinessUnitFactory()
    assert pointers(client.patch(url, {"parent": other.pk}, headers=match)) == ["parent"]
    assert client.get(f"{V1}/business-units/{other.pk}/").status_code == 404
    function = client.post(
        f"{V1}/functions/", {"programme": programme.pk, "name": "Quality", "code": "quality"}
    ).json()
    url = f"{V1}/functions/{function['id']}/"
    assert pointers(client.patch(url, {"code": "q"}, headers=match)) == ["code"]
    assert client.patch(url, {"name": "Q"}, headers=match).json()["name"] == "Q"
    assert client.delete(url, headers={"If-Match": '"2"'}).status_code == 204


def test_me_says_and_changes_who_calls(programme):
    membership = MembershipFactory(team__programme=programme)
    client = caller(membership.user)
    me = client.get(f"{V1}/me/")
    assert me.json()["teams"] == [{"team": membership.team_id, "role": "kam", "function": None}]
    assert me["ETag"] == '"1"'
    body = {"time_zone": "Europe/Oslo", "theme": "dark"}
    assert client.patch(f"{V1}/me/", body).status_code == 428
    saved = client.patch(f"{V1}/me/", body, headers={"If-Match": '"1"'})
    assert (saved.json()["theme"], saved["ETag"]) == ("dark", '"2"')
    wrong = {"time_zone": "Mars/Base"}
    assert pointers(client.patch(f"{V1}/me/", wrong, headers={"If-Match": '"2"'})) == ["time_zone"]
    mine = {"username": "root"}
    assert client.patch(f"{V1}/me/", mine, headers={"If-Match": '"2"'}).json()["username"] == (
        membership.user.username
    )


def test_membership_answer_carries_warnings_of_limits(manager, programme):
    """A third account warns and asks for nothing (handbook 5.3)."""
    person = UserFactory()
    for _place in range(2):
        team = MembershipFactory(team__programme=programme, user=person).team
        AccountFactory(programme=programme, team=team, status="key")
    team = TeamFactory(programme=programme)
    AccountFactory(programme=programme, team=team, status="key")
    client = caller(manager)
    body = {"team": team.pk, "user": person.pk, "role": "kam"}
    made = client.post(f"{V1}/memberships/", body)
    assert made.status_code == 201
    assert len(made.json()["warnings"]) == 1
    assert "3" in made.json()["warnings"][0]
    url = f"{V1}/memberships/{made.json()['id']}/"
    assert "warnings" not in client.get(url).json()
    changed = client.patch(url, {"effort_fte": "0.4"}, headers={"If-Match": '"1"'})
    assert changed.json()["warnings"] == []


@pytest.mark.parametrize("scope", ["read", "write"])
def test_who_may_do_what_is_changed_with_the_scope_admin_alone(admin, scope):
    """A token that only writes data must not hand out rights."""
    person, client = UserFactory(), caller(admin, scope)
    body = {"user": person.pk, "role": "administrator", "valid_from": str(business_today())}
    answers = [
        client.post(f"{V1}/role-grants/", body),
        client.post(f"{V1}/users/", {"username": "new"}),
        client.post(f"{V1}/users/{person.pk}/activate/"),
    ]
    assert [answer.status_code for answer in answers] == [403] * 3
    assert not RoleGrant.objects.filter(user=person).exists()


@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("business-units", BusinessUnitFactory),
        ("functions", FunctionFactory),
        ("teams", TeamFactory),
    ],
)
def test_archived_row_is_restored_over_rest(manager, programme, resource, make):
    row = make(programme=programme)
    client = caller(manager)
    url = f"{V1}/{resource}/{row.pk}/"
    assert client.delete(url, headers={"If-Match": '"1"'}).status_code == 204
    stale = client.post(f"{url}restore/", headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    answer = client.post(f"{url}restore/", headers={"If-Match": '"2"'})
    assert (answer.status_code, answer["ETag"]) == (200, '"3"')
    row.refresh_from_db()
    assert row.archived_at is None


@pytest.mark.parametrize(
    ("resource", "make"),
    [
        ("business-units", BusinessUnitFactory),
        ("functions", FunctionFactory),
        ("teams", TeamFactory),
    ],
)
def test_restore_is_refused_to_colleagues_and_hidden_from_outsiders(programme, resource, make):
    row = make(programme=programme, archived_at=timezone.now())
    url = f"{V1}/{resource}/{row.pk}/restore/"
    auditor = RoleGrantFactory(auditor=True, programme=programme).user
    assert caller(auditor).post(url).status_code == 403
    assert caller(UserFactory()).post(url).status_code == 404
    row.refresh_from_db()
    assert row.archived_at is not None


@pytest.mark.parametrize(("size", "warned"), [("50", 0), ("51", 1)])
def test_programme_size_above_fifty_warns(manager, programme, size, warned):
    """Handbook 3.6: more than 50 key accounts are far too many."""
    body = {
        "values": {"programme_max_accounts": size},
        "valid_from": str(business_today()),
        "reason": "growth",
    }
    url = f"{V1}/programmes/{programme.pk}/settings/"
    answer = caller(manager).post(url, body)
    assert answer.status_code == 200
    assert len(answer.json()["warnings"]) == warned
    assert caller(manager).get(url).json()["warnings"] == []


def test_taken_team_name_tells_nothing_of_its_holder(manager, programme):
    TeamFactory(programme=programme, name="Team Cedar Health")
    client = caller(manager)
    answer = client.post(f"{V1}/teams/", {"programme": programme.pk, "name": "team cedar health"})
    assert answer.status_code == 400
    assert [item["detail"] for item in answer.json()["errors"]] == ["This name is taken."]
