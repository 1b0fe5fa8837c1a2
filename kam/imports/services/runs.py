"""What a run does: try, import, stop, go on, undo, give up."""

from __future__ import annotations

import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import record
from kam.changes.context import source
from kam.imports import policies
from kam.imports.background import work
from kam.imports.models import Run, audience
from kam.imports.services.files import locked, problems

UNDO_DAYS = 30
SILENCE = datetime.timedelta(seconds=60)
"""A pass that has committed nothing for so long is taken for dead."""


def _need_answers(run: Run) -> None:
    open_questions = problems(run)
    if open_questions:
        raise ValidationError({"mapping": open_questions})


@transaction.atomic
def check_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Try without saving: what would be stored, what is wrong, totals to check.

    Raises PermissionDenied or ValidationError (started already, something still to answer).
    """
    run = locked(actor, run)
    if run.status not in Run.EDITABLE:
        raise ValidationError(_("The import has been started."), code="started")
    _need_answers(run)
    _begin(actor, run, Run.Status.CHECKING, dry_run=True)
    if enqueue:
        work.using(created_by=run.owner).enqueue(run.pk, "check")
    return run


@transaction.atomic
def start_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Import the rows in the background. Raises PermissionDenied or ValidationError."""
    run = locked(actor, run)
    if run.status not in Run.EDITABLE:
        raise ValidationError(_("The import has been started."), code="started")
    _need_answers(run)
    run.lane = run.import_kind.lane
    run.rows_done = 0
    run.all_stored = False
    for name in run.counts():
        setattr(run, name, 0)
    run.report = {}
    _begin(actor, run, Run.Status.RUNNING, dry_run=False)
    after = {"options": run.options}
    record.change(actor=actor, obj=run, verb="started", after=after, **audience(run))
    if enqueue:
        _enqueue(run, "import")
    return run


def _begin(actor: AbstractBaseUser, run: Run, status: str, *, dry_run: bool) -> None:
    run.status = status
    run.dry_run = dry_run
    run.stop_requested = False
    run.error = ""
    run.started_at = timezone.now()
    run.beat_at = timezone.now()
    run.rows_done = 0 if dry_run else run.rows_done
    _occupy(actor, run)


def _occupy(actor: AbstractBaseUser, run: Run) -> None:
    """Save `run` with its lane. Raises ValidationError, which names who holds the lane only to
    whoever may see that import."""
    try:
        with transaction.atomic():
            run.save()
    except IntegrityError as error:
        other = Run.objects.occupying(run.scope_id, run.lane).first()
        message = _("Another import is under way or stopped: it has to end first.")
        if other is not None and policies.can_see(actor, other):
            message = _("Import %(number)d (%(name)s) is under way or stopped: end it first.") % {
                "number": other.pk,
                "name": other.file_name,
            }
        raise ValidationError(message, code="busy") from error


def _enqueue(run: Run, step: str) -> None:
    work.using(created_by=run.owner, key=f"import:{run.scope_id}:{run.lane}").enqueue(run.pk, step)


@transaction.atomic
def stop_run(*, actor: AbstractBaseUser, run: Run) -> Run:
    """Stop at the next chunk; nothing of the run counts, and it can go on or be cancelled."""
    run = locked(actor, run)
    if run.status not in (Run.Status.CHECKING, Run.Status.RUNNING):
        raise ValidationError(_("Nothing is running."), code="idle")
    run.stop_requested = True
    run.save(update_fields=["stop_requested"])
    return run


@transaction.atomic
def resume_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Go on where the run stopped, or where its worker was lost."""
    run = locked(actor, run)
    if run.status != Run.Status.STOPPED and not is_silent(run):
        raise ValidationError(_("The import is not stopped."), code="moving")
    if run.status == Run.Status.STOPPED:
        run.status = Run.Status.RUNNING
    run.stop_requested = False
    run.error = ""
    run.attempt += 1
    run.beat_at = timezone.now()
    run.save(update_fields=["status", "stop_requested", "error", "attempt", "beat_at"])
    if enqueue:
        steps = {Run.Status.CHECKING: "check", Run.Status.UNDOING: "undo"}
        _enqueue(run, steps.get(Run.Status(run.status), "import"))
    return run


def is_silent(run: Run) -> bool:
    """Whether work should be going on and has given no sign of life for a while."""
    return run.is_moving and (run.beat_at is None or timezone.now() - run.beat_at > SILENCE)


@transaction.atomic
def undo_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Take an import back: it stops counting at once, its rows are deleted afterwards.

    Raises PermissionDenied or ValidationError (not imported, too old, another one under way).
    """
    run = locked(actor, run)
    if run.status != Run.Status.PUBLISHED:
        raise ValidationError(_("Only an import that is done can be undone."), code="status")
    limit = datetime.timedelta(days=UNDO_DAYS)
    if run.published_at and timezone.now() - run.published_at > limit:
        message = _("An import can be undone for %(days)d days.") % {"days": UNDO_DAYS}
        raise ValidationError(message, code="old")
    with source("import", str(run.pk)):
        run.import_kind.withdraw(run, actor.pk)
    run.is_live = False
    _end(actor, run)
    after = {"created": run.created}
    record.change(actor=actor, obj=run, verb="undone", after=after, **audience(run))
    if enqueue:
        _enqueue(run, "undo")
    return run


@transaction.atomic
def cancel_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Give up a run that does not count yet; what it had stored is deleted."""
    run = locked(actor, run)
    if run.status in Run.EDITABLE:
        run.status = Run.Status.CANCELLED
        run.save(update_fields=["status"])
        record.change(actor=actor, obj=run, verb="cancelled", **audience(run))
        return run
    stopped = run.status == Run.Status.STOPPED
    if not stopped and not (run.status == Run.Status.RUNNING and is_silent(run)):
        raise ValidationError(_("Stop the import first."), code="moving")
    _end(actor, run)
    record.change(actor=actor, obj=run, verb="cancelled", **audience(run))
    if enqueue:
        _enqueue(run, "undo")
    return run


def _end(actor: AbstractBaseUser, run: Run) -> None:
    run.status = Run.Status.UNDOING
    run.attempt += 1
    run.beat_at = timezone.now()
    run.stop_requested = False
    run.lane = run.import_kind.lane
    _occupy(actor, run)
