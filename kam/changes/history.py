"""The change log in words, for whoever may read it.

A row is read as it was written; what it points to is named only as far as the reader may see that,
too. What they may not see is neutral: a relation "changed", an object is only its kind.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from kam.access.prepared import kept_among
from kam.access.querysets import Reader, scope_model, sight_of
from kam.changes.models import Change

VERBS = {
    "created": gettext_lazy("created"),
    "updated": gettext_lazy("changed"),
    "archived": gettext_lazy("archived"),
    "restored": gettext_lazy("restored"),
    "revoked": gettext_lazy("revoked"),
    "submitted": gettext_lazy("submitted"),
    "approved": gettext_lazy("approved"),
    "imported": gettext_lazy("finished"),
    "undone": gettext_lazy("took back"),
    "import_undone": gettext_lazy("took back the import of"),
    "ended": gettext_lazy("ended"),
    "withdrawn": gettext_lazy("withdrew"),
    "deactivated": gettext_lazy("barred"),
    "activated": gettext_lazy("activated"),
    "invited": gettext_lazy("invited"),
    "settings_changed": gettext_lazy("changed settings of"),
    "proposed": gettext_lazy("proposed"),
    "confirmed": gettext_lazy("confirmed"),
    "rejected": gettext_lazy("rejected"),
    "stage": gettext_lazy("reviewed the stage of"),
    "status": gettext_lazy("changed the status of"),
    "decided": gettext_lazy("settled"),
    "scored": gettext_lazy("gave"),
    "merged": gettext_lazy("merged a duplicate into"),
    "merged_into": gettext_lazy("merged away"),
    "merge_undone": gettext_lazy("took back the merge of"),
    "dismissed": gettext_lazy("dismissed"),
    "access.granted": gettext_lazy("gave sight of"),
    "access.revoked": gettext_lazy("took sight of"),
    "replaced": gettext_lazy("replaced"),
    "rotated": gettext_lazy("gave a new secret to"),
    "replayed": gettext_lazy("asked again for what was told to"),
    "switched_off": gettext_lazy("switched off, after lasting failure,"),
}
TELLING = (
    "status",
    "state",
    "stage",
    "role",
    "user",
    "owner",
    "due",
    "target",
    "amount",
    "kind",
    "type",
    "quadrant",
    "category",
    "job_title",
    "valid_from",
    "valid_until",
)
"""Fields of something new that say most about it, in this order."""
FEW_OF_NEW, FEW_OF_CHANGED, LONGEST = 3, 4, 160
"""Fields that stand in a line, of something new and of something changed, and how long a value
there may be; all others are folded away."""


@dataclass(frozen=True)
class FieldChange:
    """One field of a change: `before` and `after` are None when empty; both are when `hidden`,
    because they name what the reader may not see."""

    name: str
    label: str
    before: Any = None
    after: Any = None
    hidden: bool = False

    @property
    def is_short(self) -> bool:
        """Whether both values fit into a line."""
        return max(len(str(self.before)), len(str(self.after))) <= LONGEST


@dataclass(frozen=True)
class Line:
    """One change as a reader sees it; `account`, `label` and `url` (the page of the object, if it
    has one) are empty where they may not."""

    change: Change
    who: str
    verb: str
    kind: str
    label: str
    account: models.Model | None
    fields: tuple[FieldChange, ...]
    url: str = ""

    @property
    def at(self) -> Any:
        return self.change.at

    @property
    def stamp(self) -> str:
        """The moment for machines, in the reader's zone."""
        return timezone.localtime(self.change.at).isoformat()

    @property
    def is_account(self) -> bool:
        """Whether the change is of the account itself, not of something that hangs on it."""
        return self.change.object_type == scope_model()._meta.label_lower

    @property
    def is_new(self) -> bool:
        """Whether nothing stood there before."""
        return not self.change.before

    @cached_property
    def first(self) -> tuple[FieldChange, ...]:
        """The few fields that say what happened."""
        if not self.is_new:
            return tuple(item for item in self.fields if item.is_short)[:FEW_OF_CHANGED]
        telling = [
            item
            for item in self.fields
            if item.is_short and item.after is not None and not self._says(item)
        ]
        telling.sort(
            key=lambda item: TELLING.index(item.name) if item.name in TELLING else len(TELLING)
        )
        return tuple(telling[:FEW_OF_NEW])

    @cached_property
    def rest(self) -> tuple[FieldChange, ...]:
        """All other fields, for whoever asks."""
        return tuple(
            item
            for item in self.fields
            if item not in self.first and not (self.is_new and self._says(item))
        )

    def _says(self, item: FieldChange) -> bool:
        """Whether the line itself holds what `item` says: the name, and the account."""
        return not item.hidden and str(item.after) in {self.label, str(self.account)}

    @property
    def source(self) -> str:
        """From where, with the token's or command's name."""
        name = _source(self.change.source, get_language())
        if self.change.source in ("api", "command") and self.change.source_reference:
            return f"{name} ({self.change.source_reference})"
        return name


SOURCES = dict(Change.Source.choices)


def model_of(object_type: str) -> type[models.Model] | None:
    """Model of a row's object; None when the product no longer has it."""
    try:
        return apps.get_model(object_type)
    except (LookupError, ValueError):
        return None


def kinds() -> list[tuple[str, str]]:
    """Kinds of objects that history can show, for a filter."""
    own = [item for item in apps.get_models() if hasattr(item, "version") and _has_rule(item)]
    named = [(item._meta.label_lower, capfirst(str(item._meta.verbose_name))) for item in own]
    return sorted(named, key=lambda pair: pair[1])


def describe(rows: Iterable[Change], user: Reader) -> list[Line]:
    """`rows` (already visible to `user`) in words; queries do not grow with their number."""
    rows = list(rows)
    sight = _Sight(rows, user)
    return [sight.line(row) for row in rows]


def readable(rows: Iterable[Change], user: Reader) -> list[dict[str, Any]]:
    """`label`, `before` and `after` of `rows` for other systems: what `user` may not see is
    empty, as an invisible parent reads as none (`design.md` 4.1)."""
    rows = list(rows)
    sight = _Sight(rows, user)
    return [
        {
            "label": row.object_label if sight.shows_object(row) else "",
            "before": sight.values(row, row.before),
            "after": sight.values(row, row.after),
        }
        for row in rows
    ]


def _has_rule(model: type[models.Model]) -> bool:
    return hasattr(model._default_manager.all(), "visible_to")


@cache
def _places(model: type[models.Model]) -> dict[str, int]:
    """The fields of `model` in their order."""
    return {field.name: place for place, field in enumerate(model._meta.get_fields())}


@cache
def _relation(model: type[models.Model] | None, name: str) -> type[models.Model] | None:
    """Model to whose keys the field `name` points; None for plain fields, and for what hangs on
    `model`: that is logged in words."""
    if model is None:
        return None
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        return None
    points = field.is_relation and field.concrete
    return field.related_model if points else None  # type: ignore[return-value]


def _keys(value: Any) -> list[Any]:
    found = value if isinstance(value, list) else [value]
    return [item for item in found if item is not None]


class _Sight:
    """What one reader sees of what a page of rows names: one query a kind."""

    def __init__(self, rows: list[Change], user: Reader) -> None:
        self.user = user
        self.models = {row.object_type: model_of(row.object_type) for row in rows}
        wanted: dict[type[models.Model], set[Any]] = defaultdict(set)
        for row in rows:
            model = self.models[row.object_type]
            for values in (row.before, row.after):
                for name, value in values.items():
                    related = _relation(model, name)
                    if related is not None:
                        wanted[related].update(_keys(value))
        accounts = {row.account_id for row in rows if row.account_id is not None}
        self.accounts = self._visible(scope_model(), accounts | wanted.pop(scope_model(), set()))
        self.named = {model: self._visible(model, keys) for model, keys in wanted.items()}
        self.named[scope_model()] = self.accounts
        self.objects = self._objects(rows)

    def _visible(self, model: type[models.Model], keys: set[Any]) -> dict[Any, models.Model]:
        """Rows of `model` among `keys` that the reader may see. People are named to whoever may
        read the row that names them (`design.md` 4.1: users show as names to colleagues)."""
        if not keys:
            return {}
        everybody = model is get_user_model()
        if not everybody and not _has_rule(model):
            return {}

        def rows(pks: list[int]) -> models.QuerySet:
            found: Any = model._default_manager.all()
            found = found if everybody else found.visible_to(self.user)
            return found.filter(pk__in=pks).order_by()

        if not all(isinstance(key, int) for key in keys):
            return {row.pk: row for row in rows(list(keys))}
        sight = None if everybody else sight_of(self.user)
        return {row.pk: row for row in kept_among(("named", model, sight), rows, keys)}

    def _objects(self, rows: list[Change]) -> dict[str, dict[Any, models.Model] | None]:
        """Visible objects by kind and key; None where the kind has no rule of its own."""
        keys: dict[str, set[Any]] = defaultdict(set)
        for row in rows:
            keys[row.object_type].add(row.object_id)
        found: dict[str, dict[Any, models.Model] | None] = {}
        for object_type, pks in keys.items():
            model = self.models[object_type]
            if model is None or not _has_rule(model) or model is get_user_model():
                found[object_type] = None
            elif model is scope_model() and pks <= set(self.accounts):
                found[object_type] = self.accounts
            else:
                found[object_type] = self._visible(model, pks)
        return found

    def shows_object(self, row: Change) -> bool:
        """Whether the reader may see the row's object itself."""
        keys = self.objects[row.object_type]
        return keys is None or row.object_id in keys

    def _url(self, row: Change) -> str:
        """Address of the object's page; empty without one, and of what is not to be seen."""
        obj: Any = (self.objects[row.object_type] or {}).get(row.object_id)
        return obj.get_absolute_url() if hasattr(obj, "get_absolute_url") else ""

    def _shows(self, related: type[models.Model], value: Any) -> bool:
        return all(key in self.named.get(related, {}) for key in _keys(value))

    def values(self, row: Change, values: dict[str, Any]) -> dict[str, Any]:
        """`values` without keys of what the reader may not see."""
        model = self.models[row.object_type]
        shown = {}
        for name, value in values.items():
            related = _relation(model, name)
            hidden = related is not None and not self._shows(related, value)
            shown[name] = None if hidden else value
        return shown

    def line(self, row: Change) -> Line:
        model = self.models[row.object_type]
        kind = row.object_type.rpartition(".")[2] if model is None else model._meta.verbose_name
        return Line(
            change=row,
            who=str(row.actor) if row.actor else _("the system"),
            verb=_verb(row.verb, get_language()),
            kind=str(kind),
            label=row.object_label if self.shows_object(row) else "",
            account=self.accounts.get(row.account_id),
            fields=tuple(self._fields(row, model)),
            url=self._url(row),
        )

    def _fields(self, row: Change, model: type[models.Model] | None) -> Iterable[FieldChange]:
        order = _places(model) if model else {}
        untold = getattr(model, "untold", ())  # the model's fields that say nothing to people
        names = [*row.before, *(name for name in row.after if name not in row.before)]
        names.sort(key=lambda name: order.get(name, len(order)))
        for name in names:
            if name in untold:
                continue
            item = self._field(model, name, row.before.get(name), row.after.get(name))
            if not row.before or item.hidden or item.before != item.after:
                yield item

    def _field(
        self, model: type[models.Model] | None, name: str, before: Any, after: Any
    ) -> FieldChange:
        try:
            field: Any = model._meta.get_field(name) if model else None
        except FieldDoesNotExist:
            field = None
        if field is None or not field.concrete:
            word = field.related_model._meta.verbose_name_plural if field else name
            label = capfirst(str(word).replace("_", " "))
            return FieldChange(name, label, _plain(before), _plain(after))
        label = _label(field, get_language())
        if not field.is_relation:
            return FieldChange(name, label, _value(field, before), _value(field, after))
        related = field.related_model
        if not (self._shows(related, before) and self._shows(related, after)):
            return FieldChange(name, label, hidden=True)
        return FieldChange(name, label, self._names(related, before), self._names(related, after))

    def _names(self, related: type[models.Model], value: Any) -> str | None:
        return ", ".join(str(self.named[related][key]) for key in _keys(value)) or None


@cache
def _verb(code: str, language: str | None) -> str:
    """What was done, in `language`, which is the one in use."""
    return str(VERBS.get(code, code.replace("_", " ").replace(".", " ")))


@cache
def _source(code: str, language: str | None) -> str:
    """From where, likewise."""
    return str(SOURCES.get(code, code))


@cache
def _label(field: models.Field, language: str | None) -> str:
    """What `field` is called, likewise."""
    return capfirst(str(field.verbose_name))


@cache
def _words(field: models.Field, language: str | None) -> dict[Any, str]:
    """Words for the choices of `field`, likewise."""
    return {value: str(word) for value, word in field.flatchoices}


def _plain(value: Any) -> Any:
    if value in (None, "", [], {}):
        return None
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, list):
        return ", ".join(str(item) for item in value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {item}" for name, item in value.items())
    return value


def _value(field: Any, value: Any) -> Any:
    """A stored value in the type of its field, choices in words; None when empty."""
    if value in (None, ""):
        return None
    if field.choices and (words := _words(field, get_language())):
        return str(words.get(value, value))
    if isinstance(field, models.DateField | models.DecimalField | models.TimeField):
        try:
            return field.to_python(value)
        except ValidationError:  # the field had another type when this was written
            return value
    return _plain(value)
