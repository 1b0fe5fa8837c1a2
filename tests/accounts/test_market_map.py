"""The trade-channel map through page, file and API, with the numbers of handbook 3.4."""

import csv
import datetime
import io
from collections import defaultdict
from decimal import Decimal
from itertools import accumulate

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse

from accounts.forms.market_map import MapForm
from accounts.market.mapping import market_map
from accounts.models import Account, CategoryPurchase, ExchangeRate
from plans.models import Plan
from tests.accounts.test_imports_purchases import bring, rows_of, written
from tests.accounts.test_market import CATEGORY, OTHERS, SOLD_TO_OTHERS
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    ProductFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.api import caller
from tests.factories.teams import (
    MembershipFactory,
    ProgrammeFactory,
    ProgrammeSettingFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
D = Decimal
MILLION = 1_000_000
API = "/api/v1/category-purchases/map/"


@pytest.fixture
def manager():
    """Runs the only programme, which keeps its money in euros."""
    return RoleGrantFactory(programme_manager=True, programme__currency="EUR").user


@pytest.fixture
def programme(manager):
    return manager.grants.get().programme


@pytest.fixture
def page(client, manager):
    """What the page shows, asked with parameters."""

    def show(**asked):
        client.force_login(manager)
        return client.get(reverse("accounts:market_map"), asked)

    return show


@pytest.fixture
def api(manager):
    def ask(**asked):
        return caller(manager).get(API, asked)

    return ask


def sells(account, amount):
    """Our sales to `account` in 2025, as the ledger's months hold them."""
    MonthTotalFactory(account=account, month=datetime.date(2025, 1, 1), revenue=amount)


@pytest.fixture
def handbook(programme):
    """Twelve customers, all others, and the whole market of 200.0m (3.4)."""
    accounts = {}
    for name, amount, *_shares, sold, _wallet, _gap in CATEGORY:
        accounts[name] = AccountFactory(programme=programme, name=name)
        CategoryPurchaseFactory(account=accounts[name], amount=D(amount) * MILLION)
        if D(sold):
            sells(accounts[name], D(sold) * MILLION)
    sells(AccountFactory(programme=programme, name="Small ones"), SOLD_TO_OTHERS * MILLION)
    channel = ChannelFactory(programme=programme, name="Trade")
    CategoryPurchaseFactory(channel=channel, amount=200 * MILLION)
    Account.objects.update(channel=channel)
    return accounts


def asked(manager, **given):
    """The map itself."""
    form = MapForm(given, reader=manager)
    assert form.is_valid(), form.errors
    return market_map(manager, form.asked)


def test_map_is_that_of_the_handbook_over_rest(api, handbook, django_assert_max_num_queries):
    with django_assert_max_num_queries(20):
        answer = api()
    assert answer.status_code == 200, answer.content
    body = answer.json()
    rows = [
        (
            row["rank"],
            row["name"],
            D(row["purchases"]) / MILLION,
            D(row["share"]) * 100,
            D(row["cumulative"]) * 100,
            row["is_candidate"],
            D(row["sales"]) / MILLION,
            D(row["share_of_wallet"]) * 100,
            D(row["gap"]) / MILLION,
        )
        for row in body["places"]
    ]
    assert rows == [
        (rank, name, D(amount), D(share), D(running), over, D(sold), D(wallet), D(gap))
        for rank, (name, amount, share, running, over, sold, wallet, gap) in enumerate(CATEGORY, 1)
    ]
    strangers = [row["name"] for row in body["places"] if row["needs_development"]]
    assert strangers == ["Alder Foods", "Fir Mobility", "Juniper Labs"]
    counts = ("customers", "candidates", "non_customers", "pareto", "is_measured", "next_after")
    assert {name: body[name] for name in counts} == {
        "customers": 12,
        "candidates": 10,
        "non_customers": 3,
        "pareto": None,
        "is_measured": True,
        "next_after": None,
    }
    in_millions = {
        "total": "200.0",
        "candidate_purchases": "154.0",
        "candidate_sales": "44.5",
        "candidate_gap": "109.5",
        "non_customer_purchases": "53.0",
        "sales": "50.0",
        "others_purchases": OTHERS,
        "others_sales": SOLD_TO_OTHERS,
        "others_gap": "38.9",
    }
    assert {name: D(body[name]) / MILLION for name in in_millions} == {
        name: D(value) for name, value in in_millions.items()
    }
    assert D(body["candidate_share"]) == D("0.77")
    assert D(body["market_share"]) == D("0.25")
    assert D(body["others_share"]) == D("0.2125")
    assert round(D(body["others_share_of_wallet"]), 3) == D("0.085")
    assert D(body["threshold"]) == D("0.01")


def test_map_is_that_of_the_handbook_on_the_page(page, handbook):
    answer = page()
    shown = [(row.account.name, row.place.is_candidate) for row in answer.context["rows"]]
    assert shown == [(row[0], row[4]) for row in CATEGORY]
    figures = {
        str(item.label): (item.value, str(item.detail)) for item in answer.context["figures"]
    }
    plain = {
        label: (value.replace("\xa0", " "), detail.replace("\xa0", " "))
        for label, (value, detail) in figures.items()
    }
    assert plain == {
        "Category": ("200.0 m EUR", "whole channels"),
        "Candidates": ("10", "over 1.00 % each: 154.0 m EUR, 77.0 %"),
        "Our sales there": ("44.5 m EUR", ""),
        "Gap": ("109.5 m EUR", "bought elsewhere"),
        "Not yet customers": ("3", "53.0 m EUR"),
        "Our market share": ("25.0 %", "50.0 m EUR"),
    }
    text = answer.content.decode().replace("\xa0", " ")
    for words in (
        "it lies in the tail",
        "All others",
        "21.25 %",
        "38,900",
        "8.5 %",
        "development attention",
    ):
        assert words in text, words
    assert text.count("circle-check") == 10
    assert text.count("development attention") == 3
    curve = answer.context["curve"]
    assert curve["line"]["values"] == [float(row[3]) for row in CATEGORY]


def test_file_holds_the_ranking(page, handbook):
    text = page(export="csv").getvalue().decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["Rank"], row["Account"], row["Candidate"]) for row in rows] == [
        (str(rank), row[0], "yes" if row[4] else "") for rank, row in enumerate(CATEGORY, start=1)
    ]
    assert D(rows[1]["Gap"]) == D("15.6") * MILLION
    sheet = page(export="xlsx")
    assert sheet.getvalue()[:2] == b"PK"
    sheet.close()


@pytest.mark.parametrize(("amount", "flagged"), [("1.00", False), ("1.01", True), ("1.0001", True)])
def test_exactly_the_threshold_is_no_candidate(manager, programme, amount, flagged):
    """K090, also where the ledger's database sums in floats."""
    small = AccountFactory(programme=programme)
    CategoryPurchaseFactory(account=small, amount=D(amount))
    CategoryPurchaseFactory(channel=ChannelFactory(programme=programme), amount=100)
    assert asked(manager).place_of(small.pk).is_candidate is flagged


def test_threshold_is_a_setting(manager, programme, handbook):
    ProgrammeSettingFactory(
        programme=programme,
        name="category_threshold",
        value=D("0.10"),
        valid_from=datetime.date(2020, 1, 1),
    )
    found = asked(manager)
    assert [row.rank for row in found.candidates] == [1, 2, 3]


def test_eighty_percent_point_is_where_the_curve_says(manager, programme):
    """K055."""
    for amount in (50, 20, 10, 10, 10):
        CategoryPurchaseFactory(account__programme=programme, amount=amount)
    found = asked(manager)
    assert (found.pareto, found.total, found.is_measured) == (3, 100, False)
    assert found.places[2].cumulative == D("0.8")


def test_volume_ranks_otherwise_than_amount(manager, programme):
    """K087: the measure is chosen; volumes of another unit are left out, and said to be."""
    few = CategoryPurchaseFactory(
        account__programme=programme, amount=10, volume=1, volume_unit="t"
    )
    many = CategoryPurchaseFactory(
        account__programme=programme, amount=1, volume=9, volume_unit="t"
    )
    CategoryPurchaseFactory(account__programme=programme, amount=None, volume=7, volume_unit="l")
    CategoryPurchaseFactory(account__programme=programme, amount=3)
    by_amount, by_volume = asked(manager), asked(manager, measure="volume")
    assert by_amount.places[0].account == few.account_id
    assert [row.account for row in by_volume.places] == [many.account_id, few.account_id]
    assert (by_volume.unit, by_volume.total, by_volume.candidate_gap) == ("t", 10, None)
    assert by_volume.left_out == {"other_unit": 1, "unmeasured": 1}
    assert by_amount.left_out == {"unmeasured": 1}
    litres = asked(manager, measure="volume", unit="l")
    assert [row.purchases for row in litres.places] == [7]


def test_resale_and_own_use_are_different_cases(manager, programme):
    """K088."""
    both = AccountFactory(programme=programme)
    for use, amount in (("resale", 3), ("own_input", 4)):
        CategoryPurchaseFactory(account=both, use_type=use, amount=amount)
    assert [row.purchases for row in asked(manager).places] == [7]
    assert [row.purchases for row in asked(manager, use_type="resale").places] == [3]


def test_category_period_and_channel_narrow_the_map(manager, programme):
    labels = ProductLineFactory(programme=programme)
    on, off = (ChannelFactory(programme=programme, name=name) for name in ("On", "Off"))
    hotels = ChannelFactory(programme=programme, name="Hotels", parent=on)
    inn = AccountFactory(programme=programme, channel=hotels)
    shop = AccountFactory(programme=programme, channel=off)
    annex = AccountFactory(parent=inn)
    sells(annex, 2)
    CategoryPurchaseFactory(account=inn, amount=10)
    CategoryPurchaseFactory(account=shop, amount=20)
    CategoryPurchaseFactory(account=shop, amount=5, category=labels)
    CategoryPurchaseFactory(channel=on, amount=50)
    CategoryPurchaseFactory(channel=hotels, amount=40)
    year = {"period_from": datetime.date(2024, 1, 1), "period_until": datetime.date(2024, 12, 31)}
    CategoryPurchaseFactory(account=inn, amount=8, **year)
    whole = asked(manager)
    assert (whole.total, len(whole.places)) == (70, 2)  # on-trade as measured, the shop beside it
    below = asked(manager, channel=str(on.pk))
    assert (below.total, [row.account for row in below.places]) == (50, [inn.pk])
    assert (below.sales, below.places[0].sales) == (2, 2)  # the annex has the channel of the inn
    assert asked(manager, channel=str(hotels.pk)).total == 40
    assert [row.purchases for row in asked(manager, category=str(labels.pk)).places] == [5]
    past = asked(manager, period="2024-01-01/2024-12-31")
    assert ([row.purchases for row in past.places], past.sales) == ([8], None)


def test_sales_of_a_category_are_those_of_its_products(manager, programme):
    labels, boxes = ProductLineFactory.create_batch(2, programme=programme)
    account = AccountFactory(programme=programme)
    CategoryPurchaseFactory(account=account, amount=10, category=labels)
    sells(account, 9)
    for line, amount in ((labels, 4), (boxes, 5)):
        product = ProductFactory(programme=programme, line=line)
        day = datetime.date(2025, 3, 1)
        LedgerEntryFactory(account=account, product=product, amount=amount, booked_on=day)
    place = asked(manager, category=str(labels.pk)).places[0]
    assert (place.sales, place.gap, place.share_of_wallet) == (4, 6, D("0.4"))


def test_without_a_ledger_nobody_is_called_a_non_customer(manager, programme):
    CategoryPurchaseFactory(account__programme=programme)
    found = asked(manager)
    assert (found.sales, found.places[0].sales, found.non_customers) == (None, None, [])
    assert found.market_share is None


def test_group_that_is_split_shows_what_is_unallocated(page, api, programme):
    """K086: companies are ranked, the group above them with what they do not explain."""
    group = AccountFactory(programme=programme, name="Group")
    north, south = (AccountFactory(parent=group, name=name) for name in ("North", "South"))
    plant = AccountFactory(parent=south, name="Plant")
    CategoryPurchaseFactory(account=group, amount=100)
    CategoryPurchaseFactory(account=north, amount=60)
    site = SiteFactory(account=plant)
    CategoryPurchaseFactory(account=plant, site=site, amount=30)
    body = api().json()
    assert [(row["name"], D(row["purchases"])) for row in body["places"]] == [
        ("North", 60),
        ("South", 30),
    ]
    assert [(row["name"], D(row["unallocated"])) for row in body["groups"]] == [("Group", 10)]
    assert (D(body["total"]), D(body["others_purchases"])) == (100, 10)
    assert "Unallocated" in page().content.decode()
    Account.objects.filter(pk=group.pk).update(decision_level=True)
    body = api().json()
    assert [row["name"] for row in body["places"]] == ["Group"]
    assert body["groups"] == []


def test_foreign_money_is_converted_or_left_out(manager, programme):
    ExchangeRate.objects.create(
        programme=programme, currency="USD", rate=D("0.5"), valid_from=datetime.date(2025, 1, 1)
    )
    CategoryPurchaseFactory(account__programme=programme, amount=10, currency="USD")
    CategoryPurchaseFactory(account__programme=programme, amount=10, currency="CHF")
    found = asked(manager)
    assert [row.purchases for row in found.places] == [5]
    assert found.left_out == {"unrated": 1}


def test_ranking_of_many_is_paged_and_adds_up(page, api, programme):
    names = [Account(programme=programme, name=f"A{n:05}") for n in range(260)]
    accounts = Account.objects.bulk_create(names)
    for account in accounts:
        account.path, account.root_id = f"/{account.pk}/", account.pk
    Account.objects.bulk_update(accounts, ["path", "root"])
    year = {"period_from": "2025-01-01", "period_until": "2025-12-31", "currency": "EUR"}
    CategoryPurchase.objects.bulk_create(
        CategoryPurchase(programme=programme, account=account, amount=n + 1, **year)
        for n, account in enumerate(accounts)
    )
    first, second = page(), page(page=6)
    assert [row.place.rank for row in first.context["rows"]] == list(range(1, 51))
    assert [row.place.rank for row in second.context["rows"]] == list(range(251, 261))
    assert second.context["rows"][-1].place.cumulative == 1
    body = api().json()
    assert (len(body["places"]), body["next_after"]) == (200, 200)
    rest = api(after=200).json()
    assert ([row["rank"] for row in rest["places"]][:1], rest["next_after"]) == ([201], None)
    assert sum(D(row["purchases"]) for row in body["places"] + rest["places"]) == D(body["total"])


@pytest.mark.parametrize("count", [1, 3])
def test_query_count_of_the_map(client, manager, programme, count, django_assert_num_queries):
    CategoryPurchaseFactory.create_batch(count, account__programme=programme)
    client.force_login(manager)
    url = reverse("accounts:market_map")
    client.get(url)
    with django_assert_num_queries(MAP_QUERIES):
        answer = client.get(url)
    assert len(answer.context["rows"]) == count


MAP_QUERIES = 15


def test_map_is_for_who_reads_the_whole_programme(client, programme, handbook):
    birch = handbook["Birch Logistics"]
    birch.team = TeamFactory(programme=programme)
    birch.save(update_fields=["team"])
    keeper = MembershipFactory(team=birch.team, role="kam").user
    client.force_login(keeper)
    answer = client.get(reverse("accounts:market_map"))
    assert (answer.status_code, answer.context["map"]) == (200, None)
    assert b"Alder" not in answer.content
    assert b"Birch" not in answer.context["form"].as_p().encode()
    refused = caller(keeper).get(API)
    assert refused.status_code == 400
    assert "200" not in str(refused.json()["errors"])
    started = client.post(reverse("plans:from_map", args=[birch.pk]))
    assert started.status_code == 302
    assert [str(message) for message in get_messages(started.wsgi_request)] == [
        "Birch Logistics has no place in this map."
    ]
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    "given",
    [
        {"programme": "999999"},
        {"category": "999999"},
        {"period": "2025"},
        {"measure": "weight"},
        {"use_type": "both"},
        {"channel": "999999"},
    ],
)
def test_what_cannot_be_understood_is_said_beside_the_field(page, api, handbook, given):
    answer = page(**given)
    assert (answer.status_code, answer.context["map"]) == (200, None)
    assert set(answer.context["form"].errors) == set(given)
    refused = api(**given)
    assert refused.status_code == 400
    assert api(after="x").status_code == 400
    assert api(colour="red").status_code == 400


def test_lines_and_channels_of_other_programmes_are_not_offered(page, handbook):
    line = ProductLineFactory(programme=ProgrammeFactory(), name="Secret line")
    assert "Secret line" not in page().content.decode()
    assert page(category=line.pk).context["map"] is None


def test_row_becomes_a_candidate_with_the_figures_as_reason(client, manager, handbook):
    birch = handbook["Birch Logistics"]
    Account.objects.filter(pk=birch.pk).update(status="maintained")
    client.force_login(manager)
    page = client.get(reverse("accounts:market_map")).content.decode()
    url = reverse("accounts:market_map_propose", args=[birch.pk])
    assert url in page
    assert client.post(url, follow=True).status_code == 200
    birch.refresh_from_db()
    step = birch.status_changes.get()
    assert (birch.status, step.to_status, step.decided_by) == ("candidate", "candidate", manager)
    assert "rank 2" in step.reason
    assert client.get(url).status_code == 405


def test_row_becomes_a_plan_that_holds_the_figures(client, manager, handbook):
    """K091."""
    birch = handbook["Birch Logistics"]
    client.force_login(manager)
    page = client.get(reverse("accounts:market_map")).content.decode()
    url = reverse("plans:from_map", args=[birch.pk])
    assert url in page
    answer = client.post(f"{url}?measure=amount")
    assert answer["Location"] == reverse("plans:of_account", args=[birch.pk])
    plan = Plan.objects.get()
    assert (plan.account, plan.status, plan.author) == (birch, "draft", manager)
    assert plan.rationale.replace("\xa0", " ").splitlines()[1:] == [
        "Buys 26,000,000 EUR (estimated): rank 2, 13.00 % of the category.",
        "Our sales 10,400,000 EUR, 40.0 % of that; gap 15,600,000 EUR.",
    ]
    again = client.post(url, follow=True)
    assert "The account has a plan for this period." in again.content.decode()
    assert Plan.objects.count() == 1
    alder = handbook["Alder Foods"]
    client.post(reverse("plans:from_map", args=[alder.pk]))
    assert "No customer yet" in Plan.objects.get(account=alder).rationale


# Real files


@pytest.mark.realdata
@pytest.mark.one_database
def test_northwind_is_ranked_as_its_lines_add_up(manager, shared_data):
    sums = defaultdict(Decimal)
    for row in rows_of(shared_data / "northwind" / "order_lines.csv"):
        amount = D(row["UnitPrice"]) * D(row["Quantity"]) * (1 - D(row["Discount"]))
        sums[row["CustomerID"], row["Category"], row["OrderDate"][:4]] += amount
    rows = [["CustomerID", "Category", "Year", "Purchase value"]]
    rows += [[*key, amount] for key, amount in sums.items()]
    bring(manager, written(rows), name="northwind.csv", options={"unknown": "create"})
    named = dict(Account.objects.values_list("pk", "external_ids__value"))
    customers = defaultdict(Decimal)
    for (customer, _category, of), amount in sums.items():
        customers[customer] += amount if of == "1997" else 0
    expected = sorted(
        ((amount, name) for name, amount in customers.items() if amount), reverse=True
    )
    found = asked(manager, period="1997-01-01/1997-12-31")
    assert [(named[row.account], row.purchases) for row in found.places] == [
        (name, amount) for amount, name in expected
    ]
    total = sum(amount for amount, _name in expected)
    over = [name for amount, name in expected if amount > total / 100]
    assert [named[row.account] for row in found.candidates] == over
    running = list(accumulate(amount for amount, _name in expected))
    assert found.pareto == 1 + sum(amount < total * D("0.8") for amount in running)


@pytest.mark.realdata
@pytest.mark.one_database
def test_wholesale_customers_are_ranked_by_all_categories_and_by_one(manager, shared_data):
    names = ("Fresh", "Milk", "Grocery", "Frozen", "Detergents_Paper", "Delicassen")
    source = rows_of(shared_data / "wholesale_customers.csv")
    rows = [["Customer ID", "Channel", "Category", "Amount", "Use type"]]
    for number, row in enumerate(source, start=1):
        channel = {"1": "HoReCa", "2": "Retail"}[row["Channel"]]
        rows += [[f"W{number}", channel, name, row[name], "resale"] for name in names]
    bring(manager, written(rows), options={"unknown": "create", "period": "2011"})
    sums = sorted((sum(int(row[name]) for name in names) for row in source), reverse=True)
    found = asked(manager)
    assert [row.purchases for row in found.places] == sums
    assert found.total == sum(sums)
    assert len(found.candidates) == sum(100 * amount > sum(sums) for amount in sums)
    retail = asked(
        manager, channel=str(Account.objects.filter(channel__name="Retail")[0].channel_id)
    )
    assert len(retail.places) == 142
    milk = asked(
        manager, category=str(CategoryPurchase.objects.filter(category__name="Milk")[0].category_id)
    )
    assert milk.total == sum(int(row["Milk"]) for row in source)


@pytest.fixture
def ledger(programme):
    """A ledger that ended years ago, and no purchases: 60, 30, 12 and a return of 2."""
    accounts = {}
    for name, amount in (("Fig", 60), ("Gum", 30), ("Hop", 12), ("Ilex", -2)):
        accounts[name] = AccountFactory(programme=programme, name=name, status="maintained")
        month = datetime.date(2011, 12, 1)
        MonthTotalFactory(account=accounts[name], month=month, revenue=amount * MILLION)
    month = datetime.date(2010, 12, 1)
    MonthTotalFactory(account=accounts["Hop"], month=month, revenue=500 * MILLION)
    return accounts


def test_ledger_alone_ranks_customers_by_our_sales_of_its_last_year(page, api, ledger):
    answer = page()
    found = answer.context["map"]
    assert [answer.context["rows"][place].account.name for place in range(4)] == list(ledger)
    assert (found.total, found.pareto) == (100 * MILLION, 2)
    assert found.asked.period[:2] == (datetime.date(2011, 1, 1), datetime.date(2011, 12, 31))
    text = answer.content.decode()
    assert "Customers by what they buy from us" in text
    assert "2 of 4 customers make 80 % of our sales." in text
    assert "Share of wallet" not in text
    body = api().json()
    assert (body["measure"], body["pareto"], body["sales"]) == ("sales", 2, "100000000.000000")
    assert [row["share"] for row in body["places"]][:2] == ["0.60000000", "0.30000000"]
    assert api(measure="amount").status_code == 400
    refused = api(measure="sales", use_type="resale")
    assert refused.status_code == 400


def test_children_of_a_group_are_ranked_where_buying_is_decided(manager, programme, ledger):
    for name, amount in (("Group", 5), ("East", 40), ("West", 25)):
        parent = None if name == "Group" else ledger["Group"]
        ledger[name] = AccountFactory(programme=programme, name=name, parent=parent)
        month = datetime.date(2011, 12, 1)
        MonthTotalFactory(account=ledger[name], month=month, revenue=amount * MILLION)
    found = asked(manager, measure="sales")
    names = {account.pk: name for name, account in ledger.items()}
    assert [names[row.account] for row in found.places][:4] == ["Fig", "East", "Gum", "West"]
    assert sum(row.purchases for row in found.places) == found.total == 170 * MILLION


def test_purchases_known_rank_by_amount_and_sales_on_demand(page, handbook):
    assert page().context["map"].asked.measure == "amount"
    found = page(measure="sales").context["map"]
    assert (found.places[0].purchases, found.total) == (D("12.6") * MILLION, 50 * MILLION)


def test_all_over_the_threshold_become_candidates_at_once(client, page, ledger):
    assert page().context["unweighed"] == 3
    url = reverse("accounts:market_map_propose_all")
    answer = client.post(f"{url}?measure=sales", follow=True)
    assert "3 candidates more." in answer.content.decode()
    statuses = dict(Account.objects.values_list("name", "status"))
    assert statuses == {
        "Fig": "candidate",
        "Gum": "candidate",
        "Hop": "candidate",
        "Ilex": "maintained",
    }
    reason = ledger["Fig"].status_changes.get().reason
    assert "60,000,000 EUR, rank 1, 60.00\N{NO-BREAK SPACE}% of all" in reason
    again = client.post(f"{url}?measure=sales", follow=True)
    assert "Nobody in this map" in again.content.decode()


def test_nobody_else_makes_candidates(client, programme, ledger):
    ledger["Fig"].team = TeamFactory(programme=programme)
    ledger["Fig"].save(update_fields=["team"])
    client.force_login(MembershipFactory(team=ledger["Fig"].team, role="kam").user)
    client.post(reverse("accounts:market_map_propose_all"))
    assert set(Account.objects.values_list("status", flat=True)) == {"maintained"}
