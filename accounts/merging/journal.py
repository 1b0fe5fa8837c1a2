"""Writes of a merge, each noted so that exactly it can be taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts.models import Merge, MergeStep

PART = 5000
"""Keys in one step: a row of the journal stays small however much moves."""


def columns_of(obj: models.Model, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Columns of `obj` by attribute name, as a step stores them."""
    fields = obj._meta.concrete_fields
    wanted = None if names is None else set(names)
    return {
        field.attname: getattr(obj, field.attname)
        for field in fields
        if wanted is None or {field.name, field.attname} & wanted
    }


def as_stored(model: type[models.Model], values: dict[str, Any]) -> dict[str, Any]:
    """Columns out of a step's JSON in the types of their fields."""
    by_column = {field.attname: field for field in model._meta.concrete_fields}
    return {name: _python(by_column[name], value) for name, value in values.items()}


def _python(field: Any, value: Any) -> Any:
    return value if value is None or field.is_relation else field.to_python(value)


def touch(model: type[models.Model]) -> dict[str, Any]:
    """Columns that say to other systems and to whoever is editing that a row has changed."""
    names = {field.name for field in model._meta.concrete_fields}
    values: dict[str, Any] = {}
    if "version" in names:
        values["version"] = F("version") + 1
    if "updated_at" in names:
        values["updated_at"] = timezone.now()
    return values


class Journal:
    """The writes of one merge."""

    def __init__(self, merge: Merge) -> None:
        self.merge = merge
        self.moved: dict[str, int] = {}

    def move(self, rows: models.QuerySet, field: str, to: int, *, quiet: bool = False) -> int:
        """Let `field` of `rows` point to the key `to`; returns how many. `quiet`: neither version
        nor date of the rows moves, because what people read of them stays the same."""
        model = rows.model
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        if not keys:
            return 0
        label = model._meta.label
        MergeStep.objects.bulk_create(
            [
                MergeStep(
                    merge=self.merge,
                    action=MergeStep.Action.MOVED,
                    model=label,
                    field=field,
                    keys=keys[start : start + PART],
                    after={"quiet": True} if quiet else {},
                )
                for start in range(0, len(keys), PART)
            ]
        )
        rows.order_by().update(**{field: to}, **({} if quiet else touch(model)))
        self.moved[label] = self.moved.get(label, 0) + len(keys)
        return len(keys)

    def change(self, obj: models.Model, values: dict[str, Any], *, whole: bool = False) -> None:
        """Set columns of one row, by attribute name; `whole`: also those that do not differ."""
        before = columns_of(obj, values)
        different = {
            name: value for name, value in values.items() if whole or before[name] != value
        }
        if not different:
            return
        model = type(obj)
        model._base_manager.filter(pk=obj.pk).update(**different, **touch(model))
        self._note(
            MergeStep.Action.CHANGED,
            obj,
            before={name: before[name] for name in different},
            after=different,
        )

    def settled(self, model: type[models.Model]) -> set[int]:
        """Keys of rows of `model` that this merge has decided about, one by one."""
        steps = MergeStep.objects.filter(merge=self.merge, model=model._meta.label)
        decided = steps.exclude(action=MergeStep.Action.MOVED).values_list("keys", flat=True)
        return {key for keys in decided for key in keys}

    def remove(self, obj: models.Model) -> None:
        """Delete a row; all its columns are kept."""
        self._note(MergeStep.Action.REMOVED, obj, before=columns_of(obj))
        type(obj)._base_manager.filter(pk=obj.pk).delete()

    def created(self, obj: models.Model) -> None:
        """Note a row that the merge has made."""
        self._note(MergeStep.Action.CREATED, obj)

    def _note(self, action: str, obj: models.Model, **values: Any) -> None:
        MergeStep.objects.create(
            merge=self.merge, action=action, model=obj._meta.label, keys=[obj.pk], **values
        )


def model_of(step: MergeStep) -> Any:
    """The model of a step's rows."""
    return apps.get_model(step.model)
