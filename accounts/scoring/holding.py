"""Which criteria hold for an account on a day (handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

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
    """What holds in a programme on the day `on`, with the own weights of `accounts`: two or four
    queries."""
    latest = {
        kind: CriteriaSet.objects.in_force(programme, kind, on).prefetch_related("criteria").first()
        for kind in Kind.values
    }
    own: dict[int, InForce] = {}
    if accounts:
        rows = CriteriaSet.objects.filter(account__in=list(accounts), valid_from__lte=on)
        for row in rows.order_by("valid_from", "number").prefetch_related("criteria"):
            own[int(row.account_id or 0)] = in_force(row)
    attractiveness, strength = (
        in_force(found) if found else handbook(kind) for kind, found in latest.items()
    )
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
