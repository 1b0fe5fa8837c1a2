"""Many rows at once: COPY on PostgreSQL, one prepared insert on SQLite."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection, models


def insert(model: type[models.Model], fields: tuple[str, ...], rows: Iterable[tuple]) -> int:
    """Insert `rows`, values in the order of the columns of `fields`; returns how many.

    Values are numbers, dates and plain text of our own making. Defaults of the model do not apply.
    """
    table = model._meta.db_table
    columns = ", ".join(model._meta.get_field(name).column for name in fields)  # type: ignore[union-attr]
    count = 0
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                for count, row in enumerate(rows, 1):  # noqa: B007  (the last is the answer)
                    copy.write_row(row)
            return count
        marks = ", ".join(["%s"] * len(fields))
        given: list[tuple[Any, ...]] = list(rows)
        if given:
            query = f"INSERT INTO {table} ({columns}) VALUES ({marks})"  # noqa: S608  (our names)
            cursor.executemany(query, given)
        return len(given)
