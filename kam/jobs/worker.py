"""Runs jobs: claim, renew the lease, run, settle; take over from workers that died.

Clocks: leases compare the clocks of the machines. A clock that is wrong can make two workers run
one job for a while, never commit it twice: `fenced` checks the lease itself, not the time.
"""

from __future__ import annotations

import datetime
import json
import logging
import os
import socket
import threading
import traceback
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied, ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import (
    DatabaseError,
    IntegrityError,
    close_old_connections,
    connection,
    transaction,
)
from django.db.models import F
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks.base import TaskContext
from django_tasks.utils import get_module_path

from kam.changes.context import source
from kam.jobs.backend import DatabaseBackend
from kam.jobs.models import Job
from kam.jobs.progress import Cancelled, HeldJob, Interrupted, LeaseLost, finished, running
from kam.jobs.schedule import enqueue_due

logger = logging.getLogger(__name__)

LEASE = datetime.timedelta(seconds=30)
"""How long a job stays with a worker that gives no sign of life."""
POLL = 0.5
"""Seconds between two looks into an empty queue."""
HOUSEKEEPING = datetime.timedelta(seconds=5)
"""Time between two looks for abandoned jobs and due schedules, at most a fifth of the lease."""
BACKOFF = datetime.timedelta(seconds=5)
LONGEST_BACKOFF = datetime.timedelta(hours=1)
PERMANENT = (ValidationError, PermissionDenied, ObjectDoesNotExist, TypeError, ImportError)
"""Errors that another try would only repeat."""


def backoff(attempts: int) -> datetime.timedelta:
    """Wait before the next try: 5 s, 10 s, 20 s … one hour."""
    return min(BACKOFF * 2 ** min(attempts - 1, 20), LONGEST_BACKOFF)


class Worker:
    """One worker; it runs one job at a time, so that its process can be sized and killed."""

    def __init__(
        self,
        *,
        name: str = "",
        lease: datetime.timedelta = LEASE,
        queues: list[str] | None = None,
        heartbeat: bool = True,
    ) -> None:
        self.name = name or f"{socket.gethostname()[:40]}-{os.getpid()}"
        self.lease = lease
        self.queues = queues
        self.heartbeat = heartbeat
        self.stopping = threading.Event()
        self._housekept_at: datetime.datetime | None = None

    def stop(self, *_args: Any) -> None:
        """End after the current job, or at its next checkpoint."""
        self.stopping.set()

    def run(self) -> None:
        """Work until told to stop; outlasts a database that is away for a while."""
        while not self.stopping.is_set():
            try:
                worked = self.step()
            except DatabaseError:
                logger.exception("The database did not answer")
                connection.close()
                worked = False
            close_old_connections()
            if not worked:
                self.stopping.wait(POLL)

    def drain(self) -> int:
        """Run what is due until nothing is left; returns how many jobs were run."""
        count = 0
        while not self.stopping.is_set() and self.step():
            count += 1
        return count

    def step(self) -> bool:
        """Look after the queue, then run one job; False when there is none."""
        now = timezone.now()
        pause = min(HOUSEKEEPING, self.lease / 5)
        if self._housekept_at is None or now - self._housekept_at >= pause:
            self._housekept_at = now
            enqueue_due(now)
            reap(now)
        job = self.claim()
        if job is None:
            return False
        self.perform(job)
        return True

    def claim(self) -> Job | None:
        """Take the next job that is due, in one short transaction; None when there is none."""
        now = timezone.now()
        due = Job.objects.due(now, self.queues)
        if not due.exists():  # without the write lock that SQLite's transactions take
            return None
        try:
            with transaction.atomic():
                if connection.features.has_select_for_update_skip_locked:
                    due = due.select_for_update(skip_locked=True, of=("self",))
                job = due.first()
                if job is None:
                    return None
                job.status = Job.Status.RUNNING
                job.lease = uuid.uuid4()
                job.leased_until = now + self.lease
                job.worker = self.name[:80]
                job.started_at = now
                job.attempts += 1
                fields = ["status", "lease", "leased_until", "worker", "started_at", "attempts"]
                job.save(update_fields=fields)
        except IntegrityError:  # another worker started a job of the same key in this moment
            return None
        return job

    def perform(self, job: Job) -> None:
        """Run a claimed job and settle it."""
        held = HeldJob(job, self.stopping)
        try:
            with (
                self._renewing(held),
                running(held),
                source("job", f"{job.task.rpartition('.')[2]} {job.pk}"),
            ):
                result = self._call(job)
        except LeaseLost:
            logger.warning("%s was taken over by another worker", job)
        except Cancelled:
            held.row.update(**finished(Job.Status.CANCELLED))
        except Interrupted:
            _give_back(held)
        except Exception as error:  # noqa: BLE001  (whatever a task raises is settled here)
            _settle_failure(job, held, error)
        else:
            self._settle_success(job, held, result)

    def _call(self, job: Job) -> Any:
        task = import_string(job.task)
        args = list(job.args)
        if task.takes_context:
            backend = task.get_backend()
            assert isinstance(backend, DatabaseBackend)  # noqa: S101  (settings name it)
            args.insert(0, TaskContext(task_result=backend.result_of(job, task)))
        result = task.call(*args, **job.kwargs)
        json.dumps(result, cls=DjangoJSONEncoder)  # raises TypeError on what cannot be stored
        return result

    def _settle_success(self, job: Job, held: HeldJob, result: Any) -> None:
        values = finished(Job.Status.SUCCEEDED) | {"result": result, "error": ""}
        values |= {"error_class": "", "traceback": ""}
        if held.ended:
            Job.objects.filter(pk=job.pk).update(result=result)
            return
        if not held.row.update(**values):
            logger.warning("%s ended after another worker had taken it over", job)

    @contextmanager
    def _renewing(self, held: HeldJob) -> Iterator[None]:
        """Renew the lease from a thread of its own as long as the job runs."""
        if not self.heartbeat:
            yield
            return
        done = threading.Event()
        thread = threading.Thread(target=self._renew, args=(held, done), daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()

    def _renew(self, held: HeldJob, done: threading.Event) -> None:
        try:
            while not done.wait(self.lease.total_seconds() / 3):
                try:
                    if not held.row.update(leased_until=timezone.now() + self.lease):
                        held.lost.set()
                        return
                except DatabaseError:
                    logger.warning("The lease of %s could not be renewed", held.pk)
                    connection.close()
        finally:
            connection.close()


def reap(now: datetime.datetime) -> int:
    """Take jobs away from workers that gave no sign of life; returns how many.

    They are tried again after a pause, or have failed when their tries are used up. A row that a
    living worker has locked in a fenced transaction is left to it.
    """
    if not Job.objects.abandoned(now).exists():
        return 0
    with transaction.atomic():
        rows = Job.objects.abandoned(now).order_by("pk")
        if connection.features.has_select_for_update_skip_locked:
            rows = rows.select_for_update(skip_locked=True, of=("self",))
        jobs = list(rows)
        for job in jobs:
            logger.warning("%s was abandoned by worker %s", job, job.worker)
            row = Job.objects.filter(pk=job.pk, lease=job.lease)
            error = f"The worker {job.worker} stopped without a word."
            if job.cancel_requested:
                row.update(**finished(Job.Status.CANCELLED))
            elif job.attempts >= job.max_attempts:
                row.update(**finished(Job.Status.FAILED), error=error)
            else:
                row.update(
                    status=Job.Status.READY,
                    lease=None,
                    leased_until=None,
                    error=error,
                    run_after=now + backoff(job.attempts) - BACKOFF,
                )
    return len(jobs)


def _give_back(held: HeldJob) -> None:
    """Back into the queue as if it had not been started: the worker stops, the job did not fail."""
    held.row.update(
        status=Job.Status.READY, lease=None, leased_until=None, attempts=F("attempts") - 1
    )


def _settle_failure(job: Job, held: HeldJob, error: Exception) -> None:
    logger.error("%s failed, try %d of %d", job, job.attempts, job.max_attempts, exc_info=error)
    values: dict[str, Any] = {
        "error": "; ".join(error.messages) if isinstance(error, ValidationError) else str(error),
        "error_class": get_module_path(type(error)),
        "traceback": "".join(traceback.format_exception(error)),
    }
    if isinstance(error, PERMANENT) or job.attempts >= job.max_attempts:
        values |= finished(Job.Status.FAILED)
    else:
        values |= {
            "status": Job.Status.READY,
            "lease": None,
            "leased_until": None,
            "run_after": timezone.now() + backoff(job.attempts),
        }
    held.row.update(**values)
