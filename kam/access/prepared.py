"""Queries whose SQL is put together once a process.

What every page asks costs more to put together than to run. A prepared query is written with the
ORM, compiled at its first use and then run with the values of the call. No row is ever kept.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Collection, Hashable, Iterator
from typing import Any, NamedTuple, TypeVar

from django.core.exceptions import EmptyResultSet, ImproperlyConfigured
from django.db import connection
from django.db.models import Prefetch, QuerySet
from django.db.models.fields.related_descriptors import (
    ManyToManyDescriptor,
    ReverseManyToOneDescriptor,
)

Answer = TypeVar("Answer")
MOMENT = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:")
MOST_KEPT = 1000
"""Queries whose SQL is kept, some 100 KiB each; beyond that the older half is forgotten."""
SHORTEST_INDEXED = 3
"""Characters from which on trigrams find a word; shorter ones are searched in another way."""
LARGEST_KEY = 2**63 - 1
"""Primary keys that databases hold: an address may name any number."""


Known = TypeVar("Known")
Slots = tuple[Any, ...]
Key = int | datetime.date | str
"""What may stand in kept SQL as a parameter: primary keys, days, moments, and words of a search."""

_kept: dict[Hashable, tuple[str, Slots] | None] = {}


def kept_rows(
    key: Hashable, build: Callable[..., QuerySet], **values: Key
) -> list[tuple[Any, ...]]:
    """Rows of `build(**values)` as the database hands them out. Its SQL is kept under `key`, never
    a row; see `kept_objects`.

    For queries whose shape follows from what somebody holds. `key` names all on which SQL and
    parameters depend: the person, what they hold now and the day. Whoever holds something else a
    moment later has another key, so that nothing kept outlives a right.
    """
    known = _kept_sql(key, build, values)
    if known is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(known[0], _filled(known[1], values))
        return cursor.fetchall()


def kept_exists(key: Hashable, build: Callable[..., QuerySet], **values: Key) -> bool:
    """`build(**values).exists()`; its SQL is kept under `key` as by `kept_rows`."""

    def first(**asked: Key) -> QuerySet:
        return build(**asked).order_by().values("pk")[:1]

    return bool(kept_rows((key, "exists"), first, **values))


def kept_count(key: Hashable, build: Callable[..., QuerySet], **values: Key) -> int:
    """`build(**values).count()`; its SQL is kept under `key` as by `kept_rows`."""
    known = _kept_sql((key, "count"), build, values)
    if known is None:
        return 0
    with connection.cursor() as cursor:
        counted = f"SELECT COUNT(*) FROM ({known[0]}) counted"  # noqa: S608  (the ORM's own SQL)
        cursor.execute(counted, _filled(known[1], values))
        return cursor.fetchone()[0]


def _kept_sql(
    key: Hashable, build: Callable[..., QuerySet], values: dict[str, Key]
) -> tuple[str, Slots] | None:
    if _names_no_row(values):
        return None

    def compile_it() -> tuple[str, Slots] | None:
        stand_ins = _stand_ins(values)
        compiler = build(**stand_ins).query.get_compiler(connection=connection)
        return _sql_of(compiler, stand_ins)

    return _once(_kept, (key, _short(values)), compile_it)


def _once(kept: dict[Hashable, Known], key: Hashable, make: Callable[[], Known]) -> Known:
    """What is kept under `key` for this kind of database; other threads may forget it any time."""
    full = (connection.vendor, key)
    try:
        return kept[full]
    except KeyError:
        if len(kept) >= MOST_KEPT:
            for old in list(kept)[: MOST_KEPT // 2]:
                kept.pop(old, None)
        known = kept[full] = make()
        return known


def _names_no_row(values: dict[str, Key]) -> bool:
    """Whether a key is larger than any: the ORM asks nothing then, and drivers refuse to."""
    return any(isinstance(value, int) and value > LARGEST_KEY for value in values.values())


def _stand_ins(values: dict[str, Key]) -> dict[str, Key]:
    """Values that nobody uses, of the same kinds: where they come out of the compiler, those of a
    call go in."""
    made: dict[str, Key] = {}
    for place, (name, value) in enumerate(values.items(), start=1):
        if isinstance(value, datetime.datetime):
            made[name] = datetime.datetime(1, 1, place, tzinfo=datetime.UTC)
        elif isinstance(value, datetime.date):
            made[name] = datetime.date(1, 1, place)
        elif isinstance(value, str) and len(value) < SHORTEST_INDEXED:
            made[name] = "\uf8ff" + chr(0xE000 + place)  # of private use
        elif isinstance(value, str):
            made[name] = f"WordThatNobodyTypes{place}."
        else:
            made[name] = -900_000_000 - place
    return made


def _sql_of(compiler: Any, stand_ins: dict[str, Key]) -> tuple[str, Slots] | None:
    """SQL and slots; None for what cannot have any row. Raises ImproperlyConfigured for a query
    about the present moment, or one that does not hand a value on as it is."""
    try:
        sql, parameters = compiler.as_sql()
    except EmptyResultSet:
        return None
    adapted = {name: _adapted(value) for name, value in stand_ins.items()}
    slots = tuple(_slot(value, adapted) for value in parameters)
    if any(map(_is_moment, slots)):
        raise ImproperlyConfigured(f"This query names a moment and cannot be kept: {sql}")
    if stand_ins.keys() - {slot.name for slot in slots if isinstance(slot, _Slot)}:
        raise ImproperlyConfigured(f"This query changes a value and cannot be kept: {sql}")
    return sql, slots


def _slot(parameter: Any, adapted: dict[str, Any]) -> Any:
    """Where one of `adapted` goes, alone or in a pattern of LIKE; else the parameter itself."""
    for name, value in adapted.items():
        if isinstance(parameter, type(value)) and value == parameter:  # or a driver's own kind
            return _Slot(name)
        if isinstance(value, str) and isinstance(parameter, str) and value in parameter:
            before, after = parameter.split(value, 1)
            if before.strip("%") == after.strip("%") == "":
                return _Slot(name, before, after)
    return parameter


def _filled(slots: Slots, values: dict[str, Key]) -> Slots:
    """Parameters of a call."""
    return tuple(_fill(slot, values) if isinstance(slot, _Slot) else slot for slot in slots)


def _fill(slot: _Slot, values: dict[str, Key]) -> Any:
    value = values[slot.name]
    if slot.before or slot.after:
        return f"{slot.before}{connection.ops.prep_for_like_query(str(value))}{slot.after}"
    return _adapted(value)


class _Compiled(NamedTuple):
    """A queryset with its SQL, and where in the parameters the values of a call go."""

    queryset: QuerySet
    compiler: Any
    sql: str
    slots: Slots
    converters: dict[int, Any]
    children: tuple[str | Prefetch, ...]


_compiled: dict[Hashable, _Compiled | None] = {}


def kept_objects(key: Hashable, build: Callable[..., QuerySet], **values: Key) -> list[Any]:
    """What `list(build(**values))` gives, with all that the queryset loads. Its SQL is kept under
    `key`, never a row.

    `values` are primary keys, days, moments or words of a search, which stand in the SQL as
    parameters alone: words also in the patterns of "contains" and "startswith", not of "iexact".
    `key` names all else on which the SQL depends; where rows are cut down to a reader it holds
    `kam.access.querysets.sight_of(reader)`. A queryset that compares with a moment that is not
    one of `values` cannot be kept and raises ImproperlyConfigured.
    """
    known = _known(key, build, values)
    if known is None:
        return []
    found = list(_rows_of(known, values))
    if found and known.children:
        _load_children(found, known.children)
    return found


def kept_iterator(key: Hashable, build: Callable[..., QuerySet], **values: Key) -> Iterator[Any]:
    """What `build(**values).iterator()` gives; its SQL is kept under `key` as by `kept_objects`."""
    known = _known(key, build, values)
    if known is None:
        return iter(())
    return _rows_of(known, values).iterator(chunk_size=500)


def _known(
    key: Hashable, build: Callable[..., QuerySet], values: dict[str, Key]
) -> _Compiled | None:
    if _names_no_row(values):
        return None
    return _once(_compiled, (key, _short(values)), lambda: _compile(build, _stand_ins(values)))


def _short(values: dict[str, Key]) -> tuple[str, ...]:
    """Which of `values` are words too short for trigrams, which SQLite has to be asked for in
    another way."""
    if connection.vendor != "sqlite":
        return ()
    words = ((name, value) for name, value in values.items() if isinstance(value, str))
    return tuple(name for name, word in words if len(word) < SHORTEST_INDEXED)


def _rows_of(known: _Compiled, values: dict[str, Key]) -> QuerySet:
    """The queryset that was compiled, to be run with the values of a call."""
    rows = known.queryset._chain()  # type: ignore[attr-defined]
    rows.query.get_compiler = lambda *_given, **_options: _again(known, rows.query, values)
    return rows


def _load_children(rows: list[Any], lookups: tuple[str | Prefetch, ...]) -> None:
    """What `prefetch_related(*lookups)` loads, with kept SQL: rows that point to `rows`."""
    for lookup in lookups:
        name, to_attr = _names_of(lookup)
        field = getattr(type(rows[0]), name).rel.field

        def pointing(pks: list[int], field: Any = field) -> QuerySet:
            return field.model._default_manager.filter(**{f"{field.name}__in": pks})

        own: dict[int, list[Any]] = {row.pk: [] for row in rows}
        for child in kept_among(("children", field), pointing, own):
            own[getattr(child, field.attname)].append(child)
        for row in rows:
            for child in own[row.pk]:
                setattr(child, field.name, row)
            if to_attr:
                setattr(row, to_attr, own[row.pk])
                continue
            children = getattr(row, name).all()
            children._result_cache, children._prefetch_done = own[row.pk], True
            vars(row).setdefault("_prefetched_objects_cache", {})[name] = children


def _names_of(lookup: str | Prefetch) -> tuple[str, str | None]:
    """What a lookup loads, and where it puts it if not where it always is."""
    if isinstance(lookup, str):
        return lookup, None
    return lookup.prefetch_through, lookup.to_attr


_told: dict[Hashable, Any] = {}


def kept_shape(key: Hashable, tell: Callable[[], Answer]) -> Answer:
    """What `tell()` says of the shape of a queryset (its order, its columns), kept under `key` as
    its SQL is. Never of rows."""
    return _once(_told, key, tell)


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


def _compile(build: Callable[..., QuerySet], stand_ins: dict[str, Key]) -> _Compiled | None:
    queryset = build(**stand_ins)
    compiler = queryset.query.get_compiler(connection=connection)
    known = _sql_of(compiler, stand_ins)
    if known is None:
        return None
    converters = compiler.get_converters(
        [column[0] for column in compiler.select[: compiler.col_count]]
    )
    children = _children_of(queryset)
    if children:
        queryset = queryset.prefetch_related(None)
    return _Compiled(queryset, compiler, *known, converters, children)


def _children_of(queryset: Any) -> tuple[str | Prefetch, ...]:
    """The look-ups of `prefetch_related` where all load all rows that point here."""
    lookups = queryset._prefetch_related_lookups
    return lookups if all(_is_plain(queryset.model, lookup) for lookup in lookups) else ()


def _is_plain(model: Any, lookup: str | Prefetch) -> bool:
    pointing = getattr(model, _names_of(lookup)[0], None)
    is_among_all = isinstance(lookup, str) or lookup.queryset is None  # type: ignore[attr-defined]
    is_pointing = isinstance(pointing, ReverseManyToOneDescriptor)
    return is_among_all and is_pointing and not isinstance(pointing, ManyToManyDescriptor)


def _is_moment(value: Any) -> bool:
    """Whether a parameter is a point in time, which SQLite gets as text."""
    if isinstance(value, str):
        return bool(MOMENT.match(value))
    return isinstance(value, datetime.datetime)


def _again(known: _Compiled, query: Any, values: dict[str, Key]) -> Any:
    """A compiler that has compiled already, on the connection of this thread."""
    compiler = type(known.compiler)(query, connection, connection.alias)
    for name in ("select", "klass_info", "annotation_col_map", "col_count", "has_extra_select"):
        setattr(compiler, name, getattr(known.compiler, name))
    parameters = _filled(known.slots, values)
    compiler.as_sql = lambda *_given, **_options: (known.sql, parameters)
    compiler.get_converters = lambda _columns: known.converters
    return compiler


class _Slot(NamedTuple):
    """Where a value goes: alone, or as a word between the signs of a pattern."""

    name: str
    before: str = ""
    after: str = ""


def _adapted(value: Key) -> Any:
    if isinstance(value, datetime.datetime):
        return connection.ops.adapt_datetimefield_value(value)
    if isinstance(value, datetime.date):
        return connection.ops.adapt_datefield_value(value)
    return value
