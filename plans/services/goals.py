"""Goals of the customer, objectives of our own company."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import Account
from kam.changes import editing
from plans.models import CorporateObjective, CustomerGoal
from plans.services import locks
from teams.models import Programme, User
from teams.policies import can_edit_programme

GOAL_FIELDS = ("text", "source", "stated_on", "confidence")
CORPORATE_FIELDS = ("text", "horizon", "valid_from", "valid_until")


@transaction.atomic
def create_customer_goal(*, actor: User, account: Account, values: dict[str, Any]) -> CustomerGoal:
    """Note a goal of the customer; raises `PermissionDenied` or `ValidationError`."""
    locks.require_editor(actor, account)
    goal = CustomerGoal(account=account, **values)
    return editing.create(actor=actor, obj=goal, fields=GOAL_FIELDS)


@transaction.atomic
def update_customer_goal(
    *,
    actor: User,
    goal: CustomerGoal,
    changes: dict[str, Any],
    expected_version: int | None = None,
) -> CustomerGoal:
    """Change a goal of the customer."""
    goal = editing.locked(goal)
    locks.require_editor(actor, goal.account)
    return editing.save(actor=actor, obj=goal, changes=changes, expected_version=expected_version)


@transaction.atomic
def archive_goal(
    *, actor: User, goal: CustomerGoal | CorporateObjective, expected_version: int | None = None
) -> CustomerGoal | CorporateObjective:
    """Take a goal out of the lists; objectives that serve it keep their link."""
    goal = editing.locked(goal)
    if isinstance(goal, CustomerGoal):
        locks.require_editor(actor, goal.account)
    else:
        _require_programme(actor, goal.programme)
    return editing.archive(actor=actor, obj=goal, expected_version=expected_version)


@transaction.atomic
def create_corporate_objective(
    *, actor: User, programme: Programme, values: dict[str, Any]
) -> CorporateObjective:
    """Note an aim of our own company: whoever runs the programme."""
    _require_programme(actor, programme)
    aim = CorporateObjective(programme=programme, **values)
    return editing.create(actor=actor, obj=aim, fields=CORPORATE_FIELDS)


@transaction.atomic
def update_corporate_objective(
    *,
    actor: User,
    aim: CorporateObjective,
    changes: dict[str, Any],
    expected_version: int | None = None,
) -> CorporateObjective:
    """Change an aim of our own company."""
    aim = editing.locked(aim)
    _require_programme(actor, aim.programme)
    return editing.save(actor=actor, obj=aim, changes=changes, expected_version=expected_version)


def _require_programme(actor: User, programme: Programme) -> None:
    if not can_edit_programme(actor, programme):
        raise PermissionDenied


@transaction.atomic
def restore_goal(
    *, actor: User, goal: CorporateObjective, expected_version: int | None = None
) -> CorporateObjective:
    """Bring an aim of our own company back to the list."""
    goal = editing.locked(goal)
    _require_programme(actor, goal.programme)
    return editing.restore(actor=actor, obj=goal, expected_version=expected_version)
