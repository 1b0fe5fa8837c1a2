"""Rights gained or lost, as rows of the change log that only the person concerned reads.

A system that keeps a copy learns from `access.granted` that an account has come into its user's
sight (all of it, older changes too: read it anew) and from `access.revoked` that it has left it
(forget it). A role over a whole programme or unit is one row of the role, without an account.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import models

from kam.access.querysets import scope_model
from kam.changes import record
from kam.changes.models import Change

GRANTED = "access.granted"
REVOKED = "access.revoked"


@contextmanager
def noticing(
    *, actor: models.Model | None, users: Iterable[Any], accounts: models.QuerySet
) -> Iterator[None]:
    """Log for each of `users` which of `accounts` came into their sight or left it inside."""
    people = list({user.pk: user for user in users}.values())
    keys = list(accounts.order_by().values_list("pk", flat=True))
    before = {user.pk: _seen(user, keys) for user in people} if keys else {}
    yield
    for user in people if keys else ():
        log_difference(actor=actor, user=user, before=before[user.pk], after=_seen(user, keys))


def _seen(user: Any, keys: list[int], on: datetime.date | None = None) -> set[int]:
    rows = scope_model()._default_manager.visible_to(user, on=on)
    return set(rows.filter(pk__in=keys).order_by().values_list("pk", flat=True))


def log_days(
    *,
    user: Any,
    accounts: models.QuerySet,
    before: datetime.date,
    after: datetime.date,
    since: datetime.datetime | None = None,
) -> None:
    """Log what the mere change of the day from `before` to `after` did to the sight of `user`;
    nothing that has been told since the moment `since`."""
    keys = list(accounts.order_by().values_list("pk", flat=True))
    seen = _seen(user, keys, before), _seen(user, keys, after)
    log_difference(actor=None, user=user, before=seen[0], after=seen[1], since=since)


def log_difference(
    *,
    actor: models.Model | None,
    user: Any,
    before: set[int],
    after: set[int],
    since: datetime.datetime | None = None,
) -> None:
    """One row for each account in one of the two sets alone."""
    told = dict.fromkeys(after - before, GRANTED) | dict.fromkeys(before - after, REVOKED)
    for account in scope_model()._default_manager.filter(pk__in=told).order_by("pk"):
        log_access(actor=actor, user=user, obj=account, verb=told[account.pk], since=since)


def log_access(
    *,
    actor: models.Model | None,
    user: Any,
    obj: models.Model,
    verb: str,
    since: datetime.datetime | None = None,
) -> None:
    """One row that `user` alone reads: `obj` came into their sight or left it. Not again when it
    has been told since the moment `since`."""
    if since is not None:
        mine = Change.objects.of(obj).filter(audience=Change.Audience.PRIVATE, audience_id=user.pk)
        if mine.filter(verb=verb, at__gte=since).exists():
            return
    record.change(
        actor=actor,
        obj=obj,
        verb=verb,
        after={},
        audience=Change.Audience.PRIVATE,
        audience_id=user.pk,
    )
