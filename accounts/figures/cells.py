"""Cells: the kept sums of all accounts at one place, which PostgreSQL keeps in step
(`accounts.models.triggers`). Readers who see whole units and programmes are told from them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db import connection, transaction

from accounts.models import SumsPeriod
from accounts.models.triggers import (
    BAND_KEYS,
    BAND_VALUES,
    CELL_KEYS,
    CELL_VALUES,
    adding,
)

LOCK = 0x6B616D43
"""Key of the advisory lock of whoever puts cells together: one at a time."""
TABLES = {
    "accounts_sumscell": (CELL_KEYS, CELL_VALUES),
    "accounts_sumsband": (BAND_KEYS, BAND_VALUES),
}


def are_kept() -> bool:
    """Whether this database keeps cells."""
    return connection.vendor == "postgresql"


@transaction.atomic
def join_cells(period: SumsPeriod) -> None:
    """Make one row of all those that a cell of `period` has got; no sum changes. Left to whoever is
    at it already."""
    if not are_kept():
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [LOCK, period.pk])
        if not cursor.fetchone()[0]:
            return
        for table, (keys, values) in TABLES.items():
            _join(cursor, table, period.pk, keys, values)


def _join(
    cursor: Any, table: str, period: int, keys: Collection[str], values: Collection[str]
) -> None:
    same, names = ", ".join(keys), ", ".join(values)
    several = f"SELECT 1 FROM {table} WHERE period_id = %s GROUP BY {same} HAVING COUNT(*) > 1"  # noqa: S608  (our own names)
    cursor.execute(f"{several} LIMIT 1", [period])
    if cursor.fetchone() is None:
        return
    joined = adding(table, keys, {name: name for name in values}, "gone")
    cursor.execute(
        f"WITH gone AS (DELETE FROM {table} WHERE period_id = %s RETURNING {same}, {names})"  # noqa: S608
        f" {joined}",
        [period],
    )
