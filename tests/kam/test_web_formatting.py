"""Numbers, money and dates as readers want them (ui.md section 10)."""

import datetime
from decimal import Decimal

import pytest
from django.template import Context, Template
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kam.web import formatting

DAY = datetime.date
TODAY = DAY(2026, 6, 1)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("value", "decimals", "shown"),
    [
        (Decimal("1234567.891"), 2, "1,234,567.89"),
        (Decimal(-180), 0, "−180"),
        (0, 0, "0"),
        (Decimal("0.005"), 2, "0.01"),
        (Decimal("-0.001"), 2, "0.00"),
        (None, 2, "n/a"),
        (float("nan"), 2, "n/a"),
        (999999999999, None, "999,999,999,999"),
    ],
)
def test_number_groups_rounds_and_names_the_unknown(value, decimals, shown):
    assert formatting.number(value, decimals) == shown


@pytest.mark.parametrize(
    ("locale", "shown"),
    [("en-gb", "1,234.50"), ("de", "1.234,50"), ("", "1,234.50")],
)
def test_number_follows_the_readers_locale(locale, shown):
    with formatting.use_locale(locale):
        assert formatting.number(Decimal("1234.5"), 2) == shown


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_number_loses_no_digit(value):
    shown = formatting.number(value, 2)
    assert Decimal(shown.replace(",", "").replace("−", "-")) == value


@given(st.one_of(st.none(), st.decimals(allow_nan=True, allow_infinity=True), st.floats()))
def test_no_number_breaks_a_page(value):
    for show in (formatting.number, formatting.percent, formatting.thousands, formatting.kilo):
        assert isinstance(show(value), str)


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (950, "950"),
        (10400, "10 k"),
        (Decimal(15_600_000), "15.6 m"),
        (-12_000, "−12 k"),
        (None, "n/a"),
    ],
)
def test_thousands_names_its_unit(value, shown):
    assert formatting.thousands(value).replace(NBSP, " ") == shown


def test_money_and_percent_name_what_they_are():
    assert formatting.money(Decimal("12.5"), "EUR") == f"12.50{NBSP}EUR"
    assert formatting.money(None, "EUR") == "n/a"
    assert formatting.percent(Decimal("0.2401")) == f"24.0{NBSP}%"
    assert formatting.signed(Decimal("4.1"), 1) == "+4.1"
    assert formatting.signed(Decimal("-4.1"), 1) == "−4.1"
    assert formatting.signed(0, 1) == "0.0"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (DAY(2026, 5, 12), "20 days late"),
        (DAY(2026, 5, 31), "1 day late"),
        (TODAY, "today"),
        (DAY(2026, 6, 2), "tomorrow"),
        (DAY(2026, 6, 8), "Mon 8 June"),
        (DAY(2027, 6, 1), "Tue 1 June 2027"),
        (None, "no date"),
    ],
)
def test_late_says_how_a_due_date_stands(value, shown):
    assert formatting.late(value, TODAY) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (TODAY, "today"),
        (DAY(2026, 5, 31), "yesterday"),
        (DAY(2026, 4, 15), "47 days ago"),
        (None, "never"),
    ],
)
def test_ago_says_the_age(value, shown):
    assert formatting.ago(value, TODAY) == shown


def test_day_takes_the_order_of_the_locale():
    with formatting.use_locale("en-us"):
        assert formatting.day(DAY(2026, 6, 8), TODAY) == "Mon June 8"


def test_moment_is_shown_in_the_readers_zone():
    at = datetime.datetime(2026, 6, 1, 23, 30, tzinfo=datetime.UTC)
    with timezone.override("Europe/Copenhagen"):
        assert formatting.moment(at, DAY(2026, 6, 2)) == "Today 01:30"
        assert formatting.day(at, TODAY) == "Tue 2 June"


def test_why_names_the_missing_input_and_escapes_it():
    page = Template("{% load formats %}{{ ratio|percent|why:missing }}")
    shown = page.render(Context({"ratio": None, "missing": "no <cost> booked"}))
    assert "n/a" in shown
    assert "no &lt;cost&gt; booked" in shown
    known = {"ratio": Decimal("0.5"), "missing": "no cost"}
    assert page.render(Context(known)) == f"50.0{NBSP}%"
