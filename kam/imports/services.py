"""Everything that changes an import: upload, map, try, import, stop, go on, undo."""

from __future__ import annotations

import datetime
import hashlib
import itertools
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.changes import record
from kam.changes.context import source
from kam.imports import kinds, mapping, policies, values
from kam.imports.models import RememberedMapping, Run, audience
from kam.imports.reading import Finding, Findings, inspect, open_rows
from kam.imports.reading.inspect import CHOICES
from kam.imports.tasks import work

SAMPLE_ROWS = 2000
"""Rows from which columns, dates and decimals are understood."""
SEARCH_ROWS = 200_000
"""Rows searched for one that tells, where all of the sample reads both ways."""
SHOWN_ROWS = 20
UNDO_DAYS = 30
SILENCE = datetime.timedelta(seconds=60)
"""A pass that has committed nothing for so long is taken for dead."""
READ_CHOICES = ("encoding", "delimiter", "sheet", "header", "decimal", "dates")


@transaction.atomic
def upload_file(
    *,
    actor: AbstractBaseUser,
    kind: str,
    scope_id: int,
    file: File,
    file_name: str,
    wanted: dict[str, str] | None = None,
    chosen: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
) -> Run:
    """Keep `file` and understand it; nothing is stored of its rows yet.

    `wanted` maps fields to column names and `chosen` holds decisions about reading; both leave
    the rest to what is found. Raises PermissionDenied or ValidationError (`file`, `kind`, ...).
    """
    try:
        import_kind = kinds.get(kind)
    except KeyError as error:
        known = ", ".join(item.name for item in kinds.registered())
        message = _("There is no such kind of file; there are: %(known)s.") % {"known": known}
        raise ValidationError({"kind": message}) from error
    if not policies.can_import(actor, import_kind, scope_id):
        raise PermissionDenied
    if file.size is not None and file.size > settings.IMPORT_MAX_BYTES:
        size = settings.IMPORT_MAX_BYTES // 1_000_000
        raise ValidationError({"file": _("The file is larger than %(size)d MB.") % {"size": size}})
    run = Run(
        kind=kind,
        scope_id=scope_id,
        owner=actor,
        file_name=values.shown(file_name[-200:]),
        file_size=file.size or 0,
        file_digest=digest_of(file),
        chosen=_checked_choices(chosen or {}),
        options=_checked_options(import_kind, options or {}),
    )
    _understand(run, file, wanted)
    file.seek(0)
    run.file.save(_safe_name(run), file, save=False)
    run.save(force_insert=True)
    names = ["kind", "scope_id", "file_name", "file_size"]
    record.created(actor=actor, obj=run, fields=names, **audience(run))
    return run


def digest_of(file: File) -> str:
    """SHA-256 of a file, by which the same file is known again."""
    digest = hashlib.sha256()
    file.seek(0)
    for block in file.chunks():
        digest.update(block)
    file.seek(0)
    return digest.hexdigest()


def _safe_name(run: Run) -> str:
    """A name on disk that owes nothing to what the file was called."""
    return f"{run.file_digest[:24]}.{run.found.form.value}"


def _checked_choices(chosen: dict[str, Any]) -> dict[str, Any]:
    for name, value in chosen.items():
        if name not in READ_CHOICES:
            raise ValidationError({name: _("This cannot be chosen.")})
        allowed = {
            **CHOICES,
            "decimal": tuple(values.DECIMALS),
            "dates": values.ORDERS,
        }.get(name)
        if allowed is not None and value not in allowed:
            shown = ", ".join(str(item) for item in allowed)
            raise ValidationError({name: _("Choose one of: %(known)s.") % {"known": shown}})
    return chosen


def _checked_options(kind: kinds.ImportKind, options: dict[str, str]) -> dict[str, str]:
    known = {option.name: option for option in kind.options}
    for name, value in options.items():
        if name not in known:
            raise ValidationError({name: _("This kind of file has no such option.")})
        choices = [code for code, _label in known[name].choices]
        if value and choices and value not in choices:
            shown = ", ".join(choices)
            raise ValidationError({name: _("Choose one of: %(known)s.") % {"known": shown}})
    return {name: value for name, value in options.items() if value}


def _understand(run: Run, file: File, wanted: dict[str, str] | None) -> None:
    """Fill findings, mapping and sample of `run` from `file`. Raises ValidationError."""
    kind = run.import_kind
    found = inspect(file, run.chosen)
    sample = list(itertools.islice(open_rows(file, found), SAMPLE_ROWS))
    if not sample:
        raise ValidationError({"file": _("The file has a heading and no rows.")})
    remembered = _remembered(run, found)
    if remembered:
        for name, value in remembered.options.items():
            run.options.setdefault(name, value)
        for name, value in remembered.chosen.items():
            run.chosen.setdefault(name, value)
    run.mapping = mapping.suggest(kind, found.columns, sample, run.scope_id)
    if remembered:
        run.mapping = mapping.from_names(kind, found.columns, remembered.fields)
        for entry in run.mapping.values():
            entry["reason"] = _("as the last time")
    if wanted is not None:
        given = mapping.from_names(kind, found.columns, wanted)
        used = {entry["column"] for entry in given.values()}
        dropped = {name for name, column in wanted.items() if not column}
        kept = {
            name: entry
            for name, entry in run.mapping.items()
            if entry["column"] not in used and name not in dropped
        }
        run.mapping = kept | given
    _find_conventions(run, file, found, sample)
    run.findings = found.as_json()
    run.sample = [[values.shown(cell) for cell in row] for row in sample[:SHOWN_ROWS]]
    _settle(run)


def _remembered(run: Run, found: Findings) -> RememberedMapping | None:
    if not found.header.value:
        return None
    return RememberedMapping.objects.filter(
        kind=run.kind, scope_id=run.scope_id, signature=mapping.signature(found.columns)
    ).first()


def _find_conventions(run: Run, file: File, found: Findings, sample: list[list[Any]]) -> None:
    """How numbers and dates are written in the mapped columns; a person's choice goes first."""
    finders = (
        ("decimal", "number", values.find_decimal),
        ("dates", "date", values.find_dates),
    )
    for name, form, find in finders:
        fields = mapping.fields_of_form(run.import_kind, form)
        columns = [run.columns[item.name] for item in fields if item.name in run.mapping]
        if not columns:
            continue
        finding = find(_cells(iter(sample), columns))
        if finding.needed:
            finding = find(_cells(itertools.islice(open_rows(file, found), SEARCH_ROWS), columns))
        if name in run.chosen:
            finding = Finding(run.chosen[name], _("chosen by you"), chosen=True)
        setattr(found, name, finding)


def _cells(rows: Iterator[list[Any]], columns: list[int]) -> Iterator[Any]:
    return (row[index] for row in rows for index in columns if index < len(row))


def _settle(run: Run) -> None:
    """`mapped` when nothing more has to be asked, else `uploaded`; counts of a trial are void."""
    open_questions = problems(run)
    run.status = Run.Status.UPLOADED if open_questions else Run.Status.MAPPED
    for name in run.counts():
        setattr(run, name, 0)
    run.report, run.rows_total, run.rows_done, run.error = {}, None, 0, ""


QUESTIONS = {
    "decimal": gettext_lazy("Say whether a comma or a point divides the decimals."),
    "dates": gettext_lazy("Say whether the day or the month comes first."),
}


def problems(run: Run) -> list[str]:
    """What has to be answered before the rows can be read."""
    asked = [str(QUESTIONS[name]) for name in run.found.open_choices() if name in QUESTIONS]
    return asked + [str(text) for text in run.import_kind.problems(run.mapping)]


@transaction.atomic
def configure_run(
    *,
    actor: AbstractBaseUser,
    run: Run,
    wanted: dict[str, str] | None = None,
    chosen: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
    remember: bool = False,
) -> Run:
    """Correct what was understood: the mapping (field -> column name), how to read, options.

    Raises PermissionDenied or ValidationError (already started, unknown names).
    """
    run = _locked(actor, run)
    if run.status not in Run.EDITABLE:
        raise ValidationError(_("The import has been started; cancel it first."), code="started")
    if chosen is not None:
        run.chosen = {**run.chosen, **_checked_choices(chosen)}
        run.chosen = {name: value for name, value in run.chosen.items() if value != ""}
    if options is not None:
        run.options = {**run.options, **_checked_options(run.import_kind, options)}
    before = record.snapshot(run, ["mapping", "options", "chosen"])
    if wanted is None:
        wanted = {name: run.found.columns[index] for name, index in run.columns.items()}
    with run.file.open("rb") as file:
        _understand(run, file, _all_fields(run, wanted))
    if remember:
        _remember(run)
    run.save()
    record.change(actor=actor, obj=run, before=before, **audience(run))
    return run


def _all_fields(run: Run, wanted: dict[str, str]) -> dict[str, str]:
    """`wanted` with every field it does not name left out for good."""
    return {item.name: "" for item in run.import_kind.fields} | wanted


def _remember(run: Run) -> None:
    found = run.found
    if not found.header.value:
        return
    RememberedMapping.objects.update_or_create(
        kind=run.kind,
        scope_id=run.scope_id,
        signature=mapping.signature(found.columns),
        defaults={
            "fields": {name: found.columns[index] for name, index in run.columns.items()},
            "options": run.options,
            "chosen": {
                name: value for name, value in run.chosen.items() if name in ("decimal", "dates")
            },
        },
    )


def _locked(actor: AbstractBaseUser, run: Run) -> Run:
    if not policies.can_edit(actor, run):
        raise PermissionDenied
    return Run.objects.select_for_update(of=("self",)).select_related("owner").get(pk=run.pk)


def _need_answers(run: Run) -> None:
    open_questions = problems(run)
    if open_questions:
        raise ValidationError({"mapping": open_questions})


@transaction.atomic
def check_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Try without saving: what would be stored, what is wrong, totals to check.

    Raises PermissionDenied or ValidationError (started already, something still to answer).
    """
    run = _locked(actor, run)
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
    run = _locked(actor, run)
    if run.status not in Run.EDITABLE:
        raise ValidationError(_("The import has been started."), code="started")
    _need_answers(run)
    run.lane = run.import_kind.lane
    run.rows_done = 0
    for name in run.counts():
        setattr(run, name, 0)
    run.report = {name: run.report[name] for name in ("preview",) if name in run.report}
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
    run = _locked(actor, run)
    if run.status not in (Run.Status.CHECKING, Run.Status.RUNNING):
        raise ValidationError(_("Nothing is running."), code="idle")
    run.stop_requested = True
    run.save(update_fields=["stop_requested"])
    return run


@transaction.atomic
def resume_run(*, actor: AbstractBaseUser, run: Run, enqueue: bool = True) -> Run:
    """Go on where the run stopped, or where its worker was lost."""
    run = _locked(actor, run)
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
    run = _locked(actor, run)
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
    run = _locked(actor, run)
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
