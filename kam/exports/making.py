"""Making the file: ask the list again, write it aside, let it count in one commit."""

from __future__ import annotations

import datetime
import tempfile
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO

from django.core.exceptions import ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.access.once import asking_once
from kam.documents.sweeping import sweep
from kam.documents.tables import Table, in_parts
from kam.exports.lists import table_at
from kam.exports.models import Export
from kam.exports.reach import reach_of, together
from kam.jobs.progress import InlineJob, current_job
from kam.web.middleware import preferred_by

FOLDER = "exports"
PART = 5000
"""Rows that are read at a time."""
KEPT = datetime.timedelta(days=7)


def make(export_id: int) -> None:
    """Make the file of an export, from its first row to the last one.

    Nothing of it counts before the last commit, so that a worker which dies leaves nothing to
    download; the next try begins anew. What the owner may not see by then is not in it. Raises
    ValidationError where the list is out of their sight.
    """
    export = Export.objects.select_related("owner").filter(pk=export_id, file="").first()
    if export is None:
        return
    job = current_job()
    with preferred_by(export.owner), tempfile.TemporaryFile() as file:
        before = _reach(export)
        table = _table(export)
        rows = _written(table, export, file, job)
        reach = together(before, _reach(export))
        size = file.tell()
        file.seek(0)
        name = f"{FOLDER}/{export.pk}-{uuid.uuid4().hex}.{export.format}"
        name = default_storage.save(name, File(file))
    with job.fenced(final=True):
        now = timezone.now()
        counted = Export.objects.filter(pk=export.pk).update(
            file=name, rows=rows, size=size, reach=reach, finished_at=now, expires_at=now + KEPT
        )
    if not counted:  # taken away meanwhile
        default_storage.delete(name)


def _reach(export: Export) -> dict[str, Any]:
    with asking_once():
        return reach_of(export.owner)


def _table(export: Export) -> Table:
    try:
        return table_at(export.address, export.owner)
    except Http404 as error:
        raise ValidationError(_("This list is out of your sight by now.")) from error


def _written(table: Table, export: Export, file: BinaryIO, job: InlineJob) -> int:
    """Write the file; returns how many rows it has."""
    total, done = table.count(), 0

    def rows() -> Iterator[Any]:
        nonlocal done
        for part in in_parts(table.rows, PART):
            job.checkpoint()
            job.report(done, max(total, done))
            yield from part
            done += len(part)

    table.write(file, export.format, rows())
    job.checkpoint()
    return done


def forget(now: datetime.datetime) -> int:
    """Delete exports whose week is over with their files, and files that nobody knows; returns
    how many exports."""
    count = 0
    for export in Export.objects.expired(now):
        drop(export)
        count += 1
    sweep(FOLDER, (Export,), now=now)
    return count


def drop(export: Export) -> None:
    """Delete an export and its file."""
    name = export.file.name
    export.delete()
    if name:
        default_storage.delete(name)
