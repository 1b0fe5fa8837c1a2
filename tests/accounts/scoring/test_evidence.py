"""What the data suggest, from stored purchases, ledger and sites (K052, K056; handbook 3.1-3.4)."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts import figures
from accounts.models import Account
from accounts.scoring.evidence import Readiness, evidence_of, with_span
from tests.accounts.scoring.test_scoring import PURCHASES
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    CategoryPurchaseFactory,
    ChannelFactory,
    MonthTotalFactory,
    ProductLineFactory,
    SiteFactory,
)
from tests.factories.teams import MembershipFactory, ProgrammeFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
ON = datetime.date(2026, 6, 15)
YEAR = (datetime.date(2025, 6, 1), datetime.date(2026, 5, 31))
BEFORE = (datetime.date(2024, 6, 1), datetime.date(2025, 5, 31))
MILLION = 1_000_000


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


def buys(holder, amount, days=YEAR, **values):
    kind = "account" if isinstance(holder, Account) else "channel"
    return CategoryPurchaseFactory(
        **{kind: holder},
        amount=Decimal(amount) * MILLION,
        currency=holder.programme.currency,
        period_from=days[0],
        period_until=days[1],
        **values,
    )


def sells(account, amount, month=YEAR[0], **values):
    return MonthTotalFactory(
        account=account,
        month=month,
        currency=account.programme.currency,
        revenue=Decimal(amount) * MILLION,
        **{"cost": 0, "lines_without_cost": 0, **values},
    )


def found(account, reader):
    account.refresh_from_db()
    return evidence_of([account], programme=account.programme, reader=reader, on=ON)[account.pk]


def scores(account, reader):
    return {code: item.score for code, item in found(account, reader).suggestions.items()}


def test_suggestions_for_the_handbooks_customers(programme, director):
    """A2 and A3 of 3.2: Alder 10 and 0, Birch 9 and 10, and so on, with where they come from."""
    buys(ChannelFactory(programme=programme), 200)
    accounts = {}
    for name, (bought, sold, *_scores) in PURCHASES.items():
        accounts[name] = AccountFactory(programme=programme, name=name)
        buys(accounts[name], bought)
        if sold != "0":
            sells(accounts[name], sold)
    sells(AccountFactory(programme=programme), Decimal(50) - Decimal("44.0"))
    rows = evidence_of(list(accounts.values()), programme=programme, reader=director, on=ON)
    for name, (_bought, _sold, size, turnover) in PURCHASES.items():
        suggested = rows[accounts[name].pk].suggestions
        assert (suggested["A2"].score, suggested["A3"].score) == (size, turnover), name
    birch = rows[accounts["Birch"].pk].suggestions
    assert "26,000 of 200,000 k" in birch["A2"].source
    assert "10,400 of 50,000 k" in birch["A3"].source


def test_growth_is_judged_beside_the_market(programme, director):
    channel = ChannelFactory(programme=programme)
    birch = AccountFactory(programme=programme)
    for holder, before, now in ((channel, 100, 105), (birch, 10, 11)):
        buys(holder, before, BEFORE)
        buys(holder, now)
    assert scores(birch, director)["A1"] == 8  # 10 % between 5 % (5) and 15 % (10), half up
    assert "market +5.0" in found(birch, director).suggestions["A1"].source


def test_growth_of_one_year_alone_or_without_a_market_is_not_known(programme, director):
    birch = AccountFactory(programme=programme)
    buys(birch, 11)
    assert "A1" not in scores(birch, director)
    buys(birch, 10, BEFORE)
    assert "A1" not in scores(birch, director)


def test_market_is_that_of_the_topmost_channels_and_the_same_category(programme, director):
    trade = ChannelFactory(programme=programme)
    hotels = ChannelFactory(programme=programme, parent=trade)
    line = ProductLineFactory(programme=programme)
    buys(trade, 100)
    buys(hotels, 40)
    buys(trade, 10, category=line)
    whole, part = AccountFactory.create_batch(2, programme=programme)
    buys(whole, 3)
    buys(part, 1, category=line, use_type="resale")
    buys(part, "0.5", category=line, use_type="own_input")
    assert scores(whole, director)["A2"] == 5  # 3 of 100
    assert scores(part, director)["A2"] == 10  # 1.5 of 10
    other = AccountFactory(programme=programme)
    buys(other, 1, category=ProductLineFactory(programme=programme))
    assert "A2" not in scores(other, director)


def test_profit_cost_to_serve_places_and_depth(programme, director):
    birch, alder = AccountFactory.create_batch(2, programme=programme)
    money = {"currency": programme.currency}
    sells(birch, 10, cost=6 * MILLION)
    sells(birch, 10, BEFORE[0], cost=6 * MILLION)
    sells(alder, 10, cost=8 * MILLION)
    ActivityCostFactory(account=birch, month=YEAR[0], amount=1 * MILLION, **money)
    ActivityCostFactory(account=birch, month=BEFORE[0], amount=Decimal("1.25") * MILLION, **money)
    assert "A4" not in scores(birch, director)  # alder's cost to serve is not known
    ActivityCostFactory(account=alder, month=YEAR[0], amount=1 * MILLION, **money)
    SiteFactory(account=birch, country="Italy")
    SiteFactory(account=birch, country="Norway")
    SiteFactory(account=alder, country="Spain")
    Account.objects.filter(pk=birch.pk).update(relationship_index=Decimal("64.5"))
    assert scores(birch, director) == {"A3": 10, "A4": 10, "A5": 10, "A6": 10, "S3": 6}
    assert scores(alder, director) == {"A3": 10, "A4": 3, "A6": 10}


def test_region_in_which_we_sell_nothing_is_not_reached(programme, director):
    customer, buyer = AccountFactory.create_batch(2, programme=programme)
    sells(buyer, 1)
    SiteFactory(account=customer, country="Italy")
    SiteFactory(account=customer, country="norway")
    SiteFactory(account=buyer, country="Norway")
    assert scores(customer, director)["A6"] == 5


def test_what_is_not_known_is_not_suggested(programme, director):
    account = AccountFactory(programme=programme)
    assert scores(account, director) == {}
    buys(account, 5)
    assert scores(account, director) == {}


def test_sums_over_everybody_are_for_who_reads_the_whole_programme(programme, director):
    buys(ChannelFactory(programme=programme), 100)
    team = TeamFactory(programme=programme)
    birch = AccountFactory(programme=programme, team=team)
    manager = MembershipFactory(team=team, role="kam").user
    sells(birch, 1)
    buys(birch, 3)
    assert set(scores(birch, director)) == {"A2", "A3"}
    assert scores(birch, manager) == {}


def test_sales_of_what_lies_below_count(programme, director):
    group = AccountFactory(programme=programme)
    below = AccountFactory(programme=programme, parent=group)
    other = AccountFactory(programme=programme)
    sells(below, 5)
    sells(other, 95)
    assert scores(group, director)["A3"] == 5


def test_readiness_counts_the_four_fields(programme, director):
    """K056: what they buy, how much, our revenue, profit or potential."""
    account = AccountFactory(programme=programme)
    ready = found(account, director).readiness
    assert (ready, ready.share, ready.is_thin) == (Readiness(False, False, False, False), 0, True)
    buys(account, 5, category=ProductLineFactory(programme=programme))
    ready = found(account, director).readiness
    assert (ready.share, ready.is_thin) == (Decimal("0.5"), True)
    sells(account, 1)
    ready = found(account, director).readiness
    assert (ready.share, ready.is_thin) == (Decimal("0.75"), False)
    assert [str(name) for name in ready.missing] == ["profit or potential"]
    ActivityCostFactory(account=account, month=YEAR[0], amount=1, currency=programme.currency)
    assert found(account, director).readiness.share == 1


def test_page_of_accounts_asks_as_often_as_one(programme, director):
    def asked(accounts):
        with CaptureQueriesContext(connection) as queries:
            evidence_of(accounts, programme=programme, reader=director, on=ON)
        return len(queries)

    buys(ChannelFactory(programme=programme), 100)
    accounts = AccountFactory.create_batch(4, programme=programme)
    for account in accounts:
        buys(account, 3)
        sells(account, 1)
        SiteFactory(account=account, country="Italy")
        ActivityCostFactory(account=account, month=YEAR[0], currency=programme.currency)
    asked(accounts[:1])
    # roles (twice outside of a page), years of the ledger, rates, what is booked, purchases
    assert (asked(accounts), asked(accounts[:1])) == (6, 6)
    seen = Account.objects.filter(programme=programme)
    assert asked(list(with_span(seen, among=seen))) == 5


def test_accounts_with_the_span_of_the_ledger_say_the_same(programme, director):
    birch, other = AccountFactory.create_batch(2, programme=programme)
    sells(birch, 5)
    sells(other, 95)
    seen = Account.objects.filter(programme=programme)
    accounts = list(with_span(seen.order_by("pk"), among=seen))
    assert {row.sold_from for row in accounts} == {YEAR[0]}
    assert evidence_of(accounts, programme=programme, reader=director, on=ON) == evidence_of(
        [birch, other], programme=programme, reader=director, on=ON
    )


def test_rest_tells_suggestions_and_readiness(client, programme, director):
    birch = AccountFactory(programme=programme)
    Account.objects.filter(pk=birch.pk).update(relationship_index=Decimal(41))
    client.force_login(director)
    found = client.get("/api/v1/scorings/evidence/", {"account": birch.pk}).json()
    assert found == {
        "account": birch.pk,
        "suggestions": [{"code": "S3", "score": 4, "source": "relationship index 41.0 of 100"}],
        "readiness": 0.0,
        "is_thin": True,
    }
    assert client.get("/api/v1/scorings/evidence/").status_code == 400
    stranger = RoleGrantFactory(programme_manager=True, programme=ProgrammeFactory()).user
    client.force_login(stranger)
    answer = client.get("/api/v1/scorings/evidence/", {"account": birch.pk})
    assert answer.status_code == 400


@pytest.mark.postgres_only
def test_kept_sums_suggest_the_same(programme, director):
    accounts = AccountFactory.create_batch(3, programme=programme)
    for account, amount in zip(accounts, (5, 20, 75), strict=True):
        sells(account, amount, cost=amount * MILLION // 2)
    for account, spent in zip(accounts[:2], (1, 2), strict=True):
        month = {"month": YEAR[0], "currency": programme.currency}
        ActivityCostFactory(account=account, amount=spent * MILLION, **month)

    def said():
        return evidence_of(accounts, programme=programme, reader=director, on=ON)

    added_up = [said()]
    ActivityCostFactory(account=accounts[2], month=YEAR[0], currency=programme.currency)
    added_up.append(said())
    assert added_up[0] != added_up[1]  # an average, once every account has its costs
    figures.keep(programme, ON)
    period = figures.Period(*YEAR)
    assert figures.rates_on(programme, YEAR[1]).kept_for(period) is not None
    kept = said()
    assert kept == added_up[1]
    assert "A3" in kept[accounts[0].pk].suggestions
