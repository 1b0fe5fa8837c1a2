"""Staged records become rows: all of a run in one statement, so that publishing is short."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.db import connection, models

from kam.imports.models import Run, StagedRecord

STAGED = StagedRecord._meta.db_table


def kept(obj: models.Model, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Columns of `obj` by attribute name, as `StagedRecord.columns` keeps them: those of the fields
    `names`, or all but the moments that are set when the row is written."""
    wanted = None if names is None else set(names)
    return {
        field.attname: getattr(obj, field.attname)
        for field in obj._meta.concrete_fields
        if (not _is_moment(field) if wanted is None else field.name in wanted)
    }


def insert(model: type[models.Model], run: Run, now: datetime.datetime) -> None:
    """Make the new records of `run`."""
    moment = connection.ops.adapt_datetimefield_value(now)
    fields: list[Any] = list(model._meta.concrete_fields)
    quote = connection.ops.quote_name
    columns = ", ".join(quote(field.column) for field in fields)
    values = ", ".join("%s" if _is_moment(field) else _value(field) for field in fields)
    moments = [moment for field in fields if _is_moment(field)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {quote(model._meta.db_table)} ({columns})"  # noqa: S608  (our own names)
            f" SELECT {values} FROM {STAGED} AS staged"
            " WHERE staged.run_id = %s AND staged.ready AND staged.created"
            " ORDER BY staged.row, staged.part",
            [*moments, run.pk],
        )


def update(
    model: type[models.Model], run: Run, names: Iterable[str], now: datetime.datetime
) -> None:
    """Give known records that nobody has changed since they were read the columns of the fields
    `names` that are staged for them."""
    quote = connection.ops.quote_name
    table = quote(model._meta.db_table)
    fields: list[Any] = [model._meta.get_field(name) for name in names]
    changes = [
        f"{quote(field.column)} = CASE WHEN {_has(field)} THEN {_value(field)}"
        f" ELSE {table}.{quote(field.column)} END"
        for field in fields
    ]
    changes += [f"version = {table}.version + 1", "updated_at = %s"]
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {', '.join(changes)}"  # noqa: S608  (our own names)
            f" FROM {STAGED} AS staged WHERE staged.run_id = %s AND staged.ready"
            f" AND NOT staged.created AND staged.columns <> '{{}}'"
            f" AND staged.object_id = {table}.id AND staged.version = {table}.version",
            [connection.ops.adapt_datetimefield_value(now), run.pk],
        )


def text_of(column: str, name: str) -> str:
    """SQL for the text `name` in a JSON column of staged records."""
    if connection.vendor == "postgresql":
        return f"staged.{column}->>'{name}'"
    return f"json_extract(staged.{column}, '$.{name}')"


def _is_moment(field: Any) -> bool:
    return bool(getattr(field, "auto_now", False) or getattr(field, "auto_now_add", False))


def _value(field: Any) -> str:
    if connection.vendor != "postgresql":
        return text_of("columns", field.attname)
    if isinstance(field, models.JSONField):
        return f"NULLIF(staged.columns->'{field.attname}', 'null')"
    kind = field.db_type(connection).partition("(")[0]
    return f"({text_of('columns', field.attname)})::{kind}"


def _has(field: Any) -> str:
    if connection.vendor == "postgresql":
        return f"staged.columns ? '{field.attname}'"
    return f"json_type(staged.columns, '$.{field.attname}') IS NOT NULL"
