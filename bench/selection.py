"""`python -m bench.selection`: selections of 5,000 candidates and 200 managers, solved to the end.

Made-up programmes that differ in what is scarce: money, the managers' time, places, or managers who
may take an account at all (half of them, or each, may take other accounts than everybody else, or
those of their regions); all with conflicts, required accounts and Stars at least. The ratio is
the time from the problem to the stored answer, reasons and limits among it, over the 60 seconds of
`design.md` 8; the gap is (bound - value) / bound and may be 1 %. Needs no database rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import time
from collections.abc import Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from bench import report
from bench.__main__ import ROOT, prepare

CANDIDATES, MANAGERS = 5_000, 200
PROGRAMMES: Mapping[str, Mapping[str, Any]] = {
    "money is scarce": {"money": 75},
    "time is scarce": {"money": 450},
    "places are scarce": {"money": 150, "places": 100},
    "half the managers may take a third": {"money": 200, "chosen": 2, "share": 3},
    "each manager may take a third": {"money": 200, "chosen": 1, "share": 3},
    "each manager may take a third, little money": {"money": 75, "chosen": 1, "share": 3},
    "each manager may take a third, little time": {"money": 450, "chosen": 1, "share": 3},
    "each manager may take a tenth": {"money": 200, "chosen": 1, "share": 10},
    "each manager may take sixty": {"money": 200, "chosen": 1, "share": 83},
    "managers of regions": {"money": 200, "regions": 20},
}
"""Money is a yearly budget in thousands for each place that managers have."""


def main() -> int:
    """Solve each, report."""
    parser = argparse.ArgumentParser(prog="bench.selection", description=__doc__)
    parser.add_argument("--json", type=Path, default=ROOT / "var" / "bench-selection.json")
    parser.add_argument("--only", default="", help="programmes whose name contains this")
    options = parser.parse_args()
    prepare(0)

    import django  # noqa: PLC0415  (settings come first)

    django.setup()
    results = []
    for number, (name, how) in enumerate(PROGRAMMES.items(), start=1):
        if options.only in name:
            results.append(solved(name, programme(number, **how)))
            print(", ".join(f"{key} {value}" for key, value in results[-1].items()), flush=True)
    options.json.write_text(json.dumps(results, indent=1))
    return 0


def solved(name: str, problem: Any) -> dict[str, Any]:
    """How long the answer took, and how far it is from the optimum at most."""
    from accounts.selection import running  # noqa: PLC0415  (settings come first)

    begun, used = time.perf_counter(), time.process_time()
    found = running.solve(problem, lambda: False, lambda *_progress: None)
    seconds, processor = time.perf_counter() - begun, time.process_time() - used
    is_solved = found["state"] in ("optimal", "gap")
    objective, bound = (Decimal(found.get(key, 0)) for key in ("objective", "bound"))
    gap = float(running.gap_of(objective, bound)) if is_solved else 1.0
    return {
        "name": name,
        "kind": "selection",
        "database": "none",
        "accounts": len(problem.candidates),
        "managers": len(problem.managers),
        "state": found["state"],
        "gap": round(gap, 6),
        "seconds": round(seconds, 1),
        "processor_seconds": round(processor, 1),
        "ratio": seconds / report.SELECTION_SECONDS,
        "budget": 1.0,
        "met": gap <= report.SELECTION_GAP and seconds <= report.SELECTION_SECONDS,
    }


def programme(
    seed: int,
    *,
    money: int,
    places: int | None = None,
    chosen: int = 0,
    share: int = 1,
    regions: int = 0,
) -> Any:
    """A programme by chance, always the same for a `seed`; one manager in `chosen` may take a
    `share` of the candidates, or each those of one to three of `regions`."""
    from accounts.selection.problem import (  # noqa: PLC0415  (settings come first)
        Candidate,
        Manager,
        Pair,
        Problem,
    )

    chance = random.Random(seed)  # noqa: S311  (no secret)
    hundredth = Decimal("0.01")
    rows = tuple(
        Candidate(
            number,
            f"Account {number:05}",
            chance.randint(200, 900) * hundredth,
            chance.randint(200, 900) * hundredth,
            Decimal(chance.randint(40, 500) * 1000),
            chance.randint(10, 60) * hundredth,
            must_include=number % 2000 == 7,
            barred=number % 100 == 9,
        )
        for number in range(CANDIDATES)
    )
    places_of = [chance.randrange(regions) for _row in rows] if regions else []
    part = CANDIDATES // share

    def eligible(number: int) -> frozenset[int] | None:
        if regions:
            mine = set(chance.sample(range(regions), chance.choice([1, 1, 2, 3])))
            return frozenset(place for place, region in enumerate(places_of) if region in mine)
        if chosen and number % chosen == chosen - 1:
            return frozenset(chance.sample(range(CANDIDATES), part))
        return None

    managers = tuple(
        Manager(
            CANDIDATES + number,
            f"Manager {number:03}",
            chance.randint(1, 4),
            chance.choice([50, 80, 100, 100, 100]) * hundredth,
            eligible(number),
        )
        for number in range(MANAGERS)
    )
    pairs = tuple(
        Pair(*chance.sample(range(CANDIDATES), 2), chance.choice(["exclusive", "ring_fence"]))
        for _pair in range(CANDIDATES // 20)
    )
    room = sum(manager.capacity for manager in managers)
    return Problem(
        candidates=rows,
        managers=managers,
        pairs=pairs,
        budget=Decimal(room * money * 1000),
        max_accounts=places or room,
        min_stars=(places or room) // 20,
    )


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
