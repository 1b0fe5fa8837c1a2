"""A file and what is understood of it: upload, columns, reading, options, decisions."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kam.changes import record
from kam.documents import uploads
from kam.imports import kinds, mapping, policies, rejects, values
from kam.imports.models import RememberedMapping, Run, audience
from kam.imports.reading import Finding, Findings, inspect, open_rows
from kam.imports.reading.inspect import CHOICES

SAMPLE_ROWS = 2000
"""Rows from which columns, dates and decimals are understood."""
SEARCH_ROWS = 200_000
"""Rows searched for one that tells, where all of the sample reads both ways."""
SHOWN_ROWS = 20
DECISIONS = ("create", "reject")
READ_CHOICES = ("encoding", "delimiter", "sheet", "header", "decimal", "dates")


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
    decisions: dict[str, Any] | None = None,
) -> Run:
    """Keep `file` and understand it; nothing is stored of its rows yet.

    `wanted` maps fields to column names and `chosen` holds decisions about reading; both leave
    the rest to what is found. Raises PermissionDenied or ValidationError (`file`, `kind`, ...).
    """
    run = understand_file(
        actor=actor,
        kind=kind,
        scope_id=scope_id,
        file=file,
        file_name=file_name,
        wanted=wanted,
        chosen=chosen,
        options=options,
        decisions=decisions,
    )
    return keep_file(run=run, file=file)


def understand_file(
    *,
    actor: AbstractBaseUser,
    kind: str,
    scope_id: int,
    file: File,
    file_name: str,
    wanted: dict[str, str] | None = None,
    chosen: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
    decisions: dict[str, Any] | None = None,
) -> Run:
    """As `upload_file`, without writing anything: reading a large file takes its time, which no
    transaction should wait for. `keep_file` stores what comes of it."""
    try:
        import_kind = kinds.get(kind)
    except KeyError as error:
        known = ", ".join(item.name for item in kinds.registered())
        message = _("There is no such kind of file; there are: %(known)s.") % {"known": known}
        raise ValidationError({"kind": message}) from error
    if not policies.can_import(actor, import_kind, scope_id):
        raise PermissionDenied
    if file.size is not None and file.size > settings.IMPORT_MAX_BYTES:
        raise uploads.too_large("IMPORT_MAX_BYTES")
    run = Run(
        kind=kind,
        scope_id=scope_id,
        owner=actor,
        file_name=values.shown(file_name[-200:]),
        file_size=file.size or 0,
        file_digest=digest_of(file),
        chosen=_checked_choices(chosen or {}),
        options=checked_options(import_kind, options or {}),
    )
    run.decisions = _checked_decisions(actor, run, decisions or {})
    _understand(run, file, wanted)
    return run


def keep_file(*, run: Run, file: File) -> Run:
    """Store `file` and what `understand_file` made of it."""
    with stored(run, file):
        return keep_run(run=run)


@contextmanager
def stored(run: Run, file: File) -> Iterator[None]:
    """`file` in the storage as that of `run`, before the transaction that keeps the run: no lock
    waits for its bytes. Taken out again when what follows fails."""
    file.seek(0)
    run.file.save(_safe_name(run), file, save=False)
    try:
        yield
    except BaseException:
        run.file.storage.delete(str(run.file.name))
        raise


@transaction.atomic
def keep_run(*, run: Run) -> Run:
    """Keep what `understand_file` made of a file that is `stored`."""
    run.save(force_insert=True)
    names = ["kind", "scope_id", "file_name", "file_size"]
    record.created(actor=run.owner, obj=run, fields=names, **audience(run))
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


def checked_options(kind: kinds.ImportKind, options: dict[str, str]) -> dict[str, str]:
    """`options` that say something. Raises ValidationError for names and choices that are none."""
    known = {option.name: option for option in kind.options}
    for name, value in options.items():
        if name not in known:
            raise ValidationError({name: _("This kind of file has no such option.")})
        if not isinstance(value, str | None):
            raise ValidationError({name: _("Text is needed.")})
        choices = [code for code, _label in known[name].choices]
        if value and choices and value not in choices:
            shown = ", ".join(choices)
            raise ValidationError({name: _("Choose one of: %(known)s.") % {"known": shown}})
    return {name: value for name, value in options.items() if value}


def _checked_decisions(
    actor: AbstractBaseUser, run: Run, decisions: dict[str, Any]
) -> dict[str, Any]:
    """`decisions` if each is to create, to reject, or to match with what `actor` may choose."""
    if not decisions:
        return {}
    matches = run.import_kind.matches_for(actor, run.scope_id)
    if matches is None or not run.import_kind.match_url:
        raise ValidationError({"decisions": _("This kind of file has nothing to decide about.")})
    wanted = {value for value in decisions.values() if type(value) is int}
    allowed = set(matches.filter(pk__in=wanted).values_list("pk", flat=True))
    for key, value in decisions.items():
        names_one = type(value) is int and value in allowed
        known = value in ("", *DECISIONS) if isinstance(value, str) else names_one
        if key[:1] not in ("#", "=") or not known:
            message = _("Decide “create”, “reject” or the number of an account that you may use.")
            raise ValidationError({"decisions": message})
    return decisions


def _understand(
    run: Run, file: File, wanted: dict[str, str] | None, *, whole: bool = False
) -> None:
    """Fill findings, mapping and sample of `run` from `file`; a `whole` mapping leaves out every
    field that it does not name. Raises ValidationError."""
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
        reason = _("as the last time")
        if remembered.name:
            reason = _("as saved: %(name)s") % {"name": remembered.name}
        for entry in run.mapping.values():
            entry["reason"] = reason
    if wanted is not None:
        given = mapping.from_names(kind, found.columns, wanted)
        used = {entry["column"] for entry in given.values()}
        dropped = {name for name, column in wanted.items() if not column}
        kept = {
            name: entry
            for name, entry in run.mapping.items()
            if entry["column"] not in used and kind.field(name).name not in dropped and not whole
        }
        run.mapping = kept | given
    _find_conventions(run, file, found, sample)
    run.findings = found.as_json()
    run.sample = [[values.shown(cell) for cell in row] for row in sample[:SHOWN_ROWS]]
    _settle(run)


def remembered(run: Run) -> RememberedMapping | None:
    """The kept mapping by which the columns of `run` are read, if there is one."""
    return _remembered(run, run.found)


def _remembered(run: Run, found: Findings) -> RememberedMapping | None:
    if not found.header.value:
        return None
    kept = RememberedMapping.objects.all()
    if not policies.is_system(run.owner):
        kept = kept.visible_to(run.owner)
    return kept.filter(kind=run.kind, scope_id=run.scope_id, signature=_signature(found)).first()


def _find_conventions(run: Run, file: File, found: Findings, sample: list[list[Any]]) -> None:
    """How numbers and dates are written in the mapped columns; a person's choice goes first."""
    finders = (
        ("decimal", "number", values.find_decimal),
        ("dates", "date", values.find_dates),
    )
    for name, form, find in finders:
        columns = [
            index
            for field, index in run.columns.items()
            if run.import_kind.field(field).form == form
        ]
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
    "encoding": gettext_lazy("Say in which letters the file is written."),
    "decimal": gettext_lazy("Say whether a comma or a point divides the decimals."),
    "dates": gettext_lazy("Say whether the day or the month comes first."),
}


def questions(run: Run) -> list[tuple[str, str]]:
    """What has to be answered before the rows can be read, each with what it is about: a finding
    (`read-` and its name), an option (`option-`), `ROW_NUMBER`, or else the columns."""
    kind = run.import_kind
    asked = [
        (str(QUESTIONS[name]), f"read-{name}")
        for name in run.found.open_choices()
        if name in QUESTIONS
    ]
    missing = kind.problems(run.mapping)
    if missing:
        return asked + [(str(text), "") for text in missing]
    named = {item.name: f"option-{item.name}" for item in kind.options}
    return asked + [(text, named.get(about, about)) for text, about in kind.doubts(run)]


def problems(run: Run) -> list[str]:
    """The words of what has to be answered."""
    return [text for text, _about in questions(run)]


@transaction.atomic
def configure_run(
    *,
    actor: AbstractBaseUser,
    run: Run,
    wanted: dict[str, str] | None = None,
    chosen: dict[str, Any] | None = None,
    options: dict[str, str] | None = None,
    decisions: dict[str, Any] | None = None,
    remember: bool = False,
    remember_as: str = "",
) -> Run:
    """Correct what was understood: the mapping (field -> column name), how to read, options, and
    what becomes of what is not known (`Run.decisions`; an empty one takes a decision back).
    `remember` keeps the mapping for the next file with these columns, called `remember_as`.

    Raises PermissionDenied or ValidationError (already started, unknown names).
    """
    run = locked(actor, run)
    if run.status not in Run.EDITABLE:
        raise ValidationError(_("The import has been started; cancel it first."), code="started")
    if chosen is not None:
        run.chosen = {**run.chosen, **_checked_choices(chosen)}
        run.chosen = {name: value for name, value in run.chosen.items() if value != ""}
    if options is not None:
        run.options = {**run.options, **checked_options(run.import_kind, options)}
    before = record.snapshot(run, ["mapping", "options", "chosen", "decisions"])
    if decisions is not None:
        decided = {**run.decisions, **_checked_decisions(actor, run, decisions)}
        run.decisions = {key: value for key, value in decided.items() if value != ""}
    if wanted is None:
        wanted = run.named_columns
    with run.file.open("rb") as file:
        _understand(run, file, wanted, whole=True)
    if remember:
        _remember(run, remember_as)
    run.save()
    record.change(actor=actor, obj=run, before=before, **audience(run))
    return run


def _signature(found: Findings) -> str:
    """By what the heading is known again; a file of refused rows has that of its source."""
    return mapping.signature(rejects.without_own(found.columns))


def _remember(run: Run, name: str) -> None:
    found = run.found
    if not found.header.value:
        return
    columns = rejects.without_own(found.columns)
    named = {"name": name.strip()} if name.strip() else {}
    RememberedMapping.objects.update_or_create(
        kind=run.kind,
        scope_id=run.scope_id,
        signature=_signature(found),
        defaults={
            "fields": {
                name: column
                for name, column in run.named_columns.items()
                if run.columns[name] < len(found.columns) and column in columns
            },
            "columns": columns,
            "options": run.options,
            "chosen": {
                name: value for name, value in run.chosen.items() if name in ("decimal", "dates")
            },
            "used_at": timezone.now(),
            "owner": run.owner,
            **named,
        },
    )


def locked(actor: AbstractBaseUser, run: Run) -> Run:
    """The run as it is now, held until the transaction ends. Raises PermissionDenied."""
    if not policies.can_edit(actor, run):
        raise PermissionDenied
    return Run.objects.select_for_update(of=("self",)).select_related("owner").get(pk=run.pk)
