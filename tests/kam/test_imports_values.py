"""Numbers and dates: every way of writing them comes back, nothing is guessed in silence."""

import contextlib
import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kam.imports import values

AMOUNTS = st.decimals(min_value=-(10**12), max_value=10**12, places=2)
DAYS = st.dates(min_value=datetime.date(1900, 1, 1), max_value=datetime.date(2099, 12, 31))
MOMENTS = st.builds(datetime.datetime.combine, DAYS, st.times())


def written(amount: Decimal, decimal: str, group: str) -> str:
    text = f"{amount:,.2f}"
    point = "." if decimal == "dot" else ","
    return text.replace(",", "\0").replace(".", point).replace("\0", group)


@given(AMOUNTS, st.sampled_from([("dot", ","), ("dot", " "), ("dot", "'"), ("dot", "")]))
def test_number_with_a_point_comes_back(amount, style):
    assert values.parse_number(written(amount, *style), "dot") == amount


@given(AMOUNTS, st.sampled_from([("comma", "."), ("comma", "\u202f"), ("comma", "’")]))
def test_number_with_a_comma_comes_back(amount, style):
    assert values.parse_number(written(amount, *style), "comma") == amount


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e12, max_value=1e12))
def test_number_of_a_workbook_is_what_the_workbook_shows(number):
    assert values.parse_number(number, "comma") == Decimal(repr(number))


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text):
    with contextlib.suppress(values.Unclear):
        assert values.parse_number(text, "dot").is_finite()


@given(st.text(max_size=30))
def test_any_text_is_a_date_or_refused(text):
    for order in values.ORDERS:
        with contextlib.suppress(values.Unclear):
            assert isinstance(values.parse_date(text, order), datetime.date)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("(1,234.50)", "-1234.50"),
        ("12-", "-12"),
        ("−5", "-5"),
        ("£1,000", "1000"),
        ("12.5 EUR", "12.5"),
        ("15 %", "0.15"),
        ("+7", "7"),
        (".5", "0.5"),
    ],
)
def test_number_with_signs_is_read(text, number):
    assert values.parse_number(text, "dot") == Decimal(number)


@pytest.mark.parametrize("text", ["", "1,23.4", "1.2.3", "12,34,567", "1e5", "#REF!", "abc", "-"])
def test_number_in_no_known_form_is_refused(text):
    with pytest.raises(values.Unclear):
        values.parse_number(text, "dot")


@given(MOMENTS)
def test_date_comes_back_in_every_order(moment):
    day = moment.date()
    assert values.parse_date(day.isoformat(), "ymd") == day
    assert values.parse_date(f"{day:%d.%m.%Y}", "dmy") == day
    assert values.parse_date(f"{day:%m/%d/%Y}", "mdy") == day
    assert values.parse_date(f"{day:%Y%m%d}", "ymd") == day
    assert values.parse_date(f"{day:%d %B %Y}", "ymd") == day


@given(MOMENTS)
def test_moment_comes_back_to_the_minute(moment):
    expected = moment.replace(second=0, microsecond=0)
    assert values.parse_date(f"{moment:%Y-%m-%d %H:%M}", "ymd") == expected
    assert values.parse_date(f"{moment:%d/%m/%Y %I:%M %p}", "dmy") == expected


@pytest.mark.parametrize("text", ["31.02.2026", "2026-13-01", "00/00/2026", "soon", "1", "12:30"])
def test_day_that_does_not_exist_is_refused(text):
    with pytest.raises(values.Unclear):
        values.parse_date(text, "dmy")


def test_date_that_reads_both_ways_needs_an_order():
    with pytest.raises(values.Unclear, match="day or the month"):
        values.parse_date("03/04/2026", "ymd")


@pytest.mark.parametrize(
    ("column", "value", "needed"),
    [
        (["03/04/2026", "05/06/2026"], "dmy", True),
        (["03/04/2026", "13/04/2026"], "dmy", False),
        (["03/04/2026", "04/13/2026"], "mdy", False),
        (["03.04.2026", "05.06.2026"], "dmy", False),
        (["2026-04-03", "3 May 2026"], "ymd", False),
        ([datetime.datetime.fromisoformat("2026-04-03")], "ymd", False),
    ],
)
def test_order_of_dates_is_found_or_asked(column, value, needed):
    finding = values.find_dates(column)
    assert (finding.value, finding.needed) == (value, needed)


@pytest.mark.parametrize(
    ("column", "value", "needed"),
    [
        (["1,234", "5,678"], "dot", True),
        (["1.234", "5.67"], "dot", False),
        (["1.234", "5,67"], "comma", False),
        (["1.234.567"], "comma", False),
        (["0,123"], "comma", False),
        (["12", "13"], "dot", False),
    ],
)
def test_decimal_mark_is_found_or_asked(column, value, needed):
    finding = values.find_decimal(column)
    assert (finding.value, finding.needed) == (value, needed)


def test_reason_counts_what_tells_as_people_write_numbers():
    assert values.find_decimal(["0.5"] * 1200).reason == "1,200 of 1,200 telling values"
