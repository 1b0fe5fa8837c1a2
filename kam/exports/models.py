"""A list on its way out as a file."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.exports.querysets import ExportQuerySet
from kam.jobs.models import Job


class Export(models.Model):
    """One list as a file, for whoever asked for it.

    `address` is the list's own address with its filters: page or endpoint are asked again when the
    file is made, so that the file holds what its owner would be shown then. The file counts from
    the commit that sets `file`; before it there is none. `reach` is what the owner could see while
    it was made: whoever can see less by now is not given the file any more.
    """

    class Status(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RUNNING = "running", _("being made")
        READY = "ready", _("ready")
        STOPPED = "stopped", _("stopped")
        FAILED = "failed", _("failed")
        EXPIRED = "expired", _("no longer kept")

    class Format(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    list_name = models.CharField(_("list"), max_length=60)
    title = models.CharField(_("title"), max_length=120)
    format = models.CharField(_("format"), max_length=4, choices=Format)
    address = models.TextField(_("address of the list"))
    job = models.OneToOneField(Job, null=True, on_delete=models.SET_NULL, related_name="+")
    file = models.FileField(_("file"), max_length=250, blank=True, editable=False)
    rows = models.PositiveBigIntegerField(_("rows"), null=True)
    size = models.PositiveBigIntegerField(_("bytes"), null=True)
    reach = models.JSONField(default=dict, encoder=DjangoJSONEncoder, editable=False)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True)
    expires_at = models.DateTimeField(_("kept until"), db_index=True)

    objects = ExportQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "-id"], name="export_owner")]

    def __str__(self) -> str:
        return f"{self.title}, {self.get_format_display()}"

    def get_absolute_url(self) -> str:
        return reverse("exports:list")

    STATUSES = {
        Job.Status.READY: Status.WAITING,
        Job.Status.RUNNING: Status.RUNNING,
        Job.Status.CANCELLED: Status.STOPPED,
    }
    TONES = {
        Status.READY: "good",
        Status.FAILED: "bad",
        Status.STOPPED: "none",
        Status.EXPIRED: "none",
    }

    @property
    def status(self) -> str:
        """How far it is, as its work says; the file itself says that it is ready."""
        if self.file:
            over = self.expires_at < timezone.now()
            return self.Status.EXPIRED if over else self.Status.READY
        job: Any = self.job
        return self.STATUSES.get(job.status, self.Status.FAILED) if job else self.Status.FAILED

    @property
    def status_name(self) -> str:
        """The status in words."""
        return str(self.Status(self.status).label)

    @property
    def tone(self) -> str:
        """How the status looks in lists."""
        return self.TONES.get(self.Status(self.status), "info")

    @property
    def is_moving(self) -> bool:
        """Whether the file is still to be made."""
        return self.status in (self.Status.WAITING, self.Status.RUNNING)

    @property
    def progress(self) -> float | None:
        """Share of the rows that are written (0..1); None while it is not known."""
        if self.file:
            return 1.0
        return self.job.progress_ratio if self.job else None

    @property
    def error(self) -> str:
        """Why there is no file, in words."""
        return self.job.error if self.job and self.status == self.Status.FAILED else ""

    @property
    def file_name(self) -> str:
        """The name that a download suggests."""
        return f"{self.list_name}.{self.format}"
