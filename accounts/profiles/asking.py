"""What a list of outlets is asked for by ratings, as text: `footfall:3..5` (K095)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from accounts.choices import ScaleKind
from accounts.models import ProfileParameter
from accounts.profiles.matching import Wish

SPAN = ".."
LARGEST = Decimal(10) ** 10


def read_wish(text: str, parameters: Mapping[str, ProfileParameter]) -> Wish | None:
    """The wish that `text` puts into words, by code of the parameter; None where it is none."""
    code, colon, rest = text.partition(":")
    parameter = parameters.get(code)
    if not colon or parameter is None:
        return None
    if parameter.kind == ScaleKind.CHOICE:
        return Wish(parameter, choices=(rest,)) if rest in parameter.options else None
    low, dots, high = rest.partition(SPAN)
    try:
        at_least, at_most = read_number(low), read_number(high if dots else low)
    except ValueError:
        return None
    is_open = at_least is None and at_most is None
    return None if is_open else Wish(parameter, at_least, at_most)


def read_number(text: str) -> Decimal | None:
    """The number that `text` holds, None if it is empty; raises ValueError for anything else."""
    if not text.strip():
        return None
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(text) from None
    if not value.is_finite() or abs(value) >= LARGEST:
        raise ValueError(text)
    return value
