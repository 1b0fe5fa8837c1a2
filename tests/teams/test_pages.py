"""Pages of people, programmes and teams."""

import datetime

import pytest
from django.urls import reverse

from kam.access.dates import business_today
from kam.api.models import Token
from kam.changes.models import Change
from teams import services
from teams.models import Function, Membership, Programme, ProgrammeSetting, RoleGrant, Team, User
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.api import TokenFactory
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
FRAME = 4
"""Queries of the frame around a page: session, person, rights, company with two counts."""
DAY = datetime.timedelta(days=1)


@pytest.fixture
def admin(client):
    user = RoleGrantFactory().user
    client.force_login(user)
    return user


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def manager(client, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    client.force_login(user)
    return user


@pytest.fixture
def team(programme):
    return TeamFactory(programme=programme)


def fields(response):
    """Refused fields of a form page, and that it was refused as such."""
    assert response.status_code == 422
    return sorted(response.context["form"].errors)


# Teams


@pytest.mark.parametrize("count", [1, 3])
def test_team_list_query_count(client, manager, programme, count, django_assert_max_num_queries):
    for team in TeamFactory.create_batch(count, programme=programme):
        MembershipFactory.create_batch(2, team=team, role="member")
        MembershipFactory(team=team)
    with django_assert_max_num_queries(FRAME + 4):
        response = client.get(reverse("teams:list"))
    assert len(response.context["object_list"]) == count


def test_team_list_finds_by_member(client, manager, programme):
    MembershipFactory(team__programme=programme, team__name="Birch", user__last_name="Lund")
    TeamFactory(programme=programme, name="Cedar")
    response = client.get(reverse("teams:list"), {"q": "lun"})
    assert [team.name for team in response.context["object_list"]] == ["Birch"]


@pytest.mark.parametrize("count", [1, 3])
def test_team_page_query_count(client, manager, team, count, django_assert_max_num_queries):
    MembershipFactory.create_batch(count, team=team, role="member")
    with django_assert_max_num_queries(FRAME + 7):
        response = client.get(team.get_absolute_url())
    assert len(response.context["present"]) == count


def test_team_page_tells_present_coming_and_gone(client, manager, team):
    today = business_today()
    rows = [
        MembershipFactory(team=team, role="member", valid_from=start, valid_until=end)
        for start, end in ((None, today), (today + DAY, None), (None, today - DAY))
    ]
    context = client.get(team.get_absolute_url()).context
    found = [[row.pk for row in context[name]] for name in ("present", "coming", "gone")]
    assert found == [[row.pk] for row in rows]


def test_team_page_names_the_accounts_that_the_reader_sees(client, manager, team):
    shown = AccountFactory(programme=team.programme, team=team, name="Birch Logistics")
    AccountFactory(programme=team.programme, name="Of another team")
    page = client.get(team.get_absolute_url())
    assert "Birch Logistics" in page.content.decode()
    assert "Of another team" not in page.content.decode()
    client.force_login(MembershipFactory(team=team, role="observer").user)
    rival = AccountFactory(programme=team.programme, team=TeamFactory(programme=team.programme))
    MembershipFactory(team=rival.team, user_id=client.session["_auth_user_id"], role="member")
    ConflictFactory(a=shown, b=rival)
    assert "Birch Logistics" not in client.get(team.get_absolute_url()).content.decode()


def test_member_reads_the_team_and_changes_nothing(client, team):
    membership = MembershipFactory(team=team, role="member")
    client.force_login(membership.user)
    page = client.get(team.get_absolute_url())
    assert page.status_code == 200
    assert not page.context["may_edit"]
    for name, args in (
        ("member_add", [team.pk]),
        ("update", [team.pk]),
        ("archive", [team.pk]),
        ("member_update", [membership.pk]),
        ("member_role", [membership.pk]),
        ("member_end", [membership.pk]),
    ):
        assert client.post(reverse(f"teams:{name}", args=args)).status_code == 403
    membership.refresh_from_db()
    assert (membership.version, Change.objects.count()) == (1, 0)


def test_team_is_made_staffed_and_archived_by_forms(client, manager, programme):
    response = client.post(reverse("teams:create"), {"name": "Birch", "programme": programme.pk})
    team = Team.objects.get(name="Birch")
    assert response.url == team.get_absolute_url()
    person = UserFactory()
    form = {"user": person.pk, "role": "kam", "valid_from": "2026-01-01"}
    client.post(reverse("teams:member_add", args=[team.pk]), form)
    membership = team.memberships.get()
    assert (membership.user, membership.valid_from) == (person, datetime.date(2026, 1, 1))
    client.post(
        reverse("teams:member_update", args=[membership.pk]),
        {"effort_fte": "0.5", "valid_from": "2026-01-01", "version": 1},
    )
    client.post(
        reverse("teams:member_role", args=[membership.pk]),
        {"role": "deputy", "valid_from": "2026-03-01", "version": 2},
    )
    deputy = team.memberships.get(role="deputy")
    assert str(deputy.effort_fte) == "0.50"
    client.post(
        reverse("teams:member_end", args=[deputy.pk]), {"valid_until": "2026-04-30", "version": 1}
    )
    deputy.refresh_from_db()
    assert deputy.valid_until == datetime.date(2026, 4, 30)
    page = client.get(team.get_absolute_url()).content.decode()
    assert "added" in page
    client.post(reverse("teams:archive", args=[team.pk]), {"version": 1})
    team.refresh_from_db()
    assert team.is_archived


def test_second_manager_is_refused_beside_the_field(client, manager, team):
    first = MembershipFactory(team=team)
    person = UserFactory()
    url = reverse("teams:member_add", args=[team.pk])
    form = {"user": person.pk, "role": "kam", "valid_from": "2026-01-01"}
    response = client.post(url, form)
    assert fields(response) == ["role"]
    page = response.content.decode()
    assert f"{first.user} is manager" in page
    assert 'value="2026-01-01"' in page
    assert Membership.objects.get() == first
    client.post(url, form | {"takes_over": "on"})
    first.refresh_from_db()
    assert first.valid_until == datetime.date(2025, 12, 31)


def test_stale_end_of_membership_is_a_conflict(client, manager, team):
    membership = MembershipFactory(team=team, role="member", version=2)
    response = client.post(
        reverse("teams:member_end", args=[membership.pk]),
        {"valid_until": "2026-04-30", "version": 1},
    )
    assert response.status_code == 409
    membership.refresh_from_db()
    assert membership.valid_until is None


# People


@pytest.mark.parametrize("count", [1, 3])
def test_people_list_query_count(client, admin, count, django_assert_max_num_queries):
    for _number in range(count - 1):
        RoleGrantFactory(senior_manager=True)
    with django_assert_max_num_queries(FRAME + 4):
        response = client.get(reverse("settings:people"))
    assert len(response.context["object_list"]) == count


def test_person_is_added_and_mailed(client, admin, mailoutbox, django_capture_on_commit_callbacks):
    form = {"username": "nora", "email": "nora@supplier.example", "first_name": "Nora"}
    with django_capture_on_commit_callbacks(execute=True):
        response = client.post(reverse("settings:person_create"), form)
    person = User.objects.get(username="nora")
    assert response.url == reverse("settings:person", args=[person.pk])
    assert "http://testserver/sign-in/" in mailoutbox[0].body
    assert client.get(response.url).status_code == 200


def test_person_form_keeps_what_was_typed(client, admin):
    UserFactory(username="kira", email="kira@supplier.example")
    count = User.objects.count()
    form = {"username": "norah", "email": "kira@supplier.example", "last_name": "Typed"}
    response = client.post(reverse("settings:person_create"), form)
    assert response.status_code == 422
    assert 'value="Typed"' in response.content.decode()
    assert "belongs to somebody else" in response.content.decode()
    assert User.objects.count() == count


def test_stale_person_shows_both_texts(client, admin):
    person = UserFactory(username="kira", last_name="Before")
    services.update_user(
        actor=admin, user=person, expected_version=1, changes={"last_name": "Theirs"}
    )
    form = {"username": "kira", "email": person.email, "last_name": "Mine", "version": 1}
    response = client.post(reverse("settings:person_update", args=[person.pk]), form)
    assert response.status_code == 409
    page = response.content.decode()
    assert "Theirs" in page
    assert "Mine" in page


def test_role_is_given_and_ended(client, admin, programme):
    person = UserFactory()
    url = reverse("settings:role_grant", args=[person.pk])
    bad = client.post(url, {"role": "finance", "valid_from": "2026-01-01"})
    assert fields(bad) == ["__all__"]
    form = {"role": "finance", "valid_from": "2026-01-01", "programme": programme.pk}
    client.post(url, form)
    grant = person.grants.get()
    end = reverse("settings:role_end", args=[grant.pk])
    assert fields(client.post(end, {"valid_until": "31 June", "version": 1})) == ["valid_until"]
    client.post(end, {"valid_until": "2026-06-30", "version": 1})
    grant.refresh_from_db()
    assert grant.valid_until == datetime.date(2026, 6, 30)
    assert client.get(reverse("settings:person", args=[person.pk])).status_code == 200


def test_person_is_barred_and_let_in_again(client, admin):
    person = UserFactory()
    client.post(reverse("settings:person_deactivate", args=[person.pk]), {"version": 1})
    person.refresh_from_db()
    assert not person.is_active
    client.post(reverse("settings:person_activate", args=[person.pk]), {"version": 2})
    person.refresh_from_db()
    assert person.is_active


def test_last_administrator_is_told_why(client, admin):
    url = reverse("settings:person_deactivate", args=[admin.pk])
    page = client.post(url, {"version": 1}, follow=True)
    assert "Somebody must remain administrator" in page.content.decode()
    admin.refresh_from_db()
    assert admin.is_active


def test_people_are_the_administrators(client, manager):
    person = UserFactory()
    assert client.get(reverse("settings:people")).status_code == 403
    assert client.get(reverse("settings:person_create")).status_code == 403
    for name in ("person", "person_update", "role_grant"):
        assert client.get(reverse(f"settings:{name}", args=[person.pk])).status_code == 403
    for name in ("person_deactivate", "person_activate", "person_invite"):
        assert client.post(reverse(f"settings:{name}", args=[person.pk])).status_code == 403
    person.refresh_from_db()
    assert (person.is_active, person.version) == (True, 1)


# Programmes


@pytest.mark.parametrize("count", [1, 3])
def test_programme_page_query_count(
    client, manager, programme, count, django_assert_max_num_queries
):
    BusinessUnitFactory.create_batch(count, programme=programme)
    for number in range(count):
        services.change_settings(
            actor=manager,
            programme=programme,
            values={"hurdle": number + 1},
            valid_from=business_today(),
            reason="Board.",
        )
    with django_assert_max_num_queries(FRAME + 9):
        response = client.get(reverse("settings:programme", args=[programme.pk]))
    assert len(response.context["units"]) == count
    assert "Board." in response.content.decode()


def test_settings_are_changed_with_reason_and_percent(client, manager, programme):
    url = reverse("settings:values_update", args=[programme.pk, "plan"])
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.names}
    assert values["discount_rate"] == "10"
    values |= {"discount_rate": "12.5", "valid_from": "2026-06-01"}
    assert fields(client.post(url, values)) == ["reason"]
    assert fields(client.post(url, values | {"reason": "x", "kpi_amber": "99"})) == ["kpi_amber"]
    assert not ProgrammeSetting.objects.exists()
    response = client.post(url, values | {"reason": "Rates rose."})
    assert response.status_code == 302
    row = ProgrammeSetting.objects.get()
    assert (row.name, str(row.value), row.reason) == ("discount_rate", "0.1250", "Rates rose.")
    page = client.get(reverse("settings:programme", args=[programme.pk])).content.decode()
    assert "Rates rose." in page


def test_settings_group_that_does_not_exist_is_404(client, manager, programme):
    url = reverse("settings:values_update", args=[programme.pk, "nothing"])
    assert client.get(url).status_code == 404


def test_units_and_functions_are_kept_by_forms(client, manager, programme):
    units = reverse("settings:unit_create", args=[programme.pk])
    client.post(units, {"name": "Europe"})
    root = programme.business_units.get()
    client.post(units, {"name": "North", "parent": root.pk})
    north = programme.business_units.get(name="North")
    assert north.path == f"{root.path}{north.pk}/"
    form = {"name": "Europe", "parent": north.pk, "version": 1}
    assert fields(client.post(reverse("settings:unit_update", args=[root.pk]), form)) == ["parent"]
    client.post(reverse("settings:unit_archive", args=[root.pk]), {"version": 1})
    root.refresh_from_db()
    assert not root.is_archived
    functions = reverse("settings:function_create", args=[programme.pk])
    client.post(functions, {"name": "Quality", "code": "quality"})
    function = Function.objects.get(code="quality")
    rename = reverse("settings:function_update", args=[function.pk])
    client.post(rename, {"name": "Quality care", "version": 1})
    client.post(reverse("settings:function_archive", args=[function.pk]), {"version": 2})
    function.refresh_from_db()
    assert (function.name, function.is_archived) == ("Quality care", True)


def test_programme_of_others_is_not_found(client, manager):
    other = ProgrammeFactory()
    unit, function = BusinessUnitFactory(programme=other), FunctionFactory(programme=other)
    for name, args in (
        ("programme", [other.pk]),
        ("programme_update", [other.pk]),
        ("values_update", [other.pk, "plan"]),
        ("unit_create", [other.pk]),
        ("unit_update", [unit.pk]),
        ("function_update", [function.pk]),
    ):
        assert client.get(reverse(f"settings:{name}", args=args)).status_code == 404


def test_programme_is_changed_and_added(client, admin, programme):
    url = reverse("settings:programme_update", args=[programme.pk])
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields}
    assert fields(client.post(url, values | {"currency": "pounds"})) == ["currency"]
    client.post(url, values | {"definition": "What it means."})
    programme.refresh_from_db()
    assert (programme.definition, programme.version) == ("What it means.", 2)
    values |= {"name": "Second", "version": ""}
    client.post(reverse("settings:programme_create"), values)
    assert Programme.objects.get(name="Second").functions.count() == 10


# Oneself and first use


def test_my_settings_are_saved(client):
    user = UserFactory()
    client.force_login(user)
    url = reverse("settings:me")
    form = client.get(url).context["form"]
    values = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    response = client.post(url, values | {"theme": "dark", "time_zone": "Europe/Oslo"})
    assert response.status_code == 302
    user.refresh_from_db()
    assert (user.theme, user.time_zone) == ("dark", "Europe/Oslo")
    assert 'data-bs-theme="dark"' in client.get(url).content.decode()
    assert fields(client.post(url, values | {"time_zone": "Mars", "version": 2})) == ["time_zone"]


@pytest.mark.parametrize("count", [1, 3])
def test_token_list_query_count(client, count, django_assert_max_num_queries):
    user = UserFactory()
    client.force_login(user)
    TokenFactory.create_batch(count, owner=user)
    with django_assert_max_num_queries(FRAME + 2):
        response = client.get(reverse("settings:tokens"))
    assert len(response.context["object_list"]) == count


def test_token_is_shown_once_and_revoked(client):
    user = UserFactory()
    client.force_login(user)
    url = reverse("settings:token_create")
    assert fields(client.post(url, {"name": "CRM", "scope": "all", "days": "0"})) == [
        "days",
        "scope",
    ]
    page = client.post(url, {"name": "CRM", "scope": "read", "days": "30"})
    secret = page.context["secret"]
    assert secret in page.content.decode()
    assert page["Cache-Control"] == "no-store"
    assert secret not in client.get(reverse("settings:tokens")).content.decode()
    token = Token.objects.get(owner=user)
    client.post(reverse("settings:token_revoke", args=[token.pk]))
    token.refresh_from_db()
    assert not token.is_valid


def test_tokens_of_others_are_not_there(client):
    token = TokenFactory(name="Theirs")
    client.force_login(UserFactory())
    assert "Theirs" not in client.get(reverse("settings:tokens")).content.decode()
    assert client.post(reverse("settings:token_revoke", args=[token.pk])).status_code == 404
    token.refresh_from_db()
    assert token.is_valid


SET_UP = {
    "username": "ada",
    "email": "ada@supplier.example",
    "first_name": "Ada",
    "last_name": "Byron",
    "password": "a-long-secret-one",
    "password_again": "a-long-secret-one",
    "name": "Key accounts",
    "supplier_name": "Hartwell",
    "currency": "EUR",
    "fiscal_year_start": 4,
    "time_zone": "Europe/Oslo",
}


def test_first_use_leads_everything_to_set_up(client):
    page = reverse("set_up")
    for path in ("/", reverse("account_login"), reverse("teams:list"), "/nowhere/"):
        assert client.get(path).url == page
    assert client.get("/api/v1/").status_code == 401
    assert client.get(page).status_code == 200
    bad = SET_UP | {"password_again": "another", "currency": "euro", "time_zone": "Mars"}
    response = client.post(page, bad)
    assert fields(response) == ["currency", "password_again", "time_zone"]
    assert 'value="Hartwell"' in response.content.decode()
    assert "a-long-secret-one" not in response.content.decode()
    assert not User.objects.people().exists()


def test_set_up_signs_in_and_is_gone(client):
    page = reverse("set_up")
    response = client.post(page, SET_UP)
    assert response.url == reverse("settings:index")
    assert client.get(response.url).status_code == 200
    programme = Programme.objects.get()
    assert (programme.currency, programme.fiscal_year_start) == ("EUR", 4)
    assert RoleGrant.objects.filter(role="administrator", user__username="ada").exists()
    client.logout()
    assert client.get(page).status_code == 404
    assert client.post(page, SET_UP | {"username": "eve"}).status_code == 404
    assert not User.objects.filter(username="eve").exists()


def test_set_up_refuses_a_weak_password(client):
    weak = {"password": "ada", "password_again": "ada"}
    assert fields(client.post(reverse("set_up"), SET_UP | weak)) == ["password"]
    assert not User.objects.people().exists()


def test_settings_show_first_steps_until_there_is_a_team(client, programme):
    client.force_login(RoleGrantFactory().user)
    page = client.get(reverse("settings:index"))
    assert [step[2] for step in page.context["first_steps"]] == [
        reverse("settings:people"),
        reverse("settings:programme", args=[programme.pk]),
        reverse("imports:list"),
        reverse("teams:list"),
    ]
    TeamFactory(programme=programme)
    assert client.get(reverse("settings:index")).context["first_steps"] == []
