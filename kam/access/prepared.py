"""Queries whose SQL is put together once a process.

What every page asks costs more to put together than to run. A prepared query is written with the
ORM, compiled at its first use and then run with the values of the day.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet

MOST_KEPT = 1000
"""Queries whose SQL is kept; all are forgotten beyond that."""


class Prepared:
    """Rows of `build(**values)`, whose values are numbers or days (`kinds`) and stand in the SQL as
    parameters alone: what the queryset looks like must not depend on them."""

    def __init__(self, build: Callable[..., QuerySet], **kinds: type[int | datetime.date]) -> None:
        self._build, self._kinds = build, kinds
        self._known: dict[str, tuple[str, list[Any]]] = {}

    def rows(self, **values: int | datetime.date) -> list[tuple[Any, ...]]:
        """Run it: plain tuples, as the database hands them out."""
        if connection.vendor not in self._known:
            self._known[connection.vendor] = self._compiled()
        sql, slots = self._known[connection.vendor]
        adapted = {name: _adapted(value) for name, value in values.items()}
        parameters = [adapted[slot.name] if isinstance(slot, _Slot) else slot for slot in slots]
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return cursor.fetchall()

    def _compiled(self) -> tuple[str, list[Any]]:
        stand_ins: dict[str, Any] = {
            name: datetime.date(1, 1, place) if kind is datetime.date else -900_000_000 - place
            for place, (name, kind) in enumerate(self._kinds.items(), start=1)
        }
        query = self._build(**stand_ins).query
        sql, parameters = query.get_compiler(connection=connection).as_sql()
        names = {(type(value), value): name for name, value in _all_adapted(stand_ins).items()}
        slots = [
            _Slot(names[key]) if (key := (type(value), value)) in names else value
            for value in parameters
        ]
        return sql, slots


_kept: dict[Hashable, tuple[str, tuple[Any, ...]] | None] = {}


def kept_rows(key: Hashable, build: Callable[[], QuerySet]) -> list[tuple[Any, ...]]:
    """Rows of `build()` as the database hands them out. Its SQL is kept under `key`, never a row.

    For queries whose shape follows from what somebody holds. `key` names all on which SQL and
    parameters depend: the person, what they hold now and the day. Whoever holds something else a
    moment later has another key, so that nothing kept outlives a right.
    """
    full = (connection.vendor, key)
    if full not in _kept:
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        _kept[full] = _sql_of(build())
    known = _kept[full]
    if known is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*known)
        return cursor.fetchall()


def _sql_of(rows: QuerySet) -> tuple[str, tuple[Any, ...]] | None:
    """SQL and parameters; None for what cannot have any row."""
    try:
        sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return sql, tuple(parameters)


class _Slot:
    """Where a value goes."""

    def __init__(self, name: str) -> None:
        self.name = name


def _adapted(value: int | datetime.date) -> Any:
    if isinstance(value, datetime.date):
        return connection.ops.adapt_datefield_value(value)
    return value


def _all_adapted(values: dict[str, Any]) -> dict[str, Any]:
    return {name: _adapted(value) for name, value in values.items()}
