"""The portfolio matrix over accounts: where each stands, its tier, and whether the portfolio is
balanced (handbook 3.3; K024, K139)."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from decimal import Decimal
from statistics import median
from typing import Any, NamedTuple

from django.db.models import (
    Case,
    CharField,
    Count,
    F,
    FilteredRelation,
    Q,
    QuerySet,
    TextChoices,
    Value,
    When,
)
from django.utils.translation import gettext_lazy

from accounts.choices import Horizon, Status
from accounts.models import Account, Position, Score
from accounts.scoring.index import Bond, Cuts, Quadrant, bond, lacks_stars

DRAWN = 500
"""Accounts that the chart draws at most, the largest by accessible spend."""
FIT = "A9"
"""The criterion that says how far interests are common (handbook 3.1, 3.3)."""


class Tier(TextChoices):
    """What depth an account is managed in: its field of the matrix, or none (K139;
    `design.md` 11)."""

    STRATEGIC = Quadrant.STRATEGIC.value, Quadrant.STRATEGIC.label
    STAR = Quadrant.STAR.value, Quadrant.STAR.label
    STATUS = Quadrant.STATUS.value, Quadrant.STATUS.label
    STREAMLINE = Quadrant.STREAMLINE.value, Quadrant.STREAMLINE.label
    NONE = "none", gettext_lazy("None")


def with_places(accounts: QuerySet[Account], cuts: Cuts) -> QuerySet[Account]:
    """Annotates `attractiveness`, `strength`, `is_provisional` and `tier` of today, and those of
    year 3 as `…_then`; NULL is not scored. Every account has a tier (K139)."""
    rows = accounts.alias(
        now=_position_for(Horizon.TODAY), then=_position_for(Horizon.YEAR3)
    ).annotate(
        attractiveness=F("now__attractiveness"),
        strength=F("now__strength"),
        is_provisional=F("now__is_provisional"),
        attractiveness_scored=F("now__attractiveness_scored"),
        strength_scored=F("now__strength_scored"),
        attractiveness_then=F("then__attractiveness"),
        strength_then=F("then__strength"),
    )
    return rows.annotate(tier=_tier("now", cuts), tier_then=_tier("then", cuts))


def _position_for(horizon: str) -> FilteredRelation:
    own = Q(positions__superseded_at=None, positions__horizon=horizon)
    return FilteredRelation("positions", condition=own)


def _tier(position: str, cuts: Cuts) -> Case:
    """`accounts.scoring.index.quadrant` for the database; none without both indexes."""
    worth, rank = f"{position}__attractiveness", f"{position}__strength"
    known = Q(**{f"{worth}__isnull": False, f"{rank}__isnull": False})
    worthy = Q(**{f"{worth}__gte": cuts.attractiveness})
    strong = Q(**{f"{rank}__gte": cuts.strength})
    return Case(
        When(~known, then=Value(Tier.NONE.value)),
        When(worthy & strong, then=Value(Tier.STRATEGIC.value)),
        When(worthy, then=Value(Tier.STAR.value)),
        When(strong, then=Value(Tier.STATUS.value)),
        default=Value(Tier.STREAMLINE.value),
        output_field=CharField(),
    )


def placed(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Those of `accounts` (`with_places`) that have a place in the matrix."""
    return accounts.filter(attractiveness__isnull=False, strength__isnull=False)


def cuts_at_medians(accounts: QuerySet[Account]) -> Cuts | None:
    """Cuts at the medians of the placed ones of `accounts`; None without one. Three queries."""
    places = Position.objects.in_force().filter(
        horizon=Horizon.TODAY,
        account__in=accounts.order_by().values("pk"),
        attractiveness__isnull=False,
        strength__isnull=False,
    )
    count = places.count()
    if not count:
        return None
    return Cuts(*(_median(places, name, count) for name in ("attractiveness", "strength")))


def _median(places: QuerySet[Position], name: str, count: int) -> Decimal:
    values = places.order_by(name).values_list(name, flat=True)
    return median(values[(count - 1) // 2 : count // 2 + 1])


class Balance(NamedTuple):
    """Key accounts, and how many of them are Stars (K024)."""

    key_accounts: int
    stars: int

    @property
    def is_missing_stars(self) -> bool:
        """Whether there are too few of them: one for five key accounts."""
        return lacks_stars(self.key_accounts, self.stars)


def balance(accounts: QuerySet[Account]) -> Balance:
    """Whether `accounts` (`with_places` at the programme's cut) are a balanced portfolio."""
    key = accounts.filter(status=Status.KEY)
    return Balance(
        **key.order_by().aggregate(
            key_accounts=Count("pk"), stars=Count("pk", filter=Q(tier=Tier.STAR))
        )
    )


def tally(accounts: QuerySet[Account]) -> Mapping[str, int]:
    """How many of `accounts` (`with_places`) each tier has; together all of them (K139)."""
    counts = {tier: Count("pk", filter=Q(tier=tier)) for tier in Tier.values}
    return accounts.order_by().aggregate(**counts)


def known_before(accounts: Collection[int], day: datetime.date) -> dict[int, Any]:
    """Attractiveness and strength of `accounts` as they were known on `day`, by primary key."""
    rows = Position.objects.filter(horizon=Horizon.TODAY, account__in=list(accounts))
    before = rows.known_on(day).exclude(Q(attractiveness=None) | Q(strength=None)).order_by()
    return {
        pk: (worth, rank)
        for pk, worth, rank in before.values_list("account", "attractiveness", "strength")
    }


def bonds(accounts: Mapping[int, Decimal | None]) -> dict[int, Bond]:
    """The bond with each of `accounts` (primary key -> attractiveness) whose fit is scored."""
    scores = Score.objects.in_force().agreed().filter(code=FIT, horizon=Horizon.TODAY)
    found = scores.filter(account__in=list(accounts)).order_by().values_list("account", "value")
    known = ((pk, accounts[pk], fit) for pk, fit in found)
    return {pk: bond(worth, fit or 0) for pk, worth, fit in known if worth is not None}
