"""Trade channels and category purchases: who writes them, and what is refused."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from accounts import services
from accounts.merging.preview import preview
from accounts.models import Account, CategoryPurchase, Channel
from accounts.services import channel as channels
from accounts.services import purchase as purchases
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    ConflictFactory,
    ProductLineFactory,
    SiteFactory,
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
YEAR = {
    "period_from": datetime.date(2025, 1, 1),
    "period_until": datetime.date(2025, 12, 31),
}


@pytest.fixture
def programme():
    return ProgrammeFactory(currency="GBP")


@pytest.fixture
def manager(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def birch(programme):
    return AccountFactory(programme=programme, name="Birch", team=TeamFactory(programme=programme))


def make(manager, programme, name, **changes):
    return channels.create_channel(
        actor=manager, programme=programme, changes={"name": name, **changes}
    )


def codes(call, **arguments):
    """Fields and codes of the refusal of `call`."""
    with pytest.raises(ValidationError) as refusal:
        call(**arguments)
    return {
        name: problems[0].code
        for name, problems in getattr(refusal.value, "error_dict", {}).items()
    }


# Channels


def test_channel_moves_with_all_below_it(manager, programme):
    top, other = make(manager, programme, "On-trade"), make(manager, programme, "Off-trade")
    hotels = make(manager, programme, "Hotels", parent=top, code="H")
    chains = make(manager, programme, "Chains", parent=hotels)
    assert (chains.path, chains.depth) == (f"/{top.pk}/{hotels.pk}/{chains.pk}/", 2)
    moved = channels.update_channel(
        actor=manager, channel=hotels, expected_version=1, changes={"parent": other}
    )
    chains.refresh_from_db()
    assert (moved.version, chains.path) == (2, f"/{other.pk}/{hotels.pk}/{chains.pk}/")
    assert str(chains) == "Off-trade / Hotels / Chains"
    channels.update_channel(
        actor=manager, channel=other, expected_version=1, changes={"name": "Retail"}
    )
    chains.refresh_from_db()
    assert (str(chains), chains.version) == ("Retail / Hotels / Chains", 1)


def test_channel_refuses_circle_and_foreign_parent(manager, programme):
    top = make(manager, programme, "On-trade")
    below = make(manager, programme, "Hotels", parent=top)
    move = {"actor": manager, "channel": top, "expected_version": None}
    for parent, code in ((below, "cycle"), (top, "cycle"), (ChannelFactory(), "invalid")):
        found = codes(channels.update_channel, **move, changes={"parent": parent})
        assert found == {"parent": code}
    top.refresh_from_db()
    assert (top.parent, top.version) == (None, 1)


def test_channel_names_are_unique_in_their_place(manager, programme):
    top = make(manager, programme, "On-trade", code="on")
    make(manager, programme, "Hotels", parent=top)
    make(manager, programme, "Hotels")
    for changes in ({"name": "on-TRADE"}, {"name": "hotels", "parent": top}):
        with pytest.raises(ValidationError):
            channels.create_channel(actor=manager, programme=programme, changes=changes)
    with pytest.raises(ValidationError):
        make(manager, programme, "New", code="ON")
    assert Channel.objects.count() == 3


def test_channel_in_use_is_not_archived(manager, programme, birch):
    top = make(manager, programme, "On-trade")
    below = make(manager, programme, "Hotels", parent=top)
    with pytest.raises(ValidationError, match="lie below"):
        channels.archive_channel(actor=manager, channel=top)
    services.update_account(
        actor=manager, account=birch, expected_version=None, changes={"channel": below}
    )
    with pytest.raises(ValidationError, match="Accounts are in it"):
        channels.archive_channel(actor=manager, channel=below)
    Account.objects.update(channel=None)
    market = CategoryPurchaseFactory(channel=below)
    with pytest.raises(ValidationError, match="purchases"):
        channels.archive_channel(actor=manager, channel=below)
    purchases.archive_purchase(actor=manager, purchase=market)
    channels.archive_channel(actor=manager, channel=below)
    channels.archive_channel(actor=manager, channel=top)
    with pytest.raises(ValidationError, match="above it"):
        channels.restore_channel(actor=manager, channel=below)
    found = codes(
        services.update_account,
        actor=manager,
        account=birch,
        expected_version=None,
        changes={"channel": Channel.objects.get(pk=below.pk)},
    )
    assert found == {"channel": "archived"}
    with pytest.raises(ValidationError, match="archived"):
        purchases.record_purchase(actor=manager, channel=below, changes={**YEAR, "amount": 1})


def test_nothing_comes_back_into_an_archived_channel(manager, programme, birch):
    channel = make(manager, programme, "Hotels")
    market = purchases.record_purchase(
        actor=manager, channel=channel, changes={**YEAR, "amount": Decimal(5)}
    )
    purchases.archive_purchase(actor=manager, purchase=market)
    services.update_account(
        actor=manager, account=birch, expected_version=None, changes={"channel": channel}
    )
    services.archive_account(actor=manager, account=birch, expected_version=None)
    channels.archive_channel(actor=manager, channel=channel)
    with pytest.raises(ValidationError, match="archived"):
        purchases.restore_purchase(actor=manager, purchase=market)
    with pytest.raises(ValidationError, match="archived"):
        services.restore_account(actor=manager, account=birch, expected_version=None)
    channels.restore_channel(actor=manager, channel=channel)
    assert not purchases.restore_purchase(actor=manager, purchase=market).is_archived
    back = services.restore_account(actor=manager, account=birch, expected_version=None)
    assert not back.is_archived


def test_channels_are_run_by_who_runs_the_programme(manager, programme, birch):
    keeper = MembershipFactory(team=birch.team, role="kam").user
    with pytest.raises(PermissionDenied):
        make(keeper, programme, "Mine")
    top = make(manager, programme, "On-trade")
    for call in (channels.archive_channel, channels.restore_channel):
        with pytest.raises(PermissionDenied):
            call(actor=keeper, channel=top)
    assert Channel.objects.visible_to(keeper).get() == top
    assert not Channel.objects.visible_to(UserFactory()).exists()


def test_account_manager_puts_the_account_into_a_channel(programme, birch):
    keeper = MembershipFactory(team=birch.team, role="kam").user
    hotels = ChannelFactory(programme=programme)
    changed = services.update_account(
        actor=keeper, account=birch, expected_version=1, changes={"channel": hotels}
    )
    assert (changed.channel, changed.version) == (hotels, 2)
    with pytest.raises(ValidationError, match="another programme"):
        services.update_account(
            actor=keeper,
            account=birch,
            expected_version=None,
            changes={"channel": ChannelFactory()},
        )


# Purchases


def record(actor, account, **changes):
    return purchases.record_purchase(
        actor=actor, account=account, changes={**YEAR, "amount": Decimal(26), **changes}
    )


def test_purchase_is_recorded_changed_and_archived(birch):
    keeper = MembershipFactory(team=birch.team, role="kam").user
    made = record(keeper, birch, confidence="reported", source="annual report")
    assert (made.currency, made.recorded_by, made.volume) == ("GBP", keeper, None)
    changed = purchases.update_purchase(
        actor=keeper, purchase=made, expected_version=1, changes={"amount": Decimal(27)}
    )
    assert (changed.version, changed.amount) == (2, 27)
    with pytest.raises(VersionConflict):
        purchases.update_purchase(
            actor=keeper, purchase=made, expected_version=1, changes={"amount": Decimal(1)}
        )
    purchases.archive_purchase(actor=keeper, purchase=made, expected_version=2)
    again = record(keeper, birch)
    with pytest.raises(ValidationError, match="already"):
        purchases.restore_purchase(actor=keeper, purchase=made)
    purchases.archive_purchase(actor=keeper, purchase=again)
    assert not purchases.restore_purchase(actor=keeper, purchase=made).is_archived
    verbs = Change.objects.filter(object_id=made.pk, account_id=birch.pk).order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == [
        "created",
        "updated",
        "archived",
        "restored",
    ]


def test_purchase_keeps_unknown_apart_from_nothing(manager, birch):
    nothing = record(manager, birch, amount=Decimal(0))
    unknown = record(manager, birch, amount=None, volume=Decimal(3), use_type="resale")
    assert (nothing.amount, unknown.amount) == (0, None)
    with pytest.raises(ValidationError, match="amount, a volume"):
        record(manager, birch, amount=None, use_type="own_input")


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal(-1)},
        {"volume": Decimal(-1)},
        {"currency": "pound"},
        {"use_type": "gift"},
        {"confidence": "sure"},
        {"period_until": datetime.date(2024, 12, 31)},
    ],
)
def test_purchase_refuses_what_cannot_be(manager, birch, changes):
    with pytest.raises(ValidationError):
        record(manager, birch, **changes)
    assert not CategoryPurchase.objects.exists()


def test_purchase_refuses_what_belongs_elsewhere(manager, birch):
    for name, row in (("site", SiteFactory()), ("category", ProductLineFactory())):
        with pytest.raises(ValidationError) as refusal:
            record(manager, birch, **{name: row})
        assert list(refusal.value.message_dict) == [name]
        made = record(manager, birch)
        with pytest.raises(ValidationError) as refusal:
            purchases.update_purchase(
                actor=manager, purchase=made, expected_version=None, changes={name: row}
            )
        assert list(refusal.value.message_dict) == [name]
        made.delete()


def test_same_purchases_are_recorded_once(manager, birch):
    record(manager, birch)
    record(manager, birch, site=SiteFactory(account=birch))
    record(manager, birch, category=ProductLineFactory(programme=birch.programme))
    record(manager, birch, use_type="resale")
    with pytest.raises(ValidationError, match="already"):
        record(manager, birch, amount=Decimal(5))
    assert CategoryPurchase.objects.count() == 4


def test_market_is_for_who_runs_or_reads_the_programme(manager, programme, birch):
    hotels = ChannelFactory(programme=programme)
    keeper = MembershipFactory(team=birch.team, role="kam").user
    arguments = {"channel": hotels, "changes": {**YEAR, "amount": Decimal(200)}}
    with pytest.raises(PermissionDenied):
        purchases.record_purchase(actor=keeper, **arguments)
    market = purchases.record_purchase(actor=manager, **arguments)
    auditor = RoleGrantFactory(programme=programme, role="auditor").user
    for reader, sees in ((manager, 1), (auditor, 1), (keeper, 0), (UserFactory(), 0)):
        assert CategoryPurchase.objects.visible_to(reader).count() == sees
    assert CategoryPurchase.objects.editable_by(manager).get() == market
    assert not CategoryPurchase.objects.editable_by(auditor).exists()
    for call in (purchases.archive_purchase, purchases.restore_purchase):
        with pytest.raises(PermissionDenied):
            call(actor=keeper, purchase=market)
    assert not Change.objects.visible_to(keeper).filter(object_id=market.pk).exists()
    with pytest.raises(ValidationError, match="not both"):
        purchases.record_purchase(
            actor=manager, account=birch, channel=hotels, changes=arguments["changes"]
        )
    with pytest.raises(ValidationError, match="an account or a channel"):
        purchases.record_purchase(actor=manager, changes=arguments["changes"])


def test_purchases_are_seen_with_their_account(programme, birch):
    unit = BusinessUnitFactory(programme=programme)
    senior = RoleGrantFactory(senior_manager=True, business_unit=unit).user
    in_unit = CategoryPurchaseFactory(
        account=AccountFactory(programme=programme, business_unit=unit)
    )
    other = CategoryPurchaseFactory(account=birch)
    observer = MembershipFactory(team=birch.team, role="observer").user
    assert CategoryPurchase.objects.visible_to(senior).get() == in_unit
    assert CategoryPurchase.objects.visible_to(observer).get() == other
    assert not CategoryPurchase.objects.editable_by(observer).exists()
    assert not CategoryPurchase.objects.contributable_by(observer).exists()


def test_barrier_hides_purchases_of_the_other_side(manager, programme, birch):
    rival = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    ConflictFactory(a=birch, b=rival, kind="ring_fence")
    MembershipFactory(team=birch.team, role="member", user=manager)
    own, hidden = CategoryPurchaseFactory(account=birch), CategoryPurchaseFactory(account=rival)
    assert list(CategoryPurchase.objects.visible_to(manager)) == [own]
    with pytest.raises(PermissionDenied):
        purchases.archive_purchase(actor=manager, purchase=hidden)


# Merging


def test_merge_counts_the_same_purchases_once(manager, programme, birch):
    twin = AccountFactory(programme=programme)
    kept, twice = (CategoryPurchaseFactory(account=one, amount=5) for one in (birch, twin))
    moved = CategoryPurchaseFactory(account=twin, use_type="resale")
    shown = preview(birch, twin, reader=manager)
    assert any("the other is archived" in text for text in shown.remarks)
    merged = services.merge_accounts(actor=manager, survivor=birch, loser=twin)
    active = CategoryPurchase.objects.active().filter(account=birch).order_by("pk")
    assert list(active) == [kept, moved]
    twice.refresh_from_db()
    assert (twice.account, twice.is_archived) == (birch, True)
    services.undo_merge(actor=manager, merge=merged)
    back = CategoryPurchase.objects.active().filter(account=twin).order_by("pk")
    assert list(back) == [twice, moved]
