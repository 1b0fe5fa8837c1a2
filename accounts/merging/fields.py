"""Which of two values stays, field by field: people choose, what is empty is filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Account, Contact
from accounts.models.people import ATTITUDES, BuyingRole
from kam.access.querysets import Reader
from kam.changes.errors import field_error
from kam.web import formatting

SURVIVOR, LOSER = "survivor", "loser"
GROUPS: dict[type[models.Model], dict[str, tuple[str, ...]]] = {
    Account: {
        "name": ("name",),
        "status": ("status", "status_since", "rationale", "rationale_types"),
        "stage": ("stage", "stage_since", "relationship_index", "reviewed_on", "review_due_on"),
        "target_stage": ("target_stage", "target_stage_by"),
        "team": ("team",),
        "business_unit": ("business_unit",),
        "parent": ("parent",),
        "channel": ("channel",),
        "country": ("country",),
        "industry": ("industry",),
        "currency": ("currency",),
        "decision_level": ("decision_level",),
        "planned_cost": ("planned_cost",),
        "planned_effort": ("planned_effort",),
        "size": ("size",),
        "reach": ("reach",),
        "intent": ("intent",),
        "criticality": ("criticality",),
        "potential_contribution": ("potential_contribution",),
        "website": ("website",),
        "description": ("description",),
    },
    Contact: {
        "name": ("name",),
        "job_title": ("job_title",),
        "email": ("email",),
        "phone": ("phone",),
        "function": ("function",),
        "level": ("level",),
        "buying_roles": ("buying_roles",),
        "influence": ("influence",),
        "attitude": ("attitude",),
        "interval_days": ("interval_days",),
        "site": ("site",),
        "reports_to": ("reports_to",),
        "confidence": ("confidence", "source"),
    },
}
"""Columns that are chosen together, by the name of the choice."""
UNCHOSEN: dict[type[models.Model], frozenset[str]] = {
    Account: frozenset({"id", "programme", "root", "path", "staged_by", "merged_into"}),
    Contact: frozenset({"id", "account", "merged_into", "last_talked_on", "quiet_on"}),
}
"""Columns about which nobody decides: they are the row's own, or follow from others."""
SIDES = {SURVIVOR: gettext_lazy("stays"), LOSER: gettext_lazy("taken up")}


@dataclass(frozen=True)
class Choice:
    """One field of both rows in words; `chosen` is the side whose value stays."""

    name: str
    label: str
    survivor: str
    loser: str
    chosen: str
    same: bool

    @property
    def blank(self) -> bool:
        """Whether neither row has a value."""
        return self.same and not self.survivor

    @property
    def takes_other(self) -> bool:
        """Whether the value of the row that is taken up stays."""
        return self.chosen == LOSER


def chosen_sides(survivor: Any, loser: Any, wanted: Mapping[str, str]) -> dict[str, str]:
    """Side by name of the choice: as wanted, else the one that stays unless it is empty.

    Raises ValidationError on a name or side that does not exist.
    """
    groups = GROUPS[type(survivor)]
    wrong = [name for name, side in wanted.items() if name not in groups or side not in SIDES]
    if wrong:
        text = _("There is no such choice: %(name)s.") % {"name": wrong[0]}
        raise field_error("choices", text, "choices")
    return {
        name: wanted.get(name) or _default(survivor, loser, columns[0])
        for name, columns in groups.items()
    }


def values_of(survivor: Any, loser: Any, sides: Mapping[str, str]) -> dict[str, Any]:
    """Columns that the one that stays takes over, by attribute name."""
    model = type(survivor)
    taken = [name for name, side in sides.items() if side == LOSER]
    fields = [model._meta.get_field(column) for name in taken for column in GROUPS[model][name]]
    return {field.attname: getattr(loser, field.attname) for field in fields}


def choices_for(
    survivor: Any, loser: Any, sides: Mapping[str, str], reader: Reader
) -> list[Choice]:
    """Every field of both, as `reader` may read it."""
    model = type(survivor)
    rows = []
    labels = labels_of(model)
    for name, columns in GROUPS[model].items():
        mine, theirs = (_words(side, columns, reader) for side in (survivor, loser))
        same = all(getattr(survivor, one) == getattr(loser, one) for one in columns)
        rows.append(Choice(name, labels[name], mine, theirs, sides[name], same))
    return rows


def labels_of(model: type[models.Model]) -> dict[str, str]:
    """Name of each choice in words."""
    named = {name: model._meta.get_field(columns[0]) for name, columns in GROUPS[model].items()}
    words: dict[str, str] = {
        name: str(field.verbose_name)  # type: ignore[union-attr]
        for name, field in named.items()
    }
    return {name: text[:1].upper() + text[1:] for name, text in words.items()}


def _default(survivor: Any, loser: Any, column: str) -> str:
    empty: tuple[Any, ...] = (None, "", [])
    mine, theirs = getattr(survivor, column), getattr(loser, column)
    return LOSER if mine in empty and theirs not in empty else SURVIVOR


def _words(obj: Any, columns: tuple[str, ...], reader: Reader) -> str:
    """The value of the first column; behind it those of the others, days and figures named."""
    first, *others = ((column, _value(obj, column, reader)) for column in columns)
    parts = [first[1], *(_named(obj, column, text) for column, text in others if text)]
    return " · ".join(part for part in parts if part)


def _named(obj: Any, column: str, text: str) -> str:
    field: Any = obj._meta.get_field(column)
    named = isinstance(field, models.DateField | models.DecimalField)
    return f"{field.verbose_name} {text}" if named else text


def _value(obj: Any, column: str, reader: Reader) -> str:
    field: Any = obj._meta.get_field(column)
    value = getattr(obj, column)
    if value in (None, "", []) or value is False:
        return ""
    if value is True:
        return _("yes")
    if field.is_relation:
        rows = field.related_model._default_manager.visible_to(reader)
        return str(value) if rows.filter(pk=value.pk).exists() else ""
    if column == "attitude":
        return str(ATTITUDES[value])
    if column == "buying_roles":
        return ", ".join(str(BuyingRole(role).label) for role in value)
    if field.choices:
        return str(getattr(obj, f"get_{column}_display")())
    if isinstance(value, list):
        return ""
    if isinstance(field, models.DateField):
        return formatting.short_day(value)
    if isinstance(field, models.DecimalField):
        return formatting.number(value, 1)
    return str(value)
