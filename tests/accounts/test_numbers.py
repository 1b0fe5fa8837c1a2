"""Numbers in other systems as text: what is told is read again, whatever systems call things."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts import numbers

PARTS = st.text(
    st.characters(blacklist_categories=("Cs", "Cc"), whitelist_characters="\n"), min_size=1
).filter(lambda text: text.strip() == text)


@given(st.lists(st.tuples(PARTS, PARTS), unique=True))
def test_what_is_told_is_read_again(pairs) -> None:
    assert numbers.read_all(numbers.all_told(pairs)) == pairs
    assert [numbers.read(numbers.told(pair)) for pair in pairs] == pairs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("erp 100482", [("erp", "100482")]),
        (" erp 100482 ,crm  A 7,", [("erp", "100482"), ("crm", "A 7")]),
        ('"old list.csv" 12, crm "A,7"', [("old list.csv", "12"), ("crm", "A,7")]),
        ("erp 1, erp 1", [("erp", "1")]),
        ("", []),
    ],
)
def test_people_write_it_this_way(text, found) -> None:
    assert numbers.read_all(text) == found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("erp", "erp"),
        ("erp 1, crm", "crm"),
        ('"erp 1', '"erp 1'),
        ('erp 1"', 'erp 1"'),
        ('erp ""', 'erp ""'),
        ('"" 1', '"" 1'),
    ],
)
def test_what_tells_of_no_number_is_refused(text, part) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        numbers.read_all(text)


def test_broken_marks_end_at_once() -> None:
    with pytest.raises(ValueError, match="erp"):
        numbers.read_all("erp " + '"' * 4_001)
