"""`make test`: the whole suite on SQLite and on PostgreSQL, one summary line for each."""

import contextlib
import json
import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deploy import browser, environment, postgres
from deploy.environment import ROOT, Stop, say

DATABASES = ("sqlite", "postgres")
DEFAULT_WORKERS = "2"
# Journeys and fuzzing are slow and the same on both: in full on PostgreSQL, a sample on SQLite.
ON_SQLITE = "both_databases or not (browser or fuzz or one_database)"
SELECTION = {"sqlite": ["-m", ON_SQLITE], "postgres": []}


@dataclass
class Outcome:
    """What one run of the suite came to."""

    database: str
    exit_code: int
    counts: dict[str, int]
    seconds: float

    def __str__(self) -> str:
        verdict = "passed" if self.exit_code == 0 else "FAILED"
        listed = ", ".join(f"{number} {name}" for name, number in self.counts.items())
        return f"{self.database:<9} {verdict}: {listed} in {self.seconds:.0f} s"


def main(arguments: Sequence[str]) -> int:
    """Bring what is missing, run pytest once a database, say how it went; 0 only if all is well."""
    databases = read_databases(os.environ.get("DB") or "")
    python = environment.ensure(dev=True)
    variables = {**os.environ, "KAM_CHROMIUM": browser.find(python)}
    variables.pop("DATABASE_URL", None)
    outcomes = []
    for database in databases:
        with contextlib.ExitStack() as stack:
            address: dict[str, str] = {}
            for worker in range(workers() if database == "postgres" else 0):
                address = {**address, **stack.enter_context(postgres.running(in_memory=True))}
                address[f"PGHOST_GW{worker}"] = address["PGHOST"]
            outcomes.append(run(python, database, {**variables, **address}))
    print("\n" + "\n".join(str(outcome) for outcome in outcomes), flush=True)
    return int(any(outcome.exit_code for outcome in outcomes))


def workers() -> int:
    """How many tests run at a time (WORKERS=)."""
    wanted = os.environ.get("WORKERS") or DEFAULT_WORKERS
    if not wanted.isdigit() or int(wanted) < 1:
        raise Stop(f"WORKERS={wanted} is no number. Use WORKERS=2, or leave it out.")
    return int(wanted)


def read_databases(wanted: str) -> tuple[str, ...]:
    """Which databases DB= names; all of them when it is empty."""
    if not wanted:
        return DATABASES
    if wanted not in DATABASES:
        raise Stop(f"DB={wanted} is not known. Use DB=sqlite or DB=postgres, or leave it out.")
    return (wanted,)


def run(python: Path, database: str, variables: dict[str, str]) -> Outcome:
    """Run pytest with its own output; tests/conftest.py writes the counts for us."""
    say(f"\nTests on {database}")
    report = ROOT / "var" / f"test-{database}.json"
    report.unlink(missing_ok=True)
    command = [str(python), "-m", "pytest", "--dist", "loadgroup"]
    command += ["-n", str(workers())]
    command += SELECTION[database] + shlex.split(os.environ.get("ARGS", ""))
    started = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**variables, "KAM_TEST_COUNTS": str(report)},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    counts = json.loads(report.read_text()) if report.exists() else {"errors": 1}
    return Outcome(database, done.returncode, counts, time.monotonic() - started)
