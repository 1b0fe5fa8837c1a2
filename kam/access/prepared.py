"""Queries whose SQL is put together once a process.

What every page asks costs more to put together than to run. A prepared query is written with the
ORM, compiled at its first use and then run with the values of the call. No row is ever kept.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Hashable
from typing import Any, NamedTuple

from django.core.exceptions import EmptyResultSet, ImproperlyConfigured
from django.db import connection
from django.db.models import QuerySet

MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:")
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
        _make_room(_kept)
        _kept[full] = _sql_of(build())
    known = _kept[full]
    if known is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(*known)
        return cursor.fetchall()


def _make_room(kept: dict) -> None:
    if len(kept) >= MOST_KEPT:
        kept.clear()


def _sql_of(rows: QuerySet) -> tuple[str, tuple[Any, ...]] | None:
    """SQL and parameters; None for what cannot have any row."""
    try:
        sql, parameters = rows.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return sql, tuple(parameters)


def kept_count(key: Hashable, build: Callable[[], QuerySet]) -> int:
    """`build().count()`; its SQL is kept under `key` as by `kept_rows`."""
    full = (connection.vendor, "count", key)
    if full not in _kept:
        _make_room(_kept)
        _kept[full] = _sql_of(build())
    known = _kept[full]
    if known is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM ({known[0]}) counted", known[1])  # noqa: S608  (the ORM's own SQL)
        return cursor.fetchone()[0]


class _Compiled(NamedTuple):
    """A queryset with its SQL, and where in the parameters the values of a call go."""

    queryset: QuerySet
    compiler: Any
    sql: str
    slots: tuple[Any, ...]


_compiled: dict[Hashable, _Compiled | None] = {}


def kept_objects(key: Hashable, build: Callable[..., QuerySet], **values: int) -> list[Any]:
    """What `list(build(**values))` gives, with all that the queryset loads. Its SQL is kept under
    `key`, never a row.

    `values` are primary keys that stand in the SQL as parameters alone. `key` names all else on
    which the SQL depends; where rows are cut down to a reader it holds
    `kam.access.querysets.sight_of(reader)`. A queryset that compares with the present moment
    cannot be kept and raises ImproperlyConfigured; days belong to the key.
    """
    full = (connection.vendor, key)
    if full not in _compiled:
        _make_room(_compiled)
        _compiled[full] = _compile(build, tuple(values))
    known = _compiled[full]
    if known is None:
        return []
    rows = known.queryset._chain()  # type: ignore[attr-defined]
    rows.query.get_compiler = lambda *_given, **_options: _again(known, rows.query, values)
    return list(rows)


def kept_among(
    key: Hashable, build: Callable[[list[int]], QuerySet], pks: Collection[int]
) -> list[Any]:
    """What `list(build(pks))` gives, as `kept_objects` keeps it: `pks` may be any number, and is
    filled up to a power of two with repetitions, so that few texts of SQL do for all."""
    if not pks:
        return []
    wanted = sorted(pks)
    count = 1 << (len(wanted) - 1).bit_length()
    wanted += wanted[-1:] * (count - len(wanted))
    return kept_objects(
        (key, count),
        lambda **keys: build(list(keys.values())),
        **{f"pk{place}": pk for place, pk in enumerate(wanted)},
    )


def _compile(build: Callable[..., QuerySet], names: tuple[str, ...]) -> _Compiled | None:
    stand_ins = {name: -900_000_000 - place for place, name in enumerate(names, start=1)}
    queryset = build(**stand_ins)
    compiler = queryset.query.get_compiler(connection=connection)
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    if any(map(_is_moment, parameters)):
        raise ImproperlyConfigured(f"This query names a moment and cannot be kept: {sql}")
    back = {value: _Slot(name) for name, value in stand_ins.items()}
    slots = tuple(
        back.get(value, value) if isinstance(value, int) else value for value in parameters
    )
    return _Compiled(queryset, compiler, sql, slots)


def _is_moment(value: Any) -> bool:
    """Whether a parameter is a point in time, which SQLite gets as text."""
    if isinstance(value, str):
        return bool(MOMENT.match(value))
    return isinstance(value, datetime.datetime)


def _again(known: _Compiled, query: Any, values: dict[str, int]) -> Any:
    """A compiler that has compiled already, on the connection of this thread."""
    compiler = type(known.compiler)(query, connection, connection.alias)
    for name in ("select", "klass_info", "annotation_col_map", "col_count", "has_extra_select"):
        setattr(compiler, name, getattr(known.compiler, name))
    parameters = tuple(
        values[slot.name] if isinstance(slot, _Slot) else slot for slot in known.slots
    )
    compiler.as_sql = lambda *_given, **_options: (known.sql, parameters)
    return compiler


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
