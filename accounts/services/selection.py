"""Selection runs: scenarios, solving in the background, stopping (K061; handbook 3.5, 3.6)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import tasks
from accounts.models import Account, Selection
from accounts.selection.gathering import BARRED, MUST
from kam.changes import editing, record
from kam.changes.errors import field_error, row_error
from kam.jobs.models import Job
from kam.jobs.services import cancel_job
from kam.web.formatting import short_day
from teams import policies
from teams.models import Programme, User
from teams.programme_settings import setting

SELECTION_FIELDS = (
    "name",
    "max_accounts",
    "budget",
    "hurdle",
    "attractiveness_weight",
    "cut",
    "min_stars",
)
GIVEN = ("candidates", "managers", "conflicts")


@transaction.atomic
def create_selection(
    *,
    actor: User,
    programme: Programme,
    changes: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    marks: Mapping[int, str] | None = None,
    copied_from: Selection | None = None,
) -> Selection:
    """Set up a scenario; what is left out of `changes` is as the programme's settings say.

    `given` lists replace what is stored, `marks` (account -> must or barred) add to it. Raises
    PermissionDenied or ValidationError.
    """
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    selection = Selection(
        programme=programme,
        currency=programme.currency,
        created_by=actor,
        given=_checked_lists(actor, programme, given or {}),
        marks=_checked_marks(actor, programme, marks or {}, {}),
        copied_from=copied_from,
        **{**usual_limits(programme), **changes},
    )
    return editing.create(actor=actor, obj=selection, fields=("programme", *SELECTION_FIELDS))


def usual_limits(programme: Programme) -> dict[str, Any]:
    """Limits as the programme's settings say, with a name for the scenario."""
    today = programme.today()

    def limit(name: str) -> Decimal:
        value = setting(programme, name, today)  # kept with more places than a limit has
        return Decimal(f"{value.normalize():f}")

    return {
        "max_accounts": int(limit("programme_max_accounts")),
        "hurdle": limit("hurdle"),
        "attractiveness_weight": limit("attractiveness_weight"),
        "cut": limit("matrix_cut"),
        "min_stars": 0,
        "name": _("Selection of %(day)s") % {"day": short_day(today)},
    }


@transaction.atomic
def update_selection(
    *,
    actor: User,
    selection: Selection,
    expected_version: int | None,
    changes: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    marks: Mapping[int, str] | None = None,
) -> Selection:
    """Change a scenario that was not solved yet; one that was is copied instead, so that what was
    asked and answered stays together.

    Lists of `given` replace those that it holds, None takes one off it; `marks` are all of them.
    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    selection = _editable(actor, selection)
    editing.expect(selection, expected_version)
    _refuse_archived(selection)
    if selection.status != Selection.Status.DRAFT:
        raise ValidationError(_("It has been solved: copy it to change it."), code="solved")
    values = dict(changes)
    if given is not None:
        kept = {name: rows for name, rows in selection.given.items() if name not in given}
        values["given"] = kept | _checked_lists(actor, selection.programme, given)
    if marks is not None:
        values["marks"] = _checked_marks(actor, selection.programme, marks, selection.marks)
    return editing.save(actor=actor, obj=selection, changes=values)


@transaction.atomic
def copy_selection(*, actor: User, selection: Selection, name: str = "") -> Selection:
    """The same scenario once more, not solved, to be changed beside the first (scenarios side by
    side)."""
    selection = _editable(actor, selection)
    label = name or _("%(name)s, copy") % {"name": selection.name}
    values = {field: getattr(selection, field) for field in SELECTION_FIELDS}
    copy = Selection(
        programme=selection.programme,
        currency=selection.currency,
        created_by=actor,
        given=selection.given,
        marks=selection.marks,
        copied_from=selection,
        **{**values, "name": label[:120]},
    )
    return editing.create(actor=actor, obj=copy, fields=("programme", *SELECTION_FIELDS))


@transaction.atomic
def solve_selection(*, actor: User, selection: Selection) -> Selection:
    """Solve a scenario in the background, one of a programme at a time; asking again while it
    waits changes nothing, and a solved one stays as it is. Raises PermissionDenied or
    ValidationError."""
    selection = _editable(actor, selection)
    _refuse_archived(selection)
    if selection.status in (*Selection.UNDER_WAY, *Selection.SOLVED, Selection.Status.INFEASIBLE):
        return selection
    selection.status = Selection.Status.QUEUED
    selection.error = ""
    key = f"selections of {selection.programme_id}"
    job = tasks.solve_selection.using(key=key, created_by=actor).enqueue(selection.pk, actor.pk)
    selection.job_id = job.id
    selection.version += 1
    selection.save(update_fields=["status", "error", "job", "version", "updated_at"])
    record.change(actor=actor, obj=selection, verb="solving", after={"status": selection.status})
    return selection


@transaction.atomic
def solve_again(
    *,
    actor: User,
    selection: Selection,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> Selection:
    """Solve a scenario with other limits: itself while nothing came of it, else a copy, so that
    both stand side by side. Returns the one that is solved."""
    selection = _unsolved(actor, selection, expected_version)
    selection = update_selection(
        actor=actor, selection=selection, expected_version=None, changes=changes
    )
    return solve_selection(actor=actor, selection=selection)


@transaction.atomic
def mark_account(
    *,
    actor: User,
    selection: Selection,
    account: Account,
    mark: str,
) -> Selection:
    """Say that an account must be in, is barred, or neither (empty `mark`); of a run that was
    solved a copy is marked. Returns the marked one."""
    selection = _unsolved(actor, selection, None)
    marks = {int(pk): kept for pk, kept in selection.marks.items() if int(pk) != account.pk}
    if mark:
        marks[account.pk] = mark
    return update_selection(
        actor=actor, selection=selection, expected_version=None, changes={}, marks=marks
    )


@transaction.atomic
def stop_selection(*, actor: User, selection: Selection) -> Selection:
    """Stop a run: it leaves nothing but its scenario. A finished one stays as it is."""
    # The job is locked before the run, as the worker does that keeps the answer.
    list(Job.objects.select_for_update().filter(pk=selection.job_id))
    selection = _editable(actor, selection)
    if selection.status not in Selection.UNDER_WAY:
        return selection
    if selection.job is not None:
        cancel_job(actor=actor, job=selection.job)
    selection.status = Selection.Status.CANCELLED
    selection.version += 1
    selection.save(update_fields=["status", "version", "updated_at"])
    record.change(actor=actor, obj=selection, verb="stopped", after={"status": selection.status})
    return selection


@transaction.atomic
def archive_selection(
    *, actor: User, selection: Selection, expected_version: int | None = None
) -> Selection:
    """Take a scenario off the list; decisions that came of it keep it in history."""
    selection = _editable(actor, selection)
    if selection.status in Selection.UNDER_WAY:
        raise ValidationError(_("It is being solved: stop it first."), code="solving")
    return editing.archive(actor=actor, obj=selection, expected_version=expected_version)


@transaction.atomic
def restore_selection(
    *, actor: User, selection: Selection, expected_version: int | None = None
) -> Selection:
    """Bring an archived scenario back onto the list."""
    selection = _editable(actor, selection)
    return editing.restore(actor=actor, obj=selection, expected_version=expected_version)


@transaction.atomic
def delete_draft(*, actor: User, selection: Selection, expected_version: int | None = None) -> None:
    """Delete a scenario that was never solved; one that was is archived instead."""
    selection = _editable(actor, selection)
    editing.expect(selection, expected_version)
    if selection.status != Selection.Status.DRAFT:
        raise ValidationError(_("It has been solved: archive it."), code="solved")
    before = {"name": selection.name}
    record.change(actor=actor, obj=selection, verb="deleted", before=before, after={})
    selection.delete()


@transaction.atomic
def choose_managers(
    *,
    actor: User,
    selection: Selection,
    expected_version: int | None,
    managers: Sequence[Mapping[str, Any]] | None,
) -> Selection:
    """Say which managers take part and what each can take on (`user`, `capacity`, `effort`); None
    takes those of the programme with their usual capacities. Of a run that was solved a copy is
    changed. Returns the changed one."""
    selection = _unsolved(actor, selection, expected_version)
    return update_selection(
        actor=actor,
        selection=selection,
        expected_version=None,
        changes={},
        given={"managers": managers},
    )


def _unsolved(actor: User, selection: Selection, expected_version: int | None) -> Selection:
    """The scenario while nothing came of it, else a copy: what is changed."""
    selection = _editable(actor, selection)
    editing.expect(selection, expected_version)
    _refuse_archived(selection)
    if selection.status in Selection.UNDER_WAY:
        raise ValidationError(_("It is being solved: stop it first."), code="solving")
    if selection.status == Selection.Status.DRAFT:
        return selection
    return copy_selection(actor=actor, selection=selection)


def _refuse_archived(selection: Selection) -> None:
    if selection.is_archived:
        raise ValidationError(_("It is archived: restore it first."), code="archived")


def _editable(actor: User, selection: Selection) -> Selection:
    selection = editing.locked(selection)
    if not policies.can_edit_programme(actor, selection.programme):
        raise PermissionDenied
    return selection


def _checked_lists(actor: User, programme: Programme, given: Mapping[str, Any]) -> dict[str, Any]:
    """Lists that the author gives: accounts of the programme that they may see, people of it, no
    account twice, no pair of an account with itself."""
    kept: dict[str, Any] = {}
    seen = Account.objects.visible_to(actor).active().filter(programme=programme)
    if given.get("candidates") is not None:
        rows = given["candidates"]
        _all_known("candidates", _named(rows, "account"), seen)
        _none_twice("candidates", "account", rows)
        amounts = ("attractiveness", "strength", "cost", "effort")
        kept["candidates"] = [{**row, **{name: str(row[name]) for name in amounts}} for row in rows]
    if given.get("managers") is not None:
        rows = given["managers"]
        people = User.objects.visible_to(actor).active()
        _all_known("managers", _named(rows, "user"), people)
        _none_twice("managers", "user", rows)
        named = [
            (place, "eligible", pk)
            for place, row in enumerate(rows)
            for pk in row.get("eligible") or ()
        ]
        _all_known("managers", named, seen)
        kept["managers"] = [{**row, "effort": str(row["effort"])} for row in rows]
    if given.get("conflicts") is not None:
        rows = given["conflicts"]
        _all_known("conflicts", _named(rows, "a", "b"), seen)
        for place, row in enumerate(rows):
            if row["a"] == row["b"]:
                raise row_error("conflicts", place, "b", _("Choose another account."), "same")
        kept["conflicts"] = [dict(row) for row in rows]
    return kept


def _named(rows: Sequence[Mapping[str, Any]], *members: str) -> list[tuple[int, str, int]]:
    return [(place, name, row[name]) for place, row in enumerate(rows) for name in members]


def _all_known(field: str, named: Sequence[tuple[int, str, int]], rows: Any) -> None:
    """Raise ValidationError at the first of `named` (place, member, key) that is not in `rows`."""
    known = set(rows.filter(pk__in={pk for *_at, pk in named}).values_list("pk", flat=True))
    for place, member, pk in named:
        if pk not in known:
            text = _("There is no %(number)s here.") % {"number": pk}
            raise row_error(field, place, member, text, "unknown")


def _none_twice(field: str, member: str, rows: Sequence[Mapping[str, Any]]) -> None:
    met: set[int] = set()
    for place, row in enumerate(rows):
        if row[member] in met:
            raise row_error(field, place, member, _("It comes twice."), "twice")
        met.add(row[member])


def _checked_marks(
    actor: User, programme: Programme, marks: Mapping[int, str], before: Mapping[str, str]
) -> dict[str, str]:
    """`marks`, of which those that differ from `before` are of accounts that `actor` sees: others
    have marked what they see, and accounts may have gone since."""
    kept = {str(pk): mark for pk, mark in marks.items()}
    news = [pk for pk, mark in kept.items() if before.get(pk) != mark]
    seen = Account.objects.visible_to(actor).active().filter(programme=programme)
    if seen.filter(pk__in=news).count() < len(news):
        raise field_error("marks", _("Choose from the list."), "unknown")
    if not {kept[pk] for pk in news} <= {MUST, BARRED}:
        raise field_error("marks", _("Choose from the list."), "choice")
    return kept
