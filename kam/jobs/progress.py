"""What a running task says and asks about itself: progress, stop requests, fenced writes."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.db import transaction
from django.utils import timezone

from kam.jobs.models import Job

REPORT_EVERY = 0.5
"""Seconds between two progress writes of a job."""


class Halted(BaseException):
    """The task shall end now; let it pass."""


class Cancelled(Halted):
    """Somebody asked the job to stop."""


class LeaseLost(Halted):
    """Another worker holds the job by now: whatever is uncommitted must not be committed."""


class Interrupted(Halted):
    """The worker is being shut down; the job goes back into the queue."""


class InlineJob:
    """Stands in where a task's code runs without a worker: a command, a test.

    `listener` receives every report.
    """

    pk: uuid.UUID | None = None

    def __init__(self, listener: Callable[[int, int | None, str], None] | None = None) -> None:
        self.state: dict[str, Any] = {}
        self._listener = listener
        self._pending: dict[str, Any] = {}

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        """Say how far the work is: `done` of `total` things, in words `note`."""
        if self._listener is not None:
            self._listener(done, total, note)

    def checkpoint(self) -> None:
        """A place where the work can be stopped; raises `Halted` when it shall."""

    def remember(self, **values: Any) -> None:
        """Inside `fenced`: commit `values` into `state` together with the work."""
        self._pending.update(values)

    @contextmanager
    def fenced(self, *, final: bool = False) -> Iterator[None]:
        """A transaction that only the holder of the job can commit.

        What is written inside, and what `remember` puts into `state`, commits once even if two
        workers hold the job for a moment. `final` ends the job with success in the same commit.
        Raises `LeaseLost`.
        """
        self._pending = {}
        with transaction.atomic():
            yield
        self.state = self.state | self._pending


class HeldJob(InlineJob):
    """A job that this worker holds by a lease."""

    def __init__(self, job: Job, stopping: threading.Event) -> None:
        super().__init__()
        self.pk = job.pk
        self.lease = job.lease
        self.state = dict(job.state)
        self.lost = threading.Event()
        self.ended = False
        self._stopping = stopping
        self._reported_at = 0.0
        self._total: int | None = None

    @property
    def row(self) -> Any:
        """The job's row, as long as the lease is ours."""
        return Job.objects.filter(pk=self.pk, lease=self.lease, status=Job.Status.RUNNING)

    def report(self, done: int, total: int | None = None, note: str = "") -> None:
        """As `InlineJob.report`; writes at most twice a second, and always when all is done."""
        now = time.monotonic()
        if now - self._reported_at < REPORT_EVERY and done != total and total == self._total:
            return
        self._reported_at, self._total = now, total
        values = {"progress_done": done, "progress_total": total, "progress_note": note[:200]}
        if not self.row.update(**values):
            self._lose()

    def checkpoint(self) -> None:
        """Raises `Cancelled`, `LeaseLost` or, while the worker shuts down, `Interrupted`."""
        cancel = self.row.values_list("cancel_requested", flat=True).first()
        if cancel is None:
            self._lose()
        if cancel:
            raise Cancelled
        if self._stopping.is_set():
            raise Interrupted

    @contextmanager
    def fenced(self, *, final: bool = False) -> Iterator[None]:
        """As `InlineJob.fenced`: the row stays locked until the commit, so that neither the
        reaper nor another worker can take the job in between."""
        self._pending = {}
        with transaction.atomic():
            if self.row.select_for_update().values_list("pk").first() is None:
                self._lose()
            yield
            state = self.state | self._pending
            values: dict[str, Any] = {"state": state} if self._pending else {}
            if final:
                values |= finished(Job.Status.SUCCEEDED)
            if values:
                self.row.update(**values)
        self.state = state
        self.ended = self.ended or final

    def _lose(self) -> None:
        self.lost.set()
        raise LeaseLost


def finished(status: str) -> dict[str, Any]:
    """Columns of a job that has ended with `status`."""
    return {
        "status": status,
        "finished_at": timezone.now(),
        "lease": None,
        "leased_until": None,
    }


_current: ContextVar[InlineJob | None] = ContextVar("current_job", default=None)


def current_job() -> InlineJob:
    """The job that this code runs in; a stand-in that always agrees where there is none."""
    return _current.get() or InlineJob()


@contextmanager
def running(job: InlineJob) -> Iterator[InlineJob]:
    """Make `job` the current one."""
    token = _current.set(job)
    try:
        yield job
    finally:
        _current.reset(token)
