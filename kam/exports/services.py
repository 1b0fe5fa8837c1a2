"""What people may do with an export: ask for it, stop it, take it, throw it away."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.db import transaction
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import record
from kam.changes.models import Change
from kam.documents.tables import TYPES
from kam.exports import making, tasks
from kam.exports.lists import table_at
from kam.exports.models import Export
from kam.exports.reach import has_shrunk, reach_of
from kam.jobs.services import cancel_job

MOST_UNFINISHED = 10
"""Files that one person may wait for at a time."""


def start_export(*, actor: AbstractBaseUser, address: str, format: str) -> Export:  # noqa: A002  (its name in the API)
    """Ask for the list at `address` as a file; asking again for one that is being made gives that.

    Raises ValidationError (`address`, `format`, filters), PermissionDenied or Http404.
    """
    if format not in TYPES:
        known = {"known": ", ".join(TYPES)}
        raise ValidationError({"format": _("Choose one of: %(known)s.") % known})
    table = table_at(address, actor)
    with transaction.atomic():
        get_user_model()._default_manager.select_for_update().get(pk=actor.pk)
        unfinished = Export.objects.visible_to(actor).unfinished()
        same = unfinished.filter(address=address, format=format).select_related("job").first()
        if same is not None:
            return same
        if unfinished.count() >= MOST_UNFINISHED:
            text = _("%(count)d files are being made for you: wait for one, or stop it.")
            raise ValidationError(text % {"count": MOST_UNFINISHED}, code="too_many")
        export = Export(
            owner=actor,
            list_name=table.name,
            title=str(table.title)[:120],
            format=format,
            address=address,
            expires_at=timezone.now() + making.KEPT,
        )
        export.save(force_insert=True)
        work = tasks.make_export.using(key=f"exports of {actor.pk}", created_by=actor)
        export.job_id = work.enqueue(export.pk).id
        export.save(update_fields=["job"])
        _log(actor, export, "created", after=_facts(export))
    export.refresh_from_db()
    return export


def _facts(export: Export) -> dict[str, Any]:
    return {"title": export.title, "format": export.format, "address": export.address}


def _log(actor: AbstractBaseUser, export: Export, verb: str, **values: Any) -> None:
    record.change(
        actor=actor,
        obj=export,
        verb=verb,
        audience=Change.Audience.PRIVATE,
        audience_id=export.owner_id,
        **values,
    )


def stop_export(*, actor: AbstractBaseUser, export: Export) -> Export:
    """Give up a file that is being made; a finished one stays. Raises PermissionDenied."""
    _of(actor, export)
    if export.job is not None:
        cancel_job(actor=actor, job=export.job)
    return Export.objects.for_list().get(pk=export.pk)


@transaction.atomic
def remove_export(*, actor: AbstractBaseUser, export: Export) -> None:
    """Throw an export away, with its file. Raises PermissionDenied."""
    _of(actor, export)
    if export.job is not None:
        cancel_job(actor=actor, job=export.job)
    _log(actor, export, "deleted", before=_facts(export), after={})
    name = export.file.name
    Export.objects.filter(pk=export.pk).delete()
    if name:
        transaction.on_commit(lambda: export.file.storage.delete(name))


def open_export(*, actor: AbstractBaseUser, export: Export) -> File:
    """The finished file, for its owner; the taking is logged.

    Whoever can see less than when it was made (a role or team gone, a barrier raised, an account
    moved) does not get it: PermissionDenied. Raises Http404 while there is none or its week is
    over.
    """
    _of(actor, export)
    if not export.file or export.expires_at < timezone.now():
        raise Http404
    if has_shrunk(export.reach, reach_of(actor)):
        text = _("You may see less by now than when this file was made: ask for it again.")
        raise PermissionDenied(text)
    try:
        table_at(export.address, actor)
    except (ValidationError, Http404) as error:
        raise PermissionDenied(_("This list is out of your sight by now.")) from error
    _log(actor, export, "downloaded", after={"rows": export.rows, "bytes": export.size})
    return export.file.storage.open(str(export.file.name))


def _of(actor: AbstractBaseUser, export: Export) -> None:
    if not Export.objects.visible_to(actor).filter(pk=export.pk).exists():
        raise PermissionDenied
