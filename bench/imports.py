"""`python -m bench.imports FILE`: a sales ledger from upload to undo, in rows a second.

Takes the database of DATABASE_URL, which should be empty; prints a line for each step and writes
them as JSON. Processor seconds are those of this process: they compare between runs of one
machine, elapsed seconds do not when others work on it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.__main__ import ROOT, prepare


def main() -> int:
    """Import, undo, report."""
    parser = argparse.ArgumentParser(prog="bench.imports", description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "bench-imports.json")
    options = parser.parse_args()
    prepare(0)

    import django  # noqa: PLC0415  (settings come first)

    django.setup()
    from django.core.files import File  # noqa: PLC0415  (settings come first)
    from django.core.management import call_command  # noqa: PLC0415  (settings come first)

    from kam.imports import passes, services  # noqa: PLC0415  (settings come first)
    from teams.models import Programme  # noqa: PLC0415  (settings come first)
    from teams.services.people import system_user  # noqa: PLC0415  (settings come first)

    call_command("migrate", verbosity=0)
    scope, _made = Programme.objects.get_or_create(name="Imports", defaults={"currency": "GBP"})
    actor = system_user()
    with options.file.open("rb") as handle:
        file = File(handle, name=options.file.name)
        run = services.upload_file(
            actor=actor, kind="ledger", scope_id=scope.pk, file=file, file_name=file.name
        )
    results = []
    services.check_run(actor=actor, run=run, enqueue=False)
    results.append(_timed("try", lambda: passes.check(run.pk)))
    services.start_run(actor=actor, run=run, enqueue=False)
    results.append(_timed("import", lambda: passes.import_rows(run.pk)))
    results.append(
        _timed("undo commit", lambda: services.undo_run(actor=actor, run=run, enqueue=False))
    )
    results.append(_timed("undo", lambda: passes.undo(run.pk)))
    options.json.write_text(json.dumps(results, indent=1))
    print(f"written to {options.json}")
    return 0


def _timed(name: str, work: Callable[[], Any]) -> dict[str, Any]:
    begun, used = time.perf_counter(), time.process_time()
    run = work()
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    row = {
        "name": f"imports, {name}",
        "rows": run.rows_read,
        "rows_a_second": round(run.rows_read / seconds),
        "seconds": round(seconds, 2),
        "processor_seconds": round(processor, 2),
        "peak_mib": peak,
    }
    print(", ".join(f"{key} {value}" for key, value in row.items()), flush=True)
    return row


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
