"""A plan's life: submit, send back, check, approve, activate, revise, close (handbook 4.2)."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.choices import Stage, Status
from kam.access.prepared import kept_count, kept_exists
from kam.changes import editing
from plans import policies, snapshots
from plans.choices import PlanStatus, Transition
from plans.models import Objective, Plan, PlanVersion, Risk
from plans.models.analysis import HIGH_RISK
from plans.services.locks import locked_plan
from plans.services.plan import record_step
from teams.models import Programme, User


def submission_blockers(plan: Plan) -> list[str]:
    """What keeps the plan from being submitted, in words; empty when nothing does
    (`design.md` 11; the gates of quality and figures come with those)."""
    found = []
    if not kept_exists("objectives left", _objectives_left, plan=plan.pk):
        found.append(_("No objective yet."))
    if not policies.has_manager(plan.account):
        found.append(_("The account has no manager."))
    return found


def _objectives_left(plan: int) -> QuerySet[Objective]:
    return Objective.objects.filter(plan=plan, archived_at=None, dropped_on=None)


def _bare_risks(plan: int) -> QuerySet:
    """High risks without a contingency."""
    return Risk.objects.filter(plan=plan, contingency="").high(HIGH_RISK).values("pk")


def approval_blockers(plan: Plan, submission: Sequence[str] | None = None) -> list[str]:
    """What keeps the plan from being approved, in words (K127; handbook 4.3, L3); `submission` is
    what `submission_blockers` says, for whoever knows it already."""
    found = [*(submission_blockers(plan) if submission is None else submission)]
    if not plan.defection_contingency.strip():
        found.append(_("Nothing is said about what happens if the customer leaves."))
    bare = kept_count("bare risks", _bare_risks, plan=plan.pk)
    if bare:
        found.append(
            ngettext(
                "%(count)d high risk has no contingency.",
                "%(count)d high risks have no contingency.",
                bare,
            )
            % {"count": bare}
        )
    if plan.account.programme.approval == Programme.Approval.FULL and plan.checked_by_id is None:
        found.append(_("Finance has not checked the figures."))
    return found


@transaction.atomic
def submit_plan(
    *, actor: User, plan: Plan, comment: str = "", expected_version: int | None = None
) -> Plan:
    """Hand the plan in for approval: the manager alone. Locks and freezes the content.

    Raises `PermissionDenied`, `VersionConflict` or `ValidationError` (not a draft, blockers).
    """
    plan = _step_from(plan, expected_version, PlanStatus.DRAFT)
    if not policies.is_manager(actor, plan.account):
        raise PermissionDenied
    _refuse(submission_blockers(plan))
    changes = {
        "status": PlanStatus.IN_REVIEW,
        "submitted_by": actor,
        "locked_at": timezone.now(),
        "checked_by": None,
    }
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="submitted")
    version = _freeze(actor, plan, PlanVersion.Kind.SUBMISSION, comment)
    record_step(actor=actor, plan=plan, step=Transition.SUBMIT, comment=comment, version=version)
    return plan


@transaction.atomic
def request_changes(
    *, actor: User, plan: Plan, comment: str, expected_version: int | None = None
) -> Plan:
    """Send the plan back to its author with a comment; its content opens again."""
    plan = _step_from(plan, expected_version, PlanStatus.IN_REVIEW)
    if not policies.can_request_changes(actor, plan):
        raise PermissionDenied
    if not comment.strip():
        raise ValidationError({"comment": _("Say what should change.")}, code="required")
    changes = {"status": PlanStatus.DRAFT, "locked_at": None, "checked_by": None}
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="sent_back")
    record_step(actor=actor, plan=plan, step=Transition.REQUEST_CHANGES, comment=comment)
    return plan


@transaction.atomic
def check_finance(
    *, actor: User, plan: Plan, comment: str = "", expected_version: int | None = None
) -> Plan:
    """Finance has looked at the figures of a plan in review; asked for in `full` approval."""
    plan = _step_from(plan, expected_version, PlanStatus.IN_REVIEW)
    if not policies.can_check_finance(actor, plan):
        raise PermissionDenied
    plan = editing.save(
        actor=actor, obj=plan, changes={"checked_by": actor}, verb="finance_checked"
    )
    record_step(actor=actor, plan=plan, step=Transition.CHECK_FINANCE, comment=comment)
    return plan


@transaction.atomic
def approve_plan(
    *,
    actor: User,
    plan: Plan,
    today: datetime.date,
    comment: str = "",
    expected_version: int | None = None,
) -> Plan:
    """Approve a plan in review: somebody entitled who neither wrote nor submitted it.

    Freezes the version that readers see from now on. Raises `PermissionDenied`,
    `VersionConflict` or `ValidationError` (not in review, blockers).
    """
    plan = _step_from(plan, expected_version, PlanStatus.IN_REVIEW)
    if not policies.can_approve(actor, plan):
        raise PermissionDenied
    _refuse(approval_blockers(plan))
    changes = {
        "status": PlanStatus.APPROVED,
        "approved_on": today,
        "approved": snapshots.content_of(plan),
    }
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="approved")
    _publish(plan)
    version = _freeze(actor, plan, PlanVersion.Kind.APPROVAL, comment)
    record_step(actor=actor, plan=plan, step=Transition.APPROVE, comment=comment, version=version)
    return plan


@transaction.atomic
def activate_plan(
    *, actor: User, plan: Plan, today: datetime.date, expected_version: int | None = None
) -> Plan:
    """Put an approved plan in force once its period has begun; the one before it is superseded.

    Raises `PermissionDenied`, `VersionConflict` or `ValidationError`.
    """
    plan = _step_from(plan, expected_version, PlanStatus.APPROVED)
    if not policies.can_activate(actor, plan):
        raise PermissionDenied
    if today < plan.starts_on:
        raise ValidationError(_("Its period has not begun."), code="early")
    others = Plan.objects.select_for_update(of=("self",)).filter(
        account=plan.account_id, in_force=True
    )
    for former in others.exclude(pk=plan.pk):
        changes = {"status": PlanStatus.SUPERSEDED, "in_force": False}
        editing.save(actor=actor, obj=former, changes=changes, verb="superseded")
        record_step(actor=actor, plan=former, step=Transition.SUPERSEDE)
    changes = {"status": PlanStatus.ACTIVE, "in_force": True}
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="activated")
    record_step(actor=actor, plan=plan, step=Transition.ACTIVATE)
    return plan


@transaction.atomic
def revise_plan(
    *, actor: User, plan: Plan, comment: str = "", expected_version: int | None = None
) -> Plan:
    """Open an approved or active plan for writing; what was approved stays in force and is what
    others read until the next approval."""
    plan = _step_from(plan, expected_version, PlanStatus.APPROVED, PlanStatus.ACTIVE)
    if not policies.can_activate(actor, plan):
        raise PermissionDenied
    changes: dict[str, Any] = {
        "status": PlanStatus.DRAFT,
        "locked_at": None,
        "submitted_by": None,
        "author": actor,
        "checked_by": None,
    }
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="revised")
    record_step(actor=actor, plan=plan, step=Transition.REVISE, comment=comment)
    return plan


@transaction.atomic
def close_plan(
    *,
    actor: User,
    plan: Plan,
    result: str,
    today: datetime.date,
    expected_version: int | None = None,
) -> Plan:
    """End a plan in force with what came of it: whoever runs the programme, after its end date or
    when the relationship ends (handbook 4.2)."""
    plan = locked_plan(plan)
    editing.expect(plan, expected_version)
    if not policies.can_close(actor, plan):
        raise PermissionDenied
    if not plan.in_force:
        raise ValidationError(_("Only a plan in force can be closed."), code="state")
    if not result.strip():
        raise ValidationError({"result": _("Say what came of it.")}, code="required")
    ending = plan.account.stage == Stage.UNCOUPLING or plan.account.status == Status.EXITED
    if today < plan.ends_on and not ending:
        raise ValidationError(_("Its period is not over."), code="early")
    changes = {
        "status": PlanStatus.CLOSED,
        "in_force": False,
        "result": result,
        "locked_at": plan.locked_at or timezone.now(),
    }
    plan = editing.save(actor=actor, obj=plan, changes=changes, verb="closed")
    record_step(actor=actor, plan=plan, step=Transition.CLOSE, comment=result)
    return plan


def _step_from(plan: Plan, version: int | None, *statuses: PlanStatus) -> Plan:
    plan = locked_plan(plan)
    editing.expect(plan, version)
    if plan.is_archived or plan.status not in statuses:
        raise ValidationError(
            _("This is not possible while the plan is: %(status)s.")
            % {"status": plan.get_status_display()},
            code="state",
        )
    return plan


def _refuse(blockers: list[str]) -> None:
    if blockers:
        raise ValidationError(blockers, code="blocked")


def _freeze(actor: User, plan: Plan, kind: PlanVersion.Kind, comment: str) -> PlanVersion:
    """Snapshot under the lock on the plan, so that numbers have no gap and no repeat."""
    last = plan.versions.order_by("-number").values_list("number", flat=True).first() or 0
    return PlanVersion.objects.create(
        plan=plan,
        number=last + 1,
        kind=kind,
        content=snapshots.take(plan),
        comment=comment,
        created_by=actor,
    )


def _publish(plan: Plan) -> None:
    """Make the working rows what readers see; rows taken out of the plan go for them, too.

    Rows that now read differently get a new version, so that no reader keeps the old one.
    """
    for _name, model, path in snapshots.KINDS:
        rows = []
        for row in snapshots.rows_of(plan, model, path):
            gone = row.is_archived or (model.PARENT == "objective" and row.objective.is_archived)
            approved = None if gone else snapshots.content_of(row)
            if row.approved != approved:
                row.approved, row.updated_at = approved, timezone.now()
                row.version += 1
                rows.append(row)
        fields = ["approved", "updated_at", "version"]
        model._default_manager.bulk_update(rows, fields, batch_size=200)
