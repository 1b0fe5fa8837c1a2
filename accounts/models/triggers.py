"""How PostgreSQL keeps the sums of many accounts in step with those of each (`design.md` 8).

`AccountSums` holds what is added up of an account, and where it stands: unit, status, stage, target
stage. Whatever is written there is added to the cell of that place, and taken from the one where it
was counted before, as rows of their own, in the same transaction: nobody waits for a cell that
others write to. A cell is the sum of its rows; `accounts.figures.cells` puts them together now and
then. SQLite adds in double precision, where what is taken away leaves traces: it has no cells.
"""

from __future__ import annotations

from collections.abc import Iterable

import pgtrigger

KEPT_MONTHS = 24
"""Months whose revenue is kept one by one: those of a year and of the year before it."""
SUMS = (
    "revenue_sum",
    "cost_sum",
    "line_count",
    "costless",
    "sales_unrated",
    "serve_sum",
    "recorded",
    "costs_unrated",
)
"""What is summed of sales lines and of costs to serve."""
BEFORE = "_before"
"""Ending of what is summed of the year before."""
MONTHS = tuple(f"month_{place}" for place in range(KEPT_MONTHS))
COLUMNS = (*SUMS, *(f"{name}{BEFORE}" for name in SUMS), *MONTHS)
"""All that is kept of an account in a period."""

PLACE = ("business_unit_id", "status", "stage", "target_stage")
"""Columns of an account by which its sums are counted."""
IS_ACTIVE = "(archived_at IS NULL AND staged_by_id IS NULL)"
"""Which accounts are counted at all."""

CELL_KEYS = ("period_id", *PLACE)
BAND_KEYS = ("period_id", "business_unit_id", "status", "band")
CELL_COUNTS = {
    "count": "1",
    "bare": "(line_count > 0 AND recorded = 0)::int",
    "bare_before": "(line_count_before > 0 AND recorded_before = 0)::int",
}
"""Accounts; those with sales and no recorded cost to serve, in either year."""
CELL_VALUES = CELL_COUNTS | {name: f"COALESCE({name}, 0)" for name in COLUMNS}
BAND_VALUES = {"count": "1", "revenue": "revenue"}

EARLIER = "SELECT -1 AS sign, * FROM old_rows"
LATER = "SELECT 1 AS sign, * FROM new_rows"


def counts_in_cells() -> list[pgtrigger.Trigger]:
    """Triggers of `AccountSums`: what a statement writes is added to cells and bands, what it
    replaces is taken away; what did not change adds nothing."""
    return [
        _after(pgtrigger.Insert, "sums_added", _counted(LATER), new="new_rows"),
        _after(
            pgtrigger.Update,
            "sums_changed",
            _counted(f"{EARLIER} UNION ALL {LATER}"),
            old="old_rows",
            new="new_rows",
        ),
        _after(pgtrigger.Delete, "sums_removed", _counted(EARLIER), old="old_rows"),
    ]


def moves_sums() -> list[pgtrigger.Trigger]:
    """Trigger of `Account`: its kept sums go with it where it stands somewhere else afterwards.

    Those of one statement are locked in the order in which all who write sums lock them; whoever
    moves accounts in several statements has `accounts.figures.hold` lock them beforehand. What is
    done to sums is planned each time: PostgreSQL would do to thousands of them what was best for
    the first one.
    """
    columns = f"id, {', '.join(PLACE)}, {IS_ACTIVE} AS is_active"
    moved = f"SELECT {columns} FROM new_rows EXCEPT SELECT {columns} FROM old_rows"  # noqa: S608  (our own names)
    placed = ", ".join(f"{name} = moved.{name}" for name in (*PLACE, "is_active"))
    func = (
        f"IF EXISTS ({moved}) THEN"  # noqa: S608
        " EXECUTE 'SELECT 1 FROM accounts_accountsums"
        f" WHERE account_id IN (SELECT id FROM ({moved}) AS moved)"
        " ORDER BY period_id, account_id FOR NO KEY UPDATE';"
        f" EXECUTE 'UPDATE accounts_accountsums AS kept SET {placed}"
        f" FROM ({moved}) AS moved WHERE kept.account_id = moved.id';"
        " END IF;"
    )
    return [_after(pgtrigger.Update, "account_moved", func, old="old_rows", new="new_rows")]


def _after(operation: pgtrigger.Operation, name: str, func: str, **rows: str) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=pgtrigger.Referencing(**rows),
        func=f"{func} RETURN NULL;",
    )


def adding(table: str, keys: Iterable[str], values: dict[str, str], rows: str) -> str:
    """Statement that adds `rows` (what stands behind FROM) up by `keys` and puts the sums of the
    expressions `values` into `table`, but for those that come to nothing."""
    same = ", ".join(keys)
    sums = ", ".join(f"SUM({value}) AS {name}" for name, value in values.items())
    nothing = ", ".join("0" for _name in values)
    return (
        f"INSERT INTO {table} ({same}, {', '.join(values)}) SELECT * FROM"  # noqa: S608  (our own names)
        f" (SELECT {same}, {sums} FROM {rows} GROUP BY {same}) AS made"
        f" WHERE ROW({', '.join(values)}) <> ROW({nothing})"
    )


def _counted(moved: str) -> str:
    """Statements that add the rows `moved` of sums to the cells and the bands that they are in."""
    rows = f"({moved}) AS moved WHERE is_active"
    cells = adding("accounts_sumscell", CELL_KEYS, _signed(CELL_VALUES), rows)
    bands = adding(
        "accounts_sumsband", BAND_KEYS, _signed(BAND_VALUES), f"{rows} AND band IS NOT NULL"
    )
    return f"{cells}; {bands};"


def _signed(values: dict[str, str]) -> dict[str, str]:
    return {name: f"sign * {value}" for name, value in values.items()}
