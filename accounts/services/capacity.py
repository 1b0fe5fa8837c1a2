"""How much managers can take on (handbook 3.5, 5.3)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import ManagerCapacity
from kam.changes import editing
from teams import policies
from teams.models import Programme, User

CAPACITY_FIELDS = ("accounts", "effort")


@transaction.atomic
def record_capacity(
    *,
    actor: User,
    programme: Programme,
    user: User,
    accounts: int = 2,
    effort: Decimal = Decimal(1),
) -> ManagerCapacity:
    """Record how many accounts and how much effort (FTE) `user` can take on in `programme`.

    Raises PermissionDenied or ValidationError.
    """
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    capacity = ManagerCapacity(programme=programme, user=user, accounts=accounts, effort=effort)
    fields = ("programme", "user", *CAPACITY_FIELDS)
    return editing.create(actor=actor, obj=capacity, fields=fields)


@transaction.atomic
def update_capacity(
    *,
    actor: User,
    capacity: ManagerCapacity,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> ManagerCapacity:
    """Change it. Raises PermissionDenied, VersionConflict or ValidationError."""
    capacity = _editable(actor, capacity)
    return editing.save(
        actor=actor, obj=capacity, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def archive_capacity(
    *, actor: User, capacity: ManagerCapacity, expected_version: int | None = None
) -> ManagerCapacity:
    """Forget it: two accounts and one FTE hold again."""
    capacity = _editable(actor, capacity)
    return editing.archive(actor=actor, obj=capacity, expected_version=expected_version)


@transaction.atomic
def restore_capacity(
    *, actor: User, capacity: ManagerCapacity, expected_version: int | None = None
) -> ManagerCapacity:
    """Bring it back. Raises ValidationError where another was recorded meanwhile."""
    capacity = _editable(actor, capacity)
    return editing.restore(actor=actor, obj=capacity, expected_version=expected_version)


def _editable(actor: User, capacity: ManagerCapacity) -> ManagerCapacity:
    capacity = editing.locked(capacity)
    if not policies.can_edit_programme(actor, capacity.programme):
        raise PermissionDenied
    return capacity
