"""Writing the change log: one row a write, in the transaction of the write."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any, NamedTuple, cast

from django.db import connection, models
from django.utils import timezone

from kam.access.querysets import AccountScopedQuerySet, scope_model
from kam.changes.context import current
from kam.changes.models import Change

FOLD = datetime.timedelta(minutes=10)
"""Edits of the same fields of one object by one person within this time fold into one row."""


def snapshot(obj: models.Model, fields: Iterable[str]) -> dict[str, Any]:
    """Present values of `fields`, as the log stores them: relations as primary keys."""
    values = {}
    for name in fields:
        field = cast("models.Field[Any, Any]", obj._meta.get_field(name))
        value = field.value_from_object(obj)
        values[name] = [item.pk for item in value] if field.many_to_many else value
    return values


def account_of(obj: models.Model) -> int | None:
    """Primary key of the account on which `obj` hangs, by the path that its queryset names."""
    if isinstance(obj, scope_model()):
        return obj.pk
    queryset = type(obj)._default_manager.all()
    if not isinstance(queryset, AccountScopedQuerySet):
        return None
    target: Any = obj
    *way, last = queryset.account_path.split("__")
    for name in way:
        target = getattr(target, name, None)
    return getattr(target, f"{last}_id", None)


def change(
    *,
    actor: models.Model | None,
    obj: models.Model,
    before: dict[str, Any] | None = None,
    verb: str = "updated",
    after: dict[str, Any] | None = None,
    audience: str | None = None,
    audience_id: int | None = None,
) -> Change | None:
    """Log that `actor` changed `obj`; `before` is an earlier `snapshot`.

    Fields that did not change are left out; an update that changes nothing leaves no row. A row
    of the same person on the same fields within ten minutes is replaced by one that reaches from
    its `before` to the present, so that a reader of the feed sees the last state and history
    shows one line.
    """
    before = before or {}
    after = snapshot(obj, before) if after is None else after
    if verb == "updated":
        differing = [name for name in after if before.get(name) != after[name]]
        if not differing:
            return None
        before = {name: before.get(name) for name in differing}
        after = {name: after[name] for name in differing}
        before = _fold(actor, obj, before)
    row = _row(actor, obj, verb, before, after, audience, audience_id)
    row.save(force_insert=True)
    return row


def _row(
    actor: models.Model | None,
    obj: models.Model,
    verb: str,
    before: dict[str, Any],
    after: dict[str, Any],
    audience: str | None,
    audience_id: int | None,
) -> Change:
    """The row of the log, not stored yet, with the audience that `obj` asks for."""
    account_id = account_of(obj)
    if audience is None and account_id is None:
        audience, audience_id = Change.Audience.PROGRAMME, getattr(obj, "programme_id", None)
    elif audience is None:
        audience = Change.Audience.ACCOUNT
    origin = current()
    return Change(
        actor_id=actor.pk if actor else None,
        source=origin.kind,
        source_reference=origin.reference,
        verb=verb,
        object_type=obj._meta.label_lower,
        object_id=obj.pk,
        object_label=str(obj)[:250],
        account_id=account_id,
        audience=audience,
        audience_id=audience_id,
        before=before,
        after=after,
    )


class Logged(NamedTuple):
    """A change of one object among many: as the arguments of `change`."""

    obj: models.Model
    verb: str
    before: dict[str, Any]
    after: dict[str, Any]
    audience: str | None = None
    audience_id: int | None = None


def described(row: Logged) -> dict[str, Any]:
    """What the log will hold of a change, for whoever writes it down before it counts
    (`copied`); who makes it and from where comes then."""
    made = _row(None, *row)
    names = ("verb", "account_id", "audience", "audience_id", "before", "after")
    return {"label": made.object_label} | {name: getattr(made, name) for name in names}


def many(*, actor: models.Model | None, rows: Iterable[Logged]) -> None:
    """Log changes of many objects in few statements; nothing is folded."""
    Change.objects.bulk_create(
        [
            _row(actor, row.obj, row.verb, row.before, row.after, row.audience, row.audience_id)
            for row in rows
        ],
        batch_size=500,
    )


def created(
    *,
    actor: models.Model | None,
    obj: models.Model,
    fields: Iterable[str],
    audience: str | None = None,
    audience_id: int | None = None,
) -> Change:
    """Log that `actor` made `obj`, with the values of `fields` that are not empty."""
    values = {
        name: value for name, value in snapshot(obj, fields).items() if value not in (None, "")
    }
    row = change(
        actor=actor,
        obj=obj,
        verb="created",
        after=values,
        audience=audience,
        audience_id=audience_id,
    )
    assert row is not None  # noqa: S101  (only updates can come to nothing)
    return row


def _fold(actor: models.Model | None, obj: models.Model, before: dict[str, Any]) -> dict[str, Any]:
    """Take over the `before` of a young row of the same person on the same fields, if any."""
    last = Change.objects.of(obj).order_by("-id").first()
    if (
        last is None
        or last.verb != "updated"
        or last.actor_id != (actor.pk if actor else None)
        or last.source != current().kind
        or set(last.before) != set(before)
        or timezone.now() - last.at > FOLD
    ):
        return before
    last.delete()
    return last.before


def copied(rows: models.QuerySet, **columns: Any) -> None:
    """One row of the log for each of `rows`, in their order and in one statement; `columns` are
    expressions over them. Their audience is that of an account unless it is among the columns."""
    names = ["at", *columns]
    now = models.Value(timezone.now(), models.DateTimeField())
    selected = rows.annotate(**{f"log_{name}": value for name, value in columns.items()})
    selected = selected.annotate(log_at=now).values_list(*(f"log_{name}" for name in names))
    query, parameters = selected.query.sql_with_params()
    into = ", ".join(connection.ops.quote_name(name) for name in names)
    table = connection.ops.quote_name(Change._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({into}) {query}", parameters)
