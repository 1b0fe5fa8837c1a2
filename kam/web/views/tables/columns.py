"""Columns of a list, and its filters as they stand in the address."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import QueryDict
from django_filters import (
    BooleanFilter,
    ChoiceFilter,
    ModelChoiceFilter,
    ModelMultipleChoiceFilter,
    MultipleChoiceFilter,
)

FIELDS_ONLY = "fields-of-filter"
"""Parameter that asks for the fields of the filter instead of the list."""


@dataclass(frozen=True)
class Column:
    """A column: `sort` is the field or annotation to order by, none if it cannot be sorted.

    `numeric` aligns right; `optional` columns can be switched off, `default` ones are on at first;
    `phone` False leaves the heading out on phones (give the cells the class `hide-s`).
    """

    name: str
    label: Any
    sort: str = ""
    numeric: bool = False
    optional: bool = True
    default: bool = True
    unit: Any = ""
    phone: bool = True


@dataclass(frozen=True)
class Heading:
    """A column's heading as the page shows it."""

    column: Column
    href: str
    direction: str  # "ascending", "descending" or ""


@dataclass(frozen=True)
class FilterChip:
    """An active filter in words, and the address without it."""

    label: str
    value: str
    href: str


def changed(parameters: QueryDict, **changes: Any) -> str:
    """Address with parameters replaced (None: removed); paging starts again."""
    copy = parameters.copy()
    for name in ("page", FIELDS_ONLY):
        copy.pop(name, None)
    for name, value in changes.items():
        copy.pop(name, None)
        if isinstance(value, list | tuple):
            copy.setlist(name, list(value))
        elif value not in (None, ""):
            copy[name] = value
    return f"?{copy.urlencode()}"


def is_filtered(filterset: Any, parameters: QueryDict) -> bool:
    """Whether the address names any filter; without one its form need not be put together."""
    return bool(named_filters(filterset, parameters))


def named_filters(filterset: Any, parameters: QueryDict) -> list[Any]:
    """The filters that the address names."""
    return [item for name, item in filterset.filters.items() if any(parameters.getlist(name))]


def is_of_choices(filterset: Any, parameters: QueryDict) -> bool:
    """Whether all filters that the address names choose among fixed values: what they find depends
    on the address, not on what is stored or typed."""
    return all(
        isinstance(item, BooleanFilter | ChoiceFilter | MultipleChoiceFilter)
        and not isinstance(item, ModelChoiceFilter | ModelMultipleChoiceFilter)
        for item in named_filters(filterset, parameters)
    )
