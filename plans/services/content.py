"""Rows of a plan: objectives, strategies, milestones, SWOT entries and risks."""

from __future__ import annotations

import datetime
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from kam.changes import editing
from kam.changes.models import Change
from plans.models import Objective, Plan, PlanContent
from plans.services import locks
from teams.models import User

Row = TypeVar("Row", bound=PlanContent)

PLAN_READERS = Change.Audience.PLAN


@transaction.atomic
def add_content(*, actor: User, row: Row) -> Row:
    """Add an unsaved `row` to its plan; rows with a place go to the end.

    Raises `PermissionDenied`, or `ValidationError` (plan locked, or a rule of the row).
    """
    plan = locks.locked_plan(_plan_of(row))
    locks.require_editor(actor, plan.account)
    locks.refuse_locked(plan)
    _refuse_parent(row)
    if "position" in row.CONTENT_FIELDS and not row.position:  # type: ignore[attr-defined]
        row.position = _last_place(row) + 1  # type: ignore[attr-defined]
    locks.refuse_outsider(getattr(row, "owner", None), plan.account, "owner")
    return editing.create(
        actor=actor, obj=row, fields=type(row).editable_fields(), audience=PLAN_READERS
    )


@transaction.atomic
def update_content(
    *,
    actor: User,
    row: Row,
    changes: dict[str, Any],
    expected_version: int | None = None,
    read: dict[str, Any] | None = None,
) -> Row:
    """Change fields of a row; content only while the plan is open, execution always.

    `read` as in `update_plan`. Raises `PermissionDenied`, `VersionConflict` or
    `ValidationError`.
    """
    plan = locks.locked_plan(_plan_of(row))
    locks.require_editor(actor, plan.account)
    row = editing.locked(row)
    editing.expect(row, locks.still_holds(row, changes, read, expected_version))
    rewrites = not set(changes) <= set(row.EXECUTION_FIELDS)
    if rewrites:
        locks.refuse_locked(plan)
    elif plan.is_archived:
        raise ValidationError(_("The plan is archived."), code="locked")
    _refuse_archived(row)
    if changes.get("owner") is not None:
        locks.refuse_outsider(changes["owner"], plan.account, "owner")
    audience = PLAN_READERS if rewrites or row.approved is None else None
    return editing.save(actor=actor, obj=row, changes=changes, audience=audience)


@transaction.atomic
def archive_content(*, actor: User, row: Row, expected_version: int | None = None) -> Row:
    """Take a row out of the plan; what was approved of it stays readable until the next approval.

    An objective takes its strategies and milestones with it (they are found under it again when
    it comes back); its actions stay on the account.
    """
    plan = locks.locked_plan(_plan_of(row))
    locks.require_editor(actor, plan.account)
    row = editing.locked(row)
    editing.expect(row, expected_version)
    locks.refuse_locked(plan)
    _refuse_archived(row)
    return editing.archive(actor=actor, obj=row)


@transaction.atomic
def restore_content(*, actor: User, row: Row, expected_version: int | None = None) -> Row:
    """Bring an archived row back into the plan."""
    plan = locks.locked_plan(_plan_of(row))
    locks.require_editor(actor, plan.account)
    row = editing.locked(row)
    editing.expect(row, expected_version)
    locks.refuse_locked(plan)
    if not row.is_archived:
        return row
    _refuse_parent(row)
    return editing.restore(actor=actor, obj=row)


@transaction.atomic
def move_content(*, actor: User, row: Row, up: bool) -> Row:
    """Swap the row's place with its neighbour above or below; at the end nothing happens."""
    plan = locks.locked_plan(_plan_of(row))
    locks.require_editor(actor, plan.account)
    locks.refuse_locked(plan)
    row = editing.locked(row)
    siblings = list(_siblings(row).filter(archived_at=None).order_by("position", "pk"))
    place = siblings.index(row)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(siblings):
        return row
    siblings[place], siblings[other] = siblings[other], siblings[place]
    for number, sibling in enumerate(siblings, 1):
        editing.save(actor=actor, obj=sibling, changes={"position": number}, audience=PLAN_READERS)
    row.refresh_from_db()
    return row


@transaction.atomic
def drop_objective(
    *,
    actor: User,
    objective: Objective,
    reason: str,
    today: datetime.date,
    expected_version: int | None = None,
) -> Objective:
    """Give an objective up, with a reason: the only status that a person sets (handbook 4.4)."""
    plan = locks.locked_plan(objective.plan)
    locks.require_editor(actor, plan.account)
    objective = editing.locked(objective)
    editing.expect(objective, expected_version)
    _refuse_archived(objective)
    if not reason.strip():
        raise ValidationError({"reason": _("Say why it is dropped.")}, code="required")
    changes = {"dropped_on": today, "dropped_reason": reason}
    return editing.save(actor=actor, obj=objective, changes=changes, verb="dropped")


@transaction.atomic
def resume_objective(
    *, actor: User, objective: Objective, expected_version: int | None = None
) -> Objective:
    """Take a dropped objective up again."""
    plan = locks.locked_plan(objective.plan)
    locks.require_editor(actor, plan.account)
    objective = editing.locked(objective)
    editing.expect(objective, expected_version)
    changes = {"dropped_on": None, "dropped_reason": ""}
    return editing.save(actor=actor, obj=objective, changes=changes, verb="resumed")


def _plan_of(row: PlanContent) -> Plan:
    return row.plan  # type: ignore[attr-defined]


def _refuse_archived(row: PlanContent) -> None:
    if row.is_archived:
        raise ValidationError(_("It has been taken out of the plan."), code="archived")


def _refuse_parent(row: PlanContent) -> None:
    """Nothing is put under an objective that is no longer there."""
    if row.PARENT == "objective":
        _refuse_archived(row.objective)  # type: ignore[attr-defined]


def _siblings(row: PlanContent) -> Any:
    return type(row)._default_manager.filter(**{row.PARENT: getattr(row, row.PARENT)})


def _last_place(row: PlanContent) -> int:
    return _siblings(row).aggregate(last=Max("position"))["last"] or 0
