"""Who sees which token."""

from __future__ import annotations

from typing import Self

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Exists, Q
from django.utils import timezone

from kam.access.querysets import Reader


class TokenQuerySet(models.QuerySet):
    """Tokens."""

    def visible_to(self, user: Reader) -> Self:
        """Own tokens; all of them for administrators."""
        if not user.is_active:
            return self.none()
        people = get_user_model()._default_manager.filter(pk=user.pk)
        administers = people.holding("administrator")  # type: ignore[attr-defined]
        return self.filter(Q(owner=user.pk) | Exists(administers))

    def editable_by(self, user: Reader) -> Self:
        """Tokens that `user` may revoke: the same."""
        return self.visible_to(user)

    def valid(self) -> Self:
        """Tokens that still open the door."""
        alive = Q(expires_at__isnull=True) | Q(expires_at__gt=timezone.now())
        return self.filter(alive, revoked_at__isnull=True, owner__is_active=True)

    def for_list(self) -> Self:
        """Everything that a list of tokens shows, the newest first."""
        return self.select_related("owner").order_by("-created_at", "-pk")
