"""Whose webhooks, and which have something to do."""

from __future__ import annotations

import datetime
from typing import Self

from django.db import models

from kam.access.querysets import Reader
from kam.changes.querysets import TrackedQuerySet


class WebhookQuerySet(TrackedQuerySet):
    """Webhooks; they are their owner's alone."""

    def visible_to(self, user: Reader) -> Self:
        """One's own."""
        return self.filter(owner=user.pk) if user.is_active else self.none()

    def editable_by(self, user: Reader) -> Self:
        """The same."""
        return self.visible_to(user)

    def due(self, now: datetime.datetime) -> Self:
        """Those that are on, whose owner may still sign in, and that may try again."""
        waiting = models.Q(next_try_at__isnull=True) | models.Q(next_try_at__lte=now)
        return self.active().filter(waiting, is_on=True, owner__is_active=True)

    def for_list(self) -> Self:
        """All that lists show."""
        return self.select_related("owner").order_by("name", "pk")
