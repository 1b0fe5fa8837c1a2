"""History in words, and what of it a reader is told."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kam.access.once import asking_once
from kam.changes import record
from kam.changes.context import source
from kam.changes.history import FieldChange, describe, kinds, readable
from kam.changes.models import Change
from teams.models import BusinessUnit, Programme
from tests.factories.accounts import AccountFactory
from tests.factories.imports import FolderFactory
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def account(programme):
    return AccountFactory(programme=programme, team=TeamFactory(programme=programme), name="Alba")


@pytest.fixture
def member(account):
    return MembershipFactory(team=account.team, user__first_name="Mia", user__last_name="Lund").user


def lines(user):
    return describe(Change.objects.visible_to(user).for_list(), user)


def test_line_says_who_what_and_both_values(account, member):
    with source("api", "BI"):
        record.change(
            actor=member,
            obj=account,
            before={"name": "Alpa", "currency": ""},
            after={"name": "Alba", "currency": "GBP"},
        )
    (line,) = lines(member)
    assert (line.who, line.verb, line.kind, line.label) == (
        "Mia Lund",
        "changed",
        "account",
        "Alba",
    )
    assert (line.source, line.account) == ("API (BI)", account)
    assert line.fields == (
        FieldChange("name", "Name", "Alpa", "Alba"),
        FieldChange("currency", "Currency", None, "GBP"),
    )


def test_values_have_the_type_of_their_field_and_choices_are_words(programme):
    user = RoleGrantFactory().user
    record.change(
        actor=None,
        obj=programme,
        verb="imported",
        before={"preset": "essential", "archived_at": None, "gone": [1, 2], "fiscal_year_start": 1},
        after={"preset": "full", "archived_at": "2026-06-01T10:00:00Z", "gone": True},
    )
    (line,) = describe(Change.objects.for_list(), user)
    values = {item.name: (item.before, item.after) for item in line.fields}
    assert values == {
        "fiscal_year_start": (1, None),
        "preset": ("essential: team, core plan, stage review, figures, my day", "full"),
        "archived_at": (None, datetime.datetime(2026, 6, 1, 10, tzinfo=datetime.UTC)),
        "gone": ("1, 2", "yes"),
    }
    assert (line.who, line.verb) == ("the system", "finished")


def test_import_folder_is_told_in_words_with_its_place(programme):
    user = RoleGrantFactory().user
    folder = FolderFactory(scope=programme, kind="exchange_rates", path="treasury")
    after = {"path": "treasury", "kind": "exchange_rates", "scope_id": programme.pk}
    record.change(actor=user, obj=folder, verb="created", after=after)
    (line,) = describe(Change.objects.for_list(), user)
    assert line.kind == "import folder"
    assert [(item.label, item.after) for item in line.fields] == [
        ("What the files hold", "Exchange rates"),
        ("Folder", "treasury"),
    ]


def test_place_in_a_tree_is_not_told(account, member):
    before, after = {"path": "/1/", "name": "Alpa"}, {"path": "/1/2/", "name": "Alba"}
    record.change(actor=member, obj=account, before=before, after=after)
    (line,) = lines(member)
    assert [item.name for item in line.fields] == ["name"]


def test_what_hangs_on_an_object_is_read_as_words(account, member):
    """Numbers of other systems are logged as text under the name of a reverse relation."""
    record.change(
        actor=member, obj=account, before={"external_ids": []}, after={"external_ids": ["erp 7"]}
    )
    (line,) = lines(member)
    assert line.fields == (FieldChange("external_ids", "External ids", None, "erp 7"),)
    assert readable(Change.objects.all(), member)[0]["after"] == {"external_ids": ["erp 7"]}


def test_decimals_are_decimals(account, member):
    Change.objects.create(
        source="page",
        verb="updated",
        object_type="teams.membership",
        object_id=member.memberships.get().pk,
        account_id=account.pk,
        before={"effort_fte": "0.50"},
        after={"effort_fte": "not a number"},
    )
    (line,) = lines(member)
    assert (line.fields[0].before, line.fields[0].after) == (Decimal("0.50"), "not a number")


def test_relation_is_named_only_to_who_sees_it(programme, account, member):
    parent = AccountFactory(programme=programme, name="Hidden Group")
    record.change(actor=member, obj=account, before={"parent": None}, after={"parent": parent.pk})
    (line,) = lines(member)
    assert line.fields == (FieldChange("parent", line.fields[0].label, hidden=True),)
    assert "Hidden" not in str(line)
    manager = RoleGrantFactory(programme_manager=True, programme=programme).user
    (line,) = lines(manager)
    assert (line.fields[0].before, line.fields[0].after) == (None, "Hidden Group")


def test_feed_values_leave_out_keys_of_what_is_hidden(programme, account, member):
    parent = AccountFactory(programme=programme)
    record.change(
        actor=member, obj=account, before={"parent": parent.pk}, after={"parent": account.pk}
    )
    (row,) = readable(Change.objects.visible_to(member), member)
    assert row == {"label": "Alba", "before": {"parent": None}, "after": {"parent": account.pk}}


def test_object_that_is_hidden_by_now_is_only_its_kind(programme, account, member):
    other = AccountFactory(programme=programme, name="Hidden")
    Change.objects.create(
        source="page",
        verb="conflict_added",
        object_type="accounts.account",
        object_id=other.pk,
        object_label="Hidden",
        account_id=account.pk,
    )
    (line,) = lines(member)
    assert (line.label, line.verb, line.kind) == ("", "conflict added", "account")


def test_kind_that_is_gone_is_read_all_the_same(account, member):
    Change.objects.create(
        source="page",
        verb="updated",
        object_type="old.thing",
        object_id=1,
        account_id=account.pk,
        before={"some_name": "a"},
    )
    (line,) = lines(member)
    assert (line.kind, line.fields) == ("thing", (FieldChange("some_name", "Some name", "a"),))


@pytest.mark.parametrize("count", [1, 3, 9])
def test_description_query_count(programme, account, member, count):
    for number in range(count):
        parent = AccountFactory(programme=programme, team=account.team)
        record.change(
            actor=UserFactory(),
            obj=account,
            verb=f"moved_{number}",
            before={"parent": None, "team": account.team_id},
            after={"parent": parent.pk, "team": account.team_id},
        )
    with asking_once(), CaptureQueriesContext(connection) as queries:
        found = lines(member)
    assert len(found) == count
    assert len(queries) == 4  # rights, rows, accounts and teams; however many rows


def test_kinds_are_models_with_a_rule():
    names = dict(kinds())
    assert names["accounts.account"] == "Account"
    assert Programme._meta.label_lower in names
    assert BusinessUnit._meta.label_lower in names
