"""`make bench`: pages, calls and the import of a ledger, each database at each size, and
selections; one report."""

import contextlib
import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import report, turns
from deploy import environment, postgres
from deploy.environment import ROOT, Stop, say
from deploy.suite import read_databases

SIZES = (1_000, 10_000)
LARGE = 100_000
"""On PostgreSQL alone, with LARGE=1: SQLite is held to 10,000 accounts (`design.md` 8)."""
REPORT = ROOT / "var" / "bench.json"


def main(arguments: Sequence[str]) -> int:
    """Measure, then say which budgets are met; 0 where all are."""
    databases = read_databases(os.environ.get("DB") or "")
    sizes = read_sizes(os.environ.get("ACCOUNTS") or "")
    python = environment.ensure()
    variables = {key: value for key, value in os.environ.items() if key != "DATABASE_URL"}
    extra = shlex.split(os.environ.get("ARGS") or "")
    REPORT.parent.mkdir(exist_ok=True)
    parts = []
    with tempfile.TemporaryDirectory(prefix="kam-bench-") as folder:
        variables["FILES_DIR"] = f"{folder}/files"
        measured = [(name, size) for name in databases for size in sizes_on(name, sizes)]
        parts += _pages(python, measured, extra, folder, variables)
        for database in databases:
            say(f"\nA sales ledger into {database}")
            part = Path(folder) / f"{database}-imports.json"
            command = ["-m", "bench.imports", "--json", str(part)]
            _measure(python, command, database, folder, variables)
            parts.append(part)
        say("\nSelections of 5,000 candidates and 200 managers")
        part = Path(folder) / "selection.json"
        command = ["-m", "bench.selection", "--json", str(part)]
        _measure(python, command, databases[0], folder, variables)
        parts.append(part)
        command = [str(python), "-m", "bench.report", str(REPORT), *map(str, parts)]
        return subprocess.run(command, cwd=ROOT, check=False).returncode


def read_sizes(wanted: str) -> tuple[int, ...]:
    """Sizes that ACCOUNTS= names, e.g. 1000,10000; the usual ones when it is empty."""
    if not wanted:
        return (*SIZES, LARGE) if os.environ.get("LARGE") else SIZES
    parts = wanted.split(",")
    if not all(part.isdigit() and 0 < int(part) <= 1_000_000 for part in parts):
        raise Stop(f"ACCOUNTS={wanted} is no size. Use ACCOUNTS=1000 or ACCOUNTS=1000,10000.")
    return tuple(sorted({int(part) for part in parts}))


def sizes_on(database: str, sizes: Sequence[int]) -> tuple[int, ...]:
    """Those of `sizes` at which `database` is measured."""
    return tuple(size for size in sizes if database == "postgres" or size < LARGE)


@contextlib.contextmanager
def _database(name: str, folder: str) -> Iterator[dict[str, str]]:
    """Variables that lead to an empty database."""
    if name == "postgres":
        with postgres.running() as address:
            yield {**address, "DATABASE_URL": "postgres://kam@/postgres"}  # the one there is
    else:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            yield {"DATABASE_URL": f"sqlite:///{place}/bench.sqlite3"}


def _pages(
    python: Path,
    measured: Sequence[tuple[str, int]],
    extra: Sequence[str],
    folder: str,
    variables: dict[str, str],
) -> list[Path]:
    """Files with what was `measured` on each database at each size, all in turn."""
    parts, children = [], []
    with contextlib.ExitStack() as open_for_all:
        for database, count in measured:
            say(f"{database}, {count:,} accounts …")
            address = open_for_all.enter_context(_database(database, folder))
            part = Path(folder) / f"{database}-{count}.json"
            command = ["-m", "bench", "--turns", "--accounts", str(count), "--json", str(part)]
            child = subprocess.Popen(
                [str(python), *command, *extra],
                cwd=ROOT,
                env={**variables, **address, "FILES_DIR": f"{folder}/files-{database}-{count}"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            open_for_all.enter_context(child)
            open_for_all.callback(child.kill)  # where an error ends the others
            if not turns.until_waiting(child):
                raise Stop(f"The benchmark ended with an error on {database}.")
            children.append(child)
            parts.append(part)
        print(report.page_head())
        turns.take_turns(children)
        if any(child.wait() for child in children):
            raise Stop("The benchmark ended with an error.")
    return parts


def _measure(
    python: Path, command: list[str], database: str, folder: str, variables: dict[str, str]
) -> None:
    with _database(database, folder) as address:
        done = subprocess.run(
            [str(python), *command], cwd=ROOT, env={**variables, **address}, check=False
        )
    if done.returncode:
        raise Stop(f"The benchmark ended with an error on {database}.")
