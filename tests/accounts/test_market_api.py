"""Channels and category purchases over REST, as the pages write them."""

import datetime
from decimal import Decimal

import pytest

from accounts.models import CategoryPurchase, Channel
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
CHANNELS, PURCHASES = "/api/v1/channels/", "/api/v1/category-purchases/"
YEAR = {"period_from": "2025-01-01", "period_until": "2025-12-31"}


@pytest.fixture
def programme():
    return ProgrammeFactory(currency="GBP")


@pytest.fixture
def client(programme):
    return caller(RoleGrantFactory(programme_manager=True, programme=programme).user)


@pytest.fixture
def birch(programme):
    return AccountFactory(programme=programme, team=TeamFactory(programme=programme))


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def test_channel_is_made_moved_archived_and_restored(client, programme):
    top = client.post(CHANNELS, {"programme": programme.pk, "name": "On-trade"}).json()
    body = {"programme": programme.pk, "name": "Hotels", "parent": top["id"], "code": "H"}
    made = client.post(CHANNELS, body)
    assert (made.status_code, made.json()["full_name"]) == (201, "On-trade / Hotels")
    url = f"{CHANNELS}{made.json()['id']}/"
    moved = client.patch(url, {"parent": None}, headers={"If-Match": made["ETag"]})
    assert (moved.status_code, moved.json()["full_name"]) == (200, "Hotels")
    circle = client.patch(url, {"parent": made.json()["id"]}, headers={"If-Match": moved["ETag"]})
    assert circle.status_code == 400
    assert [(e["pointer"], e["code"]) for e in circle.json()["errors"]] == [("/parent", "cycle")]
    assert client.delete(url, headers={"If-Match": moved["ETag"]}).status_code == 204
    assert ids(client.get(CHANNELS)) == [top["id"]]
    assert ids(client.get(f"{CHANNELS}?archived=true")) == [made.json()["id"]]
    assert client.post(f"{url}restore/").json()["archived_at"] is None


def test_nothing_new_is_recorded_at_an_archived_account(client, birch):
    gone = CategoryPurchaseFactory(account=birch, archived_at=birch.created_at)
    birch.archived_at = birch.created_at
    birch.save()
    bodies = {
        PURCHASES: {
            "account": birch.pk,
            **YEAR,
            "amount": "5",
            "source": "x",
            "as_of": "2026-01-01",
        }
        | {"confidence": "measured"},
        "/api/v1/contacts/": {"account": birch.pk, "name": "Ines Duarte"},
        "/api/v1/sites/": {"account": birch.pk, "name": "Porto"},
        "/api/v1/interactions/": {"account": birch.pk, "kind": "call", "text": "They called."},
        "/api/v1/plans/": {
            "account": birch.pk,
            "title": "2027",
            "starts_on": "2027-01-01",
            "ends_on": "2027-12-31",
        },
        "/api/v1/stage-reviews/": {
            "account": birch.pk,
            "side": "supplier",
            "reviewed_on": "2026-01-15",
        },
        "/api/v1/actions/": {"account": birch.pk, "text": "Quote for Porto"},
        f"{PURCHASES}{gone.pk}/restore/": {},
    }
    for url, body in bodies.items():
        refused = client.post(url, body)
        assert (refused.status_code, refused.json().get("errors")) == (
            400,
            [
                {
                    "pointer": "/account",
                    "code": "archived",
                    "detail": "The account is archived: restore it first.",
                }
            ],
        ), url
    for rows in (
        birch.contacts,
        birch.sites,
        birch.interactions,
        birch.actions,
        birch.plans,
        birch.stage_reviews,
    ):
        assert not rows.exists(), rows
    assert not CategoryPurchase.objects.active().exists()


def test_purchase_is_recorded_and_corrected(client, birch):
    line = ProductLineFactory(programme=birch.programme)
    body = {
        "account": birch.pk,
        "category": line.pk,
        **YEAR,
        "volume": "1200.5",
        "volume_unit": "t",
        "amount": "26000000",
        "use_type": "own_input",
        "confidence": "reported",
        "source": "annual report",
        "as_of": "2026-03-31",
    }
    made = client.post(PURCHASES, body)
    assert made.status_code == 201, made.json()
    shown = made.json()
    assert (shown["currency"], shown["amount"], shown["volume"]) == (
        "GBP",
        "26000000.000000",
        "1200.5000",
    )
    url = f"{PURCHASES}{shown['id']}/"
    assert client.patch(url, {"amount": None}).status_code == 428
    changed = client.patch(url, {"amount": None}, headers={"If-Match": made["ETag"]})
    assert (changed.status_code, changed.json()["amount"]) == (200, None)
    twice = client.post(PURCHASES, {**body, "amount": "1"})
    assert twice.status_code == 400
    other = client.patch(
        url,
        {"account": AccountFactory(programme=birch.programme).pk},
        headers={"If-Match": changed["ETag"]},
    )
    assert [(e["pointer"], e["code"]) for e in other.json()["errors"]] == [("/account", "fixed")]
    assert client.delete(url, headers={"If-Match": changed["ETag"]}).status_code == 204
    assert ids(client.get(PURCHASES)) == []
    assert client.post(f"{url}restore/").status_code == 200


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"amount": "-1"}, "/amount"),
        ({"currency": "gbp"}, "/currency"),
        ({"use_type": "gift"}, "/use_type"),
        ({"period_from": "2025"}, "/period_from"),
        ({"category": 999999}, "/category"),
    ],
)
def test_purchase_refusals_name_the_field(client, birch, changes, pointer):
    body = {"account": birch.pk, **YEAR, "amount": "1", **changes}
    answer = client.post(PURCHASES, body)
    assert answer.status_code == 400
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    assert not CategoryPurchase.objects.exists()


def test_purchases_come_in_bulk_all_or_none(client, birch):
    good = {"account": birch.pk, **YEAR, "amount": "1"}
    bad = {"account": birch.pk, **YEAR, "amount": "2"}
    answer = client.post(f"{PURCHASES}bulk/", [good, bad], format="json")
    assert answer.status_code == 400
    assert not CategoryPurchase.objects.exists()
    apart = client.post(f"{PURCHASES}bulk/?atomic=false", [good, bad], format="json")
    assert [item["status"] for item in apart.json()["results"]] == [201, 400]


def test_purchases_are_found_by_channel_category_and_period(client, programme, birch):
    top = ChannelFactory(programme=programme)
    below = ChannelFactory(parent=top)
    birch.channel = below
    birch.save()
    line = ProductLineFactory(programme=programme)
    own = CategoryPurchaseFactory(account=birch, category=line)
    market = CategoryPurchaseFactory(channel=top)
    old = datetime.date(2024, 1, 1)
    CategoryPurchaseFactory(
        account__programme=programme, period_from=old, period_until=old, amount=Decimal(1)
    )
    assert sorted(ids(client.get(f"{PURCHASES}?under_channel={top.pk}"))) == [own.pk, market.pk]
    assert ids(client.get(f"{PURCHASES}?under_channel={below.pk}")) == [own.pk]
    assert ids(client.get(f"{PURCHASES}?category={line.pk}")) == [own.pk]
    assert len(ids(client.get(f"{PURCHASES}?category__isnull=true"))) == 2
    assert len(ids(client.get(f"{PURCHASES}?period_until__gte=2025-01-01"))) == 2
    assert sorted(ids(client.get(f"{CHANNELS}?under={top.pk}"))) == [top.pk, below.pk]
    found = client.get(f"/api/v1/accounts/?channel={below.pk}").json()["results"]
    assert [(row["id"], row["channel"]) for row in found] == [(birch.pk, below.pk)]


def test_account_manager_writes_purchases_and_no_channels(programme, birch):
    keeper = caller(MembershipFactory(team=birch.team, role="kam").user)
    assert keeper.post(PURCHASES, {"account": birch.pk, **YEAR, "amount": "1"}).status_code == 201
    top = ChannelFactory(programme=programme)
    market = keeper.post(PURCHASES, {"channel": top.pk, **YEAR, "amount": "1"})
    assert market.status_code == 403
    assert keeper.post(CHANNELS, {"programme": programme.pk, "name": "Mine"}).status_code == 403
    assert Channel.objects.count() == 1


def test_manager_of_another_programme_reaches_nothing_of_this_one(programme, birch):
    foreign = ProgrammeFactory(currency="EUR")
    stranger = caller(RoleGrantFactory(programme_manager=True, programme=foreign).user)
    top = ChannelFactory(programme=programme)
    market = CategoryPurchaseFactory(channel=top)
    own = CategoryPurchaseFactory(account=birch)
    site = SiteFactory(account=birch)
    line = ProductLineFactory(programme=programme)
    for url in (CHANNELS, PURCHASES):
        assert stranger.get(f"{url}?with_count=1").json()["count"] == 0
    for url in (f"{CHANNELS}{top.pk}/", f"{PURCHASES}{market.pk}/", f"{PURCHASES}{own.pk}/"):
        assert stranger.get(url).status_code == 404
        assert stranger.patch(url, {}, headers={"If-Match": '"1"'}).status_code == 404
        assert stranger.delete(url, headers={"If-Match": '"1"'}).status_code == 404
        assert stranger.post(f"{url}restore/").status_code == 404
    assert ids(stranger.get(f"{PURCHASES}?under_channel={top.pk}")) == []
    theirs = AccountFactory(programme=foreign)
    bodies = [
        (CHANNELS, {"programme": programme.pk, "name": "Mine"}, "/programme"),
        (CHANNELS, {"programme": foreign.pk, "name": "Mine", "parent": top.pk}, "/parent"),
        (PURCHASES, {"channel": top.pk, **YEAR, "amount": "1"}, "/channel"),
        (PURCHASES, {"account": birch.pk, **YEAR, "amount": "1"}, "/account"),
        (PURCHASES, {"account": theirs.pk, "site": site.pk, **YEAR, "amount": "1"}, "/site"),
        (
            PURCHASES,
            {"account": theirs.pk, "category": line.pk, **YEAR, "amount": "1"},
            "/category",
        ),
    ]
    for url, body, pointer in bodies:
        answer = stranger.post(url, body)
        assert answer.status_code == 400
        assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]
    moved = stranger.patch(
        f"/api/v1/accounts/{theirs.pk}/",
        {"channel": top.pk},
        headers={"If-Match": f'"{theirs.version}"'},
    )
    assert [error["pointer"] for error in moved.json()["errors"]] == ["/channel"]
    assert (Channel.objects.count(), CategoryPurchase.objects.active().count()) == (1, 2)


def test_nobody_joins_what_is_of_two_programmes(programme, birch):
    """Whoever runs both programmes sees all rows, and still cannot mix them."""
    foreign = ProgrammeFactory(currency="EUR")
    user = RoleGrantFactory(programme_manager=True, programme=programme).user
    RoleGrantFactory(programme_manager=True, programme=foreign, user=user)
    both = caller(user)
    top, line = ChannelFactory(programme=foreign), ProductLineFactory(programme=foreign)
    site = SiteFactory(account=AccountFactory(programme=foreign))
    body = {"account": birch.pk, **YEAR, "amount": "1"}
    for name, row in (("category", line), ("site", site)):
        answer = both.post(PURCHASES, body | {name: row.pk})
        assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]
    below = both.post(CHANNELS, {"programme": programme.pk, "name": "Mine", "parent": top.pk})
    assert [error["pointer"] for error in below.json()["errors"]] == ["/parent"]
    moved = both.patch(
        f"/api/v1/accounts/{birch.pk}/",
        {"channel": top.pk},
        headers={"If-Match": f'"{birch.version}"'},
    )
    assert [error["pointer"] for error in moved.json()["errors"]] == ["/channel"]
    birch.refresh_from_db()
    assert (birch.channel, CategoryPurchase.objects.count(), Channel.objects.count()) == (
        None,
        0,
        1,
    )
