"""Money of accounts: sums, missing inputs, conversion, the Pareto point (handbook 0, 3.4, 4.6)."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from accounts import figures
from accounts.models import Account
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    ExchangeRateFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
)
from tests.factories.teams import ProgrammeFactory

pytestmark = pytest.mark.django_db

YEAR = figures.Period(datetime.date(2025, 6, 1), datetime.date(2026, 5, 31))
MAY = datetime.date(2026, 5, 1)


def rates_of(programme, on=datetime.date(2026, 5, 31)):
    return figures.rates_on(programme, on)


def everything():
    return Account.objects.all()


def test_totals_reproduce_the_statement_of_birch():
    """Handbook 4.6, in thousands: net revenue, margin, cost to serve, contribution."""
    birch = AccountFactory(programme__currency="EUR")
    MonthTotalFactory(account=birch, revenue=10_400, cost=6_448, lines=9, lines_without_cost=0)
    for name, amount in {"logistics": 500, "service": 340, "orders": 90, "sales": 150}.items():
        activity = ActivityFactory(programme=birch.programme, code=name)
        ActivityCostFactory(account=birch, activity=activity, amount=amount)
    programme_cost = {"manager": 140, "team": 180, "executive": 24, "tools": 20, "training": 12}
    for name, amount in programme_cost.items():
        activity = ActivityFactory(programme=birch.programme, code=name, programme_cost=True)
        ActivityCostFactory(account=birch, activity=activity, amount=amount)
    found = figures.totals(everything(), YEAR, rates_of(birch.programme))
    assert (found.revenue, found.gross_margin) == (10_400, 3_952)
    assert (found.cost_to_serve, found.contribution) == (1_456, 2_496)
    assert found.margin_ratio == Decimal("0.38")
    assert found.contribution_ratio == Decimal("0.24")
    assert found.cost_to_serve_ratio == Decimal("0.14")
    assert found.missing == ()


def test_totals_unknown_cost_is_not_zero():
    account = AccountFactory()
    MonthTotalFactory(account=account, revenue=100, cost=40, lines=3, lines_without_cost=1)
    ActivityCostFactory(account=account, amount=5)
    found = figures.totals(everything(), YEAR, rates_of(account.programme))
    assert (found.revenue, found.cost, found.gross_margin) == (100, None, None)
    assert (found.cost_to_serve, found.contribution) == (5, None)
    assert found.missing == ("cost of goods of 1 line",)


def test_totals_without_recorded_cost_to_serve_have_no_contribution():
    account = AccountFactory()
    MonthTotalFactory(account=account, revenue=100, cost=40, lines_without_cost=0)
    found = figures.totals(everything(), YEAR, rates_of(account.programme))
    assert (found.gross_margin, found.cost_to_serve, found.contribution) == (60, None, None)
    assert found.missing == ("cost to serve",)


def test_totals_name_accounts_without_cost_to_serve():
    served = AccountFactory()
    other = AccountFactory(programme=served.programme)
    for account in (served, other):
        MonthTotalFactory(account=account, cost=40, lines_without_cost=0)
    ActivityCostFactory(account=served, amount=5)
    found = figures.totals(everything(), YEAR, rates_of(served.programme))
    assert found.contribution is None
    assert found.missing == ("cost to serve of 1 accounts",)


def test_totals_trial_budget_without_sales_is_a_negative_contribution():
    """Fir: nothing sold, a trial budget spent."""
    account = AccountFactory()
    ActivityCostFactory(account=account, amount=180)
    found = figures.totals(everything(), YEAR, rates_of(account.programme))
    assert (found.revenue, found.contribution, found.contribution_ratio) == (0, -180, None)


def test_totals_convert_at_the_rate_of_the_last_day():
    account = AccountFactory(programme__currency="GBP")
    ExchangeRateFactory(
        programme=account.programme,
        currency="EUR",
        valid_from=datetime.date(2025, 1, 1),
        rate=Decimal("0.80"),
    )
    ExchangeRateFactory(
        programme=account.programme,
        currency="EUR",
        valid_from=datetime.date(2026, 5, 1),
        rate=Decimal("0.90"),
    )
    MonthTotalFactory(account=account, currency="EUR", revenue=100)
    MonthTotalFactory(account=account, currency="GBP", revenue=10)
    found = figures.totals(everything(), YEAR, rates_of(account.programme))
    assert (found.revenue, found.currency) == (100, "GBP")


def test_rates_of_the_past_are_not_read():
    programme = ProgrammeFactory(currency="GBP")
    for day in range(1, 6):
        for currency in ("EUR", "USD"):
            on = MAY.replace(day=day)
            ExchangeRateFactory(programme=programme, currency=currency, valid_from=on, rate=day)
    ExchangeRateFactory(
        programme=programme,
        currency="EUR",
        valid_from=MAY.replace(day=6),
        rate=9,
        archived_at=programme.created_at,
    )
    asked = []

    def note(execute, sql, parameters, many, context):
        asked.append((sql, parameters))
        return execute(sql, parameters, many, context)

    with connection.execute_wrapper(note):
        assert rates_of(programme, MAY.replace(day=4)).factors == {"EUR": 4, "USD": 4, "GBP": 1}
    assert rates_of(programme).factors == {"EUR": 5, "USD": 5, "GBP": 1}
    assert rates_of(ProgrammeFactory(currency="EUR")).factors == {"EUR": 1}
    with connection.cursor() as cursor:
        cursor.execute(*asked[0])
        assert len(cursor.fetchall()) == 2


def test_totals_refuse_to_add_a_currency_without_rate():
    account = AccountFactory(programme__currency="GBP")
    MonthTotalFactory(account=account, currency="DKK", revenue=100)
    MonthTotalFactory(account=account, currency="GBP", revenue=10)
    found = figures.totals(everything(), YEAR, rates_of(account.programme))
    assert (found.revenue, found.gross_margin) == (None, None)
    assert found.missing[0] == "exchange rate on 2026-05-31"


def test_totals_of_days_inside_a_month_read_the_lines():
    account = AccountFactory()
    for day in (9, 10, 20):
        LedgerEntryFactory(account=account, booked_on=datetime.date(2026, 5, day), cost=60)
    period = figures.Period(datetime.date(2026, 5, 10), datetime.date(2026, 5, 19))
    found = figures.totals(everything(), period, rates_of(account.programme))
    assert (found.revenue, found.gross_margin, found.lines) == (100, 40, 1)


def test_group_totals_count_nothing_twice():
    top = AccountFactory()
    child = AccountFactory(parent=top)
    grandchild = AccountFactory(parent=child)
    for account in (top, child, grandchild):
        MonthTotalFactory(account=account)
    below = Account.objects.under(top)
    assert figures.totals(below, YEAR, rates_of(top.programme)).revenue == 300
    assert (
        figures.totals(Account.objects.under(child), YEAR, rates_of(top.programme)).revenue == 200
    )


def test_by_month_keeps_months_apart():
    account = AccountFactory()
    MonthTotalFactory(account=account, month=datetime.date(2026, 4, 1), revenue=70)
    MonthTotalFactory(account=account, month=MAY, revenue=30)
    ActivityCostFactory(account=account, month=MAY, amount=5)
    months = figures.by_month(everything(), YEAR, rates_of(account.programme))
    assert [
        (row.month.month, row.figures.revenue, row.figures.cost_to_serve) for row in months
    ] == [
        (4, 70, None),
        (5, 30, 5),
    ]


def test_with_figures_sorts_and_leaves_unknown_open(django_assert_num_queries):
    first = AccountFactory(name="Known")
    second = AccountFactory(name="Costless", programme=first.programme)
    AccountFactory(name="Nothing", programme=first.programme)
    MonthTotalFactory(account=first, revenue=100, cost=40, lines_without_cost=0)
    MonthTotalFactory(account=first, month=datetime.date(2025, 5, 1), revenue=80)
    MonthTotalFactory(account=second, revenue=200)
    for account in (first, second):
        ActivityCostFactory(account=account, amount=5)
    rates = rates_of(first.programme)
    with django_assert_num_queries(1):
        rows = list(figures.with_figures(everything(), YEAR, rates).order_by("-revenue", "pk"))
    assert [(row.name, row.revenue, row.contribution, row.revenue_before) for row in rows] == [
        ("Costless", 200, None, 0),
        ("Known", 100, 55, 80),
        ("Nothing", 0, None, 0),
    ]


@pytest.mark.parametrize("count", [1, 3])
def test_compared_query_count(count, django_assert_num_queries):
    programme = ProgrammeFactory()
    for account in AccountFactory.create_batch(count, programme=programme):
        MonthTotalFactory(account=account)
    rates = rates_of(programme)
    with django_assert_num_queries(2):
        now, before = figures.compared(everything(), (YEAR, YEAR.year_before()), rates)
    assert (now.revenue, before.revenue) == (100 * count, 0)


@pytest.mark.parametrize(
    ("on", "first", "last"),
    [
        ("2026-06-01", "2025-06-01", "2026-05-31"),
        ("2026-03-15", "2025-03-01", "2026-02-28"),
        ("2028-02-29", "2027-02-01", "2028-01-31"),
    ],
)
def test_trailing_year_ends_with_the_last_whole_month(on, first, last):
    period = figures.trailing_year(datetime.date.fromisoformat(on))
    assert period == figures.Period(*map(datetime.date.fromisoformat, (first, last)))
    assert period.is_whole_months
    assert period.year_before().is_whole_months


@given(st.dates(datetime.date(2000, 1, 1), datetime.date(2050, 1, 1)))
def test_trailing_year_has_twelve_whole_months_and_so_has_the_year_before(on):
    period = figures.trailing_year(on)
    before = period.year_before()
    assert period.last < on
    assert before.last + datetime.timedelta(days=1) == period.first
    assert 365 <= (period.last - period.first).days + 1 <= 366


def test_pareto_is_the_smallest_set_that_reaches_eighty_percent():
    """K055: the handbook's own sales of 3.4 – 12.6 10.4 9.0 6.0 make 38.0 of 46.4 (81.9 %)."""
    sales = [
        Decimal(text) for text in ["12.6", "10.4", "9.0", "6.0", "4.2", "1.8", "1.0", "0.9", "0.5"]
    ]
    assert figures.pareto(iter(sales), sum(sales)) == (Decimal("0.8"), 4)
    assert figures.pareto(iter([]), Decimal(0)).accounts is None
    assert figures.pareto(iter([]), None).accounts is None


@given(st.lists(st.decimals(-1000, 1000, places=2), min_size=1, max_size=40))
def test_pareto_properties(amounts):
    ordered = sorted(amounts, reverse=True)
    total = sum(ordered)
    found = figures.pareto(iter(ordered), total).accounts
    if total <= 0:
        assert found is None
    else:
        assert sum(ordered[:found]) >= Decimal("0.8") * total
        assert found == 1 or sum(ordered[: found - 1]) < Decimal("0.8") * total


def test_change_ratio_is_relative_to_the_size_of_the_base():
    assert figures.change_ratio(Decimal(110), Decimal(100)) == Decimal("0.1")
    assert figures.change_ratio(Decimal(50), Decimal(-100)) == Decimal("1.5")
    assert figures.change_ratio(Decimal(50), Decimal(0)) is None
    assert figures.change_ratio(None, Decimal(1)) is None
