"""The content of a plan as plain data: frozen in versions, compared, and read by others.

Money, numbers and dates are strings, relations primary keys.
"""

from __future__ import annotations

import json
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from kam.changes import record
from plans.models import (
    Action,
    Milestone,
    Objective,
    Plan,
    PlanContent,
    Risk,
    Strategy,
    SwotEntry,
)

KINDS: tuple[tuple[str, type[PlanContent], str], ...] = (
    ("objectives", Objective, "plan"),
    ("strategies", Strategy, "objective__plan"),
    ("milestones", Milestone, "objective__plan"),
    ("swot_entries", SwotEntry, "plan"),
    ("risks", Risk, "plan"),
)
"""Kinds of rows of a plan: name in a version, model, look-up of the plan."""

ACTION_FIELDS = ("text", "objective", "strategy", "owner", "due", "effort_days", "status")


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """`values` as JSON stores them."""
    return json.loads(json.dumps(values, cls=DjangoJSONEncoder))


def content_of(row: Plan | PlanContent) -> dict[str, Any]:
    """Content fields of one row."""
    return plain(record.snapshot(row, row.CONTENT_FIELDS))


def take(plan: Plan) -> dict[str, Any]:
    """The whole working copy: the plan's own fields, its rows by kind, its actions."""
    content: dict[str, Any] = {"plan": content_of(plan)}
    for name, model, path in KINDS:
        rows = rows_of(plan, model, path).filter(archived_at=None)
        fields = model.editable_fields()
        if model.PARENT != "plan":
            fields = (model.PARENT, *fields)
            rows = rows.filter(**{f"{model.PARENT}__archived_at": None})
        content[name] = [_row(row, fields) for row in rows]
    actions = Action.objects.filter(objective__plan=plan, archived_at=None).order_by("due", "pk")
    content["actions"] = [_row(action, ACTION_FIELDS) for action in actions]
    return content


def rows_of(plan: Plan, model: type[PlanContent], path: str) -> models.QuerySet:
    """All rows of one kind of the plan, archived ones, too, each with its parent at hand."""
    return model._default_manager.filter(**{path: plan}).select_related(model.PARENT)


def _row(row: models.Model, fields: tuple[str, ...]) -> dict[str, Any]:
    return {"id": row.pk, **plain(record.snapshot(row, fields))}
