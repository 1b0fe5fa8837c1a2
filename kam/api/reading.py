"""Handing rows out: what a class of serializers does with a row, worked out once.

REST framework copies the fields of a serializer for every call and asks each of them for every row
where its value lies and how it is written. Both follow from the class alone, so that it is kept as
a list of steps; the answer is the same, which `tests/kam/test_api_reading.py` holds for every
resource. What cannot be told beforehand (fields of their own making, methods, look-ups that fail)
is still asked of the field itself.
"""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from operator import attrgetter
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.utils.timezone import get_current_timezone
from rest_framework import ISO_8601, fields, relations, serializers
from rest_framework.settings import api_settings

from kam.access.prepared import kept_among

Write = Callable[[Any], Any]


class Step(NamedTuple):
    """One field: where its value lies, and how it is written (None: as it is).

    Without `get` the field itself is asked; `method` is called on the serializer.
    """

    name: str
    get: Callable[[Any], Any] | None
    write: Write | None
    method: str = ""


_known: dict[type, tuple[Step, ...]] = {}


def steps_for(kind: type[serializers.Serializer]) -> tuple[Step, ...]:
    """Steps of a class of serializers."""
    if kind not in _known:
        _known[kind] = steps_of(kind())
    return _known[kind]


def body_of(row: Any, steps: tuple[Step, ...], serializer: Any) -> dict[str, Any]:
    """What `serializer` hands out for `row`, which is no dictionary."""
    body: dict[str, Any] = {}
    for name, get, write, method in steps:
        if method:
            body[name] = getattr(serializer, method)(row)
            continue
        if get is not None:
            try:
                value = get(row)
            except (AttributeError, KeyError):
                pass  # the field knows what stands for it
            else:
                body[name] = value if value is None or write is None else write(value)
                continue
        with suppress(fields.SkipField):
            body[name] = _asked(serializer.fields[name], row)
    return body


def _asked(field: Any, row: Any) -> Any:
    """What the field itself hands out."""
    value = field.get_attribute(row)
    if (value.pk if isinstance(value, relations.PKOnlyObject) else value) is None:
        return None
    return field.to_representation(value)


LOADED = "loaded_"


def load(rows: Sequence[Any], name: str) -> None:
    """Put what a relation to many holds into a list beside each of `rows`, for their bodies.

    Django would make a manager with a query of its own for every row, and put the query together
    for every call.
    """
    relation: Any = type(rows[0])._meta.get_field(name) if rows else None
    if relation is None:
        return
    if not relation.many_to_many:
        children = relation.related_model._default_manager.all
        load_children(rows, relation.field.attname, LOADED + name, children)
        return
    through = relation.remote_field.through
    ours = through._meta.get_field(relation.m2m_field_name()).attname
    theirs = relation.m2m_reverse_field_name()
    order = [
        f"-{theirs}__{item[1:]}" if item.startswith("-") else f"{theirs}__{item}"
        for item in relation.related_model._meta.ordering or ("pk",)
    ]
    pairs = through._default_manager.order_by(*order)
    load_children(
        rows,
        ours,
        LOADED + name,
        lambda: pairs.annotate(pk_=models.F(f"{theirs}_id")).values_list(ours, "pk_", named=True),
    )


def load_children(
    rows: Sequence[Any],
    path: str,
    into: str,
    children: Callable[[], models.QuerySet],
    key: Hashable = None,
) -> None:
    """Put `children()` that name one of `rows` in `path` into its list `into`. Their SQL is kept
    under `key`, which names all that it depends on, such as the day."""
    beside: dict[Any, list[Any]] = {row.pk: [] for row in rows}
    kept = ("children", type(rows[0]) if rows else None, into, key)
    for child in kept_among(
        kept, lambda pks: children().filter(**{f"{path}__in": pks}), beside.keys()
    ):
        beside[getattr(child, path)].append(child)
    for row in rows:
        setattr(row, into, beside[row.pk])


def loaded(row: models.Model, held: str) -> list[Any]:
    """Rows that `load` has loaded, else what the relation gives."""
    found = getattr(row, LOADED + held, None)
    return list(getattr(row, held).all()) if found is None else found


def _children(name: str) -> Callable[[Any], Any]:
    """Gets what `load` has loaded, else what stands under the name."""
    loaded_name = LOADED + name

    def get(row: Any) -> Any:
        found = getattr(row, loaded_name, None)
        return getattr(row, name) if found is None else found

    return get


def steps_of(serializer: Any) -> tuple[Step, ...]:
    """The fields that are read, in their order."""
    model = getattr(getattr(serializer, "Meta", None), "model", None)
    return tuple(_step(field, model) for field in serializer._readable_fields)


def _step(field: Any, model: type[models.Model] | None) -> Step:
    name = field.field_name
    if type(field) is fields.SerializerMethodField:
        return Step(name, None, None, field.method_name)
    get, write = _getter(field, model), _writer(field)
    if get is None or write is None:
        return Step(name, None, None)
    return Step(name, get, None if write is _as_it_is else write)


def _getter(field: Any, model: type[models.Model] | None) -> Callable[[Any], Any] | None:
    """Where the value lies; None where only the field knows."""
    column = _column(field.source, model)
    if isinstance(field, relations.PrimaryKeyRelatedField):
        return None if column is None or field.pk_field is not None else attrgetter(column.attname)
    is_many = isinstance(field, relations.ManyRelatedField | serializers.ListSerializer)
    if is_many and field.source.isidentifier():
        return _children(field.source)
    if type(field).get_attribute is not fields.Field.get_attribute:
        return None
    if column is not None and not column.is_relation:
        return attrgetter(column.attname)
    return _attribute(field.source_attrs)


def _attribute(path: list[str]) -> Callable[[Any], Any]:
    """Gets what stands at `path`; methods without arguments are called, as fields do."""

    def get(row: Any) -> Any:
        value = getattr(row, path[0]) if len(path) == 1 else None
        return value if type(value) in PLAIN_VALUES else fields.get_attribute(row, path)

    return get


def _column(source: str, model: type[models.Model] | None) -> Any:
    try:
        field = model._meta.get_field(source) if model is not None else None
    except FieldDoesNotExist:
        return None
    return field if getattr(field, "concrete", False) and not field.many_to_many else None  # type: ignore[union-attr]


def _as_it_is(value: Any) -> Any:
    return value


def _plain(kind: type, field: Any) -> Write:
    return lambda value: value if type(value) is kind else field.to_representation(value)


def _big(field: Any) -> Write | None:
    as_text = getattr(field, "coerce_to_string", api_settings.COERCE_BIGINT_TO_STRING)
    return None if as_text else _plain(int, field)


def _choice(field: Any) -> Write | None:
    table = field.choice_strings_to_values
    other = field.to_representation
    return lambda value: table.get(value, value) if type(value) is str else other(value)


def _decimal(field: Any) -> Write | None:
    text = getattr(field, "coerce_to_string", api_settings.COERCE_DECIMAL_TO_STRING)
    places = field.decimal_places
    if not text:
        return field.to_representation  # type: ignore[no-any-return]
    if places is None or field.localize or field.normalize_output:
        return None
    smallest = decimal.Decimal(1).scaleb(-places)
    other = field.to_representation
    context = decimal.getcontext().copy()
    if field.max_digits is not None:
        context.prec = field.max_digits

    def write(value: Any) -> Any:
        if type(value) is not decimal.Decimal:
            return other(value)
        return f"{value.quantize(smallest, rounding=field.rounding, context=context):f}"

    return write


def _date(field: Any) -> Write | None:
    if getattr(field, "format", api_settings.DATE_FORMAT) != ISO_8601:
        return None
    other = field.to_representation
    return lambda value: value.isoformat() if type(value) is datetime.date else other(value)


def _moment(field: Any) -> Write | None:
    if getattr(field, "format", api_settings.DATETIME_FORMAT) != ISO_8601:
        return None
    other = field.to_representation

    def write(value: Any) -> Any:
        if type(value) is not datetime.datetime or value.tzinfo is None:
            return other(value)
        text = value.astimezone(get_current_timezone()).isoformat()
        return text[:-6] + "Z" if text.endswith("+00:00") else text

    return None if hasattr(field, "timezone") else write


def _each(field: Any) -> Write | None:
    if isinstance(field.child, fields._UnvalidatedField):
        return list
    write = _writer(field.child)
    if write is None:
        return None
    return lambda values: [None if item is None else write(item) for item in values]


def _entries(field: Any) -> Write | None:
    if isinstance(field.child, fields._UnvalidatedField):
        return lambda values: {str(key): item for key, item in values.items()}
    write = _writer(field.child)
    if write is None:
        return None
    return lambda values: {
        str(key): None if item is None else write(item) for key, item in values.items()
    }


def _related(field: Any) -> Write | None:
    child = field.child_relation
    if not isinstance(child, relations.PrimaryKeyRelatedField) or child.pk_field is not None:
        return None
    return lambda rows: (
        [row.pk for row in rows.all()] if hasattr(rows, "all") else [row.pk_ for row in rows]
    )


def _rows(held: Any) -> Any:
    """Rows of a relation's manager, or of the list that was loaded in its place."""
    return held.all() if hasattr(held, "all") else held


def _nested(field: Any) -> Write | None:
    """A serializer inside; None when one of its fields has to be asked."""
    if type(field).to_representation not in PLAIN:
        return None
    steps = steps_of(field)
    if any(step.get is None for step in steps):
        return None

    members = [
        (child.source, child, step.name, step.write)
        for child, step in zip(field._readable_fields, steps, strict=True)
    ]

    def write(row: Any) -> Any:
        if not isinstance(row, dict):
            return body_of(row, steps, field)
        body = {}
        for source, child, name, convert in members:
            value = row.get(source)
            if type(value) in PLAIN_VALUES:
                body[name] = value if convert is None else convert(value)
                continue
            with suppress(fields.SkipField):
                body[name] = _asked(child, row)
        return body

    return write


def _list(field: Any) -> Write | None:
    write = _nested(field.child)
    if write is None:
        return None

    def write_all(rows: Any) -> list[Any]:
        return [write(row) for row in _rows(rows)]

    return write_all


PLAIN_VALUES = {
    str,
    int,
    float,
    bool,
    dict,
    list,
    datetime.date,
    datetime.datetime,
    decimal.Decimal,
}
"""Kinds of values that are no methods."""

PLAIN: list[Any] = [serializers.Serializer.to_representation]
"""Ways of handing a row out that do nothing besides; the house's own joins them."""

WRITERS: dict[Any, Callable[[Any], Write | None]] = {
    fields.CharField.to_representation: lambda field: _plain(str, field),
    fields.IntegerField.to_representation: lambda field: _plain(int, field),
    fields.BigIntegerField.to_representation: _big,
    fields.FloatField.to_representation: lambda field: _plain(float, field),
    fields.BooleanField.to_representation: lambda field: _plain(bool, field),
    fields.ChoiceField.to_representation: _choice,
    fields.DecimalField.to_representation: _decimal,
    fields.DateField.to_representation: _date,
    fields.DateTimeField.to_representation: _moment,
    fields.TimeField.to_representation: lambda field: field.to_representation,
    fields.ReadOnlyField.to_representation: lambda _field: _as_it_is,
    fields.JSONField.to_representation: lambda field: None if field.binary else _as_it_is,
    fields.ListField.to_representation: _each,
    fields.DictField.to_representation: _entries,
    relations.PrimaryKeyRelatedField.to_representation: lambda _field: _as_it_is,
    relations.ManyRelatedField.to_representation: _related,
    serializers.ListSerializer.to_representation: _list,
}
"""How values of each kind of field are written; other kinds are asked."""


def stands_alone(kind: type[fields.Field]) -> type[fields.Field]:
    """Marks a kind of field of our own that writes a value without asking who reads it."""
    WRITERS[kind.to_representation] = lambda field: field.to_representation
    return kind


def _writer(field: Any) -> Write | None:
    """How values of `field` are written; None where only the field knows."""
    find = WRITERS.get(type(field).to_representation)
    if find is None and isinstance(field, serializers.Serializer):
        find = _nested
    return None if find is None else find(field)
