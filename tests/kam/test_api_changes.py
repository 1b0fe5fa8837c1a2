"""The change feed: filtered to its reader, in commit order, without a gap or a repeat."""

import random
import time

import pytest
from django.db import connection, transaction

from kam.changes import record
from kam.changes.models import Change
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory
from tests.factories.api import caller
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
FEED = "/api/v1/changes/"


@pytest.fixture
def account():
    account = AccountFactory()
    account.team = TeamFactory(programme=account.programme)
    account.save()
    return account


@pytest.fixture
def member(account):
    return MembershipFactory(team=account.team).user


def write(account, verb: str, **values) -> Change:
    return record.change(actor=None, obj=account, verb=verb, after={"name": "x"}, **values)


def verbs(body) -> list[str]:
    return [row["verb"] for row in body["results"]]


@pytest.mark.django_db(transaction=True)
def test_feed_is_read_on_from_its_cursor(account, member):
    client = caller(member)
    for verb in "abc":
        write(account, verb)
    first = client.get(f"{FEED}?page_size=2").json()
    second = client.get(first["next"]).json()
    third = client.get(second["next"]).json()
    assert [verbs(body) for body in (first, second, third)] == [["a", "b"], ["c"], []]
    write(account, "d")
    assert verbs(client.get(third["next"]).json()) == ["d"]
    assert verbs(client.get(second["next"]).json()) == ["d"]


@pytest.mark.django_db(transaction=True)
def test_feed_can_start_at_its_end(account, member):
    client = caller(member)
    assert verbs(client.get(f"{FEED}?after=latest").json()) == []
    write(account, "before")
    body = client.get(f"{FEED}?after=latest").json()
    assert body["results"] == []
    write(account, "after")
    assert verbs(client.get(body["next"]).json()) == ["after"]


@pytest.mark.django_db(transaction=True)
def test_feed_shows_what_its_reader_sees(account, member):
    write(account, "shown")
    write(AccountFactory(), "hidden")
    write(account, "private", audience="private", audience_id=UserFactory().pk)
    mine = write(account, "mine", audience="private", audience_id=member.pk)
    body = caller(member).get(FEED).json()
    assert verbs(body) == ["shown", "mine"]
    assert body["results"][0]["account"] == account.pk
    assert verbs(caller(UserFactory()).get(FEED).json()) == []
    assert caller(member).get(f"{FEED}{mine.pk}/").json()["verb"] == "mine"
    assert caller(UserFactory()).get(f"{FEED}{mine.pk}/").status_code == 404
    assert verbs(caller(member).get(f"{FEED}?account={account.pk}&verb=mine").json()) == ["mine"]


@pytest.mark.parametrize("query", ["after=abc", "page_size=0", "cursor=x", "colour=red"])
def test_feed_refuses_parameters(member, query):
    assert caller(member).get(f"{FEED}?{query}").status_code == 400


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("count", [1, 3])
def test_feed_query_count(account, member, django_assert_num_queries, count):
    client = caller(member)
    for number in range(count):
        write(account, f"v{number}")
    client.get(FEED)
    with django_assert_num_queries(4):  # however many rows
        assert len(client.get(FEED).json()["results"]) == count


@pytest.mark.postgres_only
@pytest.mark.django_db(transaction=True)
def test_feed_waits_for_an_older_open_transaction(account):
    client = caller(RoleGrantFactory().user)
    other = connection.copy()
    try:
        other.set_autocommit(False)
        insert = (
            "INSERT INTO changes_change (at, source, source_reference, verb, object_type,"
            " object_id, object_label, account_id, audience, before, after) VALUES"
            " (now(), 'page', '', 'slow', 'accounts.account', %s, '', %s, 'account', '{}', '{}')"
        )
        with other.cursor() as cursor:
            cursor.execute(insert, [account.pk, account.pk])
        write(account, "quick")
        waiting = client.get(FEED).json()
        assert verbs(waiting) == [], "what is newer than an open transaction is held back"
        other.commit()
    finally:
        other.close()
    body = client.get(waiting["next"]).json()
    assert verbs(body) == ["slow", "quick"]
    assert verbs(client.get(body["next"]).json()) == []


@pytest.mark.django_db(transaction=True)
def test_feed_has_no_gap_and_no_repeat_while_others_write(account):
    client = caller(RoleGrantFactory().user)
    done = []

    def writer(name: str):
        chance = random.Random(name)

        def work():
            for number in range(15):
                with transaction.atomic():
                    write(account, f"{name}{number}a")
                    time.sleep(chance.uniform(0, 0.01))
                    write(account, f"{name}{number}b")
            done.append(name)

        return work

    def reader():
        seen, url = [], f"{FEED}?page_size=3"
        while True:
            finished = len(done) == 3
            body = client.get(url).json()
            seen += verbs(body)
            url = body["next"]
            if finished and not body["results"]:
                return seen

    *writers, read = run_together(*(writer(name) for name in "xyz"), reader)
    assert [outcome.error for outcome in (*writers, read)] == [None] * 4
    expected = {f"{name}{number}{part}" for name in "xyz" for number in range(15) for part in "ab"}
    assert len(read.value) == len(set(read.value))
    assert set(read.value) == expected
