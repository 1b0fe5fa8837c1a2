"""The portfolio matrix, and effort against potential, as files."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.market import share_of_wallet
from accounts.scoring.index import STANCES
from accounts.scoring.matrix import Tier
from kam.documents.tables import Column


def _tier(row: Any) -> Any:
    return Tier(row.tier).label


def _tier_then(row: Any) -> Any:
    return "" if row.tier_then == Tier.NONE else Tier(row.tier_then).label


def _stance(row: Any) -> Any:
    return STANCES[row.tier].stance if row.tier in STANCES else ""


MATRIX_COLUMNS = (
    Column(_("Account id"), "pk", 10),
    Column(_("Account"), "name", 30),
    Column(_("Status"), lambda row: row.get_status_display()),
    Column(_("Tier"), _tier),
    Column(_("Attractiveness"), "attractiveness"),
    Column(_("Strength"), "strength"),
    Column(_("Attractiveness scored (0-1)"), "attractiveness_scored"),
    Column(_("Strength scored (0-1)"), "strength_scored"),
    Column(_("Tier in year 3"), _tier_then),
    Column(_("Attractiveness in year 3"), "attractiveness_then"),
    Column(_("Strength in year 3"), "strength_then"),
    Column(_("Accessible spend, three years"), "spend"),
    Column(_("Our sales, three years"), "sales"),
    Column(_("Our share (0-1)"), lambda row: share_of_wallet(row.sales, row.spend)),
    Column(_("Stance"), _stance, 30),
)
EFFORT_COLUMNS = (
    Column(_("Account id"), "pk", 10),
    Column(_("Account"), "name", 30),
    Column(_("Status"), lambda row: row.get_status_display()),
    Column(_("Effort (FTE)"), "effort"),
    Column(_("Potential, three years"), "potential"),
    Column(_("Times its share"), "excess"),
    Column(_("Over twice its share"), "is_over"),
)
