"""Pages of trade channels and category purchases."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.models import CategoryPurchase, Channel
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
YEAR = {"period_from": "2025-01-01", "period_until": "2025-12-31"}
FILLED = {
    **YEAR,
    "amount": "26",
    "currency": "GBP",
    "as_of": "2026-01-31",
    "confidence": "reported",
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


@pytest.fixture
def keeper(birch):
    """Manages the account alone."""
    return MembershipFactory(team=birch.team, role="kam").user


def test_wallet_shows_share_gap_and_what_is_unallocated(client, keeper, birch):
    """Birch: 26.0m, ours 10.4m, 40 %, gap 15.6m (3.4)."""
    MonthTotalFactory(account=birch, month=datetime.date(2025, 1, 1))
    LedgerEntryFactory(
        account=birch, booked_on=datetime.date(2025, 6, 1), amount=Decimal(10_400_000)
    )
    CategoryPurchaseFactory(account=birch, amount=Decimal(26_000_000))
    below = AccountFactory(parent=birch, team=birch.team)
    hidden = AccountFactory(parent=birch)
    CategoryPurchaseFactory(account=below, amount=Decimal(20_000_000))
    CategoryPurchaseFactory(account=hidden, amount=Decimal(1_000_000))
    site = SiteFactory(account=birch)
    CategoryPurchaseFactory(account=birch, site=site, amount=Decimal(4_000_000))
    client.force_login(keeper)
    page = client.get(reverse("accounts:wallet", args=[birch.pk]))
    whole, part = page.context["rows"]
    assert (whole.wallet.share_of_wallet, whole.wallet.gap) == (Decimal("0.4"), 15_600_000)
    assert (whole.unallocated, part.unallocated) == (2_000_000, None)
    text = page.content.decode()
    assert "40.0" in text
    assert "15,600,000" in text
    assert "our sales by site are not known" in text


def test_wallet_of_nothing_known_says_what_to_do(client, keeper, birch):
    client.force_login(keeper)
    page = client.get(reverse("accounts:wallet", args=[birch.pk])).content.decode()
    assert "Nothing known of its purchases" in page


@pytest.mark.parametrize("count", [1, 3])
def test_wallet_query_count(client, manager, birch, count, django_assert_max_num_queries):
    for number in range(count):
        line = ProductLineFactory(programme=birch.programme)
        CategoryPurchaseFactory(account=birch, category=line, recorded_by=manager)
        child = AccountFactory(parent=birch)
        CategoryPurchaseFactory(account=child, category=line)
        LedgerEntryFactory(account=child, booked_on=datetime.date(2025, 1 + number, 1))
    client.force_login(manager)
    with django_assert_max_num_queries(12):
        page = client.get(reverse("accounts:wallet", args=[birch.pk]))
    assert len(page.context["rows"]) == count


def test_account_manager_records_corrects_and_archives(client, keeper, birch):
    client.force_login(keeper)
    new = reverse("accounts:purchase_create_for", args=[birch.pk])
    assert client.get(new).status_code == 200
    assert client.post(new, FILLED).status_code == 302
    made = CategoryPurchase.objects.get()
    assert (made.account, made.amount, made.recorded_by) == (birch, 26, keeper)
    edit = reverse("accounts:purchase_edit", args=[made.pk])
    assert client.post(edit, {**FILLED, "amount": "27", "version": "1"}).status_code == 302
    stale = client.post(edit, {**FILLED, "amount": "28", "version": "1"})
    assert stale.status_code == 409
    refused = client.post(edit, {**FILLED, "amount": "", "version": "2"})
    assert refused.status_code == 422
    assert "amount, a volume, or both" in refused.content.decode()
    archive = reverse("accounts:purchase_archive", args=[made.pk])
    assert client.post(archive, {"version": "2"}).status_code == 302
    made.refresh_from_db()
    assert (made.is_archived, made.amount) == (True, 27)
    restore = reverse("accounts:purchase_restore", args=[made.pk])
    assert client.post(restore).status_code == 302
    made.refresh_from_db()
    assert not made.is_archived


def test_form_shows_figures_without_the_zeros_of_the_column(client, keeper, birch):
    client.force_login(keeper)
    row = CategoryPurchaseFactory(account=birch, amount=Decimal(15_000_000), volume=Decimal("0.5"))
    row.refresh_from_db()
    page = client.get(reverse("accounts:purchase_edit", args=[row.pk]))
    assert [page.context["form"][name].value() for name in ("amount", "volume")] == [
        Decimal(15_000_000),
        Decimal("0.5"),
    ]
    assert 'value="15000000"' in page.content.decode()


def test_form_of_the_list_takes_an_account_or_a_channel(client, manager, birch):
    channel = ChannelFactory(programme=birch.programme)
    client.force_login(manager)
    url = reverse("accounts:purchase_create")
    held = {"account": f"Birch ({birch.pk})", "channel": ""}
    assert client.post(url, {**FILLED, **held, "currency": ""}).status_code == 302
    assert client.post(url, {**FILLED, "channel": channel.pk}).status_code == 302
    assert client.post(url, FILLED).status_code == 422
    both = client.post(url, {**FILLED, "account": str(birch.pk), "channel": channel.pk})
    assert both.status_code == 422
    found = CategoryPurchase.objects.order_by("pk").values_list("account", "channel", "currency")
    assert list(found) == [(birch.pk, None, "GBP"), (None, channel.pk, "GBP")]


def test_reader_sees_purchases_and_writes_none(client, birch):
    observer = MembershipFactory(team=birch.team, role="observer").user
    made = CategoryPurchaseFactory(account=birch)
    client.force_login(observer)
    assert client.get(reverse("accounts:purchases")).context["object_list"][0] == made
    page = client.get(reverse("accounts:wallet", args=[birch.pk])).content.decode()
    assert reverse("accounts:purchase_edit", args=[made.pk]) not in page
    for name, key in (
        ("purchase_edit", made.pk),
        ("purchase_archive", made.pk),
        ("purchase_restore", made.pk),
        ("purchase_create_for", birch.pk),
    ):
        assert client.post(reverse(f"accounts:{name}", args=[key]), FILLED).status_code == 403
    assert client.get(reverse("accounts:purchase_create")).status_code == 403
    made.refresh_from_db()
    assert (made.version, made.is_archived) == (1, False)


def test_list_is_filtered_and_handed_out(client, manager, programme, birch):
    top = ChannelFactory(programme=programme, name="On-trade")
    birch.channel = ChannelFactory(parent=top, name="Hotels")
    birch.save()
    line = ProductLineFactory(programme=programme, name="Labels")
    own = CategoryPurchaseFactory(account=birch, category=line, source="=1+1")
    market = CategoryPurchaseFactory(channel=top, use_type="resale")
    old = datetime.date(2023, 1, 1)
    past = CategoryPurchaseFactory(account=birch, period_from=old, period_until=old)
    gone = CategoryPurchaseFactory(account=birch, use_type="resale")
    CategoryPurchase.objects.filter(pk=gone.pk).update(archived_at=gone.created_at)
    client.force_login(manager)
    url = reverse("accounts:purchases")

    def found(**query):
        return {row.pk for row in client.get(url, query).context["object_list"]}

    assert found() == {own.pk, market.pk, past.pk}
    assert found(search="birch") == {own.pk, past.pk}
    assert found(category=line.pk) == {own.pk}
    assert found(channel=top.pk) == {own.pk, market.pk, past.pk}
    assert found(year="2023") == {past.pk}
    assert found(use_type="resale") == {market.pk}
    assert found(archived="true") == {gone.pk}
    assert found(use_type="gift") == set()
    text = b"".join(client.get(url, {"export": "csv", "category": line.pk})).decode()
    assert "On-trade / Hotels" in text
    assert ",'=1+1," in text


def test_fields_of_the_filter_are_read_when_asked_for(client, manager, birch):
    line = ProductLineFactory(programme=birch.programme, name="Cables")
    CategoryPurchaseFactory(account=birch, category=line)
    client.force_login(manager)
    address = reverse("accounts:purchases")
    page = client.get(address, {"confidence": "measured", "sort": "amount"})
    assert b'name="category"' not in page.content
    asked = page.context["table"].filter_fields
    part = client.get(address + asked, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    assert f'<option value="{line.pk}">' in part
    assert '<input type="hidden" name="sort" value="amount">' in part
    assert '<option value="measured" selected>' in part
    assert "fields-of-filter" not in part
    whole = client.get(address + asked).content.decode()
    assert "<html" in whole
    assert 'name="category"' in whole


def test_channels_are_kept_as_a_tree(client, manager, programme, birch):
    client.force_login(manager)
    new = reverse("accounts:channel_create")
    assert client.post(new, {"name": "On-trade", "code": "on"}).status_code == 302
    top = Channel.objects.get()
    assert client.post(new, {"name": "Hotels", "parent": top.pk}).status_code == 302
    hotels = Channel.objects.get(name="Hotels")
    birch.channel = hotels
    birch.save()
    rows = client.get(reverse("accounts:channels")).context["rows"]
    assert [(row.name, row.indent, row.inside) for row in rows] == [
        ("On-trade", 0, 0),
        ("Hotels", 1, 1),
    ]
    edit = reverse("accounts:channel_edit", args=[top.pk])
    circle = client.post(edit, {"name": "On-trade", "parent": hotels.pk, "version": "1"})
    assert circle.status_code == 422
    client.post(reverse("accounts:channel_archive", args=[hotels.pk]), {"version": "1"})
    hotels.refresh_from_db()
    assert not hotels.is_archived
    birch.channel = None
    birch.save()
    client.post(reverse("accounts:channel_archive", args=[hotels.pk]), {"version": "1"})
    rows = client.get(reverse("accounts:channels"), {"archived": "1"}).context["rows"]
    assert rows == [hotels]
    client.post(reverse("accounts:channel_restore", args=[hotels.pk]))
    hotels.refresh_from_db()
    assert not hotels.is_archived


def test_channels_count_the_accounts_that_the_reader_sees(client, keeper, programme, birch):
    channel = ChannelFactory(programme=programme)
    AccountFactory(programme=programme, channel=channel)
    birch.channel = channel
    birch.save()
    client.force_login(keeper)
    page = client.get(reverse("accounts:channels"))
    assert [row.inside for row in page.context["rows"]] == [1]
    assert client.get(reverse("accounts:channel_create")).status_code == 403
    assert client.get(reverse("accounts:channel_edit", args=[channel.pk])).status_code == 403


def test_account_form_puts_the_account_into_a_channel(client, keeper, programme, birch):
    channel = ChannelFactory(programme=programme)
    foreign = ChannelFactory()
    client.force_login(keeper)
    url = reverse("accounts:edit", args=[birch.pk])
    form = client.get(url).context["form"]
    assert list(form.fields["channel"].queryset) == [channel]
    refused = client.post(url, {"name": "Birch", "channel": foreign.pk, "version": "1"})
    assert refused.status_code == 422
    client.post(url, {"name": "Birch", "channel": channel.pk, "version": birch.version})
    birch.refresh_from_db()
    assert birch.channel == channel


def test_manager_of_another_programme_finds_nothing_of_this_one(client, programme, birch):
    foreign = ProgrammeFactory(currency="EUR")
    client.force_login(RoleGrantFactory(programme_manager=True, programme=foreign).user)
    top = ChannelFactory(programme=programme, name="On-trade")
    line = ProductLineFactory(programme=programme, name="Gaskets")
    market = CategoryPurchaseFactory(channel=top, category=line)
    own = CategoryPurchaseFactory(account=birch, category=line)
    for name in ("purchases", "channels", "purchase_create", "channel_create", "products"):
        page = client.get(reverse(f"accounts:{name}")).content.decode()
        assert not [word for word in ("On-trade", "Gaskets", "Birch") if word in page]
    for purchase in (market, own):
        for what in ("edit", "archive", "restore"):
            url = reverse(f"accounts:purchase_{what}", args=[purchase.pk])
            assert client.post(url, {**FILLED, "version": "1"}).status_code == 404
    for what in ("edit", "archive", "restore"):
        url = reverse(f"accounts:channel_{what}", args=[top.pk])
        assert client.post(url, {"name": "Mine", "version": "1"}).status_code == 404
    assert client.get(reverse("accounts:wallet", args=[birch.pk])).status_code == 404
    sent = {**FILLED, "account": birch.pk, "channel": top.pk, "category": line.pk}
    refused = client.post(reverse("accounts:purchase_create"), sent)
    assert refused.status_code == 422
    assert set(refused.context["form"].errors) == {"account", "channel", "category"}
    below = client.post(reverse("accounts:channel_create"), {"name": "Mine", "parent": top.pk})
    assert set(below.context["form"].errors) == {"parent"}
    assert (CategoryPurchase.objects.active().count(), Channel.objects.count()) == (2, 1)
