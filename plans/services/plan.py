"""Plans: create, write, put away."""

from __future__ import annotations

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account
from accounts.services.account import refuse_archived_account
from kam.changes import editing
from kam.changes.models import Change
from plans.choices import PlanStatus, Transition
from plans.models import Plan, PlanDecision, Presence
from plans.services import locks
from teams.models import User

EDITABLE_FIELDS = Plan.CONTENT_FIELDS

PLANNED = (Status.KEY, Status.CANDIDATE, Status.GROOMED)
"""Statuses in which an account may have a plan (`design.md` 11)."""


def fiscal_year(first_month: int, today: datetime.date) -> tuple[datetime.date, datetime.date]:
    """First and last day of the year, starting in `first_month`, that `today` lies in."""
    year = today.year if today.month >= first_month else today.year - 1
    first = datetime.date(year, first_month, 1)
    return first, datetime.date(year + 1, first_month, 1) - datetime.timedelta(days=1)


@transaction.atomic
def create_plan(*, actor: User, account: Account, values: dict[str, Any]) -> Plan:
    """Start a plan for `account` (K058): by its manager or deputy, or who runs the programme.

    Currency is the account's unless given. Raises `PermissionDenied`, or `ValidationError` when
    the account is neither key, candidate nor groomed, or has a plan for the period.
    """
    account = editing.locked(account)
    locks.require_editor(actor, account)
    refuse_archived_account(account)
    if account.status not in PLANNED:
        raise ValidationError(
            {"account": _("Plans are for key accounts, candidates and groomed accounts.")},
            code="status",
        )
    plan = Plan(account=account, author=actor, **{"currency": account.money, **values})
    editing.create(actor=actor, obj=plan, fields=EDITABLE_FIELDS, audience=Change.Audience.PLAN)
    record_step(actor=actor, plan=plan, step=Transition.CREATE)
    return plan


@transaction.atomic
def update_plan(
    *,
    actor: User,
    plan: Plan,
    changes: dict[str, Any],
    expected_version: int | None = None,
    read: dict[str, Any] | None = None,
) -> Plan:
    """Change fields of the working copy.

    `read` are the values that the caller saw: where they still stand in the changed fields, a
    newer version is no conflict. Raises `PermissionDenied`, `VersionConflict` or
    `ValidationError` (locked, or a rule of the row).
    """
    plan = locks.locked_plan(plan)
    locks.require_editor(actor, plan.account)
    editing.expect(plan, locks.still_holds(plan, changes, read, expected_version))
    locks.refuse_locked(plan)
    return editing.save(actor=actor, obj=plan, changes=changes, audience=Change.Audience.PLAN)


@transaction.atomic
def archive_plan(*, actor: User, plan: Plan, expected_version: int | None = None) -> Plan:
    """Put a plan away that never came into force: by an editor, while it is a draft."""
    plan = locks.locked_plan(plan)
    locks.require_editor(actor, plan.account)
    editing.expect(plan, expected_version)
    if plan.status != PlanStatus.DRAFT or plan.in_force:
        raise ValidationError(_("Only a draft that is not in force can be put away."), code="state")
    return editing.archive(actor=actor, obj=plan)


def record_step(
    *, actor: User | None, plan: Plan, step: Transition, comment: str = "", version: Any = None
) -> PlanDecision:
    """Note one step of the plan's life; called inside the transaction of the step."""
    return PlanDecision.objects.create(
        plan=plan,
        step=step,
        status=plan.status,
        decided_by=actor,
        comment=comment,
        version=version,
    )


def touch_presence(*, actor: User, plan: Plan, section: str, now: datetime.datetime) -> None:
    """Note that `actor` writes in `section` of the plan now: a hint without history."""
    Presence.objects.update_or_create(
        plan=plan, user=actor, defaults={"section": section[:20], "seen_at": now}
    )
