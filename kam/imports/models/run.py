"""A file on its way in, what it refused, and what waits until it counts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from kam.changes.models import Change
from kam.imports import kinds, querysets, rejects
from kam.imports.reading import Findings

FILES = "imports"
"""Folder of the storage that holds what has come in."""


class Run(models.Model):
    """One file of one kind on its way in; what it stored counts only while `is_live`.

    `scope_id` is the primary key of what the file belongs to (for customers: the programme); the
    plumbing below knows no more of it. `lane` is set while the run occupies its scope: of two
    runs of one scope and lane only one may have rows that do not count yet. `attempt` rises with
    every pass that takes over, so that an earlier one can commit nothing more. `all_stored`: every
    row is dealt with, what is left is to prepare and to publish. `decisions` say what becomes of
    what the rows name and nothing known answers to, by the words of the file.
    """

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("needs an answer")
        MAPPED = "mapped", _("columns known")
        CHECKING = "checking", _("being tried")
        READY = "ready", _("tried, nothing stored")
        RUNNING = "running", _("running")
        STOPPED = "stopped", _("stopped")
        PUBLISHED = "published", _("imported")
        UNDOING = "undoing", _("being undone")
        UNDONE = "undone", _("undone")
        CANCELLED = "cancelled", _("cancelled")
        FAILED = "failed", _("failed, nothing stored")

    EDITABLE = (Status.UPLOADED, Status.MAPPED, Status.READY, Status.FAILED)
    """While the file is being understood: mapping and choices may change."""

    kind = models.CharField(_("kind"), max_length=30, choices=kinds.choices)
    scope_id = models.BigIntegerField(db_index=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    status = models.CharField(
        _("status"), max_length=10, choices=Status, default=Status.UPLOADED, editable=False
    )
    lane = models.CharField(max_length=30, blank=True, editable=False)
    is_live = models.BooleanField(default=False, editable=False)
    file = models.FileField(_("file"), upload_to=f"{FILES}/%Y/%m/", max_length=250)
    file_name = models.CharField(_("file name"), max_length=200)
    file_size = models.BigIntegerField(_("bytes"))
    file_digest = models.CharField(max_length=64, db_index=True)
    chosen = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    options = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    findings = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    mapping = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    decisions = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    sample = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    dry_run = models.BooleanField(_("try without saving"), default=False)
    attempt = models.PositiveIntegerField(default=0, editable=False)
    all_stored = models.BooleanField(default=False, editable=False)
    stop_requested = models.BooleanField(default=False, editable=False)
    beat_at = models.DateTimeField(null=True, editable=False)
    rows_done = models.PositiveBigIntegerField(default=0)
    rows_total = models.PositiveBigIntegerField(null=True)
    rows_read = models.PositiveBigIntegerField(_("read"), default=0)
    created = models.PositiveBigIntegerField(_("created"), default=0)
    updated = models.PositiveBigIntegerField(_("updated"), default=0)
    unchanged = models.PositiveBigIntegerField(_("unchanged"), default=0)
    rejected = models.PositiveBigIntegerField(_("rejected"), default=0)
    report = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    error = models.TextField(_("error"), blank=True)
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    started_at = models.DateTimeField(_("started"), null=True)
    published_at = models.DateTimeField(_("imported"), null=True)
    undone_at = models.DateTimeField(_("undone"), null=True)
    finished_at = models.DateTimeField(_("finished"), null=True)

    objects = querysets.RunQuerySet.as_manager()
    untold = ("scope_id",)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["owner", "-id"], name="run_owner")]
        constraints = [
            models.UniqueConstraint(
                fields=["scope_id", "lane"],
                condition=~Q(lane=""),
                name="run_one_per_lane",
                violation_error_message=_("Another import is under way."),
            ),
            models.CheckConstraint(
                condition=Q(is_live=False) | Q(status="published"), name="run_live_is_published"
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    def get_absolute_url(self) -> str:
        return reverse("imports:detail", args=[self.pk])

    @property
    def import_kind(self) -> kinds.ImportKind:
        return kinds.get(self.kind)

    @property
    def found(self) -> Findings:
        """What was understood about the file."""
        return Findings.from_json(self.findings)

    @property
    def columns(self) -> dict[str, int]:
        """Field -> index of its column."""
        return {name: entry["column"] for name, entry in self.mapping.items()}

    @property
    def named_columns(self) -> dict[str, str]:
        """Field -> name of its column, or `ROW_NUMBER`."""
        names = [*self.found.columns, kinds.ROW_NUMBER]
        return {name: names[index] for name, index in self.columns.items()}

    def heading(self, field: str) -> str:
        """What the column of `field` is called; empty where nothing stands for the field."""
        headings = [*self.found.columns, kinds.ROW_NUMBER_LABEL]
        index = self.columns.get(field)
        return "" if index is None else str(headings[index])

    @property
    def by_row(self) -> bool:
        """Whether the number of the row, also that of a refused one, stands for what it names."""
        columns = self.found.columns
        own = {0, len(columns)} if rejects.is_own(columns) else {len(columns)}
        return any(self.columns.get(item.name) in own for item in self.import_kind.numbered_by_row)

    @property
    def is_wide(self) -> bool:
        """Whether a row holds several records, a column each."""
        return any(map(kinds.name_in, self.mapping))

    def option(self, name: str) -> str:
        """An option of the run, or what its kind takes for granted."""
        return self.options.get(name) or self.import_kind.defaults().get(name, "")

    def counts(self) -> dict[str, Any]:
        """The counts that every reader shows."""
        names = ("rows_read", "created", "updated", "unchanged", "rejected")
        return {name: getattr(self, name) for name in names}

    TONES = {
        Status.UPLOADED: "warn",
        Status.STOPPED: "warn",
        Status.PUBLISHED: "good",
        Status.FAILED: "bad",
        Status.UNDONE: "none",
        Status.CANCELLED: "none",
    }

    @property
    def tone(self) -> str:
        """How the status looks in lists."""
        return self.TONES.get(self.Status(self.status), "info")

    @property
    def taken(self) -> int:
        """Rows that were new or changed something."""
        return self.created + self.updated

    @property
    def is_moving(self) -> bool:
        """Whether background work is going on."""
        return self.status in (self.Status.CHECKING, self.Status.RUNNING, self.Status.UNDOING)


def audience(run: Run) -> dict[str, Any]:
    """Who reads about a run in the change log: who may see it."""
    return {"audience": Change.Audience.OBJECT, "audience_id": run.pk}


class RejectedChunk(models.Model):
    """Refused rows of one chunk, packed: JSON lines of `[row number, reason, code, cells]`."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="rejected_chunks")
    number = models.PositiveIntegerField()
    rows = models.PositiveIntegerField()
    payload = models.BinaryField()

    objects = querysets.RejectedChunkQuerySet.as_manager()

    class Meta:
        ordering = ["run", "number"]
        constraints = [models.UniqueConstraint(fields=["run", "number"], name="rejectedchunk_key")]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.number}"


class StagedRecord(models.Model):
    """What one row of a run does to one record when the run is published: makes it (`created`) or
    changes it. The kind of the run says which model it is; `part` counts the records of a row.

    `before` and `after` hold field -> value as the change log stores them, `extra` what is stored
    beside the record, e.g. its number in another system. `object_id` is the record; a new one gets
    it, reserved, before it counts. `version` is that of a known record when it was read.
    What is `ready` is published in a few statements for all rows: `columns` holds what becomes of
    the record's own columns, `log` its row of history.
    """

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+", db_index=False)
    row = models.PositiveBigIntegerField()
    part = models.PositiveSmallIntegerField(default=0)
    object_id = models.BigIntegerField(null=True)
    created = models.BooleanField(default=False)
    version = models.PositiveIntegerField(default=0)
    before = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    extra = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    ready = models.BooleanField(default=False)
    columns = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    log = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    objects = querysets.StagedRecordQuerySet.as_manager()

    class Meta:
        ordering = ["run", "row", "part"]
        indexes = [
            models.Index(fields=["run"], condition=Q(ready=False), name="stagedrecord_waiting")
        ]
        constraints = [
            models.UniqueConstraint(fields=["run", "row", "part"], name="stagedrecord_key")
        ]

    def __str__(self) -> str:
        return f"{self.run_id}/{self.row}"
