"""A look into a folder: which files are complete, which are new, and importing them one by one.

A file is complete when its size and the time of its last change have stayed the same for
`SETTLED`. It is read into a private copy, understood, and then kept, started and noted as taken in
one transaction, so that a worker killed at any moment leaves it either untouched or taken. Files
are taken in the order in which they were changed, each when the import of the one before has come
to its end: a file that waits for a person holds back those behind it, which may build on it. The
folder itself is never written to.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kam.changes.context import source
from kam.imports import directories, services
from kam.imports.directories import Entry
from kam.imports.models import Folder, FolderFile, Run
from kam.imports.parts import batched
from kam.imports.services.folders import next_look
from kam.jobs.backend import task
from kam.jobs.progress import current_job

SETTLED = datetime.timedelta(seconds=30)
"""A file that has not changed for so long is complete."""
WHILE_RUNNING = datetime.timedelta(seconds=5)
WHILE_WAITING = datetime.timedelta(seconds=60)
"""Time to the next look while a file is being imported, and while one waits for a person."""
NAMES = 500
"""Files asked for in one query."""
Status = FolderFile.Status


class Overtaken(Exception):  # noqa: N818  (whoever was faster has done the work)
    """The folder or the file is no longer what was read."""


def look(folder_id: int, now: datetime.datetime | None = None) -> None:
    """Look into a folder once, at the moment `now`, and say when to look again."""
    now = now or timezone.now()
    rows = Folder.objects.active().select_related("owner", "mapping")
    folder = rows.filter(pk=folder_id, is_on=True).first()
    if folder is None:
        return
    if words := services.trouble_with(folder):
        services.pause_folder(folder=folder, note=words)
        return
    note = ""
    pauses: list[datetime.timedelta] = []
    with source("import", f"folder {folder.pk}"):
        try:
            pauses += _settle(folder)
            pauses += _go_over(folder, now, held=bool(pauses))
        except directories.Unreachable as error:
            note = str(error)[:300]
        except Overtaken:
            return
        except Exception:
            later = next_look(folder, now)
            words = _("Looking into it went wrong; the administrator finds why in the log.")
            Folder.objects.filter(pk=folder.pk).update(next_look_at=later, note=words)
            raise
    following = min([next_look(folder, now), *(now + pause for pause in pauses)])
    present = Folder.objects.filter(pk=folder.pk)
    present.update(looked_at=now, note=note)
    present.filter(next_look_at=folder.next_look_at).update(next_look_at=following)


@contextmanager
def _held(folder: Folder, item: FolderFile) -> Iterator[None]:
    """A transaction in which folder and file are as they were read, and stay so.

    Raises `Overtaken` when somebody has changed the folder, or another worker moved the file.
    """
    with current_job().fenced():
        rows = Folder.objects.active().filter(pk=folder.pk, is_on=True, version=folder.version)
        files = FolderFile.objects.filter(pk=item.pk, status=item.status)
        held = rows.select_for_update(no_key=True).values_list("pk").first()
        if held is None or not files.exists():
            raise Overtaken
        yield


def _settle(folder: Folder) -> list[datetime.timedelta]:
    """Note what has become of files whose import is under way; times to the next look for those
    that are not at their end."""
    pauses = []
    for item in folder.files.unfinished().select_related("run"):
        run = cast("Run", item.run)
        with _held(folder, item):
            if item.status == Status.QUEUED and run.status == Run.Status.MAPPED:
                _start(folder, item, run)
            else:
                status, note = _outcome(run)
                _move(item, status, note or (item.note if item.status == status else ""))
        if item.status in FolderFile.UNFINISHED:
            waits = item.status == Status.WAITING
            pauses.append(WHILE_WAITING if waits else WHILE_RUNNING)
    return pauses


def _outcome(run: Run) -> tuple[str, str]:
    """Status of a file by that of its import, and a remark."""
    if run.is_moving:
        return Status.RUNNING, ""
    if run.status == Run.Status.PUBLISHED:
        words = ngettext("%(n)d row rejected", "%(n)d rows rejected", run.rejected)
        return Status.DONE, words % {"n": run.rejected} if run.rejected else ""
    if run.status in (Run.Status.CANCELLED, Run.Status.UNDONE):
        return Status.DISMISSED, str(run.get_status_display())
    return Status.WAITING, run.error


def _move(item: FolderFile, status: str, note: str) -> None:
    """Give a file another status; its folder's owner hears of what they have to look at."""
    if (item.status, item.note) == (status, note[:500]):
        return
    asks = status in FolderFile.ASKING and item.status != status
    item.status, item.note = status, note[:500]
    item.save()
    if asks or (status == Status.DONE and note):
        tell_owner.enqueue(item.pk)


def _go_over(folder: Folder, now: datetime.datetime, *, held: bool) -> list[datetime.timedelta]:
    """Take what is complete; `held`: an earlier file is not at its end, nothing is taken.

    Returns times to the next look that what is seen asks for.
    """
    pauses = []
    with directories.opened(folder.path) as handle:
        entries = directories.files_in(handle, folder.pattern)
        known = _known(folder, entries)
        for entry in entries:
            item = known.get(_key(entry))
            if item is None:
                item = FolderFile(folder=folder, seen_at=now, size=entry.size)
                item.name, item.changed_ns = directories.printable(entry.name), entry.changed_ns
                item.save()
            if item.status != Status.SEEN or held:
                continue
            if now - item.seen_at < SETTLED:
                pauses.append(SETTLED)
                continue
            _take(folder, handle, entry, item)
            if item.status in FolderFile.UNFINISHED:
                held = True
                pauses.append(WHILE_RUNNING)
    return pauses


def _key(entry: Entry) -> tuple[str, int, int]:
    return directories.printable(entry.name), entry.size, entry.changed_ns


def _known(folder: Folder, entries: list[Entry]) -> dict[tuple[str, int, int], FolderFile]:
    """What is known of the files that lie there; forgets those that were never complete."""
    present = {_key(entry) for entry in entries}
    unsettled = folder.files.filter(status=Status.SEEN)
    gone = [item.pk for item in unsettled if _key_of(item) not in present]
    FolderFile.objects.filter(pk__in=gone).delete()
    known: dict[tuple[str, int, int], FolderFile] = {}
    for names in batched({name for name, _size, _changed in present}, NAMES):
        known |= {_key_of(item): item for item in folder.files.filter(name__in=names)}
    return known


def _key_of(item: FolderFile) -> tuple[str, int, int]:
    return item.name, item.size, item.changed_ns


def _take(folder: Folder, handle: int, entry: Entry, item: FolderFile) -> None:
    """Read a complete file and hand it to the importer, unless it was taken before."""
    try:
        with directories.copied(handle, entry) as (copy, digest):
            item.digest = digest
            earlier = _taken_before(folder, item)
            if earlier is not None:
                words = _("The same content as %(name)s, which was taken on %(day)s.")
                shown = {"name": earlier.name, "day": f"{earlier.seen_at:%Y-%m-%d}"}
                with _held(folder, item):
                    _move(item, Status.KNOWN, words % shown)
                return
            _hand_over(folder, item, File(copy, name=item.name))
    except directories.Unsettled:
        return
    except directories.Unreachable as error:
        with _held(folder, item):
            _move(item, Status.REFUSED, str(error))


def _taken_before(folder: Folder, item: FolderFile) -> FolderFile | None:
    """The file of the folder with the same content that was imported, and still is."""
    alike = folder.files.filter(digest=item.digest).exclude(pk=item.pk)
    counts = Q(status__in=FolderFile.UNFINISHED) | Q(status=Status.DONE, run__is_live=True)
    return alike.filter(counts).order_by("pk").first()


def _hand_over(folder: Folder, item: FolderFile, file: File) -> None:
    try:
        run = services.understand_file(
            actor=folder.owner,
            kind=folder.kind,
            scope_id=folder.scope_id,
            file=file,
            file_name=item.name,
            options=folder.options,
        )
    except ValidationError as error:
        with _held(folder, item):
            _move(item, Status.REFUSED, " ".join(error.messages))
        return
    except PermissionDenied:
        with _held(folder, item):
            _move(item, Status.REFUSED, _("You may not import into this programme."))
        return
    why = _stands_against(folder, run)
    with services.stored(run, file), _held(folder, item):
        item.run = run = services.keep_run(run=run)
        if why:
            _move(item, Status.WAITING, why)
        else:
            _start(folder, item, run)


def _stands_against(folder: Folder, run: Run) -> str:
    """What a person has to say before the file can be imported; empty: nothing, it is as agreed.

    Only a heading that a kept mapping knows word by word is taken without anybody looking.
    """
    kept = services.remembered(run)
    if kept is None or (folder.mapping_id is not None and kept.pk != folder.mapping_id):
        named = folder.mapping
        if named is None:
            return _("Its columns are those of no saved mapping: say what they become.")
        return _("Its columns are not those of the mapping “%(name)s”.") % {"name": named}
    return " ".join(services.problems(run))


def _start(folder: Folder, item: FolderFile, run: Run) -> None:
    """Import the file, or keep it for later while another import is under way."""
    try:
        with transaction.atomic():
            services.start_run(actor=folder.owner, run=run)
    except ValidationError as error:
        busy = getattr(error, "code", "") == "busy"
        _move(item, Status.QUEUED if busy else Status.WAITING, " ".join(error.messages))
    except PermissionDenied:
        _move(item, Status.WAITING, _("Whoever the folder runs as may not import any more."))
    else:
        _move(item, Status.RUNNING, "")


@task()
def tell_owner(file_id: int) -> None:
    """Write to the owner of a folder what one of its files needs."""
    item = FolderFile.objects.select_related("folder__owner", "run").get(pk=file_id)
    owner: Any = item.folder.owner
    if not owner.email or not owner.is_active:
        return
    title = _("%(folder)s: %(status)s") % {
        "folder": item.folder.name,
        "status": item.get_status_display(),
    }
    text = _("The file %(file)s: %(note)s\n\nSee Imports, Folders, %(folder)s.") % {
        "file": item.name,
        "folder": item.folder.name,
        "note": item.note or item.get_status_display(),
    }
    send_mail(title, text, None, [owner.email])
