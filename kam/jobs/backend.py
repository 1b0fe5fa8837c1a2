"""The job queue behind django-tasks' interface: `task.enqueue()` writes a row, workers run it."""

from __future__ import annotations

import datetime
import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, ClassVar, cast

import django_tasks
from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks import TaskResult, TaskResultStatus
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskError
from django_tasks.exceptions import TaskResultDoesNotExist
from django_tasks.signals import task_enqueued

from kam.jobs.models import Job

STATUS = {
    Job.Status.READY: TaskResultStatus.READY,
    Job.Status.RUNNING: TaskResultStatus.RUNNING,
    Job.Status.SUCCEEDED: TaskResultStatus.SUCCESSFUL,
    Job.Status.FAILED: TaskResultStatus.FAILED,
    Job.Status.CANCELLED: TaskResultStatus.FAILED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTask(Task):
    """A task with what our queue adds: tries, concurrency key, and who asked for it.

    `@task(max_attempts=3)` sets the number of tries; `my_task.using(key=…, created_by=user)`
    the rest. Of jobs with one key only one runs at a time, in the order of enqueueing.
    """

    max_attempts: int = 5
    key: str = ""
    created_by: models.Model | None = None

    def using(  # type: ignore[override]
        self,
        *,
        priority: int | None = None,
        queue_name: str | None = None,
        run_after: datetime.datetime | None = None,
        backend: str | None = None,
        key: str | None = None,
        max_attempts: int | None = None,
        created_by: models.Model | None = None,
    ) -> JobTask:
        """A copy of the task with other defaults."""
        given: dict[str, Any] = {
            "priority": priority,
            "queue_name": queue_name,
            "run_after": run_after,
            "backend": backend,
            "key": key,
            "max_attempts": max_attempts,
            "created_by": created_by,
        }
        return replace(self, **{name: value for name, value in given.items() if value is not None})


def task(**options: Any) -> Callable[[Callable[..., Any]], JobTask]:
    """`django_tasks.task`, which makes our kind of task: with key, attempts and owner."""
    return cast("Callable[[Callable[..., Any]], JobTask]", django_tasks.task(**options))


class DatabaseBackend(BaseTaskBackend):
    """Keeps jobs in the application's own database, so that they commit with what asked for
    them; why not an existing backend stands in `docs/decisions.md`."""

    task_class: ClassVar[type[Task]] = JobTask  # type: ignore[misc]
    supports_defer = True
    supports_get_result = True
    supports_priority = True

    def enqueue(self, task: JobTask, args: Any, kwargs: Any) -> TaskResult:  # type: ignore[override]
        """Write the job in the caller's transaction; raises TypeError on what JSON cannot hold."""
        self.validate_task(task)
        now = timezone.now()
        job = Job.objects.create(
            task=task.module_path,
            args=list(args),
            kwargs=kwargs,
            queue=task.queue_name,
            priority=task.priority,
            key=task.key,
            run_after=task.run_after or now,
            max_attempts=task.max_attempts,
            created_by_id=task.created_by.pk if task.created_by else None,
            enqueued_at=now,
        )
        result = self.result_of(job, task)
        task_enqueued.send(type(self), task_result=result)
        return result

    def get_result(self, result_id: str) -> TaskResult:
        """State of a job by its id; raises TaskResultDoesNotExist."""
        try:
            job = Job.objects.get(pk=result_id)
        except (Job.DoesNotExist, ValidationError) as error:
            raise TaskResultDoesNotExist(result_id) from error
        return self.result_of(job, import_string(job.task))

    def result_of(self, job: Job, task: Task) -> TaskResult:
        """`job` as django-tasks shows it."""
        errors = []
        if job.error_class:
            errors = [TaskError(exception_class_path=job.error_class, traceback=job.traceback)]
        plain = _plain()
        result: TaskResult = TaskResult(
            task=task,
            id=str(job.pk),
            status=STATUS[Job.Status(job.status)],
            enqueued_at=job.enqueued_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
            last_attempted_at=job.started_at,
            args=plain(job.args),
            kwargs=plain(job.kwargs),
            backend=self.alias,
            errors=errors,
            worker_ids=[job.worker] * job.attempts,
        )
        object.__setattr__(result, "_return_value", job.result)
        return result


@functools.cache
def _plain() -> Callable[[Any], Any]:
    """Turns dates and decimals into what JSON gives back."""
    encoder = DjangoJSONEncoder()

    def convert(value: Any) -> Any:
        if isinstance(value, dict):
            return {str(key): convert(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [convert(item) for item in value]
        if value is None or isinstance(value, str | int | float | bool):
            return value
        return encoder.default(value)

    return convert
