"""Queries whose SQL is kept give what the querysets give, and follow a person's rights."""

import datetime
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, connections
from django.utils import timezone

from accounts.models import Account
from kam.access.prepared import kept_among, kept_count, kept_exists, kept_objects
from kam.access.querysets import is_one_of, sight_of
from kam.documents.references import named_in, offered
from teams.models import TeamRole
from teams.policies import can_edit_team
from tests.factories.accounts import AccountFactory, ExternalIdFactory
from tests.factories.documents import AttachmentFactory
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db


def children(account):
    rows = Account.objects.filter(parent=account).select_related("programme")
    return rows.prefetch_related("external_ids").order_by("name")


def test_kept_objects_are_those_of_the_queryset(django_assert_num_queries):
    tops = AccountFactory.create_batch(2)
    for top in tops:
        for name in ("B", "A"):
            child = AccountFactory(name=f"{name} {top.pk}", parent=top, programme=top.programme)
            ExternalIdFactory(account=child, value=f"{name}{top.pk}")
    for top in (*tops, tops[0]):
        with django_assert_num_queries(2):
            rows = kept_objects("children", children, account=top.pk)
            seen = [(row.name, row.programme.name, list(row.external_ids.all())) for row in rows]
        plain = children(top.pk)
        assert seen == [
            (row.name, row.programme.name, list(row.external_ids.all())) for row in plain
        ]
        assert [row.name[0] for row in rows] == ["A", "B"]


def test_kept_rows_are_read_anew():
    top = AccountFactory()
    assert kept_objects("children again", children, account=top.pk) == []
    child = AccountFactory(parent=top, programme=top.programme)
    assert kept_objects("children again", children, account=top.pk) == [child]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 5, 8])
def test_kept_among_takes_any_number_of_keys(count):
    accounts = AccountFactory.create_batch(count)
    AccountFactory()
    pks = [account.pk for account in accounts]
    rows = kept_among("among", lambda chosen: Account.objects.filter(pk__in=chosen), pks)
    assert {row.pk for row in rows} == set(pks)
    assert len(rows) == count


def test_kept_query_follows_a_right_that_is_given_and_taken():
    user, account = UserFactory(), AccountFactory(team=TeamFactory())

    def seen():
        def one(pk):
            return Account.objects.visible_to(user).filter(pk=pk)

        key = ("seen", sight_of(user))
        rows = kept_objects(key, one, pk=account.pk)
        assert len(rows) == kept_count((*key, "count"), lambda: one(account.pk))
        return rows

    assert seen() == []
    member = MembershipFactory(user=user, team=account.team, role=TeamRole.MEMBER)
    assert seen() == [account]
    member.delete()
    assert seen() == []
    MembershipFactory(user=user, team=account.team, role=TeamRole.MEMBER)
    user.is_active = False
    user.save()
    assert seen() == []


def test_right_that_comes_while_a_query_is_put_together_is_not_kept_under_less():
    user, account = UserFactory(), AccountFactory(team=TeamFactory())
    membership = []

    def rows_of(reader):
        if not membership:
            membership.append(MembershipFactory(user=user, team=account.team))
        return Account.objects.visible_to(reader)

    is_one_of(rows_of, user, account.pk)
    membership[0].delete()
    assert is_one_of(rows_of, user, account.pk) is False


@pytest.mark.parametrize("ask", ["team", "named", "offered"])
def test_rights_go_into_key_and_query_from_one_look(ask, django_assert_num_queries):
    """Outside of a request that only reads: two looks might see two things."""
    file = AttachmentFactory()
    user = RoleGrantFactory(programme_manager=True, programme=file.account.programme).user
    team = TeamFactory(programme=file.account.programme)
    asked = {
        "team": lambda: can_edit_team(user, team),
        "named": lambda: named_in([f"/files/{file.pk}/"], user),
        "offered": lambda: offered(user, file.account_id),
    }
    with django_assert_num_queries(2):  # what is held, and the row
        assert asked[ask]()


def test_words_of_a_search_are_put_into_kept_patterns():
    for name in ("50% off", "a_b", "Elm", "elm tree"):
        AccountFactory(name=name)

    def matching(text):
        return Account.objects.filter(name__icontains=text).order_by("name")

    for text in ("%", "_", "elm", "WordThatNobodyTypes1.", "\\"):
        assert kept_objects("matching", matching, text=text) == list(matching(text))


def test_days_and_moments_are_values_of_kept_queries():
    account = AccountFactory()
    now = timezone.now()

    def changed(since):
        return Account.objects.filter(updated_at__gte=since)

    assert kept_objects("changed since", changed, since=now - datetime.timedelta(days=1)) == [
        account
    ]
    assert kept_exists("changed since", changed, since=now) is False
    assert kept_count("changed since", changed, since=now) == 0


@pytest.mark.parametrize("pk", [2**63, 10**30])
def test_key_that_no_database_holds_finds_nothing(pk):
    def one(pk):
        return Account.objects.filter(pk=pk)

    assert kept_objects("too large", one, pk=pk) == []
    assert (kept_exists("too large", one, pk=pk), kept_count("too large", one, pk=pk)) == (False, 0)


def test_query_that_changes_a_value_is_not_kept():
    with pytest.raises(ImproperlyConfigured):
        kept_exists("changed value", lambda pk: Account.objects.filter(pk=pk + 1), pk=1)


def test_query_about_the_present_moment_is_not_kept():
    def lately():
        return Account.objects.filter(updated_at__gte=timezone.now())

    with pytest.raises(ImproperlyConfigured):
        kept_objects("lately", lately)


def test_kept_query_runs_on_the_connection_of_its_thread():
    assert kept_objects("first", lambda: Account.objects.all()[:1]) == []
    used = []

    def elsewhere():
        def note(execute, sql, params, many, context):
            used.append(context["connection"] is connections["default"])
            return execute("SELECT 1 WHERE 1 = 0", (), many, context)

        with connection.execute_wrapper(note):
            kept_objects("first", lambda: Account.objects.all()[:1])
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert used
    assert all(used)
