"""Conflicts and barriers between customers, and who is excepted (K130)."""

from __future__ import annotations

import datetime
from contextlib import AbstractContextManager
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, Conflict, ConflictException
from kam.changes import access, editing, record
from kam.changes.models import Change
from teams.models import User

LOGGED_FIELDS = ("a", "b", "kind", "valid_from", "valid_until")


@transaction.atomic
def create_conflict(
    *,
    actor: User,
    a: Account,
    b: Account,
    kind: str,
    valid_from: datetime.date | None = None,
    valid_until: datetime.date | None = None,
) -> Conflict:
    """Record that two accounts stand in each other's way, or a barrier between them.

    A pair that is violated already is recorded all the same: it shows as an alert and cannot be
    made worse. Raises PermissionDenied or ValidationError (same account, one below the other,
    two programmes, recorded already).
    """
    if not (policies.can_manage(actor, a) and policies.can_manage(actor, b)):
        raise PermissionDenied
    if a.pk == b.pk or a.path.startswith(b.path) or b.path.startswith(a.path):
        raise ValidationError({"b": _("Choose an account of another branch.")}, code="related")
    if a.programme_id != b.programme_id:
        raise ValidationError({"b": _("It belongs to another programme.")}, code="foreign")
    first, second = sorted((a, b), key=lambda account: account.pk)
    conflict = Conflict(
        a=first, b=second, kind=kind, valid_from=valid_from, valid_until=valid_until
    )
    conflict.full_clean()
    with _noticing(actor, conflict):
        conflict.save(force_insert=True)
    record.created(actor=actor, obj=conflict, fields=LOGGED_FIELDS, **_audience(conflict))
    return conflict


@transaction.atomic
def end_conflict(
    *, actor: User, conflict: Conflict, last_day: datetime.date, expected_version: int | None = None
) -> Conflict:
    """Let a conflict end after `last_day`. Raises PermissionDenied or VersionConflict."""
    if not (policies.can_manage(actor, conflict.a) and policies.can_manage(actor, conflict.b)):
        raise PermissionDenied
    conflict = editing.locked(conflict)
    with _noticing(actor, conflict):
        return editing.save(
            actor=actor,
            obj=conflict,
            changes={"valid_until": last_day},
            expected_version=expected_version,
            **_audience(conflict),
        )


@transaction.atomic
def add_exception(
    *,
    actor: User,
    conflict: Conflict,
    user: User,
    reason: str,
    valid_from: datetime.date | None = None,
    valid_until: datetime.date | None = None,
) -> ConflictException:
    """Except a person from a barrier, by name, with a reason. Never oneself.

    Raises PermissionDenied or ValidationError.
    """
    if not (policies.can_manage(actor, conflict.a) and policies.can_manage(actor, conflict.b)):
        raise PermissionDenied
    if user.pk == actor.pk:
        raise ValidationError(
            {"user": _("Somebody else has to except you from a barrier.")}, code="self"
        )
    exception = ConflictException(
        conflict=conflict,
        user=user,
        reason=reason,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    exception.full_clean()
    with _noticing(actor, conflict):
        exception.save(force_insert=True)
    record.created(
        actor=actor,
        obj=exception,
        fields=("conflict", "user", "reason", "valid_from", "valid_until"),
        **_audience(conflict),
    )
    return exception


@transaction.atomic
def end_exception(
    *, actor: User, exception: ConflictException, last_day: datetime.date
) -> ConflictException:
    """Let an exception end after `last_day`. Raises PermissionDenied or ValidationError."""
    exception = editing.locked(exception)
    conflict = exception.conflict
    if not (policies.can_manage(actor, conflict.a) and policies.can_manage(actor, conflict.b)):
        raise PermissionDenied
    before = record.snapshot(exception, ["valid_until"])
    exception.valid_until = last_day
    exception.full_clean()
    with _noticing(actor, conflict):
        exception.save(update_fields=["valid_until"])
    record.change(actor=actor, obj=exception, before=before, **_audience(conflict))
    return exception


def _noticing(actor: User, conflict: Conflict) -> AbstractContextManager[None]:
    """Log whose sight of either side, with all below it, a barrier takes or gives back."""
    sides = Q(path__startswith=conflict.a.path) | Q(path__startswith=conflict.b.path)
    accounts = Account.objects.filter(sides)
    people = User.objects.filter(memberships__team__accounts__in=accounts).distinct()
    users = people if conflict.kind == Conflict.Kind.RING_FENCE else people.none()
    return access.noticing(actor=actor, users=users, accounts=accounts)


def _audience(conflict: Conflict) -> dict[str, Any]:
    """Only who may see both sides reads about a conflict, not even as a row without names."""
    return {"audience": Change.Audience.OBJECT, "audience_id": conflict.pk}
