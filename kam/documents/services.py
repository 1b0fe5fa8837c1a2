"""Bringing files, changing what is said of them, and clearing away what nothing names."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, NamedTuple, cast

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.db import models, transaction
from django.db.models import Sum
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from kam.access.querysets import scope_model
from kam.changes import editing, record
from kam.changes.errors import field_error
from kam.documents import content, holders, names, policies, uploads
from kam.documents.models import (
    CONTENT_FIELDS,
    FOLDER,
    Attachment,
    EarlierFile,
    audience,
    random_place,
)
from kam.documents.sweeping import sweep
from kam.web.formatting import file_size

EDITABLE_FIELDS = ("name", "description", "confidentiality", "people")
LOGGED = ("account", "name", "description", "confidentiality", "media_type", "size", "sha256")
LIMIT = "ATTACHMENT_MAX_BYTES"
"""The setting that bounds a file."""
MOST_FILES = 20
"""Files that one form brings."""


class Prepared(NamedTuple):
    """A file that was judged and lies in the storage; no row names it yet."""

    name: str
    place: str
    size: int
    media_type: str
    sha256: str


def add_attachments(
    *,
    actor: AbstractBaseUser,
    obj: models.Model,
    files: Sequence[File],
    name: str = "",
    description: str = "",
    confidentiality: str = Attachment.Confidentiality.ACCOUNT,
    people: Iterable[AbstractBaseUser] = (),
) -> list[Attachment]:
    """Hang `files` on `obj`: all of them or none. A single one may be called `name`.

    They are judged and stored before the transaction begins, so that no lock waits for a disk.
    Raises PermissionDenied or ValidationError (`file`: its kind, its size, the account's room).
    """
    if not policies.can_add(actor, obj):
        raise PermissionDenied
    if not 1 <= len(files) <= MOST_FILES:
        text = _("Choose 1 to %(most)d files.") % {"most": MOST_FILES}
        raise field_error("file", text, "files")
    with _stored([(file, name or file.name or "") for file in files]) as prepared:
        return _add(actor, obj, prepared, description, confidentiality, list(people))


@transaction.atomic
def _add(
    actor: AbstractBaseUser,
    obj: models.Model,
    prepared: list[Prepared],
    description: str,
    confidentiality: str,
    people: list[AbstractBaseUser],
) -> list[Attachment]:
    account_id = holders.account_id_of(obj)
    account = _with_room(account_id, sum(item.size for item in prepared))
    if not policies.can_add(actor, obj):  # it may have changed while the files came in
        raise PermissionDenied
    added = []
    for item in prepared:
        attachment = Attachment(
            account=account,
            object_type=holders.of(obj).name,
            object_id=obj.pk,
            description=description,
            confidentiality=confidentiality,
            uploaded_by=actor,
        )
        _take(attachment, item, actor)
        attachment.full_clean()
        attachment.save(force_insert=True)
        chosen = _checked_people(attachment, people)
        attachment.people.set([person.pk for person in chosen])
        values = record.snapshot(attachment, LOGGED) | _told(chosen)
        record.change(
            actor=actor, obj=attachment, verb="created", after=values, **audience(attachment)
        )
        added.append(attachment)
    return added


def replace_file(
    *,
    actor: AbstractBaseUser,
    attachment: Attachment,
    file: File,
    name: str = "",
    expected_version: int | None,
) -> Attachment:
    """Put `file` in place of what the attachment was, which stays as its earlier version.

    Raises PermissionDenied, VersionConflict or ValidationError (also while it is archived).
    """
    if not policies.can_change(actor, attachment):
        raise PermissionDenied
    _refuse_archived(attachment)
    editing.expect(attachment, expected_version)
    with _stored([(file, name or file.name or "")]) as prepared:
        return _replace(actor, attachment, prepared[0], expected_version)


@transaction.atomic
def _replace(
    actor: AbstractBaseUser, attachment: Attachment, item: Prepared, expected_version: int | None
) -> Attachment:
    _with_room(attachment.account_id, item.size)
    attachment = _changeable(actor, attachment)
    editing.expect(attachment, expected_version)
    _refuse_archived(attachment)
    logged = ("name", "number", "size", "media_type", "sha256")
    before = record.snapshot(attachment, logged)
    earlier = EarlierFile(attachment=attachment, name=attachment.name)
    for field in CONTENT_FIELDS:
        setattr(earlier, field, getattr(attachment, field))
    earlier.save(force_insert=True)
    attachment.number += 1
    _take(attachment, item, actor)
    attachment.version += 1
    attachment.full_clean()
    attachment.save(update_fields=["name", *CONTENT_FIELDS, "version", "updated_at"])
    record.change(
        actor=actor, obj=attachment, before=before, verb="replaced", **audience(attachment)
    )
    return attachment


@transaction.atomic
def update_attachment(
    *,
    actor: AbstractBaseUser,
    attachment: Attachment,
    expected_version: int | None,
    changes: dict[str, Any],
) -> Attachment:
    """Change what is said of a file and who may see it; `people` counts for named people alone.

    Raises PermissionDenied, VersionConflict or ValidationError: while it is archived, and where the
    actor would not see it any more, so that nobody shuts themselves out unawares.
    """
    attachment = _changeable(actor, attachment)
    editing.expect(attachment, expected_version)
    _refuse_archived(attachment)
    changes = dict(changes)
    known = list(attachment.people.order_by("pk"))
    people = changes.pop("people", known)
    if "name" in changes:
        changes["name"] = _checked_name(changes["name"], attachment.media_type)
    before = record.snapshot(attachment, changes) | _told(known)
    for name, value in changes.items():
        setattr(attachment, name, value)
    attachment.full_clean()
    chosen = _checked_people(attachment, people)
    after = record.snapshot(attachment, changes) | _told(chosen)
    if after == before:
        return attachment
    attachment.people.set([person.pk for person in chosen])
    attachment.version += 1
    attachment.save(update_fields=[*changes, "version", "updated_at"])
    if not Attachment.objects.visible_to(actor).filter(pk=attachment.pk).exists():
        text = _("You would not see it any more: name yourself, too.")
        raise field_error("people" if attachment.is_for_people else "confidentiality", text, "own")
    record.change(actor=actor, obj=attachment, before=before, after=after, **audience(attachment))
    return attachment


def archive_attachment(
    *, actor: AbstractBaseUser, attachment: Attachment, expected_version: int | None = None
) -> Attachment:
    """Take a file out of lists; it can be brought back.

    Raises PermissionDenied or VersionConflict.
    """
    return _put_away(actor, attachment, expected_version, "archived", timezone.now())


def restore_attachment(
    *, actor: AbstractBaseUser, attachment: Attachment, expected_version: int | None = None
) -> Attachment:
    """Bring a file back. Raises PermissionDenied or VersionConflict."""
    return _put_away(actor, attachment, expected_version, "restored", None)


@transaction.atomic
def _put_away(
    actor: AbstractBaseUser,
    attachment: Attachment,
    expected_version: int | None,
    verb: str,
    moment: datetime.datetime | None,
) -> Attachment:
    attachment = _changeable(actor, attachment)
    return editing.save(
        actor=actor,
        obj=attachment,
        changes={"archived_at": moment},
        verb=verb,
        expected_version=expected_version,
        **audience(attachment),
    )


def drop_orphans(*, now: datetime.datetime) -> int:
    """Delete stored files that no row names and that are older than a day; returns how many."""
    return sweep(FOLDER, (Attachment, EarlierFile), now=now)


# What a file has to be


@contextlib.contextmanager
def _stored(files: Sequence[tuple[File, str]]) -> Iterator[list[Prepared]]:
    """`files` judged and laid into the storage; taken out again when what follows fails."""
    judged = [_judge(file, name) for file, name in files]
    prepared: list[Prepared] = []
    try:
        for (file, _name), (name, media_type) in zip(files, judged, strict=True):
            digest, size = _digest(file)
            place = default_storage.save(random_place(Attachment(), name), file)
            prepared.append(Prepared(name, place, size, media_type, digest))
        yield prepared
    except BaseException:
        for item in prepared:
            default_storage.delete(item.place)
        raise


def _digest(file: File) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    file.seek(0)
    for chunk in file.chunks():
        digest.update(chunk)
        size += len(chunk)
    file.seek(0)
    return digest.hexdigest(), size


def _judge(file: File, name: str) -> tuple[str, str]:
    """Its name as it is kept, and its media type. Raises ValidationError on `file`."""
    refuse_size(file.size)
    name = names.cleaned(name)
    ending = names.ending(name)
    if ending not in settings.ATTACHMENT_TYPES or ending not in content.FORMATS:
        known = ", ".join(item for item in content.FORMATS if item in settings.ATTACHMENT_TYPES)
        text = (
            _("Files ending in .%(ending)s are not taken. Taken are: %(known)s.")
            if ending
            else _("The name has no ending that says what it is. Taken are: %(known)s.")
        )
        raise field_error("file", text % {"ending": ending, "known": known}, "type")
    found = content.found_in(cast("BinaryIO", file))
    wanted = content.FORMATS[ending]
    if found not in wanted.found:
        text = _("“%(name)s” is %(found)s, not %(wanted)s.")
        said = {"name": name, "found": _called(found), "wanted": wanted.word}
        raise field_error("file", text % said, f"content_{found}")
    return name, wanted.media_type


def _called(found: str) -> Any:
    return content.WORDS.get(found) or content.FORMATS[found].word


def refuse_size(size: int | None) -> None:
    """Raise ValidationError on `file` for what is empty or larger than allowed."""
    if not size:
        raise field_error("file", _("The file is empty."), "empty")
    if size > settings.ATTACHMENT_MAX_BYTES:
        raise uploads.too_large(LIMIT)


def _checked_name(name: str, media_type: str) -> str:
    """`name` as it is kept; its ending has to go on saying what the file is."""
    name = names.cleaned(name)
    wanted = content.FORMATS.get(names.ending(name))
    if wanted is None or wanted.media_type != media_type:
        endings = [item for item, form in content.FORMATS.items() if form.media_type == media_type]
        text = _("The name has to end in %(endings)s.")
        shown = ", ".join(f".{item}" for item in endings)
        raise field_error("name", text % {"endings": shown}, "ending")
    return name


def _with_room(account_id: int, size: int) -> Any:
    """The account, locked, if so many more bytes may lie there: of two uploads at once the second
    counts the first. Raises ValidationError on `file`."""
    accounts = scope_model()._default_manager
    account = accounts.select_for_update(of=("self",), no_key=True).get(pk=account_id)
    rows = (
        Attachment.objects.filter(account=account_id),
        EarlierFile.objects.filter(attachment__account=account_id),
    )
    used = sum(item.order_by().aggregate(bytes=Sum("size"))["bytes"] or 0 for item in rows)
    most = settings.ATTACHMENTS_PER_ACCOUNT_MAX_BYTES
    if used + size > most:
        text = _("The account has room for %(most)s of files; %(left)s are left.")
        said = {"most": file_size(most), "left": file_size(max(0, most - used))}
        raise field_error("file", text % said, "no_room")
    return account


def _take(attachment: Attachment, item: Prepared, actor: AbstractBaseUser) -> None:
    """Let the attachment be the file `item`."""
    attachment.name, attachment.file.name = item.name, item.place
    attachment.size, attachment.media_type = item.size, item.media_type
    attachment.sha256 = item.sha256
    attachment.stored_by, attachment.stored_at = actor, timezone.now()  # type: ignore[assignment]


def _checked_people(
    attachment: Attachment, people: Iterable[AbstractBaseUser]
) -> list[AbstractBaseUser]:
    """Who is named. Raises ValidationError on `people` for none, and for who would not see it."""
    if not attachment.is_for_people:
        return []
    chosen = sorted({person.pk: person for person in people}.values(), key=lambda item: item.pk)
    if not chosen:
        raise field_error("people", _("Name who may see it."), "required")
    for person in chosen:
        if not policies.sees_account(person, attachment.account_id):
            text = _("%(person)s does not work with the account.")
            raise field_error("people", capfirst(text % {"person": person}), "stranger")
    return chosen


def _told(people: Iterable[AbstractBaseUser]) -> dict[str, Any]:
    """People as the log keeps them: by key, in one order."""
    return {"people": sorted(person.pk for person in people)}


def _changeable(actor: AbstractBaseUser, attachment: Attachment) -> Attachment:
    attachment = editing.locked(attachment)
    if not policies.can_change(actor, attachment):
        raise PermissionDenied
    return attachment


def _refuse_archived(attachment: Attachment) -> None:
    """What is out of lists is not worked on."""
    if attachment.is_archived:
        raise ValidationError(_("The file is archived: restore it first."), code="archived")
