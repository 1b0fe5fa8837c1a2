"""`python -m bench.report TO PART …`: budgets of `design.md` 8, and what a run says about them."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

FLOOR = {
    "list": 3.0,
    "search": 3.0,
    "detail": 3.0,
    "portfolio": 3.0,
    "API list": 3.0,
    "API detail": 3.0,
    "API create": 4.0,
    "export": 3.0,
}
"""Most times the bare view that runs the same SQL."""
GROWTH = {"portfolio": 3.0}
USUAL_GROWTH = 1.5
"""Most times its own time at the smallest size, whatever the size."""
WITHOUT_GROWTH = ("export", "API create")
ROWS_A_SECOND = {"postgresql": 20_000, "sqlite": 15_000}
"""Of a sales ledger on two cores."""
PEAK_MIB = 300
SELECTION_SECONDS = 60.0
SELECTION_GAP = 0.01
"""What a selection of 5,000 candidates and 200 managers may take, and how far it may be from the
optimum (`design.md` 8)."""
PAGES = frozenset(FLOOR)


def main() -> int:
    """Put the parts together, print the verdict; 1 where a budget is not met."""
    parser = argparse.ArgumentParser(prog="bench.report", description=__doc__)
    parser.add_argument("to", type=Path)
    parser.add_argument("parts", type=Path, nargs="+")
    options = parser.parse_args()
    rows = [row for part in options.parts for row in json.loads(part.read_text())]
    pages = [row for row in rows if row["kind"] in PAGES]
    compare(pages)
    for database in dict.fromkeys(row["database"] for row in pages):
        rows += growth(row for row in pages if row["database"] == database)
    options.to.write_text(json.dumps(rows, indent=1))
    print()
    for line in summary(rows):
        print(line)
    print(f"\nwritten to {options.to}")
    return int(not all(row["met"] for row in rows))


def judged(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Pages with their budget, and whether they keep to it."""
    found = []
    for row in rows:
        budget = FLOOR[row["kind"]]
        met = row["ratio"] <= budget and _answers(row)
        found.append({**row, "budget": budget, "met": met})
    return found


def compare(pages: Iterable[dict[str, Any]]) -> None:
    """Pages on SQLite that are over their ratio are met where they take no longer than the same
    page on PostgreSQL, measured in turn with them, if that keeps to its own: a database within
    the process has a floor so low that it says little. `beside` is their time over that page's."""
    by_key = {_key(row): row for row in pages}
    for row in by_key.values():
        other = by_key.get(("postgresql", *_key(row)[1:]))
        if row["database"] != "sqlite" or other is None or row["ratio"] <= row["budget"]:
            continue
        row["beside"] = row["seconds"] / other["seconds"]
        row["met"] = _answers(row) and other["met"] and row["beside"] <= 1


def _answers(row: dict[str, Any]) -> bool:
    """Whether a page was shown, with no more queries than it may ask."""
    return row["status"] < 300 and row["queries"] <= row["most_queries"]


def _key(row: dict[str, Any]) -> tuple[str, int, str, str]:
    return row["database"], row["accounts"], row["name"], row["role"]


def growth(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """How much longer each page takes at each larger size than at the smallest, one database.

    Their times were taken in turn (`bench.turns`).
    """
    by_size: dict[int, dict[tuple[str, str], dict[str, Any]]] = {}
    for row in rows:
        by_size.setdefault(row["accounts"], {})[row["name"], row["role"]] = row
    sizes = sorted(by_size)
    for size in sizes[1:]:
        for key, row in by_size[size].items():
            first = by_size[sizes[0]].get(key)
            if first is None or row["kind"] in WITHOUT_GROWTH or row["status"] >= 300:
                continue
            budget = GROWTH.get(row["kind"], USUAL_GROWTH)
            ratio = row["seconds"] / first["seconds"]
            yield {
                "name": row["name"],
                "kind": "growth",
                "role": row["role"],
                "database": row["database"],
                "accounts": size,
                "from_accounts": sizes[0],
                "ratio": ratio,
                "budget": budget,
                "met": ratio <= budget,
            }


def page_line(row: dict[str, Any]) -> str:
    """One page as a line of the table."""
    note = "" if row["status"] < 300 else f"  {row['status']}"
    note += f"  OVER {row['most_queries']} queries" if row["queries"] > row["most_queries"] else ""
    note += f"  OVER {row['budget']:.0f}" if row["ratio"] > row["budget"] else ""
    times = f"{row['seconds'] * 1000:>9.1f}{row['bare_seconds'] * 1000:>9.1f}"
    return (
        f"{row['database']:<11}{row['accounts']:>8,}  {row['name']:<26}{row['role']:<16}"
        f"{row['queries']:>8}{times}{row['ratio']:>7.2f}{row['bytes'] / 1000:>7.0f}{note}"
    )


def page_head() -> str:
    """Headings of the table."""
    titles = f"{'':<11}{'accounts':>8}  {'page':<26}{'as':<16}{'queries':>8}"
    return f"{titles}{'ms':>9}{'bare ms':>9}{'ratio':>7}{'kB':>7}"


def summary(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """A line for each kind of budget, then one for each result that is over it."""
    groups: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["database"], row["kind"], row["accounts"]), []).append(row)
    yield f"{'database':<12}{'budget':<12}{'accounts':>9}{'met':>9}{'middle':>8}{'worst':>8}"
    over = []
    for (database, kind, accounts), group in groups.items():
        ratios = sorted(row["ratio"] for row in group)
        kept = sum(row["met"] for row in group)
        yield (
            f"{database:<12}{kind:<12}{accounts:>9,}{f'{kept}/{len(group)}':>9}"
            f"{ratios[len(ratios) // 2]:>8.2f}{ratios[-1]:>8.2f}"
        )
        over += [row for row in group if not row["met"]]
    if beside := sorted(row["beside"] for row in rows if "beside" in row):
        span = f"{beside[0]:.2f} to {beside[-1]:.2f}"
        yield f"sqlite: {len(beside)} over their ratio, in {span} of their time on PostgreSQL"
    for row in over:
        figure = row["rows_a_second"] if row["kind"] == "import" else f"{row['ratio']:.2f}"
        yield (
            f"over: {row['database']}, {row['accounts']:,} accounts, {row['kind']}: {row['name']}"
            f"{' as ' + row['role'] if row.get('role') else ''}: {figure}"
            f" (budget {row['budget']:g})"
        )


if __name__ == "__main__":
    sys.exit(main())
