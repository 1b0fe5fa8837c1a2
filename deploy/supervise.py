"""Keeps a few child processes running: restarts what dies, stops all of them on a signal."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
STEADY_SECONDS = 60.0  # a child that ran this long starts again without delay
STOP_SECONDS = 15.0  # what running requests and jobs get to finish
POLL_SECONDS = 0.2
PR_SET_PDEATHSIG = 1  # linux/prctl.h


LIBC = ctypes.CDLL(None)


def end_with_parent() -> None:
    """In a new child: be stopped when the parent is killed (Linux only)."""
    if sys.platform == "linux":
        LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass
class Child:
    """One program that has to run, and when it may be started again."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    delay_seconds: float = 0.0
    due_at: float = 0.0


@dataclass
class Supervisor:
    """Runs `children` until SIGINT or SIGTERM; `log` receives one line per event."""

    children: Sequence[Child]
    environment: Mapping[str, str]
    log: Callable[[str], None]
    stopping: bool = field(default=False, init=False)

    def run(self, each_turn: Callable[[], None] = lambda: None) -> None:
        """Start everything and stay; calls `each_turn` several times a second."""
        signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        before = {number: signal.signal(number, self._stop) for number in signals}
        try:
            while not self.stopping:
                for child in self.children:
                    self._look_after(child)
                each_turn()
                time.sleep(POLL_SECONDS)
        finally:
            self._stop_children()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.due_at:
                self._start(child, now)
            return
        code = child.process.poll()
        if code is None:
            return
        steady = now - child.started_at >= STEADY_SECONDS
        doubled = max(FIRST_DELAY_SECONDS, child.delay_seconds * 2)
        child.delay_seconds = 0.0 if steady else min(doubled, LONGEST_DELAY_SECONDS)
        child.due_at = now + child.delay_seconds
        child.process = None
        self.log(
            f"{child.name} has stopped (exit code {code});"
            f" starting it again in {child.delay_seconds:.0f} s"
        )

    def _start(self, child: Child, now: float) -> None:
        child.started_at = now
        # Own session: Ctrl-C reaches the supervisor alone, which then stops children in order.
        child.process = subprocess.Popen(
            child.command,
            env=dict(self.environment),
            start_new_session=True,
            preexec_fn=end_with_parent,  # noqa: PLW1509  (the supervisor has no threads)
        )

    def _stop_children(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
