"""Querysets that are cut down to what a person may see or change."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Hashable
from typing import Any, ClassVar, Self

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db import connection, models
from django.db.models import F, Func, Q
from django.db.models.lookups import IsNull

from kam.access.dates import business_today
from kam.access.once import asking_once
from kam.access.prepared import kept_exists

Reader = AbstractBaseUser | AnonymousUser


def scope_model() -> Any:  # its queryset has visible_to(), which no model class promises
    """The model that carries the access rule; everything that hangs on an account points to it."""
    return apps.get_model(settings.ACCESS_SCOPE_MODEL)


def roles_of(user: Reader) -> Any:
    """What `user` holds today, looked up once a page by the model that carries the access rule.

    It says `administers`, whether it `is_wide` (held for more than a team), the programmes in
    which any role is held (`homes`), those of certain roles (`programmes_of(role, …)`), and
    `teams` as pairs of role and primary key.
    """
    return scope_model()._default_manager.all().roles_of(user)


def sight_of(user: Reader) -> Hashable:
    """All on which it depends what `user` sees today, to keep a query's SQL under
    (`kam.access.prepared`): whoever holds something else a moment later has another one.

    Key and query have to be made of one look at what is held: in a request that only reads, or
    within `asking_once()`."""
    if not user.is_active:  # anonymous users are never active
        return None
    return user.pk, roles_of(user), business_today()


class AnyOf(Func):
    """Whether a value is in a list (PostgreSQL)."""

    arg_joiner = " = ANY("
    template = "%(expressions)s)"
    arity = 2
    output_field = models.BooleanField()


def key_among(keys: models.QuerySet) -> Q:
    """Rows whose primary key is one of the few `keys`, as part of an OR.

    PostgreSQL is given a list: beside a condition on a column it then uses the index of either,
    where a subquery makes it read the whole table.
    """
    if connection.vendor == "postgresql":
        return Q(AnyOf(F("pk"), ArraySubquery(keys)))
    return Q(pk__in=keys)


def is_one_of(rows_of: Callable[[Reader], models.QuerySet], user: Reader, pk: int) -> bool:
    """Whether the row `pk` is one of `rows_of(user)`, a method of a manager such as
    `Account.objects.editable_by`; its SQL is kept."""
    with asking_once():  # what is held now goes into key and SQL alike, whoever writes meanwhile
        key = (rows_of, sight_of(user))
        return kept_exists(key, lambda pk: rows_of(user).filter(pk=pk), pk=pk)


def at_one_of(accounts: models.QuerySet, path: str, reader: Reader) -> Any:
    """Whether the account at `path` is one of `accounts` (a rule about `reader`), as a condition
    that stands in an OR or a CASE.

    There databases work a list of accounts out as a whole before they look at the first row. For
    who may see many accounts it is asked account by account instead.
    """
    if accounts.query.is_empty() or not roles_of(reader).is_wide:
        return models.Q(**{f"{path}__in": accounts.order_by().values("pk")})
    this = accounts.filter(pk=models.OuterRef(path)).order_by().values("pk")[:1]
    return IsNull(models.Subquery(this), False)  # noqa: FBT003  (a look-up's right side)


def within(accounts: models.QuerySet, path: str, reader: Reader) -> Any:
    """The same as a condition that stands alone. PostgreSQL makes a join of a list there; SQLite
    works it out first wherever it stands and reads all that hangs on it, which is best where the
    reader's roles reach few accounts and is avoided where they reach many."""
    asks_each = connection.vendor == "sqlite" and not accounts.query.is_empty()
    if asks_each and roles_of(reader).reaches_many:
        return at_one_of(accounts, path, reader)
    return models.Q(**{f"{path}__in": accounts.order_by().values("pk")})


class AccountScopedQuerySet(models.QuerySet):
    """Rows that hang on an account and inherit its rule.

    A subclass names `account_path`, the look-up from its model to the account.
    """

    account_path: ClassVar[str] = "account"

    def _within(self, method: str, user: Reader) -> Self:
        with asking_once():
            accounts = getattr(scope_model()._default_manager.all(), method)(user)
            if accounts.query.is_empty():
                return self.none()
            return self.filter(within(accounts, self.account_path, user))

    def visible_to(self, user: Reader) -> Self:
        """Rows of accounts that `user` may see."""
        return self._within("visible_to", user)

    def editable_by(self, user: Reader) -> Self:
        """Rows of accounts that `user` may edit: its manager, deputy, or a programme manager."""
        return self._within("editable_by", user)

    def contributable_by(self, user: Reader) -> Self:
        """Rows of accounts to which `user` may add actions, interactions and contacts."""
        return self._within("contributable_by", user)


class DatedQuerySet(models.QuerySet):
    """Rows with a validity: `valid_from` and `valid_until`, both inclusive, open when empty."""

    def valid_on(self, on: datetime.date) -> Self:
        """Rows in force on the day `on`."""
        return self.filter(
            models.Q(valid_from__isnull=True) | models.Q(valid_from__lte=on),
            models.Q(valid_until__isnull=True) | models.Q(valid_until__gte=on),
        )
