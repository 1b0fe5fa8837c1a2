"""Days as people type them."""

import calendar
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kam.web.days import NoSuchDay, read_day

TODAY = datetime.date(2026, 6, 1)  # a Monday
DAYS = st.dates(datetime.date(1990, 1, 1), datetime.date(2090, 12, 31))


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12 June", (2026, 6, 12)),
        ("12. june", (2026, 6, 12)),
        ("12th Jun 2028", (2028, 6, 12)),
        ("June 12", (2026, 6, 12)),
        ("1 June", (2026, 6, 1)),
        ("31 May", (2027, 5, 31)),
        ("29 Feb", (2028, 2, 29)),
        ("12/6", (2026, 6, 12)),
        ("12.6.27", (2027, 6, 12)),
        ("2026-06-12", (2026, 6, 12)),
        ("+2w", (2026, 6, 15)),
        ("+ 3 d", (2026, 6, 4)),
        ("+1m", (2026, 7, 1)),
        ("-1y", (2025, 6, 1)),
        ("tomorrow", (2026, 6, 2)),
        ("Monday", (2026, 6, 8)),
        ("fri", (2026, 6, 5)),
    ],
)
def test_read_day(text, day):
    assert read_day(text, TODAY) == datetime.date(*day)


@pytest.mark.parametrize("text", ["", "soon", "12", "Aarhus", "12 Foo", "4 %", "May"])
def test_read_day_leaves_other_words_alone(text):
    assert read_day(text, TODAY) is None


@pytest.mark.parametrize("text", ["31 June", "2026-02-30", "30/2", "0 May", "+9999y"])
def test_read_day_refuses_days_that_do_not_exist(text):
    with pytest.raises(NoSuchDay):
        read_day(text, TODAY)


@given(DAYS, DAYS)
def test_day_without_year_is_the_next_one(today, day):
    found = read_day(f"{day.day} {calendar.month_name[day.month]}", today)

    assert (found.month, found.day) == (day.month, day.day)
    assert today <= found
    assert (found - today).days <= 366 * 8


@given(DAYS, DAYS)
def test_day_with_year_is_that_day_in_every_spelling(today, day):
    spellings = (
        day.isoformat(),
        f"{day.day} {calendar.month_name[day.month]} {day.year}",
        f"{calendar.month_abbr[day.month]} {day.day}, {day.year}",
        f"{day.day}/{day.month}/{day.year}",
    )

    assert {read_day(text, today) for text in spellings} == {day}


@given(st.text(max_size=40), DAYS)
def test_any_text_is_a_day_or_none_or_refused(text, today):
    try:
        found = read_day(text, today)
    except NoSuchDay:
        return
    assert found is None or isinstance(found, datetime.date)
