"""Which criteria hold for an account on a day (handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q, prefetch_related_objects

from accounts.models import CriteriaSet
from accounts.scoring.criteria import DEFAULTS, Default, Kind


class InForce(NamedTuple):
    """A set of criteria: `number` 0 is the handbook's own, which nobody has published."""

    pk: int | None
    number: int
    kind: str
    criteria: tuple[Default, ...]
    since: datetime.date | None = None

    @property
    def weights(self) -> dict[str, Decimal]:
        """Code -> weight of 100."""
        return {row.code: Decimal(row.weight) for row in self.criteria}


class Criteria(NamedTuple):
    """All that holds in a programme on a day; strength may differ by account."""

    attractiveness: InForce
    strength: InForce
    own: Mapping[int, InForce]

    def strength_of(self, account: int) -> InForce:
        """The customer's own weights of strength, else the programme's."""
        return self.own.get(account, self.strength)

    def of(self, account: int) -> tuple[InForce, InForce]:
        """What an account is scored by: attractiveness, strength."""
        return self.attractiveness, self.strength_of(account)


def criteria_on(programme: int, on: datetime.date, accounts: Collection[int] = ()) -> Criteria:
    """What holds in a programme on the day `on`, with the own weights of `accounts`: one query, a
    second one where anything was published."""
    whose = Q(account=None) | Q(account__in=list(accounts)) if accounts else Q(account=None)
    rows = CriteriaSet.objects.filter(whose, programme=programme, valid_from__lte=on)
    latest = {(row.account_id, row.kind): row for row in rows.order_by("valid_from", "number")}
    prefetch_related_objects(list(latest.values()), "criteria")
    held = {key: in_force(row) for key, row in latest.items()}
    attractiveness, strength = (held.get((None, kind)) or handbook(kind) for kind in Kind.values)
    own = {account: found for (account, _kind), found in held.items() if account is not None}
    return Criteria(attractiveness, strength, own)


def handbook(kind: str) -> InForce:
    """The handbook's own set of a kind."""
    return InForce(None, 0, kind, DEFAULTS[kind])


def in_force(row: CriteriaSet) -> InForce:
    """A published set, its criteria fetched."""
    criteria = tuple(
        Default(item.code, item.name, item.group, item.weight, item.low, item.middle, item.high)
        for item in row.criteria.all()
    )
    return InForce(row.pk, row.number, row.kind, criteria, row.valid_from)
