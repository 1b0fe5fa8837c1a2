"""Lines of totals among the rows of a file."""

import re

_WORD = r"(?:totals?|sum|summe|gesamt|gesamtsumme|zwischensumme|totaal|totale|somme|subtotal)"
_TOTAL = re.compile(
    rf"(?:grand|sub|overall|running)[ -]?{_WORD}\b.*"
    rf"|{_WORD}(?:\s*[:=].*|\s+(?:for|of|für)\b.*|\s+\d+)?",
    re.IGNORECASE,
)
_BEGINNING = re.compile(rf"(?:grand |sub-?)?{_WORD}\b", re.IGNORECASE)


def is_total(text: str) -> bool:
    """Whether `text` is the word for a total and no name: "Total SE" may be a customer."""
    return _TOTAL.fullmatch(text.strip()) is not None


def begins_like_total(text: str) -> bool:
    """Whether a row that cannot be taken, and has `text` in front, is likely a total."""
    return _BEGINNING.match(text) is not None
