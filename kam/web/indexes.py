"""Indexes that search and sorted lists need, on whichever database there is."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models
from django.db.backends.ddl_references import Statement, Table
from django.db.models import Q
from django.db.models.expressions import Expression

from kam.access.prepared import SHORTEST_INDEXED

TRIGRAMS = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
    OR (EXISTS (SELECT FROM pg_available_extensions WHERE name = 'pg_trgm')
        AND has_database_privilege(current_database(), 'CREATE'))
"""


WORDS = """
CREATE VIRTUAL TABLE %(words)s
    USING fts5 (%(column)s, content=%(table)s, content_rowid=%(key)s, tokenize='trigram')
"""
DROPPED = "DROP TABLE IF EXISTS %(words)s"
FILLED = "INSERT INTO %(words)s (%(words)s) VALUES ('rebuild')"
ADDED = """
CREATE TRIGGER %(added)s AFTER INSERT ON %(table)s BEGIN
    INSERT INTO %(words)s (rowid, %(column)s) VALUES (NEW.%(key)s, NEW.%(column)s);
END
"""
REMOVED = """
CREATE TRIGGER %(removed)s AFTER DELETE ON %(table)s BEGIN
    INSERT INTO %(words)s (%(words)s, rowid, %(column)s)
        VALUES ('delete', OLD.%(key)s, OLD.%(column)s);
END
"""
CHANGED = """
CREATE TRIGGER %(changed)s AFTER UPDATE OF %(column)s ON %(table)s
WHEN OLD.%(column)s IS NOT NEW.%(column)s BEGIN
    INSERT INTO %(words)s (%(words)s, rowid, %(column)s)
        VALUES ('delete', OLD.%(key)s, OLD.%(column)s);
    INSERT INTO %(words)s (rowid, %(column)s) VALUES (NEW.%(key)s, NEW.%(column)s);
END
"""
HOLDING = """
SELECT rowid FROM {words} WHERE {words} MATCH '"' || REPLACE(%s, '"', '""') || '"'
"""


class SearchIndex(models.Index):
    """Serves `icontains` or, with `starts`, `istartswith` on one field.

    PostgreSQL has trigrams in an index; where the server does not allow `pg_trgm` it is an
    ordinary one, and search answers all the same. On SQLite trigrams stand in a table beside
    (FTS5), which triggers keep and `may_hold` asks. Whoever remakes the table in a migration
    makes the indexes of its model again, and the triggers with them. Rows must not be written
    with INSERT OR REPLACE, which calls no trigger for what it removes; a searched column is
    renamed in a migration of its own.
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
        """The statement that makes the index; on PostgreSQL it makes `pg_trgm` first, on SQLite
        the editor is handed what makes table and triggers when all else is done."""
        if schema_editor.connection.vendor != "postgresql":
            texts = (DROPPED, WORDS, FILLED, ADDED, REMOVED, CHANGED)
            schema_editor.deferred_sql.extend(
                self._beside(text, model, schema_editor) for text in texts
            )
            return super().create_sql(model, schema_editor, using, **kwargs)
        method, operators = "btree", "text_pattern_ops"
        if not self.starts and self._trigrams(schema_editor):
            method, operators = "gin", "gin_trgm_ops"
        return Statement(
            f"CREATE INDEX %(name)s ON %(table)s USING {method} (UPPER(%(column)s) {operators})",
            name=schema_editor.quote_name(self.name),
            table=Table(model._meta.db_table, schema_editor.quote_name),
            column=schema_editor.quote_name(self._column(model)),
        )

    def remove_sql(self, model: type[models.Model], schema_editor: Any, **kwargs: Any) -> Any:
        """The statement that drops the index; on SQLite table and triggers go first."""
        if schema_editor.connection.vendor != "postgresql":
            for text in (
                "DROP TRIGGER IF EXISTS %(added)s",
                "DROP TRIGGER IF EXISTS %(removed)s",
                "DROP TRIGGER IF EXISTS %(changed)s",
                DROPPED,
            ):
                schema_editor.execute(self._beside(text, model, schema_editor))
        return super().remove_sql(model, schema_editor, **kwargs)

    @property
    def words(self) -> str:
        """Name of the table of trigrams (SQLite)."""
        return f"{self.name}_words"

    def _column(self, model: type[models.Model]) -> str:
        return model._meta.get_field(self.fields[0]).column  # type: ignore[union-attr, return-value]

    def _beside(self, text: str, model: type[models.Model], schema_editor: Any) -> Statement:
        """A statement about the table of trigrams and its triggers (SQLite)."""
        quote = schema_editor.quote_name
        return Statement(
            text.strip(),
            table=Table(model._meta.db_table, quote),
            column=quote(self._column(model)),
            key=quote(model._meta.pk.column),
            words=quote(self.words),
            **{when: quote(f"{self.name}_{when}") for when in ("added", "removed", "changed")},
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


class _Holding(Expression):
    """Keys of rows that hold `text`, by tables of trigrams (SQLite)."""

    output_field = models.BigIntegerField()

    def __init__(self, tables: tuple[str, ...], text: str) -> None:
        super().__init__()
        self.tables = tables
        self.text = text

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, list[str]]:
        names = map(connection.ops.quote_name, self.tables)
        parts = " UNION ALL ".join(HOLDING.strip().format(words=name) for name in names)
        return f"({parts})", [self.text] * len(self.tables)


def may_hold(model: type[models.Model], text: str) -> Q:
    """Rows of `model` in whose searched fields `text` can stand, to be asked beside the condition
    itself: SQLite looks at no other rows then. PostgreSQL sees by itself which to look at, and
    texts of one or two letters have no trigrams: all rows."""
    if connection.vendor != "sqlite" or len(text) < SHORTEST_INDEXED:
        return Q()
    indexes = [index for index in model._meta.indexes if isinstance(index, SearchIndex)]
    if not indexes:
        raise ImproperlyConfigured(f"{model.__name__} has no SearchIndex.")
    return Q(pk__in=_Holding(tuple(index.words for index in indexes), text))


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
