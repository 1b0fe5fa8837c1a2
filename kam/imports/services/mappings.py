"""Mappings that are kept for the next file with the same columns."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db import transaction

from kam.changes import editing, record
from kam.changes.models import Change
from kam.imports.models import RememberedMapping

MAPPING_FIELDS = ("name",)


@transaction.atomic
def rename_mapping(
    *,
    actor: AbstractBaseUser,
    mapping: RememberedMapping,
    expected_version: int | None,
    changes: dict[str, Any],
) -> RememberedMapping:
    """Call a kept mapping something else. Raises PermissionDenied or VersionConflict."""
    mapping = _locked(actor, mapping)
    return editing.save(
        actor=actor,
        obj=mapping,
        changes=changes,
        expected_version=expected_version,
        audience=Change.Audience.PROGRAMME,
        audience_id=mapping.scope_id,
    )


@transaction.atomic
def drop_mapping(
    *, actor: AbstractBaseUser, mapping: RememberedMapping, expected_version: int | None = None
) -> None:
    """Forget how files with these columns were read; the next one is understood anew.

    Raises PermissionDenied or VersionConflict.
    """
    mapping = _locked(actor, mapping)
    editing.expect(mapping, expected_version)
    record.change(
        actor=actor,
        obj=mapping,
        verb="deleted",
        before={"name": mapping.name, "columns": mapping.columns, "fields": mapping.fields},
        after={},
        audience=Change.Audience.PROGRAMME,
        audience_id=mapping.scope_id,
    )
    mapping.delete()


def _locked(actor: AbstractBaseUser, mapping: RememberedMapping) -> RememberedMapping:
    if not RememberedMapping.objects.editable_by(actor).filter(pk=mapping.pk).exists():
        raise PermissionDenied
    return editing.locked(mapping)
