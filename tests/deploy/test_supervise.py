"""Children are restarted when they die and stopped with the supervisor."""

import os
import sys

from deploy.supervise import Child, Supervisor

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]


def test_supervisor_restarts_a_killed_child_and_stops_all():
    child, other = Child("worker", SLEEPER), Child("web", SLEEPER)
    lines: list[str] = []
    supervisor = Supervisor([child, other], os.environ, lines.append)
    seen: list[int] = []

    def each_turn() -> None:
        process = child.process
        if process is not None and process.pid not in seen:
            seen.append(process.pid)
            supervisor.stopping = len(seen) == 2
            if not supervisor.stopping:
                process.kill()

    supervisor.run(each_turn)
    assert len(seen) == 2
    assert lines == ["worker has stopped (exit code -9); starting it again in 1 s"]
    assert [one.process.poll() for one in (child, other)] == [-15, -15]


def test_supervisor_waits_longer_after_each_quick_death():
    child = Child("web", [sys.executable, "-c", "raise SystemExit(3)"])
    lines: list[str] = []
    supervisor = Supervisor([child], os.environ, lines.append)

    def each_turn() -> None:
        supervisor.stopping = len(lines) == 2

    supervisor.run(each_turn)
    assert lines == [
        "web has stopped (exit code 3); starting it again in 1 s",
        "web has stopped (exit code 3); starting it again in 2 s",
    ]
