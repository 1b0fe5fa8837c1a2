"""Rows of a list, page by page, counted no further than people page."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.utils.functional import cached_property

from kam.access.prepared import kept_count, kept_objects

MOST_COUNTED = 1_000
"""Rows that are counted and can be paged through; beyond that a filter helps more than a page."""


class Rows:
    """Rows of a list, page by page; the SQL is kept where `key` names all that it depends on.
    `counted` builds the same rows in a way in which they are quicker to count, if there is one."""

    def __init__(
        self,
        build: Callable[[], QuerySet],
        key: Hashable | None = None,
        counted: Callable[[], QuerySet] | None = None,
    ) -> None:
        self.build, self.key, self.counted = build, key, counted

    @cached_property
    def queryset(self) -> QuerySet:
        """All of them."""
        return self.build()

    def between(self, bottom: int, top: int) -> list[Any]:
        """Rows from place `bottom` up to `top`."""
        if self.key is None:
            return list(self._cut(bottom, top))
        return kept_objects((self.key, bottom, top), lambda: self._cut(bottom, top))

    def all(self) -> list[Any]:
        """All of them."""
        if self.key is None:
            return list(self.queryset)
        return kept_objects((self.key, "all"), lambda: self.queryset)

    def _cut(self, bottom: int, top: int) -> QuerySet:
        """What stands in the columns is worked out for the rows of the page alone, not for those
        that are passed over."""
        rows = self.queryset
        if not bottom or rows.query.distinct or rows.query.combinator:
            return rows[bottom:top]
        return rows.filter(pk__in=rows.values("pk")[bottom:top])

    def count(self) -> int:
        """How many there are, at most one more than are counted."""
        if self.key is None:
            return self._counted().count()
        return kept_count(self.key, self._counted)

    def _counted(self) -> QuerySet:
        rows = self.queryset if self.counted is None else self.counted()
        return rows.order_by().values("pk")[: MOST_COUNTED + 1]


class CappedPaginator(Paginator):
    """Counts no further than `MOST_COUNTED` rows, so that a list stays fast however long it is."""

    object_list: Any

    @cached_property
    def found(self) -> int:
        """Rows, at most one more than can be paged through."""
        rows = self._rows
        return len(self.object_list) if rows is None else rows.count()

    @property
    def count(self) -> int:  # type: ignore[override]
        """Rows that can be paged through."""
        return min(self.found, MOST_COUNTED)

    @property
    def capped(self) -> bool:
        """Whether there are more of them."""
        return self.found > MOST_COUNTED

    @cached_property
    def _rows(self) -> Rows | None:
        given = self.object_list
        if isinstance(given, QuerySet):
            return Rows(lambda: given)
        return given if isinstance(given, Rows) else None

    def page(self, number: int | str) -> Page:
        """Rows of one page; a first page that is not full is its own count."""
        rows = self._rows
        if rows is None:
            return super().page(number)
        if str(number) == "1":
            first = rows.between(0, self.per_page)
            if len(first) < self.per_page:
                self.found = len(first)
            return self._get_page(first, 1, self)
        place = self.validate_number(number)
        bottom = (place - 1) * self.per_page
        return self._get_page(rows.between(bottom, bottom + self.per_page), place, self)
