"""The formulas of the trade-channel map with the numbers of handbook 3.4."""

import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import figures, market
from accounts.models import Account, CategoryPurchase
from tests.factories.accounts import (
    AccountFactory,
    CategoryPurchaseFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    ProductFactory,
    ProductLineFactory,
    SiteFactory,
)

D = Decimal
TOTAL = D("200.0")
CATEGORY = (
    # customer, purchases, share, cumulative, over 1 %, our sales, share of wallet, gap
    ("Alder Foods", "38.0", "19.00", "19.00", True, "0", "0", "38.0"),
    ("Birch Logistics", "26.0", "13.00", "32.00", True, "10.4", "40", "15.6"),
    ("Cedar Health", "21.0", "10.50", "42.50", True, "12.6", "60", "8.4"),
    ("Dogwood Energy", "18.0", "9.00", "51.50", True, "9.0", "50", "9.0"),
    ("Elm Retail", "15.0", "7.50", "59.00", True, "6.0", "40", "9.0"),
    ("Fir Mobility", "12.0", "6.00", "65.00", True, "0", "0", "12.0"),
    ("Gorse Packaging", "9.0", "4.50", "69.50", True, "1.8", "20", "7.2"),
    ("Hazel Media", "7.0", "3.50", "73.00", True, "4.2", "60", "2.8"),
    ("Ivy Hotels", "5.0", "2.50", "75.50", True, "0.5", "10", "4.5"),
    ("Juniper Labs", "3.0", "1.50", "77.00", True, "0", "0", "3.0"),
    ("Kauri Print", "2.0", "1.00", "78.00", False, "1.0", "50", "1.0"),
    ("Larch Tools", "1.5", "0.75", "78.75", False, "0.9", "60", "0.6"),
)
OTHERS, SOLD_TO_OTHERS = D("42.5"), D("3.6")
YEAR = (datetime.date(2025, 1, 1), datetime.date(2025, 12, 31))


def rows():
    return market.ranked([(row[0], D(row[1])) for row in reversed(CATEGORY)], TOTAL)


def test_ranking_is_that_of_the_handbook():
    found = [(row.rank, row.of, row.purchases, row.share, row.cumulative) for row in rows()]
    assert found == [
        (rank, name, D(amount), D(share) / 100, D(cumulative) / 100)
        for rank, (name, amount, share, cumulative, *_rest) in enumerate(CATEGORY, start=1)
    ]


def test_candidates_have_more_than_the_threshold():
    """Exactly 1.00 % is not flagged, 1.01 % is (K090)."""
    names = [row.of for row in market.candidates(rows(), D("0.01"))]
    assert names == [row[0] for row in CATEGORY if row[4]]
    edge = market.ranked([("a", D("1.00")), ("b", D("1.01"))], D(100))
    assert [row.of for row in market.candidates(edge, D("0.01"))] == ["b"]


def test_wallet_and_gap_are_those_of_the_handbook():
    for _name, amount, *_shares, sold, percent, gap in CATEGORY:
        assert market.share_of_wallet(D(sold), D(amount)) == D(percent) / 100
        assert market.gap(D(sold), D(amount)) == D(gap)
    assert round(market.share_of_wallet(SOLD_TO_OTHERS, OTHERS), 3) == D("0.085")
    assert market.gap(SOLD_TO_OTHERS, OTHERS) == D("38.9")


def test_results_below_the_table_hold():
    over = [row for row in CATEGORY if row[4]]
    assert sum(D(row[1]) for row in over) == D("154.0")
    assert sum(D(row[5]) for row in over) == D("44.5")
    assert sum(D(row[7]) for row in over) == D("109.5")
    assert sum(D(row[1]) for row in over if row[5] == "0") == D("53.0")
    sold = sum(D(row[5]) for row in CATEGORY) + SOLD_TO_OTHERS
    assert market.share_of_wallet(sold, TOTAL) == D("0.25")


def test_eighty_per_cent_lie_in_the_tail_here():
    assert market.pareto(rows()) is None
    assert market.pareto(market.ranked([("a", D(70)), ("b", D(10)), ("c", D(5))], D(100))) == 2


def test_parents_show_what_is_unallocated():
    """K086: the parent's total is the sum of its children, or the difference is shown."""
    assert market.unallocated(TOTAL, [D(row[1]) for row in CATEGORY]) == OTHERS
    assert market.unallocated(D(10), [D(4), None, D(6)]) == 0
    assert market.unallocated(D(10), [D(12)]) == -2
    assert market.unallocated(None, [D(12)]) is None


def test_what_is_not_known_has_no_place_and_no_share():
    found = market.ranked([("a", None), ("b", D(0)), ("c", D(1))], None)
    assert [(row.of, row.share) for row in found] == [("c", None), ("b", None)]
    assert market.candidates(found, D("0.01")) == []
    assert market.share_of_wallet(D(1), D(0)) is None
    assert market.gap(None, D(1)) is None


AMOUNTS = st.lists(st.decimals(0, 10**9, places=2) | st.none(), max_size=20)


@given(amounts=AMOUNTS)
def test_ranking_falls_and_adds_up(amounts):
    total = sum(filter(None, amounts), D(0))
    found = market.ranked(list(enumerate(amounts)), total)
    assert [row.rank for row in found] == list(range(1, len(found) + 1))
    shown = [row.purchases for row in found]
    assert shown == sorted(shown, reverse=True)
    assert sum(shown) + market.unallocated(total, shown) == total
    if total:
        assert abs(found[-1].cumulative - 1) < D("1e-20")


def sell(account, amount, **values):
    values = {"booked_on": datetime.date(2025, 6, 1), "amount": D(amount), **values}
    return LedgerEntryFactory(account=account, **values)


def wallets(account, **more):
    purchases = list(CategoryPurchase.objects.filter(account=account).order_by("pk"))
    rates = figures.rates_on(account.programme, YEAR[1])
    whole = Account.objects.under(account)
    known = Account.objects.filter(programme=account.programme)
    found = market.wallets(purchases, whole, rates, known=known)
    return [(row.purchases, row.sales, row.share_of_wallet, row.gap) for row in found]


@pytest.mark.django_db
def test_wallet_compares_same_category_and_days():
    line = ProductLineFactory()
    birch = AccountFactory(programme=line.programme)
    below = AccountFactory(parent=birch)
    product = ProductFactory(programme=line.programme, line=line)
    MonthTotalFactory(account=birch, month=YEAR[0])
    sell(birch, 4, product=product)
    sell(below, 6, product=product)
    sell(birch, 100)
    sell(birch, 1000, product=product, booked_on=datetime.date(2026, 1, 1))
    CategoryPurchaseFactory(account=birch, category=line, amount=D(40))
    CategoryPurchaseFactory(account=birch, amount=D(220))
    assert wallets(birch) == [(40, 10, D("0.25"), 30), (220, 110, D("0.5"), 110)]


@pytest.mark.django_db
def test_wallet_is_not_available_where_an_input_is_missing():
    birch = AccountFactory(programme__currency="GBP")
    MonthTotalFactory(account=birch, month=YEAR[0])
    sell(birch, 4)
    site = SiteFactory(account=birch)
    CategoryPurchaseFactory(account=birch, amount=D(40), currency="CHF")
    CategoryPurchaseFactory(account=birch, amount=None, volume=D(5), use_type="resale")
    CategoryPurchaseFactory(account=birch, site=site, amount=D(10))
    old = datetime.date(2024, 1, 1)
    CategoryPurchaseFactory(account=birch, period_from=old, period_until=old, amount=D(10))
    assert wallets(birch) == [
        (None, 4, None, None),
        (None, 4, None, None),
        (10, None, None, None),
        (10, None, None, None),
    ]
    sell(birch, 1, currency="CHF")
    assert wallets(birch)[0] == (None, None, None, None)


@pytest.mark.django_db
def test_non_customers_have_sales_of_nothing():
    """Alder, Fir, Juniper: no sales is 0 where the ledger covers the days (3.4)."""
    alder = AccountFactory()
    MonthTotalFactory(account__programme=alder.programme, month=YEAR[0])
    CategoryPurchaseFactory(account=alder, amount=D(38))
    assert wallets(alder) == [(38, 0, 0, 38)]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_wallets_take_two_queries(django_assert_num_queries, count):
    birch = AccountFactory()
    for month in range(1, count + 1):
        first = datetime.date(2025, month, 1)
        CategoryPurchaseFactory(account=birch, period_from=first)
    rates = figures.rates_on(birch.programme, YEAR[1])
    rows = list(CategoryPurchase.objects.all())
    accounts = Account.objects.filter(pk=birch.pk)
    with django_assert_num_queries(2):
        assert len(market.wallets(rows, accounts, rates, known=accounts)) == count
