"""Running calls at the same moment in threads of their own, each with its own connection.

Tests that use it need `@pytest.mark.django_db(transaction=True)`: what a test holds in an open
transaction no other connection can see. Works on SQLite and on PostgreSQL.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connections

LIMIT_SECONDS = 120.0


@dataclass(frozen=True)
class Outcome:
    """What one call came to: its value, or the exception that it raised."""

    value: Any = None
    error: BaseException | None = None


def run_together(*calls: Callable[[], Any]) -> list[Outcome]:
    """Start all `calls` at once and wait for them; outcomes in the order of the calls.

    A call that hangs (a deadlock) fails the test instead of stopping the suite.
    """
    barrier = threading.Barrier(len(calls))
    outcomes: list[Outcome | None] = [None] * len(calls)

    def perform(index: int, call: Callable[[], Any]) -> None:
        try:
            barrier.wait(LIMIT_SECONDS)
            outcomes[index] = Outcome(value=call())
        except BaseException as error:  # noqa: BLE001  (handed to the test, which judges it)
            outcomes[index] = Outcome(error=error)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=perform, args=pair, daemon=True) for pair in enumerate(calls)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(LIMIT_SECONDS)
    finished = [outcome for outcome in outcomes if outcome is not None]
    assert len(finished) == len(calls), "a call hangs: deadlock?"
    return finished
