"""Writing people, programmes, units, roles and teams."""

import datetime
import re
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse

from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from teams import programme_settings, services
from teams.models import Function, Membership, Programme, ProgrammeSetting, RoleGrant, Team, User
from tests.factories.teams import (
    PASSWORD,
    BusinessUnitFactory,
    FunctionFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def admin():
    return RoleGrantFactory().user


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def manager(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def team(programme):
    return TeamFactory(programme=programme)


def add(actor, team, user, role="kam", start=None, end=None, **values):
    return services.add_membership(
        actor=actor,
        team=team,
        user=user,
        role=role,
        valid_from=start,
        valid_until=end,
        **values,
    )


def refused(error, code=None):
    """Fields that the error names; checks the code on the way."""
    if code:
        found = error.value.error_dict if hasattr(error.value, "error_dict") else {}
        codes = {item.code for items in found.values() for item in items} or {error.value.code}
        assert codes == {code}
    return sorted(getattr(error.value, "error_dict", {}))


# People


def test_create_user_mails_a_link_that_sets_a_password(
    admin, mailoutbox, client, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        user = services.create_user(
            actor=admin,
            values={"username": "nora", "email": "nora@supplier.example", "first_name": "Nora"},
            site_url="https://kam.example/",
        )
    assert not user.has_usable_password()
    assert [mail.to for mail in mailoutbox] == [["nora@supplier.example"]]
    link = re.search(r"https://kam\.example(/sign-in/\S+)", mailoutbox[0].body)[1]
    page = client.get(link, follow=True)
    assert page.status_code == 200
    password = {"password1": "a-long-new-secret", "password2": "a-long-new-secret"}
    client.post(page.redirect_chain[-1][0], password)
    user.refresh_from_db()
    assert user.check_password("a-long-new-secret")
    assert "/sign-in/" not in str(list(Change.objects.values_list("before", "after")))


def test_create_user_is_the_administrators(manager):
    with pytest.raises(PermissionDenied):
        services.create_user(actor=manager, values={"username": "nora"})
    assert not User.objects.filter(username="nora").exists()


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"username": ""}, ["username"]),
        ({"username": "KIRA"}, ["__all__"]),
        ({"username": "nora", "email": "KIRA@supplier.example"}, ["__all__"]),
        ({"username": "nora", "email": "no address"}, ["email"]),
        ({"username": "kira@supplier.example", "email": "n@x.example"}, ["username"]),
        ({"username": "System"}, ["__all__"]),
    ],
)
def test_create_user_refuses(admin, values, fields):
    services.system_user()
    UserFactory(username="kira")
    count = User.objects.count()
    with pytest.raises(ValidationError) as error:
        services.create_user(actor=admin, values=values)
    assert refused(error) == fields
    assert User.objects.count() == count


def test_update_user_refuses_a_stale_version(admin):
    user = UserFactory()
    services.update_user(actor=admin, user=user, expected_version=1, changes={"last_name": "A"})
    with pytest.raises(VersionConflict) as error:
        services.update_user(actor=admin, user=user, expected_version=1, changes={"last_name": "B"})
    assert error.value.current.last_name == "A"


def test_deactivated_user_loses_sessions_at_once(admin, client):
    user = UserFactory()
    sign_in = {"login": user.username, "password": PASSWORD}
    client.post(reverse("account_login"), sign_in)
    key = client.session.session_key
    assert client.session["_auth_user_id"] == str(user.pk)
    services.deactivate_user(actor=admin, user=user)
    assert not Session.objects.filter(pk=key).exists()
    user.refresh_from_db()
    assert not user.is_active
    assert Change.objects.of(user).values_list("verb", flat=True)[0] == "deactivated"


def test_last_administrator_stays(admin):
    with pytest.raises(ValidationError) as error:
        services.deactivate_user(actor=admin, user=admin)
    refused(error, "last_administrator")
    grant = admin.grants.get()
    today = business_today()
    for last_day in (today - DAY, today, today + 30 * DAY):
        with pytest.raises(ValidationError):
            services.end_role(actor=admin, grant=grant, valid_until=last_day)
    grant.refresh_from_db()
    assert (grant.valid_until, User.objects.get(pk=admin.pk).is_active) == (None, True)


def test_administrator_of_tomorrow_or_inactive_is_no_replacement(admin):
    today = business_today()
    RoleGrantFactory(valid_from=today + DAY)
    RoleGrantFactory(valid_until=today + DAY)
    RoleGrantFactory(user__is_active=False)
    services.system_user()
    with pytest.raises(ValidationError):
        services.deactivate_user(actor=admin, user=admin)


def test_system_user_is_one_and_cannot_sign_in(client, admin):
    first, second = services.system_user(), services.system_user()
    assert first == second
    assert not first.has_usable_password()
    for password in ("!", "", "system"):
        client.post(reverse("account_login"), {"login": "system", "password": password})
        assert "_auth_user_id" not in client.session
    assert first not in User.objects.visible_to(admin)


def test_preferences_are_ones_own(admin):
    user = UserFactory()
    saved = services.update_preferences(
        actor=user, expected_version=1, changes={"theme": "dark", "time_zone": "Europe/Paris"}
    )
    assert (saved.theme, saved.time_zone, saved.version) == ("dark", "Europe/Paris", 2)
    with pytest.raises(ValidationError) as error:
        services.update_preferences(
            actor=user, expected_version=2, changes={"time_zone": "Mars/Base"}
        )
    assert refused(error) == ["time_zone"]


# Roles


def test_grant_role_needs_the_scope_of_the_role(admin, programme):
    user = UserFactory()
    unit = BusinessUnitFactory(programme=programme)
    wrong = [
        {"role": "administrator", "programme": programme},
        {"role": "finance"},
        {"role": "senior_manager", "programme": programme},
        {"role": "auditor", "programme": programme, "business_unit": unit},
        {"role": "king"},
    ]
    for values in wrong:
        with pytest.raises(ValidationError):
            services.grant_role(actor=admin, user=user, valid_from=None, **values)
    assert not user.grants.exists()
    services.grant_role(
        actor=admin, user=user, role="senior_manager", business_unit=unit, valid_from=None
    )
    assert user.grants.get().business_unit == unit


def test_grant_role_refuses_the_same_days_twice(admin, programme):
    user = UserFactory()
    start = datetime.date(2026, 1, 1)
    values = {"actor": admin, "user": user, "role": "finance", "programme": programme}
    services.grant_role(**values, valid_from=start, valid_until=start + 9 * DAY)
    with pytest.raises(ValidationError) as error:
        services.grant_role(**values, valid_from=start + 9 * DAY)
    refused(error, "held")
    services.grant_role(**values, valid_from=start + 10 * DAY)
    assert user.grants.count() == 2


def test_roles_are_the_administrators(manager, programme):
    with pytest.raises(PermissionDenied):
        services.grant_role(
            actor=manager, user=UserFactory(), role="auditor", programme=programme, valid_from=None
        )
    grant = RoleGrantFactory(auditor=True, programme=programme)
    with pytest.raises(PermissionDenied):
        services.end_role(actor=manager, grant=grant, valid_until=datetime.date(2026, 1, 1))
    assert RoleGrant.objects.get(pk=grant.pk).valid_until is None


def test_role_that_has_not_begun_is_withdrawn(admin, programme):
    start = datetime.date(2030, 1, 1)
    grant = RoleGrantFactory(auditor=True, programme=programme, valid_from=start)
    assert services.end_role(actor=admin, grant=grant, valid_until=start - DAY) is None
    row = Change.objects.get(verb="withdrawn")
    assert (row.before["user"], row.audience_id) == (grant.user_id, programme.pk)


# Programmes and settings


def test_create_programme_brings_ten_functions(admin):
    programme = services.create_programme(
        actor=admin, values={"name": "Europe", "supplier_name": "Acme", "currency": "EUR"}
    )
    codes = (
        Function.objects.filter(programme=programme).order_by("pk").values_list("code", flat=True)
    )
    assert " ".join(codes) == (
        "sales marketing operations logistics engineering rnd finance legal it service"
    )


def test_update_programme_keeps_the_earlier_definition(manager, programme):
    services.update_programme(
        actor=manager, programme=programme, expected_version=1, changes={"definition": "First."}
    )
    Change.objects.update(at=datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC))
    services.update_programme(
        actor=manager, programme=programme, expected_version=2, changes={"definition": "Second."}
    )
    texts = [row.after["definition"] for row in Change.objects.of(programme)]
    assert texts == ["Second.", "First."]


def test_programme_of_others_is_refused(programme):
    other = RoleGrantFactory(programme_manager=True).user
    with pytest.raises(PermissionDenied):
        services.update_programme(
            actor=other, programme=programme, expected_version=1, changes={"name": "Mine"}
        )
    assert Programme.objects.get(pk=programme.pk).name == programme.name


def test_settings_have_the_defaults_of_appendix_b(programme):
    values = programme_settings.settings_on(programme, datetime.date(2026, 1, 1))
    assert len(values) == 39
    expected = {
        "category_threshold": "0.01",
        "max_accounts_per_manager": "5",
        "programme_max_accounts": "20",
        "attractiveness_weight": "0.7",
        "stage_threshold_synergistic": "80",
        "kpi_green": "0.95",
        "retention_line_start": "0.98",
        "retention_line_slope": "0.48",
        "audit_weight_principles": "35",
        "contact_retention": "24",
    }
    assert {name: values[name] for name in expected} == {
        name: Decimal(value) for name, value in expected.items()
    }


def test_setting_counts_from_its_day(manager, programme, django_assert_num_queries):
    day = datetime.date(2026, 6, 1)
    change = {"actor": manager, "programme": programme, "reason": "Board decision."}
    services.change_settings(**change, values={"hurdle": Decimal(6)}, valid_from=day)
    services.change_settings(**change, values={"hurdle": Decimal(7)}, valid_from=day + DAY)
    services.change_settings(**change, values={"hurdle": Decimal("6.5")}, valid_from=day + DAY)
    days = (day - DAY, day, day + DAY)
    found = [programme_settings.setting(programme, "hurdle", on) for on in days]
    assert found == [Decimal("5.0"), Decimal(6), Decimal("6.5")]
    with django_assert_num_queries(1):
        all_values = programme_settings.settings_on(programme, day + DAY)
    assert all_values["hurdle"] == Decimal("6.5")
    row = Change.objects.of(programme).first()
    assert (row.verb, row.after["reason"]) == ("settings_changed", "Board decision.")


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"hurdle": "11"}, ["hurdle"]),
        ({"clv_years": "2.5"}, ["clv_years"]),
        ({"max_accounts_per_manager": "6"}, ["max_accounts_per_manager"]),
        ({"max_accounts_per_manager": "2"}, ["max_accounts_per_manager"]),
        ({"stage_threshold_mid": "60"}, ["stage_threshold_mid"]),
        ({"kpi_amber": "0.95"}, ["kpi_amber"]),
        ({"audit_weight_principles": "36"}, ["audit_weight_principles"]),
        ({"unheard_of": "1"}, []),
    ],
)
def test_change_settings_refuses(manager, programme, values, fields):
    with pytest.raises(ValidationError) as error:
        services.change_settings(
            actor=manager,
            programme=programme,
            values={name: Decimal(value) for name, value in values.items()},
            valid_from=datetime.date(2026, 1, 1),
            reason="A try.",
        )
    assert refused(error) == fields
    assert not ProgrammeSetting.objects.exists()


def test_change_settings_needs_a_reason_and_right(manager, programme):
    values = {"values": {"hurdle": Decimal(6)}, "valid_from": datetime.date(2026, 1, 1)}
    with pytest.raises(ValidationError) as error:
        services.change_settings(actor=manager, programme=programme, reason=" ", **values)
    assert refused(error) == ["reason"]
    finance = RoleGrantFactory(finance=True, programme=programme).user
    with pytest.raises(PermissionDenied):
        services.change_settings(actor=finance, programme=programme, reason="Why", **values)
    assert not ProgrammeSetting.objects.exists()


# Units


def test_move_unit_takes_everything_below_along(manager, programme):
    make = services.create_unit
    root = make(actor=manager, programme=programme, name="Europe")
    north = make(actor=manager, programme=programme, name="North", parent=root)
    leaf = make(actor=manager, programme=programme, name="Norway", parent=north)
    south = make(actor=manager, programme=programme, name="South", parent=root)
    services.update_unit(actor=manager, unit=north, expected_version=1, changes={"parent": south})
    leaf.refresh_from_db()
    assert leaf.path == f"/{root.pk}/{south.pk}/{north.pk}/{leaf.pk}/"
    with pytest.raises(ValidationError) as error:
        services.update_unit(
            actor=manager, unit=south, expected_version=1, changes={"parent": leaf}
        )
    assert refused(error, "cycle") == ["parent"]


def test_unit_stays_in_its_programme(manager, programme):
    unit = BusinessUnitFactory(programme=programme)
    other = BusinessUnitFactory()
    with pytest.raises(ValidationError) as error:
        services.update_unit(
            actor=manager, unit=unit, expected_version=1, changes={"parent": other}
        )
    assert refused(error) == ["parent"]
    with pytest.raises(PermissionDenied):
        services.update_unit(actor=manager, unit=other, expected_version=1, changes={"name": "X"})


def test_archive_unit_refuses_what_is_in_use(manager, programme):
    unit = BusinessUnitFactory(programme=programme)
    child = BusinessUnitFactory(parent=unit)
    RoleGrantFactory(senior_manager=True, business_unit=child)
    for used in (unit, child):
        with pytest.raises(ValidationError) as error:
            services.archive_unit(actor=manager, unit=used)
        refused(error, "in_use")


# Teams


def test_second_manager_on_any_day_is_refused(manager, team):
    start = datetime.date(2026, 1, 1)
    add(manager, team, UserFactory(), start=start, end=start + 9 * DAY)
    for first, last in (
        (start + 9 * DAY, None),
        (None, start),
        (None, None),
        (start + DAY, start + 2 * DAY),
    ):
        with pytest.raises(ValidationError) as error:
            add(manager, team, UserFactory(), start=first, end=last)
        assert refused(error, "second_manager") == ["role"]
    add(manager, team, UserFactory(), start=start + 10 * DAY)
    add(manager, team, UserFactory(), end=start - DAY)
    assert team.memberships.count() == 3


def test_takes_over_ends_the_present_manager_the_day_before(manager, team):
    start = datetime.date(2026, 6, 1)
    old, _warnings = add(manager, team, UserFactory())
    add(manager, team, UserFactory(), start=start, takes_over=True)
    old.refresh_from_db()
    assert old.valid_until == start - DAY


def test_manager_deputy_and_sponsor_are_different_people(manager, team):
    person = UserFactory()
    add(manager, team, person, role="deputy")
    for role, code in (("sponsor", "same_person"), ("kam", "same_person"), ("deputy", "held")):
        with pytest.raises(ValidationError) as error:
            add(manager, team, person, role=role)
        assert refused(error, code) == ["role"]
    add(manager, team, person, role="member")
    assert team.memberships.count() == 2


def test_membership_dates_are_checked_again_when_changed(manager, team):
    start = datetime.date(2026, 1, 1)
    first, _ = add(manager, team, UserFactory(), start=start, end=start + 9 * DAY)
    add(manager, team, UserFactory(), start=start + 10 * DAY)
    with pytest.raises(ValidationError):
        services.update_membership(
            actor=manager, membership=first, expected_version=1, changes={"valid_until": None}
        )
    with pytest.raises(ValidationError) as error:
        services.update_membership(
            actor=manager,
            membership=first,
            expected_version=1,
            changes={"valid_until": start - DAY},
        )
    assert refused(error) == ["valid_until"]
    with pytest.raises(VersionConflict):
        services.update_membership(
            actor=manager, membership=first, expected_version=7, changes={"valid_from": None}
        )


def test_change_of_role_keeps_the_days_of_the_old_one(manager, team):
    person = UserFactory()
    first, _ = add(manager, team, person, role="member", effort_fte=Decimal("0.25"))
    day = datetime.date(2026, 6, 1)
    second, _ = services.change_membership_role(
        actor=manager, membership=first, expected_version=1, role="deputy", valid_from=day
    )
    rows = list(person.memberships.order_by("pk").values_list("role", "valid_from", "valid_until"))
    assert rows == [("member", None, day - DAY), ("deputy", day, None)]
    assert second.effort_fte == Decimal("0.25")


def test_membership_that_would_end_before_it_begins_is_withdrawn(manager, team):
    start = datetime.date(2026, 6, 1)
    membership, _ = add(manager, team, UserFactory(), role="member", start=start)
    assert (
        services.end_membership(actor=manager, membership=membership, valid_until=start - DAY)
        is None
    )
    assert not Membership.objects.exists()
    row = Change.objects.get(verb="withdrawn")
    assert (row.audience, row.audience_id) == ("team", team.pk)


def test_registered_rule_refuses_and_warns(manager, team, monkeypatch):
    def rule(*, actor, team, user, role, valid_from, valid_until):
        if role == "kam":
            raise ValidationError("Too many accounts.", code="load")
        return [f"{user} has three accounts."]

    monkeypatch.setattr(services.teams, "MEMBERSHIP_RULES", [])
    services.register_membership_rule(rule)
    person = UserFactory(first_name="Kira", last_name="L")
    with pytest.raises(ValidationError) as error:
        add(manager, team, person)
    refused(error, "load")
    _membership, warnings = add(manager, team, person, role="deputy")
    assert warnings == ["Kira L has three accounts."]
    assert team.memberships.count() == 1


def test_teams_are_staffed_by_who_runs_the_programme(programme, team):
    person = UserFactory()
    member = MembershipFactory(team=team).user
    others = [
        member,
        UserFactory(),
        RoleGrantFactory(programme_manager=True).user,
        RoleGrantFactory(auditor=True, programme=programme).user,
        RoleGrantFactory(finance=True, programme=programme).user,
        RoleGrantFactory(programme_manager=True, programme=programme, user__is_active=False).user,
    ]
    for actor in others:
        with pytest.raises(PermissionDenied):
            add(actor, team, person, role="observer")
        with pytest.raises(PermissionDenied):
            services.update_team(
                actor=actor, team=team, expected_version=1, changes={"name": "Mine"}
            )
    assert not person.memberships.exists()
    assert Team.objects.get(pk=team.pk).name == team.name


def test_function_of_another_programme_is_refused(manager, team):
    with pytest.raises(ValidationError) as error:
        add(manager, team, UserFactory(), role="member", function=FunctionFactory())
    assert refused(error) == ["function"]


def test_inactive_person_joins_no_team(manager, team):
    with pytest.raises(ValidationError) as error:
        add(manager, team, UserFactory(is_active=False), role="member")
    assert refused(error, "inactive") == ["user"]


# First use


def test_set_up_makes_one_administrator_once():
    values = {
        "person": {"username": "ada", "email": "ada@supplier.example"},
        "password": "a-long-secret-one",
        "programme": {"name": "Europe", "supplier_name": "Acme", "currency": "EUR"},
    }
    user, programme = services.set_up(**values)
    assert user.check_password("a-long-secret-one")
    assert list(Programme.objects.editable_by(user)) == [programme]
    with pytest.raises(ValidationError) as error:
        services.set_up(**values | {"person": {"username": "eve"}})
    refused(error, "done")
    assert not User.objects.filter(username="eve").exists()
