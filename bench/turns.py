"""Several benchmarks at the same time, of which one measures and the others wait.

What a page takes at two sizes can be compared where both are measured within the same moments: a
machine that others use is half as fast from one second to the next.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

WAITING = "waiting for the next turn"
"""The line that a benchmark prints when it has had its turn."""


def wait() -> None:
    """Let the others have their turn."""
    print(WAITING, flush=True)
    sys.stdin.readline()


def alone() -> None:
    """Nobody else has a turn."""


def until_waiting(child: subprocess.Popen[str]) -> bool:
    """Show what `child` prints until it waits; False when it has ended instead."""
    assert child.stdout is not None
    for line in child.stdout:
        if line.rstrip() == WAITING:
            return True
        print(line, end="", flush=True)
    return False


def take_turns(children: Sequence[subprocess.Popen[str]]) -> None:
    """Let `children`, all of which wait, measure in turn until the last has ended."""
    waiting = list(children)
    while waiting:
        waiting = list(_had_their_turn(waiting))


def _had_their_turn(waiting: list[subprocess.Popen[str]]) -> Iterator[subprocess.Popen[str]]:
    for child in waiting:
        assert child.stdin is not None
        child.stdin.write("\n")
        child.stdin.flush()
        if until_waiting(child):
            yield child
