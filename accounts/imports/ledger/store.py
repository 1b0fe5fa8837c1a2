"""Writing sales lines fast: COPY on PostgreSQL, one prepared insert on SQLite, sums in SQL."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, DateField, Sum
from django.db.models.functions import TruncMonth

from accounts import figures
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
DAY = {"postgresql": "%s::date", "sqlite": "%s"}
MONTH = {
    "postgresql": "date_trunc('month', booked_on)::date",
    "sqlite": "strftime('%%Y-%%m-01', booked_on)",
}


def as_sent(lines: Iterable[tuple[Any, ...]]) -> Any:
    """Ledger lines, given in the order of `COLUMNS`, as `insert_lines` hands them over; `identity`
    is bytes."""
    if connection.vendor == "postgresql":
        return "".join(map(_copy_line, lines)).encode()
    return list(lines)


def insert_lines(sent: Any) -> None:
    """Insert ledger lines that `as_sent` got ready."""
    columns = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            with cursor.copy(f"COPY {LEDGER} ({columns}) FROM STDIN") as copy:
                copy.write(sent)
            return
        marks = ", ".join(["%s"] * len(COLUMNS))
        cursor.executemany(
            f"INSERT INTO {LEDGER} ({columns}) VALUES ({marks})",  # noqa: S608  (our own names)
            sent,
        )


def _copy_line(line: tuple[Any, ...]) -> str:
    """A line in the text form of COPY; only documents and sources can hold what needs care."""
    scope, account, day, product, quantity, amount, currency, cost, document, origin, key, run = (
        line
    )
    if not document.isalnum():
        document = document.translate(_UNSAFE)
    return (
        f"{scope}\t{account}\t{day}\t{_null(product)}\t{_null(quantity)}\t{amount}\t{currency}\t"
        f"{_null(cost)}\t{document}\t{origin.translate(_UNSAFE)}\t\\\\x{key.hex()}\t{run}\n"
    )


def _null(value: Any) -> Any:
    return "\\N" if value is None else value


def known_identities(programme_id: int, identities: Sequence[bytes]) -> set[bytes]:
    """Those of `identities` that the programme's ledger holds already."""
    known: set[bytes] = set()
    rows = LedgerEntry.objects.filter(programme=programme_id)
    for start in range(0, len(identities), LOOKUP):
        part = identities[start : start + LOOKUP]
        found = rows.filter(identity__in=part).values_list("identity", flat=True)
        known.update(map(bytes, found))
    return known


def sums_of(run_id: int) -> tuple[dict[tuple[str, str], Decimal], int]:
    """Net revenue of a run's lines by currency and month (`2026-05`), and how many accounts."""
    lines = LedgerEntry.objects.filter(run=run_id).order_by()
    month = TruncMonth("booked_on", output_field=DateField())
    rows = lines.annotate(month=month).values_list("currency", "month").annotate(s=Sum("amount"))
    sums = {(currency, f"{month:%Y-%m}"): revenue for currency, month, revenue in rows}
    return sums, lines.aggregate(count=Count("account", distinct=True))["count"]


def stage_totals(run_id: int, first: int, last: int) -> None:
    """Sum the run's lines of the accounts `first` to `last` by month; again is no harm.

    The plus keeps SQLite from going over all lines of the run for a few accounts.
    """
    columns = ", ".join(SUMS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {STAGED} (run_id, account_id, month, currency, {columns})"  # noqa: S608
            f" SELECT run_id, account_id, {MONTH[connection.vendor]}, currency,"
            " ROUND(SUM(amount), 6), ROUND(COALESCE(SUM(cost), 0), 6), COUNT(*),"
            f" COUNT(*) - COUNT(cost) FROM {LEDGER}"
            " WHERE +run_id = %s AND account_id BETWEEN %s AND %s GROUP BY 1, 2, 3, 4"
            " ON CONFLICT (run_id, account_id, month, currency) DO NOTHING",
            [run_id, first, last],
        )


def _rounded(sign: str, table: str, name: str, other: str = "excluded") -> str:
    """Sum or difference; money to six places, because SQLite computes in binary fractions."""
    term = f"{table}.{name} {sign} {other}.{name}"
    return f"ROUND({term}, 6)" if name in ("revenue", "cost") else term


def publish_totals(run_id: int, recorded_on: datetime.date) -> None:
    """Add the run's sums to the monthly totals of the day, in one statement."""
    adding = ", ".join(f"{name} = {_rounded('+', TOTALS, name)}" for name in SUMS)
    columns = f"account_id, month, currency, {', '.join(SUMS)}"
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {TOTALS} (recorded_on, {columns})"  # noqa: S608  (our own names)
            f" SELECT {DAY[connection.vendor]}, {columns} FROM {STAGED}"
            " WHERE run_id = %s ORDER BY account_id, month, currency"
            f" ON CONFLICT (account_id, month, currency, recorded_on) DO UPDATE SET {adding}",
            [recorded_on, run_id],
        )
    _refresh(run_id)


def _refresh(run_id: int) -> None:
    """Sums that are kept of the run's accounts follow."""
    staged = StagedTotal.objects.filter(run=run_id).order_by("account").distinct()
    figures.refresh(staged.values_list("account", flat=True))


def withdraw_totals(run_id: int, recorded_on: datetime.date) -> None:
    """Take the run's sums from the monthly totals of the day of its publication; months without
    lines vanish."""
    taking = ", ".join(f"{name} = {_rounded('-', TOTALS, name, 'staged')}" for name in SUMS)
    same = " AND ".join(
        f"{TOTALS}.{name} = staged.{name}" for name in ("account_id", "month", "currency")
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {TOTALS} SET {taking} FROM {STAGED} AS staged"  # noqa: S608  (our own names)
            f" WHERE staged.run_id = %s AND {TOTALS}.recorded_on = %s AND {same}",
            [run_id, recorded_on],
        )
        cursor.execute(
            f"DELETE FROM {TOTALS} WHERE lines = 0 AND account_id IN"  # noqa: S608
            f" (SELECT account_id FROM {STAGED} WHERE run_id = %s)",
            [run_id],
        )
    _refresh(run_id)


def delete_some(table: str, run_id: int, limit: int) -> int:
    """Delete up to `limit` rows of a run from one of the two tables; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"DELETE FROM {table} WHERE id IN"  # noqa: S608  (our own names)
            f" (SELECT id FROM {table} WHERE run_id = %s LIMIT %s)",
            [run_id, limit],
        )
        return cursor.rowcount
