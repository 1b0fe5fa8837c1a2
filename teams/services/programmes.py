"""Programmes and their dated settings."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from kam.changes import editing, record
from kam.changes.errors import field_error
from teams import policies, programme_settings
from teams.models import Function, Programme, ProgrammeSetting, User

PROGRAMME_FIELDS = (
    "name",
    "supplier_name",
    "definition",
    "currency",
    "fiscal_year_start",
    "time_zone",
    "preset",
    "approval",
)
FUNCTIONS = {
    "sales": "Sales",
    "marketing": "Marketing",
    "operations": "Operations",
    "logistics": "Logistics",
    "engineering": "Engineering",
    "rnd": "R&D",
    "finance": "Finance",
    "legal": "Legal",
    "it": "IT",
    "service": "Service",
}
"""Functions of a new programme (`design.md` 11)."""


@transaction.atomic
def create_programme(*, actor: User, values: dict[str, Any]) -> Programme:
    """Open a programme with the usual functions; `values` are of `PROGRAMME_FIELDS`."""
    if not policies.can_create_programme(actor):
        raise PermissionDenied
    programme = Programme(**values)
    programme.full_clean()
    programme.save(force_insert=True)
    record.created(
        actor=actor,
        obj=programme,
        fields=PROGRAMME_FIELDS,
        audience="programme",
        audience_id=programme.pk,
    )
    for code, name in FUNCTIONS.items():
        function = Function(programme=programme, code=code, name=name)
        editing.create(actor=actor, obj=function, fields=("name", "code"))
    return programme


@transaction.atomic
def update_programme(
    *, actor: User, programme: Programme, expected_version: int | None, changes: dict[str, Any]
) -> Programme:
    """Change `PROGRAMME_FIELDS` of a programme; earlier definitions stay in history (K001).

    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    programme = editing.locked(programme)
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    return editing.save(
        actor=actor,
        obj=programme,
        changes=changes,
        expected_version=expected_version,
        audience="programme",
        audience_id=programme.pk,
    )


@transaction.atomic
def change_settings(
    *,
    actor: User,
    programme: Programme,
    values: Mapping[str, Decimal],
    valid_from: datetime.date,
    reason: str,
) -> list[ProgrammeSetting]:
    """Set `values` of handbook Appendix B from the day `valid_from` on, for `reason`.

    Values are in the unit of their definition (ratios as 0..1). Those that already stand on that
    day are left alone; the rows of the others are returned. Raises PermissionDenied, or
    ValidationError keyed by setting.
    """
    programme = Programme.objects.select_for_update(of=("self",), no_key=True).get(pk=programme.pk)
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    if not reason.strip():
        raise field_error("reason", _("Say why."), "required")
    standing = programme_settings.settings_on(programme, valid_from)
    programme_settings.check(values, standing)
    before = {name: standing[name] for name, value in values.items() if standing[name] != value}
    rows = []
    for name in before:
        row = ProgrammeSetting(
            programme=programme,
            name=name,
            value=values[name],
            valid_from=valid_from,
            set_by=actor,
            reason=reason.strip(),
        )
        row.full_clean()
        row.save(force_insert=True)
        rows.append(row)
    if rows:
        record.change(
            actor=actor,
            obj=programme,
            verb="settings_changed",
            before=before,
            after={row.name: row.value for row in rows}
            | {"valid_from": valid_from, "reason": reason.strip()},
            audience="programme",
            audience_id=programme.pk,
        )
    return rows
