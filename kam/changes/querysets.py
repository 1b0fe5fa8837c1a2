"""Who may read which change, and what is not archived."""

from __future__ import annotations

from typing import Self

from django.db import connection, models
from django.db.models.expressions import RawSQL

from kam.access.querysets import Reader, scope_model


class TrackedQuerySet(models.QuerySet):
    """Things that are archived instead of deleted."""

    def active(self) -> Self:
        """Rows that are not archived."""
        return self.filter(archived_at__isnull=True)


class ChangeQuerySet(models.QuerySet):
    """The change log, cut down to its reader."""

    def visible_to(self, user: Reader) -> Self:
        """Changes of accounts that `user` may see, their own private ones, and — for whoever
        runs the programme — those that hang on no account."""
        if not user.is_active:
            return self.none()
        audience = models.Q
        shown = scope_model()._default_manager.all().visible_to(user).order_by().values("pk")
        on_account = audience(account_id__in=shown) & ~audience(audience="private")
        own = audience(audience="private", audience_id=user.pk)
        runs = type(user)._default_manager.filter(pk=user.pk).running_programme()  # type: ignore[attr-defined]
        general = audience(account_id__isnull=True, audience="programme") & models.Exists(runs)
        return self.filter(on_account | own | general)

    def of(self, obj: models.Model) -> Self:
        """Changes of one object."""
        return self.filter(object_type=obj._meta.label_lower, object_id=obj.pk)

    def settled(self) -> Self:
        """Rows older than every open transaction, in commit order: nothing can still slip in
        before them, so that a cursor over them has no gap and no repeat."""
        rows = self
        if connection.vendor == "postgresql":
            horizon = RawSQL("pg_snapshot_xmin(pg_current_snapshot())::text::bigint", [])
            rows = rows.filter(transaction__lt=horizon)
        return rows.order_by("transaction", "id")
