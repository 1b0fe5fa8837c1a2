"""Who sees which account: every role of `design.md` 4.1, and barriers that spare nobody."""

import datetime

import pytest
from django.contrib.auth.models import AnonymousUser
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Account, Contact
from accounts.views.panels import first_accounts
from kam.access.dates import business_today
from kam.access.querysets import is_one_of
from teams import services
from teams.models import BusinessUnit, Team
from tests.factories.accounts import (
    AccountFactory,
    ConflictExceptionFactory,
    ConflictFactory,
    ContactFactory,
)
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def accounts(programme):
    """One account of a team in a unit, one in a unit below, one of neither, one elsewhere."""
    europe = BusinessUnitFactory(programme=programme)
    nordics = BusinessUnitFactory(parent=europe)
    return {
        "birch": AccountFactory(
            programme=programme, business_unit=europe, team=TeamFactory(programme=programme)
        ),
        "cedar": AccountFactory(programme=programme, business_unit=nordics),
        "alder": AccountFactory(programme=programme),
        "foreign": AccountFactory(),
    }


def seen(user, accounts, method="visible_to") -> set[str]:
    pks = set(getattr(Account.objects.all(), method)(user).values_list("pk", flat=True))
    return {name for name, account in accounts.items() if account.pk in pks}


def holder(role, programme, accounts):
    """Somebody with `role`: of the installation, the programme, a unit or the team of birch."""
    if role in {"programme_manager", "finance", "auditor"}:
        return RoleGrantFactory(role=role, programme=programme).user
    if role == "administrator":
        return RoleGrantFactory().user
    if role == "senior_manager":
        unit = accounts["birch"].business_unit
        return RoleGrantFactory(senior_manager=True, business_unit=unit).user
    return MembershipFactory(team=accounts["birch"].team, role=role).user


WHOLE = {"birch", "cedar", "alder"}
TABLE = [
    # role, sees, edits, contributes to, manages, confirms
    ("administrator", {*WHOLE, "foreign"}, *[{*WHOLE, "foreign"}] * 4),
    ("programme_manager", WHOLE, WHOLE, WHOLE, WHOLE, WHOLE),
    ("finance", WHOLE, set(), set(), set(), set()),
    ("auditor", WHOLE, set(), set(), set(), set()),
    ("senior_manager", {"birch", "cedar"}, set(), set(), set(), {"birch", "cedar"}),
    ("kam", {"birch"}, {"birch"}, {"birch"}, set(), set()),
    ("deputy", {"birch"}, {"birch"}, {"birch"}, set(), set()),
    ("sponsor", {"birch"}, set(), {"birch"}, set(), set()),
    ("member", {"birch"}, set(), {"birch"}, set(), set()),
    ("observer", {"birch"}, set(), set(), set(), set()),
]
METHODS = ("visible_to", "editable_by", "contributable_by", "managed_by", "confirmable_by")


@pytest.mark.parametrize("row", TABLE, ids=[row[0] for row in TABLE])
def test_role_sees_and_may(row, programme, accounts):
    role, *expected = row
    user = holder(role, programme, accounts)
    assert [seen(user, accounts, method) for method in METHODS] == expected


def test_a_unit_that_is_moved_takes_its_accounts_along(programme, accounts):
    """And the teams that serve them; in queries whose SQL is kept, too. So does a unit that is
    made later."""
    director = RoleGrantFactory(programme_manager=True, programme=programme).user
    user = holder("senior_manager", programme, accounts)
    europe, nordics = accounts["birch"].business_unit, accounts["cedar"].business_unit
    teams = {name: TeamFactory(programme=programme) for name in accounts}
    for name, team in teams.items():
        Account.objects.filter(pk=accounts[name].pk).update(team=team)

    def move(unit, parent):
        unit = BusinessUnit.objects.get(pk=unit.pk)
        changes = {"parent": parent}
        services.update_unit(
            actor=director, unit=unit, expected_version=unit.version, changes=changes
        )

    def found():
        kept = [
            {name for name, row in rows.items() if is_one_of(manager.visible_to, user, row.pk)}
            for manager, rows in ((Account.objects, accounts), (Team.objects, teams))
        ]
        assert kept == [seen(user, accounts)] * 2
        return kept[0]

    assert found() == {"birch", "cedar"}
    move(nordics, BusinessUnitFactory(programme=programme))
    assert found() == {"birch"}
    move(nordics, BusinessUnitFactory(parent=europe))
    assert found() == {"birch", "cedar"}
    later = BusinessUnitFactory(parent=nordics)
    Account.objects.filter(pk=accounts["alder"].pk).update(business_unit=later)
    assert found() == {"birch", "cedar", "alder"}


def is_led(unit, led) -> bool:
    return unit is not None and (unit in led or is_led(unit.parent, led))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    parents=st.lists(st.none() | st.integers(0, 5), min_size=1, max_size=6),
    led=st.sets(st.integers(0, 5), max_size=3),
    serves=st.booleans(),
)
def test_units_of_any_tree_are_seen_with_all_below_them(programme, parents, led, serves):
    """`parents` names the parent of each unit among those before it."""
    units: list[BusinessUnit] = []
    for place, parent in enumerate(parents):
        above = units[parent % place] if place and parent is not None else None
        units.append(BusinessUnitFactory(programme=programme, parent=above))
    leads = [units[number % len(units)] for number in led]
    user = UserFactory()
    for unit in {unit.pk: unit for unit in leads}.values():
        RoleGrantFactory(user=user, senior_manager=True, business_unit=unit)
    team = TeamFactory(programme=programme)
    if serves:
        MembershipFactory(user=user, team=team)
    rows = {
        f"of {unit.pk}": AccountFactory(programme=programme, business_unit=unit) for unit in units
    }
    rows["of the team"] = AccountFactory(programme=programme, team=team)
    expected = {f"of {unit.pk}" for unit in units if is_led(unit, leads)}
    assert seen(user, rows) == expected | ({"of the team"} if serves else set())
    assert seen(user, rows, "confirmable_by") == expected
    by_key = Account.objects.visible_to(user, by_key=True)
    assert set(by_key) == set(Account.objects.visible_to(user))


def test_superuser_without_role_sees_nothing(accounts):
    assert seen(UserFactory(is_superuser=True, is_staff=True), accounts) == set()


def test_anonymous_and_inactive_see_nothing(accounts, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme, user__is_active=False).user
    assert seen(user, accounts) == seen(AnonymousUser(), accounts) == set()


@pytest.mark.parametrize(
    ("start", "end", "sees"),
    [(None, None, True), (0, 0, True), (None, -1, False), (1, None, False), (-5, 5, True)],
)
def test_membership_holds_on_its_days_alone(start, end, sees, accounts):
    today = business_today()
    user = MembershipFactory(
        team=accounts["birch"].team,
        valid_from=None if start is None else today + start * DAY,
        valid_until=None if end is None else today + end * DAY,
    ).user
    assert ("birch" in seen(user, accounts)) is sees


def test_hanging_rows_follow_their_account(accounts, programme):
    shown = ContactFactory(account=accounts["birch"])
    ContactFactory(account=accounts["cedar"])
    user = MembershipFactory(team=accounts["birch"].team).user
    assert list(Contact.objects.visible_to(user)) == [shown]


# Barriers --------------------------------------------------------------------------------------


@pytest.fixture
def fence(programme):
    """Birch with a subsidiary against Elm with a subsidiary; each group has a team."""
    ours, theirs = TeamFactory(programme=programme), TeamFactory(programme=programme)
    birch = AccountFactory(programme=programme, team=ours)
    elm = AccountFactory(programme=programme, team=theirs)
    rows = {
        "birch": birch,
        "birch rail": AccountFactory(parent=birch, team=ours),
        "elm": elm,
        "elm below": AccountFactory(parent=elm, team=theirs),
        "elm unassigned": AccountFactory(parent=elm),
    }
    conflict = ConflictFactory(a=birch, b=elm)
    return {"rows": rows, "conflict": conflict, "ours": ours, "theirs": theirs}


BIRCH = {"birch", "birch rail"}
ELM = {"elm", "elm below", "elm unassigned"}


@pytest.mark.parametrize("role", ["administrator", "programme_manager", "finance", "auditor"])
@pytest.mark.parametrize("team_role", ["kam", "observer"])
def test_barrier_spares_nobody_in_a_team_behind_it(role, team_role, fence, programme):
    programme_role = {"role": role, "programme": programme if role != "administrator" else None}
    user = RoleGrantFactory(**programme_role).user
    assert seen(user, fence["rows"]) == BIRCH | ELM
    MembershipFactory(team=fence["ours"], user=user, role=team_role)
    assert seen(user, fence["rows"]) == BIRCH


def test_barrier_works_from_the_subsidiary_too(fence, programme):
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    only_below = TeamFactory(programme=programme)
    Account.objects.filter(pk=fence["rows"]["elm below"].pk).update(team=only_below)
    MembershipFactory(team=only_below, user=user, role="member")
    assert seen(user, fence["rows"]) == ELM


def test_exclusive_conflict_hides_nothing(fence, programme):
    fence["conflict"].kind = "exclusive"
    fence["conflict"].save()
    user = MembershipFactory(team=fence["ours"]).user
    RoleGrantFactory(programme_manager=True, programme=programme, user=user)
    assert seen(user, fence["rows"]) == BIRCH | ELM


@pytest.mark.parametrize(
    ("start", "end", "stands"),
    [(None, None, True), (0, 0, True), (None, -1, False), (1, None, False)],
)
def test_barrier_stands_on_its_days_alone(start, end, stands, fence, programme):
    today = business_today()
    conflict = fence["conflict"]
    conflict.valid_from = None if start is None else today + start * DAY
    conflict.valid_until = None if end is None else today + end * DAY
    conflict.save()
    user = MembershipFactory(team=fence["ours"]).user
    RoleGrantFactory(programme_manager=True, programme=programme, user=user)
    assert seen(user, fence["rows"]) == (BIRCH if stands else BIRCH | ELM)


@pytest.mark.parametrize(("end", "excepted"), [(None, True), (0, True), (-1, False)])
def test_exception_by_name_holds_on_its_days_alone(end, excepted, fence, programme):
    user = MembershipFactory(team=fence["ours"]).user
    other = MembershipFactory(team=fence["ours"], role="member").user
    for person in (user, other):
        RoleGrantFactory(finance=True, programme=programme, user=person)
    until = None if end is None else business_today() + end * DAY
    ConflictExceptionFactory(conflict=fence["conflict"], user=user, valid_until=until)
    assert seen(user, fence["rows"]) == (BIRCH | ELM if excepted else BIRCH)
    assert seen(other, fence["rows"]) == BIRCH


def test_archived_barrier_hides_nothing(fence, programme):
    conflict = fence["conflict"]
    conflict.archived_at = conflict.created_at
    conflict.save()
    user = MembershipFactory(team=fence["ours"]).user
    RoleGrantFactory(finance=True, programme=programme, user=user)
    assert seen(user, fence["rows"]) == BIRCH | ELM


# Groups ----------------------------------------------------------------------------------------


def test_group_ends_at_what_the_reader_cannot_see(programme):
    team = TeamFactory(programme=programme)
    user = MembershipFactory(team=team).user
    top = AccountFactory(programme=programme, team=team)
    hidden = AccountFactory(parent=top)
    below = AccountFactory(parent=hidden, team=team)
    beside = AccountFactory(parent=top, team=team)
    assert set(Account.objects.visible_to(user).in_group_of(top, user)) == {top, beside}
    row = Account.objects.visible_to(user).with_parent_for(user).get(pk=below.pk)
    assert row.parent_is_visible is False


def test_search_finds_part_of_name_and_start_of_number(programme):
    birch = AccountFactory(programme=programme, name="Birch Logistics")
    birch.external_ids.create(programme=programme, system="erp", value="DK-100482")
    AccountFactory(programme=programme, name="Elm")
    for text, found in (("LOGIST", True), ("dk-1", True), ("100482", False), ("%", False)):
        assert (text, birch in Account.objects.found_by(text)) == (text, found)


def test_suggestions_come_by_name_then_by_number(programme):
    numbered = AccountFactory(programme=programme, name="Zeta")
    numbered.external_ids.create(programme=programme, system="erp", value="elm-1")
    named = [AccountFactory(programme=programme, name=name) for name in ("Elm B", "Elm A")]
    reader = RoleGrantFactory().user
    assert first_accounts(reader, "elm", 3) == [named[1], named[0], numbered]
    assert first_accounts(reader, "elm", 1) == [named[1]]
    assert first_accounts(reader, "%", 3) == []
    assert first_accounts(UserFactory(), "elm", 3) == []
