"""The one way in which an editable row is changed: lock, compare versions, check, save, log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, router, transaction
from django.utils import timezone

from kam.changes import record
from kam.changes.errors import VersionConflict

T = TypeVar("T", bound=models.Model)


class Versioned(Protocol):
    """What carries an ETag; also has `updated_at`."""

    version: int


def locked(obj: T) -> T:
    """Fresh copy of `obj`, locked until the end of the transaction.

    Its key never changes, so that rows which point to it can be written meanwhile.
    """
    rows = type(obj)._default_manager.select_for_update(of=("self",), no_key=True)
    return rows.get(pk=obj.pk)  # type: ignore[return-value]


def expect(obj: models.Model, version: int | None) -> None:
    """Raise `VersionConflict` unless `obj` is still at `version`; None asks for nothing."""
    if version is not None and cast("Versioned", obj).version != version:
        raise VersionConflict(obj)


def save(
    *,
    actor: models.Model | None,
    obj: T,
    changes: dict[str, Any],
    verb: str = "updated",
    expected_version: int | None = None,
    audience: str | None = None,
    audience_id: int | None = None,
) -> T:
    """Set `changes` on `obj` (already locked by the caller), check, save and log it.

    Returns the saved object; when nothing differs, neither version nor log move. Raises
    `VersionConflict` or `ValidationError`.
    """
    expect(obj, expected_version)
    before = record.snapshot(obj, changes)
    for name, value in changes.items():
        setattr(obj, name, value)
    with _checked(obj):
        if verb == "updated" and record.snapshot(obj, changes) == before:
            return obj
        cast("Versioned", obj).version += 1
        obj.save(update_fields=[*changes, "version", "updated_at"])
        record.change(
            actor=actor,
            obj=obj,
            before=before,
            verb=verb,
            audience=audience,
            audience_id=audience_id,
        )
    return obj


def create(
    *,
    actor: models.Model | None,
    obj: T,
    fields: Iterable[str],
    audience: str | None = None,
    audience_id: int | None = None,
) -> T:
    """Check, insert and log a new object, with the values of `fields` in the log."""
    with _checked(obj):
        obj.save(force_insert=True)
        record.created(
            actor=actor, obj=obj, fields=fields, audience=audience, audience_id=audience_id
        )
    return obj


@contextmanager
def _checked(obj: models.Model) -> Iterator[None]:
    """Write `obj` inside, in one transaction, after `full_clean()` has passed or raised.

    CHECK constraints, each of which would cost a query beforehand, are left to the database as it
    writes; `full_clean()` puts into words what it refuses.
    """
    versioned = cast("Any", obj)
    version = getattr(versioned, "version", None)
    try:
        with transaction.atomic():
            _clean(obj)
            yield
    except IntegrityError:
        if version is not None:
            versioned.version = version
        obj.full_clean()
        raise


def _clean(obj: models.Model) -> None:
    """`full_clean()` without CHECK constraints; where something else is wrong all is told."""
    try:
        obj.full_clean(validate_constraints=False)
        for model, constraints in obj.get_constraints():
            for constraint in constraints:
                if not isinstance(constraint, models.CheckConstraint):
                    constraint.validate(model, obj, using=router.db_for_write(model, instance=obj))
    except ValidationError:
        obj.full_clean()
        raise


def archive(*, actor: models.Model | None, obj: T, expected_version: int | None = None) -> T:
    """Take `obj` (locked) out of lists; it stays, with its history, and can be restored."""
    changes = {"archived_at": timezone.now()}
    return save(
        actor=actor, obj=obj, changes=changes, verb="archived", expected_version=expected_version
    )


def restore(*, actor: models.Model | None, obj: T, expected_version: int | None = None) -> T:
    """Bring an archived object back."""
    changes = {"archived_at": None}
    return save(
        actor=actor, obj=obj, changes=changes, verb="restored", expected_version=expected_version
    )
