"""What a reader sees of a plan: the working copy, or the content as last approved."""

from __future__ import annotations

from typing import Any, TypeVar, cast

from django.db import models

from plans.models import Plan, PlanContent

Row = TypeVar("Row", Plan, PlanContent)

ALWAYS_READ = ("title", "starts_on", "ends_on", "currency")
"""Fields of a plan that are no secret before its first approval: that it is being written."""


def as_read(row: Row) -> Row:
    """`row` (from `visible_to`) with the approved content in place of the working one, for
    whoever does not read the working copy. State, readings and dates of execution stay live."""
    if row.reads_working:  # type: ignore[attr-defined]
        return row
    approved = row.approved
    if approved is None:
        for name in row.CONTENT_FIELDS:
            if name not in ALWAYS_READ:
                setattr(row, name, "")
        return row
    for name, value in approved.items():
        _put(row, cast("models.Field[Any, Any]", row._meta.get_field(name)), value)
    return row


def is_current(row: PlanContent) -> bool:
    """Whether `row` (from `visible_to`) is one of the queryset's `current()`: no working row that
    is archived, or under an archived objective."""
    if not row.reads_working:  # type: ignore[attr-defined]
        return True
    objective = row.objective if row.PARENT == "objective" else None  # type: ignore[attr-defined]
    return not row.is_archived and not (objective is not None and objective.is_archived)


def _put(row: models.Model, field: models.Field, value: Any) -> None:
    if field.is_relation:
        if getattr(row, field.attname) != value:
            setattr(row, field.attname, value)
    else:
        setattr(row, field.name, field.to_python(value))
