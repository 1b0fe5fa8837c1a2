"""Writing sales lines fast: COPY on PostgreSQL, one prepared insert on SQLite, sums in SQL."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts.models import LedgerEntry, MonthTotal, StagedTotal

COLUMNS = (
    "programme_id",
    "account_id",
    "booked_on",
    "product_id",
    "quantity",
    "amount",
    "currency",
    "cost",
    "document",
    "source",
    "identity",
    "run_id",
)
LEDGER = LedgerEntry._meta.db_table
TOTALS = MonthTotal._meta.db_table
STAGED = StagedTotal._meta.db_table
SUMS = ("revenue", "cost", "lines", "lines_without_cost")
_UNSAFE = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
LOOKUP = 800


def insert_lines(lines: Sequence[tuple[Any, ...]]) -> None:
    """Insert ledger lines given in the order of `COLUMNS`; `identity` is bytes."""
    if not lines:
        return
    columns = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            text = "".join(_copy_line(line) for line in lines)
            with cursor.copy(f"COPY {LEDGER} ({columns}) FROM STDIN") as copy:
                copy.write(text)
            return
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(
            f"INSERT INTO {LEDGER} ({columns}) VALUES ({marks})",  # noqa: S608  (our own names)
            lines,
        )


def _copy_line(line: tuple[Any, ...]) -> str:
    cells = []
    for value in line:
        if value is None:
            cells.append("\\N")
        elif type(value) is bytes:
            cells.append("\\\\x" + value.hex())
        elif type(value) is str:
            cells.append(value.translate(_UNSAFE) if _needs_care(value) else value)
        else:
            cells.append(str(value))
    return "\t".join(cells) + "\n"


def _needs_care(value: str) -> bool:
    return "\\" in value or "\t" in value or "\n" in value or "\r" in value


def known_identities(programme_id: int, identities: Sequence[bytes]) -> set[bytes]:
    """Those of `identities` that the programme's ledger holds already."""
    known: set[bytes] = set()
    rows = LedgerEntry.objects.filter(programme=programme_id)
    for start in range(0, len(identities), LOOKUP):
        part = identities[start : start + LOOKUP]
        found = rows.filter(identity__in=part).values_list("identity", flat=True)
        known.update(bytes(item) for item in found)
    return known


def add_totals(run_id: int, sums: Iterable[tuple[Any, ...]]) -> None:
    """Add (account, month, currency, revenue, cost, lines, lines without cost) to the run's."""
    adding = ", ".join(f"{name} = {_rounded('+', STAGED, name)}" for name in SUMS)
    query = (
        f"INSERT INTO {STAGED}"  # noqa: S608  (our own names)
        f" (run_id, account_id, month, currency, {', '.join(SUMS)})"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
        f" ON CONFLICT (run_id, account_id, month, currency) DO UPDATE SET {adding}"
    )
    rows = [(run_id, *(_plain(value) for value in item)) for item in sums]
    if rows:
        with connection.cursor() as cursor:
            cursor.executemany(query, rows)


def _plain(value: Any) -> Any:
    return format(value, "f") if isinstance(value, Decimal) else value


def _rounded(sign: str, table: str, name: str, other: str = "excluded") -> str:
    """Sum or difference; money to six places, because SQLite computes in binary fractions."""
    term = f"{table}.{name} {sign} {other}.{name}"
    return f"ROUND({term}, 6)" if name in ("revenue", "cost") else term


def publish_totals(run_id: int) -> None:
    """Add the run's sums to the monthly totals, in one statement."""
    adding = ", ".join(f"{name} = {_rounded('+', TOTALS, name)}" for name in SUMS)
    columns = f"account_id, month, currency, {', '.join(SUMS)}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TOTALS} ({columns}) SELECT {columns} FROM {STAGED}"  # noqa: S608
            f" WHERE run_id = %s ORDER BY account_id, month, currency"
            f" ON CONFLICT (account_id, month, currency) DO UPDATE SET {adding}",
            [run_id],
        )


def withdraw_totals(run_id: int) -> None:
    """Take the run's sums from the monthly totals; months without lines vanish."""
    taking = ", ".join(f"{name} = {_rounded('-', TOTALS, name, 'staged')}" for name in SUMS)
    same = " AND ".join(
        f"{TOTALS}.{name} = staged.{name}" for name in ("account_id", "month", "currency")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TOTALS} SET {taking} FROM {STAGED} AS staged"  # noqa: S608  (our own names)
            f" WHERE staged.run_id = %s AND {same}",
            [run_id],
        )
        cursor.execute(
            f"DELETE FROM {TOTALS} WHERE lines = 0 AND account_id IN"  # noqa: S608
            f" (SELECT account_id FROM {STAGED} WHERE run_id = %s)",
            [run_id],
        )


def delete_some(table: str, run_id: int, limit: int) -> int:
    """Delete up to `limit` rows of a run from one of the two tables; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN"  # noqa: S608  (our own names)
            f" (SELECT id FROM {table} WHERE run_id = %s LIMIT %s)",
            [run_id, limit],
        )
        return cursor.rowcount
