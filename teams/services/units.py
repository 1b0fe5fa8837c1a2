"""Business units: a tree that stays one, whoever moves what at the same time."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kam.access import tree
from kam.changes import editing
from kam.changes.errors import field_error
from teams import policies
from teams.models import BusinessUnit, Programme, RoleGrant, User

UNIT_FIELDS = ("name", "code", "parent")


def _lock_tree(programme_id: int) -> Programme:
    """One change of the tree at a time: all take the lock of the programme first."""
    return Programme.objects.select_for_update(of=("self",), no_key=True).get(pk=programme_id)


def _check_parent(programme_id: int, parent: BusinessUnit | None) -> BusinessUnit | None:
    """Fresh copy of `parent`, which must be in use and of the same programme."""
    if parent is None:
        return None
    fresh = BusinessUnit.objects.active().filter(pk=parent.pk, programme=programme_id).first()
    if fresh is None:
        raise field_error("parent", _("No such unit in this programme."), "invalid")
    return fresh


@transaction.atomic
def create_unit(
    *,
    actor: User,
    programme: Programme,
    name: str,
    code: str = "",
    parent: BusinessUnit | None = None,
) -> BusinessUnit:
    """Add a unit to the tree of `programme`, below `parent` or as a root."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    programme = _lock_tree(programme.pk)
    parent = _check_parent(programme.pk, parent)
    unit = BusinessUnit(programme=programme, name=name, code=code, parent=parent)
    unit = editing.create(actor=actor, obj=unit, fields=UNIT_FIELDS)
    unit.path = tree.path_for(unit)
    unit.save(update_fields=["path"])
    return unit


@transaction.atomic
def update_unit(
    *, actor: User, unit: BusinessUnit, expected_version: int | None, changes: dict[str, Any]
) -> BusinessUnit:
    """Rename a unit or put it, with all below it, somewhere else in the tree.

    Raises VersionConflict, or ValidationError where the tree would become a circle.
    """
    _lock_tree(unit.programme_id)
    unit = editing.locked(unit)
    if not policies.can_edit_unit(actor, unit):
        raise PermissionDenied
    old = unit.path
    if "parent" in changes:
        parent = _check_parent(unit.programme_id, changes["parent"])
        tree.refuse_cycle(unit, parent)
        changes = {**changes, "parent": parent}
    unit = editing.save(actor=actor, obj=unit, changes=changes, expected_version=expected_version)
    new = tree.path_for(unit)
    if new != old:
        tree.move(BusinessUnit.objects.all(), old, new)
        unit.path = new
    return unit


@transaction.atomic
def archive_unit(
    *, actor: User, unit: BusinessUnit, expected_version: int | None = None
) -> BusinessUnit:
    """Take a unit off the lists; refused while units lie below it or somebody answers for it."""
    _lock_tree(unit.programme_id)
    unit = editing.locked(unit)
    if not policies.can_edit_unit(actor, unit):
        raise PermissionDenied
    if BusinessUnit.objects.active().filter(parent=unit).exists():
        raise ValidationError(_("Units lie below it: move them first."), code="in_use")
    if RoleGrant.objects.filter(business_unit=unit, valid_until=None).exists():
        raise ValidationError(_("Somebody answers for it: end the role first."), code="in_use")
    return editing.archive(actor=actor, obj=unit, expected_version=expected_version)


@transaction.atomic
def restore_unit(
    *, actor: User, unit: BusinessUnit, expected_version: int | None = None
) -> BusinessUnit:
    """Bring a unit back; refused while the one above it is archived."""
    _lock_tree(unit.programme_id)
    unit = editing.locked(unit)
    if not policies.can_edit_unit(actor, unit):
        raise PermissionDenied
    if BusinessUnit.objects.filter(pk=unit.parent_id, archived_at__isnull=False).exists():
        raise ValidationError(_("Restore the unit above it first."), code="archived")
    return editing.restore(actor=actor, obj=unit, expected_version=expected_version)
