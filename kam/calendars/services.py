"""Making and closing the address of one's calendar."""

from __future__ import annotations

import secrets

from django.db import models, transaction

from kam.api.models import digest
from kam.calendars.models import CalendarFeed
from kam.changes import record
from kam.changes.models import Change


@transaction.atomic
def make_address(*, actor: models.Model) -> tuple[CalendarFeed, str]:
    """A new secret for the calendar of `actor`; an older one is closed. Returns feed and secret."""
    close_address(actor=actor)
    secret = secrets.token_urlsafe(32)
    feed = CalendarFeed.objects.create(owner=actor, secret_hash=digest(secret))
    _log(actor, feed, "created")
    return feed, secret


@transaction.atomic
def close_address(*, actor: models.Model) -> bool:
    """Close the address of `actor`'s calendar; False when there is none."""
    feed = CalendarFeed.objects.select_for_update(no_key=True).filter(owner=actor.pk).first()
    if feed is None:
        return False
    _log(actor, feed, "revoked")
    feed.delete()
    return True


def _log(actor: models.Model, feed: CalendarFeed, verb: str) -> None:
    record.change(
        actor=actor,
        obj=feed,
        verb=verb,
        after={},
        audience=Change.Audience.PRIVATE,
        audience_id=actor.pk,
    )
