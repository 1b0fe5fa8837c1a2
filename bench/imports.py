"""`python -m bench.imports [FILE]`: a sales ledger from upload to undo, in rows a second.

Takes the database of DATABASE_URL, which should be empty. Without a FILE it is the real ledger of
541,909 rows beside the checkout (`../shared/data`), else one of that size that is made up. The
ratio is the time of the import over that of a bare program: it reads the file with `csv` and
writes the same rows, in the same chunks, into an equal table.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bench import report
from bench.__main__ import ROOT, prepare

REAL = "shared/data/online_retail_2010_2011.csv.gz"
ROWS = 541_909
CHUNK = 5_000
FLOOR = "bench_floor"


def main() -> int:
    """Import, undo, report."""
    parser = argparse.ArgumentParser(prog="bench.imports", description=__doc__)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "bench-imports.json")
    options = parser.parse_args()
    prepare(0)

    import django  # noqa: PLC0415  (settings come first)

    django.setup()
    from django.core.files import File  # noqa: PLC0415  (settings come first)
    from django.core.management import call_command  # noqa: PLC0415  (settings come first)
    from django.db import connection  # noqa: PLC0415  (settings come first)

    from kam.imports import passes, services  # noqa: PLC0415  (settings come first)
    from teams.models import Programme  # noqa: PLC0415  (settings come first)
    from teams.services.people import system_user  # noqa: PLC0415  (settings come first)

    call_command("migrate", verbosity=0)
    scope, _made = Programme.objects.get_or_create(name="Imports", defaults={"currency": "GBP"})
    actor = system_user()
    path = options.file or _ledger()
    print(f"{path.name}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    with path.open("rb") as handle:
        file = File(handle, name=path.name)
        run = services.upload_file(
            actor=actor, kind="ledger", scope_id=scope.pk, file=file, file_name=file.name
        )
    services.check_run(actor=actor, run=run, enqueue=False)
    steps = [("try", lambda: passes.check(run.pk))]
    results = [_timed(*step) for step in steps]
    services.start_run(actor=actor, run=run, enqueue=False)
    taken = _timed("import", lambda: passes.import_rows(run.pk))
    floor = _floor(path)
    taken |= {"bare_seconds": floor, "ratio": taken["seconds"] / floor}
    results.append(taken)
    results.append(_timed("undo", lambda: _undone(services, passes, actor, run)))
    for row in results:
        row |= {"kind": "import", "database": connection.vendor, "accounts": 0}
        least = report.ROWS_A_SECOND[connection.vendor] if row is taken else 0
        row["budget"] = least
        row["met"] = row["rows_a_second"] >= least and row["peak_mib"] <= report.PEAK_MIB
        print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    options.json.write_text(json.dumps(results, indent=1))
    return 0


def _undone(services: Any, passes: Any, actor: Any, run: Any) -> Any:
    services.undo_run(actor=actor, run=run, enqueue=False)
    return passes.undo(run.pk)


def _timed(name: str, work: Callable[[], Any]) -> dict[str, Any]:
    begun, used, served = time.perf_counter(), time.process_time(), _server_seconds()
    run = work()
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    return {
        "name": f"ledger, {name}",
        "ratio": 1.0,
        "rows": run.rows_read,
        "rows_a_second": round(run.rows_read / seconds),
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "server_seconds": round(_server_seconds() - served, 2),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }


def _server_seconds() -> float:
    """Processor seconds so far of the server's process that serves us; 0 where it is not seen."""
    from django.db import connection  # noqa: PLC0415  (settings come first)

    if connection.vendor != "postgresql":
        return 0.0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        place = Path(f"/proc/{cursor.fetchone()[0]}/stat")
    if not place.exists():
        return 0.0
    fields = place.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _floor(path: Path) -> float:
    """Seconds of the bare program: the file read, the stored rows written once more."""
    from django.db import connection, transaction  # noqa: PLC0415  (settings come first)

    from accounts.imports.ledger.store import COLUMNS, LEDGER  # noqa: PLC0415  (settings come first)

    begun = time.perf_counter()
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8", newline="") as handle:
        sum(1 for _row in csv.reader(handle))
    seconds = time.perf_counter() - begun
    names = ", ".join(COLUMNS)
    with connection.cursor() as cursor:
        for statement in _equal_table(cursor, connection.vendor, LEDGER):
            cursor.execute(statement)
        last = 0
        while True:
            cursor.execute(
                f"SELECT id, {names} FROM {LEDGER} WHERE id > %s ORDER BY id LIMIT %s",  # noqa: S608
                [last, CHUNK],
            )
            rows = cursor.fetchall()
            if not rows:
                break
            last = rows[-1][0]
            begun = time.perf_counter()
            with transaction.atomic():
                _write(cursor, connection.vendor, names, [row[1:] for row in rows])
            seconds += time.perf_counter() - begun
        cursor.execute(f"DROP TABLE {FLOOR}")
    return seconds


def _equal_table(cursor: Any, vendor: str, table: str) -> Iterator[str]:
    """Statements that make a table with the same columns, keys and indexes."""
    if vendor == "postgresql":
        yield f"CREATE TABLE {FLOOR} (LIKE {table} INCLUDING ALL)"
        return
    cursor.execute("SELECT sql FROM sqlite_master WHERE tbl_name = %s AND sql <> ''", [table])
    for number, (statement,) in enumerate(cursor.fetchall()):
        words = statement.replace(f'"{table}"', f'"{FLOOR}"')
        if "INDEX" in words.split("(")[0]:
            head, on, rest = words.partition(" ON ")
            words = f'{head.rsplit(" ", 1)[0]} "{FLOOR}_{number}"{on}{rest}'
        yield words


def _write(cursor: Any, vendor: str, names: str, rows: list[tuple[Any, ...]]) -> None:
    if vendor == "postgresql":
        with cursor.copy(f"COPY {FLOOR} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join(["%s"] * len(rows[0]))
    cursor.executemany(f"INSERT INTO {FLOOR} ({names}) VALUES ({marks})", rows)  # noqa: S608


def _ledger() -> Path:
    """The real file where there is one, else a made-up one of its size."""
    for parent in ROOT.parents:
        if (parent / REAL).exists():
            return parent / REAL
    path = ROOT / "var" / "bench-ledger.csv"
    if not path.exists():
        with path.open("w", encoding="utf-8", newline="") as handle:
            lines = csv.writer(handle)
            lines.writerow(["Invoice", "Product", "Quantity", "Date", "Price", "Customer"])
            for number in range(ROWS):
                invoice, day = 500_000 + number // 20, number * 365 // ROWS
                month, date = day // 31 + 1, day % 28 + 1
                when = f"2025-{month:02}-{date:02} 10:{number % 60:02}:00"
                product, price = f"P{number * 7 % 3800:05}", f"{number % 900 / 100 + 0.5:.2f}"
                lines.writerow(
                    [invoice, product, number % 24 + 1, when, price, 12_000 + invoice % 4300]
                )
    return path


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
