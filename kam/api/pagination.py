"""Cursor pagination by key: a page begins after the values of the last row of the one before.

Rows that are written meanwhile move nothing, and a page costs the same however far it is.
"""

from __future__ import annotations

import datetime
import decimal
import uuid
from collections.abc import Callable, Hashable, Sequence
from typing import Any, NamedTuple

from django.core import signing
from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import OrderBy
from django.utils.translation import gettext as _
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from kam.access.columns import never_empty
from kam.access.prepared import kept_objects, kept_shape
from kam.api.errors import refused

DEFAULT_PAGE = 50
LARGEST_PAGE = 500


class Key(NamedTuple):
    """One sort key: look-up path, direction, whether it can be empty, and its type."""

    path: str
    descending: bool
    nullable: bool
    field: models.Field

    def order(self, *, backwards: bool) -> OrderBy:
        """Empty values come last, whatever the database thinks."""
        descending = self.descending != backwards
        nulls: dict[str, bool] = {}
        if self.nullable:
            nulls = {"nulls_first": True} if backwards else {"nulls_last": True}
        return OrderBy(F(self.path), descending=descending, **nulls)

    def beyond(self, value: Any, *, backwards: bool) -> Q | None:
        """Rows strictly after `value` in this key; None when there can be none."""
        if value is None:
            return Q(**{f"{self.path}__isnull": False}) if backwards else None
        operator = "lt" if self.descending != backwards else "gt"
        rows = Q(**{f"{self.path}__{operator}": value})
        if self.nullable and not backwards:
            rows |= Q(**{f"{self.path}__isnull": True})
        return rows

    def same(self, value: Any) -> Q:
        """Rows with `value` in this key."""
        return Q(**{f"{self.path}__isnull": True}) if value is None else Q(**{self.path: value})


def sort_keys(queryset: models.QuerySet) -> tuple[models.QuerySet, list[Key]]:
    """The order of `queryset`, made total by its primary key; expressions become annotations."""
    query = queryset.query
    given: Sequence[Any] = query.order_by or (
        queryset.model._meta.ordering if query.default_ordering else ()
    )
    keys: list[Key] = []
    for number, item in enumerate(given):
        path, descending = item, False
        if isinstance(item, str):
            path, descending = item.removeprefix("-"), item.startswith("-")
        else:
            expression = item.expression if isinstance(item, OrderBy) else item
            descending = isinstance(item, OrderBy) and item.descending
            path = getattr(expression, "name", f"sort_key_{number}")
            if not isinstance(expression, F):
                queryset = queryset.annotate(**{path: expression})
        keys.append(_key(queryset, path, descending))
    if not any(key.path == queryset.model._meta.pk.attname for key in keys):  # type: ignore[union-attr]
        keys.append(_key(queryset, "pk", keys[-1].descending if keys else False))
    return queryset, keys


def _key(queryset: models.QuerySet, path: str, descending: bool) -> Key:  # noqa: FBT001
    if path == "pk":
        path = queryset.model._meta.pk.attname  # type: ignore[union-attr]
    elif "__" not in path and path not in queryset.query.annotations:
        path = queryset.model._meta.get_field(path).attname  # type: ignore[union-attr]
    expression: Any = queryset.query.clone().resolve_ref(path)
    field = expression.output_field
    if field.is_relation:  # the order of the related rows' keys, not of their own sorting
        path, field = field.attname, field.target_field  # type: ignore[attr-defined]
    is_given = path not in queryset.query.annotations and never_empty(queryset.model, path)
    return Key(path, descending, not is_given, field)


def after(
    queryset: models.QuerySet, keys: list[Key], values: Sequence[Any], *, backwards: bool = False
) -> models.QuerySet:
    """Rows of `queryset` strictly beyond the row with `values` in `keys`."""
    condition, equal = Q(pk__in=[]), Q()
    for key, value in zip(keys, values, strict=True):
        further = key.beyond(value, backwards=backwards)
        if further is not None:
            condition |= equal & further
        equal &= key.same(value)
    if not keys[0].nullable:  # a bound that an index can use
        operator = "lte" if keys[0].descending != backwards else "gte"
        queryset = queryset.filter(**{f"{keys[0].path}__{operator}": values[0]})
    return queryset.filter(condition)


def _signature(keys: list[Key]) -> list[str]:
    """The order in words, which a cursor belongs to."""
    return [("-" if key.descending else "") + key.path for key in keys]


def _first(
    queryset: models.QuerySet, keys: list[Key], size: int, *, backwards: bool
) -> models.QuerySet:
    """A page of `queryset` and one row more, which tells whether there is another page."""
    order = [key.order(backwards=backwards) for key in keys]
    return queryset.order_by(*order)[: size + 1]


def _stored(value: Any) -> Any:
    if isinstance(value, datetime.datetime | datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return value.total_seconds()
    if isinstance(value, decimal.Decimal | uuid.UUID):
        return str(value)
    return value


def _read(row: models.Model, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name, None)  # type: ignore[assignment]
    return row.pk if isinstance(row, models.Model) else row


def _loaded(field: models.Field, value: Any) -> Any:
    if isinstance(field, models.DurationField) and value is not None:
        return datetime.timedelta(seconds=value)
    return field.to_python(value)


class CursorPagination(BasePagination):
    """`{"next", "previous", "results"}`; `page_size` up to 500; `with_count=1` adds `count`."""

    parameters: tuple[str, ...] = ("cursor", "page_size", "with_count")
    signer = signing.Signer(salt="kam.api.pagination")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """One page; raises `ValidationError` on a bad cursor, size or switch."""
        self.request = request
        size = self._size()
        self.count = queryset.order_by().count() if self._switch("with_count") else None
        queryset, keys = sort_keys(queryset)
        values, backwards = self._position(keys, _signature(keys))
        if values is not None:
            queryset = after(queryset, keys, values, backwards=backwards)
        rows = list(_first(queryset, keys, size, backwards=backwards))
        return self._cut(rows, keys, size, is_first=values is None, backwards=backwards)

    def paginate_kept(
        self, key: Hashable, build: Callable[[], models.QuerySet], request: Request
    ) -> list[Any]:
        """The first page of `build()`, whose SQL is kept under `key` (`kam.access.prepared`)."""
        self.request, self.count = request, None
        size = self._size()
        keys = kept_shape((key, "order"), lambda: sort_keys(build())[1])
        rows = kept_objects((key, size), lambda: _first(*sort_keys(build()), size, backwards=False))
        return self._cut(rows, keys, size, is_first=True, backwards=False)

    def _cut(
        self, rows: list[Any], keys: list[Key], size: int, *, is_first: bool, backwards: bool
    ) -> list[Any]:
        """The rows of the page, of which one more was read, and its links."""
        signature = _signature(keys)
        more, rows = len(rows) > size, rows[:size]
        if backwards:
            rows.reverse()
        here = rows[0] if rows else None, rows[-1] if rows else None
        has_next = bool(rows) and (more or backwards)
        has_previous = bool(rows) and (more if backwards else not is_first)
        self.next = self._link(here[1], keys, signature, "n") if has_next else None
        self.previous = self._link(here[0], keys, signature, "p") if has_previous else None
        return rows

    def get_paginated_response(self, data: Any) -> Response:
        body = {"next": self.next, "previous": self.previous, "results": data}
        if self.count is not None:
            body = {"count": self.count} | body
        return Response(body)

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        link = {"type": ["string", "null"], "format": "uri"}
        return {
            "type": "object",
            "description": "One page of a list.",
            "required": ["next", "previous", "results"],
            "properties": {
                "count": {"type": "integer", "description": "With `with_count=1`."},
                "next": link,
                "previous": link,
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": DEFAULT_PAGE}
        described = {
            "cursor": ({"type": "string"}, "From `next` or `previous`."),
            "page_size": (size, "Rows on a page."),
            "with_count": ({"type": "string", "enum": ["0", "1"]}, "1 adds `count`."),
        }
        return [
            {"name": name, "in": "query", "schema": schema, "description": text}
            for name, (schema, text) in described.items()
        ]

    def _size(self) -> int:
        text = self.request.query_params.get("page_size", str(DEFAULT_PAGE))
        if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= LARGEST_PAGE:
            raise refused("page_size", "page_size", _("A whole number from 1 to 500."))
        return int(text)

    def _switch(self, name: str) -> bool:
        text = self.request.query_params.get(name, "0")
        if text not in ("0", "1"):
            raise refused(name, "switch", _("0 or 1."))
        return text == "1"

    def _position(self, keys: list[Key], signature: list[str]) -> tuple[list[Any] | None, bool]:
        text = self.request.query_params.get("cursor")
        if text is None:
            return None, False
        try:
            direction, of, values = self.signer.unsign_object(text)
        except (signing.BadSignature, ValueError):
            of = None
        if of != signature:
            raise refused("cursor", "cursor", _("Not a cursor of this list in this order."))
        loaded = [_loaded(key.field, value) for key, value in zip(keys, values, strict=True)]
        return loaded, direction == "p"

    def _link(self, row: Any, keys: list[Key], signature: list[str], direction: str) -> str:
        values = [_stored(_read(row, key.path)) for key in keys]
        cursor = self.signer.sign_object([direction, signature, values])
        return replace_query_param(self.request.build_absolute_uri(), "cursor", cursor)
