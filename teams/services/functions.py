"""The list of functions (`design.md` 11)."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction

from kam.changes import editing
from teams import policies
from teams.models import Function, Programme, User

FIELDS = ("name", "code")


@transaction.atomic
def create_function(*, actor: User, programme: Programme, name: str, code: str) -> Function:
    """Add a function to the list of `programme`; its `code` stays the same for other systems."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    function = Function(programme=programme, name=name, code=code)
    return editing.create(actor=actor, obj=function, fields=FIELDS)


@transaction.atomic
def update_function(
    *, actor: User, function: Function, expected_version: int | None, name: str
) -> Function:
    """Rename a function wherever it is used; raises VersionConflict."""
    function = editing.locked(function)
    if not policies.can_edit_function(actor, function):
        raise PermissionDenied
    return editing.save(
        actor=actor, obj=function, changes={"name": name}, expected_version=expected_version
    )


@transaction.atomic
def archive_function(
    *, actor: User, function: Function, expected_version: int | None = None
) -> Function:
    """Take a function off the list; whoever serves in it keeps it."""
    function = editing.locked(function)
    if not policies.can_edit_function(actor, function):
        raise PermissionDenied
    return editing.archive(actor=actor, obj=function, expected_version=expected_version)


@transaction.atomic
def restore_function(
    *, actor: User, function: Function, expected_version: int | None = None
) -> Function:
    """Bring a function back to the list."""
    function = editing.locked(function)
    if not policies.can_edit_function(actor, function):
        raise PermissionDenied
    return editing.restore(actor=actor, obj=function, expected_version=expected_version)
