"""Sales lines, costs to serve and rates entered by hand: totals stay true."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.models import ActivityCost, LedgerEntry, MonthTotal
from accounts.services import ledger
from tests.factories.accounts import AccountFactory, ActivityFactory, ProductFactory
from tests.factories.teams import RoleGrantFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = datetime.date(2026, 5, 10)


@pytest.fixture
def account():
    return AccountFactory(programme__currency="GBP")


@pytest.fixture
def director(account):
    return RoleGrantFactory(programme_manager=True, programme=account.programme).user


def line(**changes):
    return {"booked_on": DAY, "amount": Decimal(100), **changes}


def test_sales_line_adds_to_its_month(director, account):
    ledger.enter_sales_line(actor=director, account=account, changes=line(cost=Decimal(60)))
    ledger.enter_sales_line(actor=director, account=account, changes=line(amount=Decimal(-30)))
    total = MonthTotal.objects.get()
    assert (total.month, total.currency) == (datetime.date(2026, 5, 1), "GBP")
    assert (total.revenue, total.cost, total.lines, total.lines_without_cost) == (70, 60, 2, 1)


def test_sales_line_taken_back_leaves_no_empty_month(director, account):
    entry = ledger.enter_sales_line(actor=director, account=account, changes=line())
    ledger.remove_sales_line(actor=director, entry=entry)
    assert not MonthTotal.objects.exists()
    assert not LedgerEntry.objects.exists()


def test_sales_lines_are_all_or_none(director, account):
    lines = [line(), line(currency="euro")]
    with pytest.raises(ValidationError) as error:
        ledger.enter_sales_lines(actor=director, account=account, lines=lines)
    assert list(error.value.message_dict) == ["currency"]
    assert not LedgerEntry.objects.exists()
    assert not MonthTotal.objects.exists()


def test_sales_line_refuses_another_programmes_product(director, account):
    with pytest.raises(ValidationError):
        ledger.enter_sales_line(
            actor=director, account=account, changes=line(product=ProductFactory())
        )


def test_sales_line_is_refused_to_others(account):
    with pytest.raises(PermissionDenied):
        ledger.enter_sales_line(actor=UserFactory(), account=account, changes=line())
    assert not LedgerEntry.objects.exists()


def test_activity_cost_is_quantity_times_rate(director, account):
    """Handbook 4.6."""
    activity = ActivityFactory(programme=account.programme)
    cost = ledger.enter_activity_cost(
        actor=director,
        account=account,
        changes={
            "activity": activity,
            "month": DAY.replace(day=1),
            "quantity": Decimal(12),
            "rate": Decimal("7.50"),
        },
    )
    assert cost.amount == 90
    changed = ledger.update_activity_cost(
        actor=director, cost=cost, expected_version=1, changes={"quantity": Decimal(20)}
    )
    assert (changed.amount, changed.version) == (150, 2)


def test_activity_cost_belongs_to_a_month(director, account):
    activity = ActivityFactory(programme=account.programme)
    with pytest.raises(ValidationError) as error:
        ledger.enter_activity_cost(
            actor=director,
            account=account,
            changes={"activity": activity, "month": DAY, "amount": Decimal(1)},
        )
    assert list(error.value.message_dict) == ["month"]
    assert not ActivityCost.objects.exists()


def test_rate_of_the_own_currency_is_refused(director, account):
    with pytest.raises(ValidationError) as error:
        ledger.enter_exchange_rate(
            actor=director,
            programme=account.programme,
            changes={"currency": "GBP", "valid_from": DAY, "rate": Decimal(1)},
        )
    assert list(error.value.message_dict) == ["currency"]


class TestMonthTotals(TestCase):
    @settings(max_examples=25)
    @given(
        st.lists(
            st.tuples(
                st.dates(datetime.date(2026, 1, 1), datetime.date(2026, 3, 31)),
                st.decimals(-10_000, 10_000, places=2),
                st.none() | st.decimals(-10_000, 10_000, places=2),
                st.booleans(),
            ),
            max_size=6,
        )
    )
    def test_month_totals_equal_the_lines_that_are_left(self, rows):
        account = AccountFactory()
        director = RoleGrantFactory(programme_manager=True, programme=account.programme).user
        for day, amount, cost, removed in rows:
            entry = ledger.enter_sales_line(
                actor=director,
                account=account,
                changes={"booked_on": day, "amount": amount, "cost": cost},
            )
            if removed:
                ledger.remove_sales_line(actor=director, entry=entry)
        left = [(day.replace(day=1), amount, cost) for day, amount, cost, gone in rows if not gone]
        expected = {
            month: (
                sum(amount for on, amount, _ in left if on == month),
                sum(cost or 0 for on, _, cost in left if on == month),
                sum(on == month for on, _, _ in left),
                sum(on == month and cost is None for on, _, cost in left),
            )
            for month in {on for on, _, _ in left}
        }
        found = {
            total.month: (
                total.revenue.quantize(Decimal("0.01")),
                total.cost.quantize(Decimal("0.01")),
                total.lines,
                total.lines_without_cost,
            )
            for total in MonthTotal.objects.filter(account=account)
        }
        assert found == expected
