"""Which accounts and which days are asked about, and for whom."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from typing import NamedTuple

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from accounts import figures
from accounts.models import Account, StatusChange
from accounts.querysets import CellQuerySet
from kam.access.once import asking_once
from kam.access.querysets import Reader, sight_of
from teams.models import BusinessUnit, Programme


class Scope(NamedTuple):
    """Which accounts and which days: what the page's and the API's parameters mean."""

    programme: Programme
    period: figures.Period
    as_of: datetime.date
    statuses: tuple[str, ...] = ()
    unit: BusinessUnit | None = None
    level: str = "account"


def accounts_of(user: Reader, scope: Scope) -> QuerySet[Account]:
    """Accounts of the scope that `user` may see, with the status that they had on `as_of`."""
    accounts = Account.objects.visible_to(user).active().filter(_within(scope))
    accounts = accounts.filter(programme=scope.programme)
    if not scope.statuses:
        return accounts
    if scope.as_of >= scope.programme.today():
        return accounts.of_status(*scope.statuses)
    changes = known_steps(
        StatusChange.objects.filter(account=OuterRef("pk")), "decided_on", scope.as_of
    )
    then = accounts.annotate(status_then=Subquery(changes.values("to_status")[:1]))
    return then.filter(status_then__in=scope.statuses)


def chosen_by(user: Reader, scope: Scope) -> figures.Chosen:
    """The same; SQL about them is kept, unless the past is asked for, as it was known then."""
    return figures.Chosen(lambda: accounts_of(user, scope), _key(user, scope))


def cells_by(user: Reader, scope: Scope, cells: CellQuerySet) -> figures.Chosen | None:
    """Cells of kept sums that hold just these accounts; None where there are none such."""
    with asking_once():
        key, seen = _key(user, scope), cells.whole_for(user, scope.programme)
    if key is None or seen is None or not figures.are_kept():
        return None
    named = Q(status__in=scope.statuses) if scope.statuses else Q()
    return figures.Chosen(lambda: seen.filter(_within(scope), named), (cells.model, key))


def rates_for(scope: Scope) -> figures.Rates:
    """Rates of the last day of the period, or of `as_of` where that is earlier."""
    return figures.rates_on(scope.programme, min(scope.period.last or scope.as_of, scope.as_of))


def known_steps(
    changes: QuerySet, day_field: str, day: datetime.date, end: datetime.datetime | None = None
) -> QuerySet:
    """Steps of a timeline that had happened and were recorded by the `end` of `day`, last first."""
    recorded = changes.filter(**{f"{day_field}__lte": day}, created_at__lt=end or end_of(day))
    return recorded.order_by(f"-{day_field}", "-pk")


def end_of(day: datetime.date) -> datetime.datetime:
    return datetime.datetime.combine(
        day + datetime.timedelta(days=1), datetime.time(), timezone.get_default_timezone()
    )


def _key(user: Reader, scope: Scope) -> Hashable:
    """All that it depends on which accounts are asked about; None where the past is."""
    if scope.as_of < scope.programme.today():
        return None
    unit = scope.unit.path if scope.unit is not None else None
    return "portfolio", sight_of(user), scope.programme.pk, scope.statuses, unit


def _within(scope: Scope) -> Q:
    """What is in the unit asked for."""
    if scope.unit is None:
        return Q()
    return Q(business_unit__in=BusinessUnit.objects.under(scope.unit).values("pk"))
