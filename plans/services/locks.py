"""What every change of a plan's content asks first."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.utils.translation import gettext as _

from accounts.models import Account
from kam.changes import editing, record
from kam.changes.models import Tracked
from plans import policies
from plans.choices import PlanStatus
from plans.models import Plan
from teams.models import User


def locked_plan(plan: Plan) -> Plan:
    """The plan, fresh and locked: edits of its content and its submission wait for each other."""
    return editing.locked(plan)


def require_editor(actor: User, account: Account) -> None:
    """Raise `PermissionDenied` unless `actor` edits the account."""
    if not policies.can_edit(actor, account):
        raise PermissionDenied


def refuse_locked(plan: Plan) -> None:
    """Raise `ValidationError` while the plan's content is fixed (`design.md` 11)."""
    if plan.is_archived:
        raise ValidationError(_("The plan is archived."), code="locked")
    if plan.status == PlanStatus.IN_REVIEW:
        raise ValidationError(_("The plan is being reviewed."), code="locked")
    if plan.is_locked:
        raise ValidationError(_("The plan is approved: open it for revision first."), code="locked")


def refuse_outsider(person: User | None, account: Account, field: str) -> None:
    """Raise `ValidationError` when `person` could not see what they are to own."""
    if person is not None and not Account.objects.visible_to(person).filter(pk=account.pk).exists():
        raise ValidationError({field: _("This person does not work with the account.")}, "owner")


def still_holds(
    obj: Tracked, changes: dict[str, Any], read: dict[str, Any] | None, version: int | None
) -> int | None:
    """Version to expect: none when what the caller read (`read`) still stands in all fields that
    they change, so that two people on different fields of one row do not disturb each other; nor
    when it says already what they want, as after an answer that was lost on its way."""
    if read is None or set(read) < set(changes):
        return version
    stored = record.snapshot(obj, changes)
    wanted = {name: getattr(value, "pk", value) for name, value in changes.items()}
    return None if stored in ({name: read[name] for name in changes}, wanted) else version
