"""Records come into force and are taken back, each in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, models, transaction
from django.db.models import BigIntegerField, F, Value
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, NullIf
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import record
from kam.changes.models import Change
from kam.documents.models import Attachment
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched, update_each
from kam.imports.records import columns
from kam.imports.records.session import differences, put

if TYPE_CHECKING:
    from kam.imports.records.kind import RecordKind

PART = 500
"""Records written at a time."""


def publish(kind: RecordKind, run: Run) -> None:
    """Make new records and change known ones as staged.

    A known record that somebody has changed since it was read keeps their values of fields that
    the file does not name. Raises ValidationError when a rule stands against it meanwhile.
    """
    with _meanwhile():
        if kind.by_parts:
            for part in StagedRecord.objects.in_parts(run, PART):
                kind.before_publishing(run, part)
                _create(kind, run, [item for item in part if item.created])
                _change(kind, run, [item for item in part if not item.created])
                kind.published(run, part)
        else:
            _publish_whole(kind, run)


@contextmanager
def _meanwhile() -> Iterator[None]:
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        message = _("Somebody has entered one of the records meanwhile. Try the file again.")
        raise ValidationError(message, code="meanwhile") from error


def _publish_whole(kind: RecordKind, run: Run) -> None:
    """In a few statements, however many rows there are; but for records that somebody has changed
    since they were made ready."""
    now = timezone.now()
    columns.insert(kind.model, run, now)
    staged = StagedRecord.objects.filter(run=run)
    known = staged.filter(created=False)
    changed_since = _changed_since(kind, known)
    names = {name for after in known.values_list("after", flat=True) for name in after}
    if names:
        columns.update(kind.model, run, sorted(names), now)
    told = staged.filter(log__has_key="verb").exclude(created=False, object_id__in=changed_since)
    record.copied(
        told.order_by("row", "part"),
        actor_id=Value(run.owner_id),
        source=Value(Change.Source.IMPORT.value),
        source_reference=Value(str(run.pk)),
        verb=KT("log__verb"),
        object_type=Value(kind.model._meta.label_lower),
        object_id=F("object_id"),
        object_label=KT("log__label"),
        account_id=_key_in("log__account_id"),
        audience=KT("log__audience"),
        audience_id=_key_in("log__audience_id"),
        before=F("log__before"),
        after=F("log__after"),
    )
    for part in batched(sorted(changed_since), PART):
        _change(kind, run, list(known.filter(object_id__in=part).order_by("row")))


def _key_in(path: str) -> Cast:
    """A key in JSON; SQLite reads the null of JSON as the text "null", and that as the number 0."""
    return Cast(NullIf(KT(path), Value("null")), BigIntegerField())


def _changed_since(kind: RecordKind, known: Any) -> set[int]:
    """Lock the records that `known` staged rows change; returns those that are not as they were."""
    rows = kind.model._default_manager.select_for_update(of=("self",), no_key=True)
    rows = rows.filter(pk__in=known.order_by().values("object_id")).order_by("pk")
    now = dict(rows.values_list("pk", "version"))
    changed = set()
    for row, pk, version in known.order_by("row").values_list("row", "object_id", "version"):
        if pk not in now:
            raise _gone(row)
        if now[pk] != version:
            changed.add(pk)
    return changed


def make_ready(kind: RecordKind, run: Run) -> int:
    """Work out what the next records of `run` become and what history says of it; returns how
    many, 0 when all are ready."""
    if kind.by_parts:
        return 0
    waiting = StagedRecord.objects.filter(run=run, ready=False)
    staged = list(waiting.order_by("row", "part")[:PART])
    known = kind.model._default_manager.in_bulk(
        [item.object_id for item in staged if not item.created]
    )
    for item in staged:
        item.ready = True
        obj = known.get(item.object_id or 0)
        if item.created:
            obj = _new(kind, item)
            item.columns = columns.kept(obj)
            item.log = _described(kind, obj, "created", {}, item.after | _beside(item))
        elif obj is not None:
            _note_changes(kind, item, obj)
    update_each(staged, ["before", "after", "version", "ready", "columns", "log"])
    return len(staged)


def _note_changes(kind: RecordKind, item: StagedRecord, obj: Any) -> None:
    changes = _changes(item, obj)
    put(obj, changes)
    item.version = obj.version
    item.columns = columns.kept(obj, changes)
    if changes or _beside(item):
        item.log = _described(kind, obj, "updated", item.before, changes | _beside(item))


def _described(
    kind: RecordKind, obj: Any, verb: str, before: dict[str, Any], after: dict[str, Any]
) -> dict[str, Any]:
    """A row of history, as `StagedRecord.log` keeps it."""
    return record.described(_logged(kind, obj, verb, before, after))


def _create(kind: RecordKind, run: Run, staged: list[StagedRecord]) -> None:
    objects = [_new(kind, item) for item in staged]
    kind.model._default_manager.bulk_create(objects)
    made = zip(staged, objects, strict=True)
    _log(kind, run.owner, [(obj, "created", {}, item.after | _beside(item)) for item, obj in made])


def _new(kind: RecordKind, item: StagedRecord) -> Any:
    """The record that a row makes, not stored yet."""
    obj = kind.model(pk=item.object_id)
    put(obj, item.after)
    kind.make_ready(obj)
    return obj


def reserve(kind: RecordKind, run: Run) -> int:
    """Give the next new records of `run` their keys; returns how many, 0 when all have one."""
    waiting = StagedRecord.objects.filter(run=run, created=True, object_id=None)
    staged = list(waiting.order_by("row", "part")[:PART])
    for item, key in zip(staged, _next_keys(kind.model, len(staged)), strict=True):
        item.object_id = key
    update_each(staged, ["object_id"])
    return len(staged)


def _next_keys(model: type[models.Model], count: int) -> list[int]:
    """Keys that no other row of `model` gets from now on, whatever becomes of these."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            sequence = "nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)"
            cursor.execute("SELECT " + sequence, [f'"{table}"', count])
            return [key for (key,) in cursor.fetchall()]
        cursor.execute("SELECT seq FROM sqlite_sequence WHERE name = %s", [table])
        found = cursor.fetchone()
        if found is None:
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, 0)", [table])
        last = found[0] if found else 0
        ahead = [last + count, table]
        cursor.execute("UPDATE sqlite_sequence SET seq = %s WHERE name = %s", ahead)
        return list(range(last + 1, last + count + 1))


def _change(kind: RecordKind, run: Run, staged: list[StagedRecord]) -> None:
    found = _locked(kind, staged)
    changed, log = [], []
    for item in staged:
        obj = found.get(item.object_id or 0)
        if obj is None:
            raise _gone(item.row)
        changes = _changes(item, obj)
        if changes:
            put(obj, changes)
            obj.version += 1
            changed.append(obj)
        if changes or _beside(item):
            log.append((obj, "updated", item.before, changes | _beside(item)))
        item.version = obj.version
    _save(kind, changed, {name for item in staged for name in item.after})
    update_each(staged, ["before", "after", "version"])
    _log(kind, run.owner, log)


def _changes(item: StagedRecord, obj: models.Model) -> dict[str, Any]:
    """What `obj` becomes different from what it is now; noted with what it was."""
    wanted = {name: _value(obj, name, value) for name, value in item.after.items()}
    changes = differences(obj, wanted)
    item.before, item.after = record.snapshot(obj, changes), changes
    return changes


def _gone(row: int) -> ValidationError:
    words = _("Row %(row)d changes something that is gone by now.") % {"row": row}
    return ValidationError(words, code="meanwhile")


def _beside(item: StagedRecord) -> dict[str, Any]:
    """What the history shows of things stored beside the record."""
    return item.extra.get("logged", {})


def _value(obj: models.Model, name: str, value: Any) -> Any:
    """A value as its field holds it."""
    field: Any = obj._meta.get_field(name)
    return field.to_python(value)


def _locked(kind: RecordKind, staged: list[StagedRecord]) -> dict[int, Any]:
    ids = [item.object_id for item in staged]
    rows = kind.model._default_manager.select_for_update(of=("self",), no_key=True)
    return {obj.pk: obj for obj in rows.filter(pk__in=ids).order_by("pk")}


def _save(kind: RecordKind, changed: list[Any], names: Collection[str]) -> None:
    if not changed:
        return
    now = timezone.now()
    for obj in changed:
        obj.updated_at = now
    update_each(changed, [*sorted(names), "version", "updated_at"])


def _log(kind: RecordKind, actor: Any, changes: list[tuple[Any, str, dict, dict]]) -> None:
    record.many(actor=actor, rows=[_logged(kind, *change) for change in changes])


def _logged(
    kind: RecordKind, obj: Any, verb: str, before: dict[str, Any], after: dict[str, Any]
) -> record.Logged:
    given = {name: value for name, value in after.items() if value not in (None, "", [])}
    kept = given if verb == "created" else after
    return record.Logged(obj, verb, before, kept, *kind.audience(obj))


def withdraw(kind: RecordKind, run: Run, actor_id: int) -> None:
    """Delete new records that nobody has touched or refers to; give known ones their values back
    where they still have those of the run."""
    actor = get_user_model()._default_manager.get(pk=actor_id)
    for part in StagedRecord.objects.in_parts(run, PART):
        beside = kind.withdrawn(run, part)
        _restore(kind, actor, [item for item in part if not item.created], beside)
    made = StagedRecord.objects.filter(run=run, created=True).exclude(object_id=None)
    ids = {int(pk) for pk in made.values_list("object_id", flat=True) if pk}
    going = ids - _kept(kind, run, ids)
    for part in batched(going, PART):  # whoever names another of them names nobody any more
        for relation in _relations(kind.model):
            if relation.related_model is kind.model:
                rows = kind.model._default_manager.filter(pk__in=part)
                rows.update(**{relation.field.name: None})
    for part in StagedRecord.objects.in_parts(run, PART):
        _remove(kind, actor, [item for item in part if item.object_id in going])


def _restore(
    kind: RecordKind,
    actor: Any,
    staged: list[StagedRecord],
    beside: Mapping[int, dict[str, Any]],
) -> None:
    """`beside` is what has been taken away beside records."""
    found = _locked(kind, staged)
    changed, log = [], []
    for item in staged:
        obj = found.get(item.object_id or 0)
        if obj is None:
            continue
        now = {name: _value(obj, name, value) for name, value in item.after.items()}
        kept = differences(obj, now)
        back = {name: value for name, value in item.before.items() if name not in kept}
        lost = beside.get(obj.pk, {})
        if back or lost:
            put(obj, back)
            obj.version += 1
            changed.append(obj)
            before = {name: item.after[name] for name in back} | lost
            log.append((obj, "import_undone", before, back | {name: [] for name in lost}))
    _save(kind, changed, {name for item in staged for name in item.before})
    _log(kind, actor, log)


def _remove(kind: RecordKind, actor: Any, staged: list[StagedRecord]) -> None:
    gone = kind.model._default_manager.filter(pk__in=[item.object_id for item in staged])
    after = {item.object_id: item.after for item in staged}
    _log(kind, actor, [(obj, "import_undone", after[obj.pk], {}) for obj in gone])
    gone.delete()


def _kept(kind: RecordKind, run: Run, ids: set[int]) -> set[int]:
    """Those of `ids` that somebody has worked with; whoever stays keeps the ones it names."""
    kept: set[int] = set()
    links: list[tuple[int, int]] = []
    for part in batched(ids, PART):
        kept |= _worked_on(kind, run, part) | _referred_to(kind, part)
        for relation in _relations(kind.model):
            if relation.related_model is kind.model:
                name = relation.field.name
                rows = kind.model._default_manager.filter(**{f"{name}__in": part})
                links += rows.order_by().values_list(name, "pk")
    moved = True
    while moved:
        found = {named for named, by in links if by not in ids or by in kept} - kept
        moved = bool(found)
        kept |= found
    return kept


def _worked_on(kind: RecordKind, run: Run, ids: Collection[int]) -> set[int]:
    """Records that somebody, or another import, has changed."""
    rows = Change.objects.filter(object_type=kind.model._meta.label_lower, object_id__in=ids)
    others = rows.exclude(source=Change.Source.IMPORT, source_reference=str(run.pk))
    return set(others.order_by().values_list("object_id", flat=True))


def _referred_to(kind: RecordKind, ids: Collection[int]) -> set[int]:
    """Records to which something else refers, or on which a file hangs. What falls with a record,
    such as its numbers in other systems and pairs of likely duplicates, does not count."""
    label = kind.model._meta.label_lower
    files = Attachment.objects.filter(object_type=label, object_id__in=ids)
    kept = set(files.order_by().values_list("object_id", flat=True))
    for relation in _relations(kind.model):
        if relation.related_model is not kind.model:
            name = relation.field.name
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": ids})
            kept.update(rows.order_by().values_list(name, flat=True))
    return kept


def _relations(model: type[models.Model]) -> Iterator[Any]:
    """Relations that keep a record in place."""
    for relation in model._meta.get_fields(include_hidden=True):
        if not relation.auto_created or relation.concrete or relation.many_to_many:
            continue
        falls = relation.on_delete is models.CASCADE  # type: ignore[union-attr]
        if not falls or relation.related_model._meta.auto_created:  # type: ignore[union-attr]
            yield relation
