"""Actions from one line."""

import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans.capture import read_line
from teams.models import User

TODAY = datetime.date(2026, 6, 1)
TOM = User(pk=1, username="tom", first_name="Tom", last_name="Becker")
ANA = User(pk=2, username="ana.d", first_name="Ana", last_name="Duarte")
ANA_TWO = User(pk=3, username="ana.l", first_name="Ana", last_name="Lund")
PEOPLE = [TOM, ANA, ANA_TWO]
WORDS = st.text(st.characters(whitelist_categories=("Ll",)), min_size=1, max_size=12)


def test_line_with_name_and_day():
    found = read_line("Tom: quote for depot Aarhus, 20 June", today=TODAY, people=PEOPLE)

    assert (found.owner, found.text) == (TOM, "quote for depot Aarhus")
    assert found.due == datetime.date(2026, 6, 20)


@pytest.mark.parametrize(
    ("line", "owner", "text", "due"),
    [
        ("call Sato", None, "call Sato", None),
        ("@tom: call Sato, by friday", TOM, "call Sato", datetime.date(2026, 6, 5)),
        ("Tom Becker: call", TOM, "call", None),
        ("Duarte: send, +2w", ANA, "send", datetime.date(2026, 6, 15)),
        ("ask about price: is 4 % open?", None, "ask about price: is 4 % open?", None),
        ("Offer paper, ink, labels", None, "Offer paper, ink, labels", None),
        ("Pay, 31 June", None, "Pay, 31 June", None),
        ("at 10:30 call Petit", None, "at 10:30 call Petit", None),
    ],
)
def test_line_keeps_what_is_neither_name_nor_day(line, owner, text, due):
    found = read_line(line, today=TODAY, people=PEOPLE)

    assert (found.owner, found.text, found.due, found.unknown_owner) == (owner, text, due, "")


def test_line_reports_a_name_of_nobody_with_the_nearest():
    found = read_line("Tomm: call Sato", today=TODAY, people=PEOPLE)

    assert (found.owner, found.unknown_owner, found.nearest) == (None, "Tomm", TOM)


def test_line_reports_a_name_of_two():
    found = read_line("Ana: call Sato", today=TODAY, people=PEOPLE)

    assert (found.owner, found.several) == (None, (ANA, ANA_TWO))


@given(
    st.sampled_from(["Tom", "tom", "Tom Becker", "@tom", "Lund"]),
    st.lists(WORDS, min_size=1, max_size=5),
    st.dates(TODAY, datetime.date(2030, 1, 1)),
)
def test_line_comes_apart_as_it_was_put_together(name, words, day):
    text = " ".join(words)

    found = read_line(f"{name}: {text}, {day.isoformat()}", today=TODAY, people=PEOPLE)

    assert found.owner == (ANA_TWO if name == "Lund" else TOM)
    assert (found.text, found.due) == (text, day)


@given(st.text(max_size=80))
def test_line_loses_no_words(line):
    """Every word of the text stands in the text, the name or the day."""
    found = read_line(line, today=TODAY, people=PEOPLE)
    if found.owner is None and found.due is None and not found.unknown_owner:
        assert found.text == " ".join(line.split())
