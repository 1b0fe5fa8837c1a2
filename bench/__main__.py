"""`python -m bench`: opens pages and API lists as three people, prints a table, writes JSON.

A ratio is the time of a page over that of a bare Django view that runs the same SQL
(`bench/floor.py`): both are opened in turn through WSGI, so that the machine's speed cancels out.
Times of other runs or machines do not compare. One database of one size a call; `make bench`
calls it for each.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from bench import report, turns

ROOT = Path(__file__).resolve().parent.parent


def prepare(accounts: int) -> None:
    """Settings for a measured run; the database is one of its own unless DATABASE_URL names it."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "kam.settings"
    os.environ["ALLOWED_HOSTS"] = "testserver,localhost"
    os.environ["API_CALLS_PER_MINUTE"] = "0"
    os.environ["DEBUG"] = "False"
    os.environ["LOG_LEVEL"] = "ERROR"
    os.environ.setdefault("SECRET_KEY", "only-for-the-benchmark-0123456789-abcdefghijklmnop")
    (ROOT / "var").mkdir(exist_ok=True)
    default = f"sqlite:///{ROOT / 'var' / f'bench-{accounts}.sqlite3'}"
    os.environ.setdefault("DATABASE_URL", default)


def main() -> int:
    """Seed once, measure, report."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--accounts", type=int, default=1000)
    parser.add_argument("--seconds", type=float, default=0.6, help="how long each page is opened")
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "bench-pages.json")
    parser.add_argument("--only", default="", help="pages whose name contains this")
    parser.add_argument("--turns", action="store_true", help="wait for others (bench.turns)")
    parser.add_argument("--slow", action="store_true", help="print the slowest query of each page")
    options = parser.parse_args()
    prepare(options.accounts)

    import django  # noqa: PLC0415  (settings come first)

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415  (settings come first)
    from django.db import connection  # noqa: PLC0415  (settings come first)

    from bench.measure import measured  # noqa: PLC0415  (settings come first)

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    call_command("seed", accounts=options.accounts, stdout=sys.stderr)
    results = []
    if not options.turns:
        print(report.page_head())
    turn = turns.wait if options.turns else turns.alone
    for row in measured(options.only, options.seconds, turn):
        facts = {**row._asdict(), "accounts": options.accounts, "database": connection.vendor}
        results += report.judged([facts])
        print(report.page_line(results[-1]), flush=True)
        if options.slow:
            print(f"    {row.slowest_ms:.1f} ms: {row.slowest[:900]}")
    options.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
