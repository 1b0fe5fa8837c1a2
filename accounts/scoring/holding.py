"""Which criteria hold for an account on a day (handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Q

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


SET = ("pk", "number", "account", "kind", "valid_from")
CRITERION = tuple(
    f"criteria__{name}" for name in ("code", "name", "group", "weight", "low", "middle", "high")
)


def criteria_on(programme: int, on: datetime.date, accounts: Collection[int] = ()) -> Criteria:
    """What holds in a programme on the day `on`, with the own weights of `accounts`: one query."""
    whose = Q(account=None) | Q(account__in=list(accounts)) if accounts else Q(account=None)
    sets = CriteriaSet.objects.filter(whose, programme=programme, valid_from__lte=on)
    rows = sets.order_by("valid_from", "number", "pk", "criteria__place", "criteria__pk")
    latest: dict[tuple[int | None, str], InForce] = {}
    for pk, number, account, kind, since, code, *said in rows.values_list(*SET, *CRITERION):
        held = latest.get((account, kind))
        if held is None or held.pk != pk:
            held = InForce(pk, number, kind, (), since)
        if code is not None:
            held = held._replace(criteria=(*held.criteria, Default(code, *said)))
        latest[account, kind] = held
    attractiveness, strength = (latest.get((None, kind)) or handbook(kind) for kind in Kind.values)
    own = {account: held for (account, _kind), held in latest.items() if account is not None}
    return Criteria(attractiveness, strength, own)


def handbook(kind: str) -> InForce:
    """The handbook's own set of a kind."""
    return InForce(None, 0, kind, DEFAULTS[kind])
