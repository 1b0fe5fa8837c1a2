"""Folders from which files come by themselves: set up, changed, paused, looked into."""

from __future__ import annotations

import copy
import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import editing, record
from kam.changes.models import Change
from kam.imports import directories, kinds, policies
from kam.imports.models import Folder, FolderFile, RememberedMapping
from kam.imports.services.files import checked_options

FOLDER_FIELDS = ("name", "path", "pattern", "mapping", "options", "every", "at", "is_on")
FIXED_FIELDS = ("kind", "scope_id")
"""What a folder is for; another one is another folder."""


@transaction.atomic
def create_folder(
    *, actor: AbstractBaseUser, kind: str, scope_id: int, values: dict[str, Any]
) -> Folder:
    """Have files of `kind` come into the scope from a folder, with the rights of `actor`.

    Raises PermissionDenied (may not read every import of the scope) or ValidationError.
    """
    folder = Folder(kind=kind, scope_id=scope_id, owner=actor, **values)
    _check(actor, folder, set(values))
    folder.next_look_at = timezone.now() if folder.is_on else None
    folder.full_clean()
    folder.save(force_insert=True)
    fields = (*FIXED_FIELDS, *FOLDER_FIELDS)
    record.created(actor=actor, obj=folder, fields=fields, **_audience(folder))
    return folder


@transaction.atomic
def update_folder(
    *,
    actor: AbstractBaseUser,
    folder: Folder,
    expected_version: int | None,
    changes: dict[str, Any],
) -> Folder:
    """Change a folder; from now on it runs with the rights of `actor`.

    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    folder = _locked(actor, folder)
    editing.expect(folder, expected_version)
    wanted = copy.copy(folder)
    for name, value in changes.items():
        setattr(wanted, name, value)
    _check(actor, wanted, set(changes))
    folder = editing.save(
        actor=actor,
        obj=folder,
        changes={**changes, "options": wanted.options, "owner": actor},
        **_audience(folder),
    )
    folder.note = ""
    folder.next_look_at = timezone.now() if folder.is_on else None
    folder.save(update_fields=["note", "next_look_at"])
    return folder


@transaction.atomic
def archive_folder(
    *, actor: AbstractBaseUser, folder: Folder, expected_version: int | None = None
) -> Folder:
    """Look into a folder no more; what came from it stays."""
    folder = _locked(actor, folder)
    return editing.save(
        actor=actor,
        obj=folder,
        changes={"archived_at": timezone.now(), "is_on": False},
        verb="archived",
        expected_version=expected_version,
        **_audience(folder),
    )


@transaction.atomic
def pause_folder(*, folder: Folder, note: str) -> Folder:
    """Switch a folder off that cannot go on, and say why; nobody's doing."""
    folder = editing.locked(folder)
    folder.note = note[:300]
    folder.is_on, folder.next_look_at = False, None
    folder.version += 1
    folder.save(update_fields=["note", "is_on", "next_look_at", "version", "updated_at"])
    record.change(
        actor=None,
        obj=folder,
        verb="paused",
        before={"is_on": True},
        after={"is_on": False, "note": folder.note},
        **_audience(folder),
    )
    return folder


@transaction.atomic
def look_now(*, actor: AbstractBaseUser, folder: Folder) -> Folder:
    """Look into a folder before its time. Raises PermissionDenied or ValidationError (is off)."""
    folder = _locked(actor, folder)
    if not folder.is_on:
        raise ValidationError(_("The folder is off: switch it on first."), code="off")
    folder.next_look_at = timezone.now()
    folder.save(update_fields=["next_look_at"])
    return folder


@transaction.atomic
def dismiss_file(*, actor: AbstractBaseUser, file: FolderFile) -> FolderFile:
    """Set a file aside that cannot be read; it is not taken. Raises PermissionDenied or
    ValidationError (its import has to be ended instead)."""
    folder = _locked(actor, file.folder)
    file = FolderFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if file.status != FolderFile.Status.REFUSED:
        message = _("Only a file that cannot be read is set aside; cancel an import on its page.")
        raise ValidationError(message, code="status")
    file.status = FolderFile.Status.DISMISSED
    file.save(update_fields=["status", "updated_at"])
    record.change(
        actor=actor, obj=folder, verb="dismissed", after={"file": file.name}, **_audience(folder)
    )
    return file


@transaction.atomic
def retry_file(*, actor: AbstractBaseUser, file: FolderFile) -> FolderFile:
    """Take a file at the next look that was not taken, or whose import was undone.

    Raises PermissionDenied or ValidationError (it counts, or its import is under way).
    """
    _locked(actor, file.folder)
    file = FolderFile.objects.select_for_update(of=("self",)).get(pk=file.pk)
    if not file.may_retry:
        raise ValidationError(_("This file is imported, or about to be."), code="status")
    file.status, file.note, file.digest = FolderFile.Status.SEEN, "", ""
    file.save(update_fields=["status", "note", "digest", "updated_at"])
    Folder.objects.filter(pk=file.folder_id, is_on=True).update(next_look_at=timezone.now())
    return file


def trouble_with(folder: Folder) -> str:
    """Why a folder can no longer run with the rights of its owner; empty when it can."""
    owner: Any = folder.owner
    if not owner.is_active:
        words = _("%(who)s has left. Save the folder again, and it runs with your rights.")
    elif not policies.can_watch(owner, folder.import_kind, folder.scope_id):
        words = _("%(who)s may no longer import here. Save it again to run it with your rights.")
    elif not _may_use_path(owner, folder):
        words = _("%(who)s may no longer use this folder. Save it again to run it as you.")
    else:
        return ""
    return words % {"who": owner}


def _check(actor: AbstractBaseUser, folder: Folder, changed: set[str]) -> None:
    """Whether `actor` may have what `folder` says; the folder itself is opened where it is new."""
    try:
        kind = kinds.get(folder.kind)
    except KeyError as error:
        raise ValidationError({"kind": _("There is no such kind of file.")}) from error
    if not policies.can_watch(actor, kind, folder.scope_id):
        raise PermissionDenied
    parts = directories.parts_of(folder.path)
    if not _may_use_path(actor, folder):
        words = _("The folder of this programme is %(number)s: write e.g. %(number)s/orders.")
        raise ValidationError({"path": words % {"number": folder.scope_id}}, code="foreign")
    if folder.is_on and changed & {"path", "is_on"}:
        _open("/".join(parts))
    if "/" in folder.pattern or "\0" in folder.pattern or not folder.pattern.strip():
        raise ValidationError({"pattern": _("Write names of files, e.g. orders-*.csv.")})
    _check_mapping(actor, folder)
    if folder.at is not None and folder.every != Folder.Every.DAY:
        raise ValidationError({"at": _("A time of day goes with one look a day.")})
    if not isinstance(folder.options, dict):
        raise ValidationError({"options": _("An object of names and values is needed.")})
    folder.options = checked_options(kind, {k: str(v) for k, v in folder.options.items()})


def _open(path: str) -> None:
    try:
        with directories.opened(path):
            return
    except directories.Unreachable as error:
        raise ValidationError({"path": str(error)}, code="unreachable") from error


def _may_use_path(actor: AbstractBaseUser, folder: Folder) -> bool:
    parts = directories.parts_of(folder.path)
    first = parts[0] if parts else ""
    return policies.can_use_path(actor, folder.import_kind, folder.scope_id, first)


def _check_mapping(actor: AbstractBaseUser, folder: Folder) -> None:
    if folder.mapping_id is None:
        return
    fitting = RememberedMapping.objects.visible_to(actor).filter(
        pk=folder.mapping_id, kind=folder.kind, scope_id=folder.scope_id
    )
    if not fitting.exists():
        raise ValidationError({"mapping": _("Choose a mapping of this kind and programme.")})


def next_look(folder: Folder, now: datetime.datetime) -> datetime.datetime:
    """The first look after `now` by the folder's times."""
    if folder.at is None:
        return now + datetime.timedelta(minutes=folder.every)
    zone = timezone.get_default_timezone()
    day = timezone.localtime(now, zone).date()
    moment = datetime.datetime.combine(day, folder.at, zone)
    if moment <= now:
        moment = datetime.datetime.combine(day + datetime.timedelta(days=1), folder.at, zone)
    return moment


def _locked(actor: AbstractBaseUser, folder: Folder) -> Folder:
    if not Folder.objects.editable_by(actor).active().filter(pk=folder.pk).exists():
        raise PermissionDenied
    return editing.locked(folder)


def _audience(folder: models.Model) -> dict[str, Any]:
    return {"audience": Change.Audience.OBJECT, "audience_id": folder.pk}
