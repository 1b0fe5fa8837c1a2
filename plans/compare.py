"""Differences between two frozen versions of a plan, field by field (handbook 4.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from kam.web.forms import word_differences
from plans.models import Action, Plan
from plans.snapshots import KINDS

MODELS: dict[str, type[models.Model]] = {
    "plan": Plan,
    **{name: model for name, model, _path in KINDS},
    "actions": Action,
}
NAMED = ("title", "text", "result")
"""Fields that name a row, the best first."""


@dataclass(frozen=True)
class Field:
    """One field that differs: stored values before and after."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class RowDifference:
    """One row: `change` is added, removed or changed."""

    kind: str
    pk: int | None
    name: str
    change: str
    fields: tuple[Field, ...] = ()


def differences(before: dict[str, Any], after: dict[str, Any]) -> list[RowDifference]:
    """Rows that differ between two contents, kind by kind in the order of the plan."""
    found = []
    for kind in MODELS:
        if kind == "plan":
            old = {None: before["plan"]} if before else {}
            new = {None: after["plan"]} if after else {}
        else:
            old = {row["id"]: row for row in before.get(kind, [])}
            new = {row["id"]: row for row in after.get(kind, [])}
        for pk in [*old, *(key for key in new if key not in old)]:
            row = _difference(kind, pk, old.get(pk), new.get(pk))
            if row is not None:
                found.append(row)
    return found


def _difference(
    kind: str, pk: int | None, old: dict[str, Any] | None, new: dict[str, Any] | None
) -> RowDifference | None:
    some = new if new is not None else old or {}
    name = next((str(some[field]) for field in NAMED if some.get(field)), "")
    names = [field for field in {**(old or {}), **(new or {})} if field != "id"]
    fields = tuple(
        Field(field, (old or {}).get(field), (new or {}).get(field))
        for field in names
        if (old or {}).get(field) != (new or {}).get(field)
    )
    if old is None:
        return RowDifference(kind, pk, name, "added", fields)
    if new is None:
        return RowDifference(kind, pk, name, "removed")
    return RowDifference(kind, pk, name, "changed", fields) if fields else None


@dataclass(frozen=True)
class FieldInWords:
    """One field for the page: both texts with the differing words marked."""

    label: str
    before: SafeString
    after: SafeString


@dataclass(frozen=True)
class RowInWords:
    """One row for the page."""

    kind: str
    name: str
    change: str
    change_label: Any
    fields: list[FieldInWords]


CHANGES = {"added": _("added"), "removed": _("taken out"), "changed": _("changed")}


def in_words(rows: list[RowDifference], plan: Plan) -> list[RowInWords]:
    """`rows` as the page shows them; names of people and rows are looked up in one go a kind."""
    words = _Words(rows)
    shown = []
    for row in rows:
        model = MODELS[row.kind]
        fields = []
        for item in row.fields:
            field = _field(model, item.name)
            before, after = word_differences(
                words.of(field, item.before), words.of(field, item.after)
            )
            fields.append(FieldInWords(str(field.verbose_name), before, after))
        title = str(model._meta.verbose_name)
        shown.append(RowInWords(title, row.name, row.change, CHANGES[row.change], fields))
    return shown


def _field(model: type[models.Model], name: str) -> Any:
    """The field `name`, a column of its own, of `model`."""
    return model._meta.get_field(name)


class _Words:
    """Values in words: choices by name, related rows by title."""

    def __init__(self, rows: list[RowDifference]) -> None:
        wanted: dict[type[models.Model], set[int]] = {}
        for row in rows:
            for item in row.fields:
                field = _field(MODELS[row.kind], item.name)
                if field.is_relation:
                    ids = wanted.setdefault(field.related_model, set())
                    ids.update(value for value in (item.before, item.after) if value)
        self.names = {
            model: {pk: str(row) for pk, row in model._default_manager.in_bulk(ids).items()}
            for model, ids in wanted.items()
        }

    def of(self, field: Any, value: Any) -> str:
        """`value` of `field` as a reader understands it; nothing for an empty one."""
        if value in (None, ""):
            return ""
        if field.is_relation:
            return self.names[field.related_model].get(value, str(value))
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(value, bool):
            return str(_("yes") if value else _("no"))
        return str(field.to_python(value))
