"""Rows that a later one supersedes instead of overwriting them: ratings, entries, target lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Account
from kam.changes import record
from kam.changes.errors import field_error
from teams.models import User

T = TypeVar("T", bound=models.Model)
ANY = -1
"""Whatever stood there before."""


class RowsError(ValidationError):
    """Why rows were refused: `refusals` pairs the place in the list with what is wrong there; read
    as one error it is the first of them."""

    def __init__(self, refusals: Sequence[tuple[int, ValidationError]]) -> None:
        super().__init__(refusals[0][1])
        self.refusals = list(refusals)


def lock_for(actor: User, accounts: set[int]) -> None:
    """Lock accounts that `actor` writes about; raises PermissionDenied unless they edit them."""
    if Account.objects.editable_by(actor).filter(pk__in=accounts).count() < len(accounts):
        raise PermissionDenied
    rows = Account.objects.select_for_update(of=("self",), no_key=True).order_by("pk")
    list(rows.filter(pk__in=accounts))


def changed_meanwhile(field: str, read: int | None, present: Any) -> ValidationError | None:
    """What is wrong when `read`, the key of the row that somebody saw (None: none), is not that of
    the row that is `present`."""
    now = present.pk if present is not None else None
    if read in (ANY, now):
        return None
    return field_error(field, _("Somebody else changed it meanwhile: look again."), "meanwhile")


def supersede(*, actor: User, rows: Sequence[tuple[T, T | None]], fields: Sequence[str]) -> list[T]:
    """Put new rows in the place of those that stood there (None: none did), each with a row of
    history that holds `fields`. The caller holds the lock of the accounts."""
    if not rows:
        return []
    new = [row for row, _before in rows]
    for row in new:
        row.clean_fields()
    model: Any = type(new[0])
    over = [before.pk for _row, before in rows if before is not None]
    model.objects.filter(pk__in=over).update(superseded_at=timezone.now())
    model.objects.bulk_create(new, batch_size=500)
    record.many(
        actor=actor,
        rows=[
            record.Logged(
                row,
                "created" if before is None else "updated",
                {} if before is None else record.snapshot(before, fields),
                record.snapshot(row, fields),
            )
            for row, before in rows
        ],
    )
    return new
