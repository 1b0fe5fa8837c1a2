"""The job queue and its schedule."""

from __future__ import annotations

import secrets
import time
import uuid

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.jobs.querysets import JobQuerySet


def ordered_uuid() -> uuid.UUID:
    """A UUID of version 7 (RFC 9562): random, but in the order of the clock."""
    milliseconds = time.time_ns() // 1_000_000
    value = milliseconds << 80 | 0x7 << 76 | secrets.randbits(12) << 64
    return uuid.UUID(int=value | 0x2 << 62 | secrets.randbits(62))


class Job(models.Model):
    """One piece of background work, written in the transaction that asked for it.

    A worker holds it by a lease (`lease`, a random token, until `leased_until`) that it renews;
    when the worker dies the lease runs out and another worker takes the job. `state` is what the
    task has committed about how far it got. `key` names what only one job may work on at a time.
    """

    class Status(models.TextChoices):
        READY = "ready", _("waiting")
        RUNNING = "running", _("running")
        SUCCEEDED = "succeeded", _("done")
        FAILED = "failed", _("failed")
        CANCELLED = "cancelled", _("stopped")

    id = models.UUIDField(primary_key=True, default=ordered_uuid, editable=False)
    task = models.CharField(_("task"), max_length=200)
    args = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    kwargs = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    queue = models.CharField(max_length=40, default="default")
    priority = models.SmallIntegerField(default=0)
    key = models.CharField(max_length=120, blank=True)
    run_after = models.DateTimeField(_("not before"), default=timezone.now)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.READY)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    max_attempts = models.PositiveSmallIntegerField(default=5)
    lease = models.UUIDField(null=True, editable=False)
    leased_until = models.DateTimeField(null=True, editable=False)
    worker = models.CharField(max_length=80, blank=True)
    cancel_requested = models.BooleanField(default=False)
    progress_done = models.PositiveBigIntegerField(_("done"), default=0)
    progress_total = models.PositiveBigIntegerField(_("of"), null=True)
    progress_note = models.CharField(_("note"), max_length=200, blank=True)
    state = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    result = models.JSONField(null=True, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"), blank=True)
    error_class = models.CharField(max_length=200, blank=True)
    traceback = models.TextField(blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    enqueued_at = models.DateTimeField(_("asked for"), default=timezone.now)
    started_at = models.DateTimeField(_("started"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-enqueued_at", "-pk"]
        indexes = [
            models.Index(
                fields=["queue", "-priority", "enqueued_at"],
                condition=Q(status="ready"),
                name="job_ready",
            ),
            models.Index(fields=["leased_until"], condition=Q(status="running"), name="job_leased"),
            models.Index(
                fields=["key", "enqueued_at"],
                condition=Q(status__in=["ready", "running"]) & ~Q(key=""),
                name="job_key",
            ),
            models.Index(fields=["created_by", "-enqueued_at"], name="job_creator"),
            models.Index(fields=["status", "finished_at"], name="job_finished"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["key"],
                condition=Q(status="running") & ~Q(key=""),
                name="job_one_running_per_key",
            )
        ]

    def __str__(self) -> str:
        return f"{self.task.rpartition('.')[2]} {self.pk}"

    @property
    def is_finished(self) -> bool:
        return self.status in (self.Status.SUCCEEDED, self.Status.FAILED, self.Status.CANCELLED)

    @property
    def progress_ratio(self) -> float | None:
        """0..1; None while the total is unknown."""
        if not self.progress_total:
            return None
        return min(self.progress_done / self.progress_total, 1.0)


class Schedule(models.Model):
    """When a periodic task is due next; moved on in the transaction that enqueues its job."""

    name = models.CharField(max_length=200, primary_key=True)
    next_run_at = models.DateTimeField()
    last_run_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
