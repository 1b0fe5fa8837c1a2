"""Changes of structure, reporting lines and pay, with what they do to accounts (K132)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import OrganisationChange
from kam.access.dates import business_today
from kam.changes import editing
from teams import policies
from teams.models import Programme, User

CHANGE_FIELDS = ("kind", "text", "effective_on", "impact", "risk", "care")
ASSESSING = frozenset({"impact", "risk"})
"""What makes an assessment."""


@transaction.atomic
def record_change(
    *, actor: User, programme: Programme, changes: Mapping[str, Any]
) -> OrganisationChange:
    """Record a change; one without an assessment is taken, and warns until there is one
    (`design.md` 11). For who runs the programme. Raises PermissionDenied or ValidationError."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    change = OrganisationChange(programme=programme, **changes)
    if change.is_assessed:
        change.assessed_by, change.assessed_on = actor, business_today()
    return editing.create(actor=actor, obj=change, fields=("programme", *CHANGE_FIELDS))


@transaction.atomic
def update_change(
    *,
    actor: User,
    change: OrganisationChange,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> OrganisationChange:
    """Correct it, or assess it: whoever says what it does is named. Raises PermissionDenied,
    VersionConflict or ValidationError."""
    change = _editable(actor, change)
    values = dict(changes)
    after = {name: values.get(name, getattr(change, name)) for name in ASSESSING}
    if any(after[name] != getattr(change, name) for name in ASSESSING):
        is_assessed = all(str(text).strip() for text in after.values())
        values["assessed_by"] = actor if is_assessed else None
        values["assessed_on"] = business_today() if is_assessed else None
    return editing.save(actor=actor, obj=change, changes=values, expected_version=expected_version)


@transaction.atomic
def archive_change(
    *, actor: User, change: OrganisationChange, expected_version: int | None = None
) -> OrganisationChange:
    """Take it out of the list."""
    return editing.archive(
        actor=actor, obj=_editable(actor, change), expected_version=expected_version
    )


@transaction.atomic
def restore_change(
    *, actor: User, change: OrganisationChange, expected_version: int | None = None
) -> OrganisationChange:
    """Bring it back."""
    return editing.restore(
        actor=actor, obj=_editable(actor, change), expected_version=expected_version
    )


def _editable(actor: User, change: OrganisationChange) -> OrganisationChange:
    change = editing.locked(change)
    if not policies.can_edit_programme(actor, change.programme):
        raise PermissionDenied
    return change
