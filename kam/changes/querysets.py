"""Who may read which change, and what is not archived."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self

from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models.expressions import RawSQL

from kam.access.once import asking_once
from kam.access.querysets import Reader, at_one_of, roles_of, scope_model


class TrackedQuerySet(models.QuerySet):
    """Things that are archived instead of deleted."""

    def active(self) -> Self:
        """Rows that are not archived."""
        return self.filter(archived_at__isnull=True)


AudienceRule = Callable[[Reader], models.Q]
_audiences: dict[str, list[AudienceRule]] = {}


def register_audience(name: str, rule: AudienceRule) -> None:
    """Let an app say which rows of the audience `name` a reader may see (a condition on changes).

    Rows that hang on an account need the account to be visible besides. Several rules of one
    audience add up: each names the kinds of objects that it speaks of.
    """
    rules = _audiences.setdefault(name, [])
    if rule not in rules:
        rules.append(rule)


class ChangeQuerySet(models.QuerySet):
    """The change log, cut down to its reader."""

    def visible_to(self, user: Reader) -> Self:
        """Changes of accounts that `user` may see, one's own private ones, and those whose
        audience `user` belongs to by the rule of the app that registered it."""
        if not user.is_active:
            return self.none()
        with asking_once():
            rows = self.filter(self._readable_by(user))
            is_found = connection.vendor == "postgresql" and not roles_of(user).is_wide
            return rows.filter(self._within_reach_of(user)) if is_found else rows

    def _within_reach_of(self, user: Reader) -> models.Q:
        """All that the rule can let through, in words that PostgreSQL looks up in indexes: for who
        sees few accounts it would read the whole log until a page is full."""
        accounts = scope_model()._default_manager.all().visible_to(user).order_by().values("pk")
        of_these = models.Func(
            models.F("account_id"),
            ArraySubquery(accounts),
            template="%(expressions)s)",
            arg_joiner=" = ANY(",
            output_field=models.BooleanField(),
        )
        own = models.Q(audience="private", audience_id=user.pk)
        return models.Q(of_these) | models.Q(account_id=None) | own

    def _readable_by(self, user: Reader) -> models.Q:
        q = models.Q
        accounts = scope_model()._default_manager.all().visible_to(user)
        shown = q(at_one_of(accounts, "account_id", user))
        audience = (q(audience="account") & shown) | q(audience="private", audience_id=user.pk)
        for name, rules in _audiences.items():
            for rule in rules:
                audience |= q(audience=name) & (q(account_id=None) | shown) & rule(user)
        unruled = {"plan", "team"} - _audiences.keys()
        return audience | (q(audience__in=unruled) & shown)

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

    def for_list(self) -> Self:
        """Everything that history shows, the newest first."""
        return self.select_related("actor").order_by("-id")

    def beyond(self, transaction: int, pk: int) -> Self:
        """Rows after the one of `transaction` with key `pk`, in the order of `settled`."""
        later = models.Q(transaction__gt=transaction) | models.Q(pk__gt=pk)
        return self.filter(later, transaction__gte=transaction)
