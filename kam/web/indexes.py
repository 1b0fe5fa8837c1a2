"""Indexes that search and sorted lists need, on whichever database there is."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.backends.ddl_references import Statement, Table

TRIGRAMS = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
    OR (EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')
        AND has_database_privilege(current_database(), 'CREATE'))
"""


class SearchIndex(models.Index):
    """Serves `icontains` (PostgreSQL: trigrams) or, with `starts`, `istartswith` on one field.

    Where the server does not allow `pg_trgm`, and on SQLite, which scans its 10,000 rows, it is
    an ordinary index: search answers all the same.
    """

    def __init__(self, *, starts: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.starts = starts

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | ({"starts": True} if self.starts else {})

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """The statement that makes the index; on PostgreSQL it makes `pg_trgm` first."""
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        method, operators = "btree", "text_pattern_ops"
        if not self.starts and self._trigrams(schema_editor):
            method, operators = "gin", "gin_trgm_ops"
        column = model._meta.get_field(self.fields[0]).column  # type: ignore[union-attr]
        return Statement(
            f"CREATE INDEX %(name)s ON %(table)s USING {method} (UPPER(%(column)s) {operators})",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
            column=schema_editor.quote_name(column),
        )

    def _trigrams(self, schema_editor: Any) -> bool:
        """Whether trigrams are there, after asking for them."""
        if schema_editor.collect_sql:
            return True
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(TRIGRAMS)
            allowed = cursor.fetchone()[0]
            if allowed:
                cursor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        return allowed


class RankIndex(models.Index):
    """Serves lists in falling order with what is unknown last, as all tables sort, and lists in
    rising order where it comes first: in the columns `unknown_first`.

    An index of PostgreSQL has it the other way round unless told; SQLite takes no such words, and
    reads an ordinary index either way.
    """

    def __init__(self, *, unknown_first: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unknown_first = tuple(unknown_first)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        own = {"unknown_first": self.unknown_first} if self.unknown_first else {}
        return path, args, kwargs | own

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """The statement that makes the index."""
        if schema_editor.connection.vendor != "postgresql":
            return super().create_sql(model, schema_editor, using, **kwargs)
        columns = ", ".join(
            schema_editor.quote_name(model._meta.get_field(name).column)  # type: ignore[union-attr]
            + self._order(name, order)
            for name, order in self.fields_orders
        )
        condition = self._get_condition_sql(model, schema_editor)  # type: ignore[attr-defined]
        where = f" WHERE {condition}" if condition else ""
        return Statement(
            f"CREATE INDEX %(name)s ON %(table)s ({columns}){where}",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
        )

    def _order(self, name: str, order: str) -> str:
        if name in self.unknown_first:
            return f" {order} NULLS FIRST"
        return f" {order} NULLS LAST" if order else ""


class CoveringIndex(models.Index):
    """Holds the columns `covers` beside its own, so that the database need not look at the rows.

    On SQLite they stand behind the last column of its own, which comes to the same.
    """

    def __init__(self, *, covers: tuple[str, ...] = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.covers = tuple(covers)

    def deconstruct(self) -> tuple[str, Any, dict[str, Any]]:
        path, args, kwargs = super().deconstruct()
        return path, args, kwargs | {"covers": self.covers}

    def create_sql(
        self, model: type[models.Model], schema_editor: Any, using: str = "", **kwargs: Any
    ) -> Any:
        """The statement that makes the index."""
        columns: dict[str, Any] = {"fields": self.fields, "include": self.covers}
        if schema_editor.connection.vendor != "postgresql":
            columns = {"fields": [*self.fields, *self.covers]}
        covering = models.Index(name=self.name, condition=self.condition, **columns)
        return covering.create_sql(model, schema_editor, using, **kwargs)
