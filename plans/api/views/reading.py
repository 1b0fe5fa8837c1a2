"""What views of plans share: a body as the caller reads it, optional versions."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from kam.api.etag import if_match
from kam.api.viewsets import EditableViewSet
from plans.filters import ReadFilterSet


def without(values: dict[str, Any], *names: str) -> dict[str, Any]:
    """`values` less what names the place of a new row."""
    return {name: value for name, value in values.items() if name not in names}


def optional_version(request: Request) -> int | None:
    """The version in `If-Match`, when a step sends one."""
    return if_match(request) if "If-Match" in request.headers else None


class ReadViewSet(EditableViewSet):
    """Rows filtered, sorted and searched by the content that the caller reads."""

    filterset_base = ReadFilterSet
    read_orders: tuple[str, ...] = ()

    @property
    def ordering_fields(self) -> dict[str, str]:
        """By content, and by change."""
        return {name: f"read_{name}" for name in self.read_orders} | {"updated_at": "updated_at"}

    def filter_queryset(self, queryset: Any) -> Any:
        if "ordering" in self.request.query_params:
            queryset = queryset.with_read(*self.read_orders)
        return super().filter_queryset(queryset)

    def search_rows(self, rows: Any, text: str) -> Any:
        """Rows in whose content the words of `text` occur."""
        return rows.found_by(text, self.search_fields)
