"""Attractiveness and strength from scores, the quadrant, and what related models call it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from statistics import median
from typing import NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

LEAST_SCORED = Decimal("0.75")
"""Scored share of the weight below which an account cannot be selected (handbook 3.2)."""


class Index(NamedTuple):
    """A weighted mean of scores, 0..10, over what is scored; `value` is None of nothing.

    `scored` is the share of the weight that has a score, 0..1; `missing` names the others.
    """

    value: Decimal | None
    scored: Decimal
    missing: tuple[str, ...]

    @property
    def is_provisional(self) -> bool:
        """Whether a criterion is unscored (handbook 3.2; K056)."""
        return bool(self.missing)

    @property
    def is_selectable(self) -> bool:
        """Whether enough is scored to choose by it (handbook 3.2)."""
        return self.scored >= LEAST_SCORED


def index(weights: Mapping[str, Decimal | int], scores: Mapping[str, int | None]) -> Index:
    """Attr or Str = sum(w x score) / sum(w) over the scored criteria (handbook 3.2)."""
    whole = Decimal(sum(weights.values()))
    known = {code: score for code, score in scores.items() if score is not None and code in weights}
    weight = Decimal(sum(weights[code] for code in known))
    missing = tuple(code for code in weights if code not in known)
    if not weight:
        return Index(None, Decimal(0), missing)
    value = Decimal(sum(weights[code] * score for code, score in known.items())) / weight
    return Index(value, weight / whole, missing)


class Quadrant(models.TextChoices):
    """Where an account stands in the portfolio matrix (handbook 3.3)."""

    STRATEGIC = "strategic", gettext_lazy("Strategic")
    STAR = "star", gettext_lazy("Star")
    STATUS = "status", gettext_lazy("Status")
    STREAMLINE = "streamline", gettext_lazy("Streamline")


class Cuts(NamedTuple):
    """From which attractiveness and strength an account counts as high; equal is high."""

    attractiveness: Decimal
    strength: Decimal


def medians(positions: Sequence[tuple[Decimal, Decimal]]) -> Cuts | None:
    """Cuts at the medians of a portfolio; None without one."""
    if not positions:
        return None
    return Cuts(*(median(values) for values in zip(*positions, strict=True)))


def quadrant(attractiveness: Decimal, strength: Decimal, cuts: Cuts) -> Quadrant:
    """The field of the matrix (handbook 3.3)."""
    if attractiveness >= cuts.attractiveness:
        return Quadrant.STRATEGIC if strength >= cuts.strength else Quadrant.STAR
    return Quadrant.STATUS if strength >= cuts.strength else Quadrant.STREAMLINE


def value(attractiveness: Decimal, strength: Decimal, weight: Decimal) -> Decimal:
    """v = a x Attr + (1 - a) x Str (handbook 3.5)."""
    return weight * attractiveness + (1 - weight) * strength


class Stance(NamedTuple):
    """What a quadrant asks for, and its name in related models: Millman & Wilson 1995, Cheverton,
    Campbell & Cunningham 1983, Steele & Court (handbook 3.3)."""

    stance: str | Promise
    resources: str | Promise
    objective: str | Promise
    stages: str | Promise
    millman_wilson: str | Promise
    cheverton: str | Promise
    campbell_cunningham: str | Promise
    steele_court: str | Promise


STANCES: Mapping[str, Stance] = {
    Quadrant.STRATEGIC: Stance(
        gettext_lazy("Invest for the long term"),
        gettext_lazy("Full team, sponsor, joint plan"),
        gettext_lazy("Grow profit together, innovate"),
        gettext_lazy("partnership or synergistic"),
        gettext_lazy("invest for growth"),
        gettext_lazy("key"),
        gettext_lazy("today's special customers"),
        gettext_lazy("core"),
    ),
    Quadrant.STAR: Stance(
        gettext_lazy("Invest selectively, choose which to back"),
        gettext_lazy("Light team, discovery, trial budget"),
        gettext_lazy("Raise our strength, win first share"),
        gettext_lazy("early to mid"),
        gettext_lazy("invest selectively"),
        gettext_lazy("key development"),
        gettext_lazy("tomorrow's customers"),
        gettext_lazy("development"),
    ),
    Quadrant.STATUS: Stance(
        gettext_lazy("Maintain proactively"),
        gettext_lazy("Stable team, standard service level"),
        gettext_lazy("Hold share, protect margin, low cost"),
        gettext_lazy("mid or partnership, held"),
        gettext_lazy("maintain"),
        gettext_lazy("maintenance"),
        gettext_lazy("today's regular customers"),
        gettext_lazy("exploitable"),
    ),
    Quadrant.STREAMLINE: Stance(
        gettext_lazy("Manage for cash"),
        gettext_lazy("Low-cost channel"),
        gettext_lazy("Margin per effort, or hand over"),
        gettext_lazy("early, or leave the programme"),
        gettext_lazy("manage for cash or withdraw"),
        gettext_lazy("opportunistic"),
        gettext_lazy("yesterday's customers"),
        gettext_lazy("nuisance"),
    ),
}


class Bond(models.TextChoices):
    """Relationship value against commonality of interest: Krapfel, Salmond & Spekman 1991."""

    PARTNER = "partner", gettext_lazy("partner")
    RIVAL = "rival", gettext_lazy("rival")
    FRIEND = "friend", gettext_lazy("friend")
    ACQUAINTANCE = "acquaintance", gettext_lazy("acquaintance")


BOND_CUT = 5


def bond(attractiveness: Decimal, fit: int) -> Bond:
    """Value is the attractiveness, commonality the score of A9, cut at 5 (handbook 3.3)."""
    if attractiveness >= BOND_CUT:
        return Bond.PARTNER if fit >= BOND_CUT else Bond.RIVAL
    return Bond.FRIEND if fit >= BOND_CUT else Bond.ACQUAINTANCE


STARS_PER_KEY = 5


def lacks_stars(key_accounts: int, stars: int) -> bool:
    """Whether the portfolio breaks the balance rule: at least one Star per five key accounts
    (K024)."""
    return stars < key_accounts // STARS_PER_KEY
