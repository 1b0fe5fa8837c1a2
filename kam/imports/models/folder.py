"""Folders of the server into which files come by themselves."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from kam.changes.models import Tracked
from kam.imports import kinds, querysets
from kam.imports.models.mapping import RememberedMapping
from kam.imports.models.run import Run


class Folder(Tracked):
    """Where files of one kind come in by themselves: a folder of the server, looked into on time.

    `path` is relative to the installation's import folder. Files are read by `mapping`, without
    one by any kept mapping with their columns; what is open waits for a person. `owner` is whoever
    set it up or changed it last: rows are checked against their rights. `note` says why the folder
    is paused or cannot be read.
    """

    class Every(models.IntegerChoices):
        """Minutes between two looks."""

        FIVE_MINUTES = 5, _("5 minutes")
        QUARTER = 15, _("15 minutes")
        HOUR = 60, _("hour")
        SIX_HOURS = 360, _("6 hours")
        DAY = 1440, _("day")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("what the files hold"), max_length=30, choices=kinds.choices)
    scope_id = models.BigIntegerField(db_index=True)
    path = models.CharField(
        _("folder"),
        max_length=200,
        blank=True,
        help_text=_("Below the import folder of the installation, e.g. sap/orders."),
    )
    pattern = models.CharField(
        _("files called"), max_length=80, default="*.csv", help_text=_("* stands for anything.")
    )
    mapping = models.ForeignKey(
        RememberedMapping,
        verbose_name=_("saved mapping"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        help_text=_("Files with other columns wait for you. None: any saved mapping that fits."),
    )
    options = models.JSONField(default=dict, blank=True)
    every = models.PositiveIntegerField(_("look every"), choices=Every.choices, default=Every.HOUR)
    at = models.TimeField(
        _("at"), null=True, blank=True, help_text=_("Once a day, in the installation's zone.")
    )
    is_on = models.BooleanField(_("on"), default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("runs as"),
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
    )
    note = models.CharField(_("note"), max_length=300, blank=True, editable=False)
    looked_at = models.DateTimeField(_("last look"), null=True, editable=False)
    next_look_at = models.DateTimeField(_("next look"), null=True, editable=False)

    objects = querysets.FolderQuerySet.as_manager()
    untold = ("scope_id",)

    class Meta:
        verbose_name = _("import folder")
        verbose_name_plural = _("import folders")
        ordering = ["name", "pk"]
        indexes = [models.Index(fields=["next_look_at"], name="folder_due")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("imports:folder", args=[self.pk])

    @property
    def place(self) -> str:
        """Where its files lie, below the installation's import folder."""
        return f"{self.path.strip('/')}/{self.pattern}".lstrip("/")

    @property
    def import_kind(self) -> kinds.ImportKind:
        return kinds.get(self.kind)


class FolderFile(models.Model):
    """A file that was seen in a folder, and what has become of it; its content is in its `run`.

    Another size or time of change makes it another file.
    """

    class Status(models.TextChoices):
        SEEN = "seen", _("being written")
        QUEUED = "queued", _("waits for another import")
        RUNNING = "running", _("being imported")
        WAITING = "waiting", _("needs you")
        REFUSED = "refused", _("cannot be read")
        KNOWN = "known", _("taken before")
        DONE = "done", _("imported")
        DISMISSED = "dismissed", _("set aside")

    UNFINISHED = (Status.QUEUED, Status.RUNNING, Status.WAITING)
    """Later files of the folder wait for these."""
    ASKING = (Status.WAITING, Status.REFUSED)

    folder = models.ForeignKey(Folder, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(_("file"), max_length=250)
    size = models.BigIntegerField(_("bytes"))
    changed_ns = models.BigIntegerField()
    digest = models.CharField(max_length=64, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.SEEN)
    run = models.ForeignKey(Run, null=True, on_delete=models.PROTECT, related_name="+")
    note = models.CharField(_("note"), max_length=500, blank=True)
    seen_at = models.DateTimeField(_("seen"), default=timezone.now)
    updated_at = models.DateTimeField(auto_now=True, db_index=True)

    objects = querysets.FolderFileQuerySet.as_manager()

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["folder", "digest"], name="folderfile_digest")]
        constraints = [
            models.UniqueConstraint(
                fields=["folder", "name", "size", "changed_ns"], name="folderfile_key"
            )
        ]

    def __str__(self) -> str:
        return self.name

    TONES = {
        Status.WAITING: "warn",
        Status.REFUSED: "bad",
        Status.DONE: "good",
        Status.KNOWN: "none",
        Status.DISMISSED: "none",
    }

    @property
    def tone(self) -> str:
        """How the status looks in lists."""
        return self.TONES.get(self.Status(self.status), "info")

    @property
    def is_asking(self) -> bool:
        """Whether a person has to do something about it."""
        return self.status in self.ASKING

    @property
    def may_retry(self) -> bool:
        """Whether it can be taken again: it does not count and is not about to."""
        if self.status == self.Status.DONE:
            return self.run is not None and not self.run.is_live
        return self.status not in (self.Status.SEEN, *self.UNFINISHED)
