"""Ratings, target profiles, target lists and what is known of accounts as files (K092-K095)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import TargetStatus
from accounts.exports.shared import account_columns, with_number
from accounts.profiles.catalogue import ASKED
from accounts.services.targeting import in_words
from kam.documents.tables import Column, Layout

LINES = "; "


def _with_number(rows: Any, _user: Any) -> QuerySet:
    return with_number(rows.for_list())


PARAMETERS = Layout(
    "profile-parameters",
    _("Profile parameters"),
    (
        Column("Parameter id", "pk", 10),
        Column("Code", "code"),
        Column("Name", "name", 30),
        Column("Channel id", "channel_id", 10),
        Column("Channel", "channel.full_name", 30),
        Column("Tells about", lambda row: row.get_area_display()),
        Column("Scale", lambda row: row.get_kind_display(), 28),
        Column("Lowest", "lowest", 10),
        Column("Highest", "highest", 10),
        Column("Unit", "unit", 10),
        Column("Lowest means", "low", 24),
        Column("Highest means", "high", 24),
        Column("Options", lambda row: LINES.join(row.options), 40),
        Column("Programme id", "programme_id", 10),
        Column("Changed", "updated_at", 20),
    ),
)
RATINGS = Layout(
    "ratings",
    _("Ratings"),
    (
        Column("Rating id", "pk", 10),
        *account_columns(),
        Column("Parameter", "parameter.code"),
        Column("Parameter name", "parameter.name", 30),
        Column("Rating", lambda row: row.choice or row.value, 20),
        Column("Unit", "parameter.unit", 10),
        Column("People counted", "sample", 10),
        Column("As of", "rated_on"),
        Column("Source", "source", 30),
        Column("Confidence", "confidence"),
        Column("Rated by id", "rated_by_id", 10),
        Column("Rated by", lambda row: str(row.rated_by or ""), 24),
        Column("Superseded", "superseded_at", 20),
    ),
    _with_number,
)
TARGET_PROFILES = Layout(
    "target-profiles",
    _("Target profiles"),
    (
        Column("Target profile id", "pk", 10),
        Column("Brand id", "brand_id", 10),
        Column("Brand", "brand.name", 24),
        Column("Channel id", "channel_id", 10),
        Column("Channel", "channel.full_name", 30),
        Column("Looks for", lambda row: LINES.join(map(in_words, row.ranges.all())), 60),
        Column("In words", "note", 40),
        Column("Programme id", "programme_id", 10),
        Column("Changed", "updated_at", 20),
    ),
)
TARGETS = Layout(
    "targets",
    _("Target lists"),
    (
        Column("Target id", "pk", 10),
        *account_columns(),
        Column("Channel", "account.channel.full_name", 30),
        Column("Brand id", "brand_id", 10),
        Column("Brand", "brand.name", 24),
        Column("Status", lambda row: row.get_status_display(), 20),
        Column("Since", "since"),
        Column("Note", "note", 40),
        Column("Decided by id", "decided_by_id", 10),
        Column("Decided by", lambda row: str(row.decided_by or ""), 24),
        Column("Superseded", "superseded_at", 20),
    ),
    _with_number,
    (_("Totals cover the accounts you may see."),),
)
MATCHES = Layout(
    "matches",
    _("Match with a target profile"),
    (
        Column("Account id", "pk", 10),
        Column("Account external id", "account_number", 18),
        Column("Account name", "name", 30),
        Column("Channel", "channel.full_name", 30),
        Column("Match", "match.share", 10),
        Column("Rated", "match.rated_share", 10),
        Column("Could be reached", "match.possible", 10),
        Column("Target status", lambda row: _status(row.target_status), 20),
        Column("Since", "target_since"),
    ),
    notes=(
        _("Shares of the weight, 0 to 1. What is not rated never counts as a match."),
        _("Totals cover the accounts you may see."),
    ),
)
ENTRIES = Layout(
    "profile-entries",
    _("Profiles of accounts"),
    (
        Column("Entry id", "pk", 10),
        *account_columns(),
        Column("Field", "field", 24),
        Column("Field name", lambda row: str(ASKED[row.field].label), 30),
        Column("Value", "words", 60),
        Column("As of", "as_of"),
        Column("Source", "source", 30),
        Column("Confidence", "confidence"),
        Column("Recorded by id", "recorded_by_id", 10),
        Column("Recorded by", lambda row: str(row.recorded_by or ""), 24),
        Column("Superseded", "superseded_at", 20),
    ),
    _with_number,
)
BENEFITS = Layout(
    "preferred-benefits",
    _("Preferred-customer benefits"),
    (
        Column("Benefit id", "pk", 10),
        *account_columns(),
        Column("What it would gain", "text", 60),
        Column("Told on", "told_on"),
        Column("What it said", "reaction", 40),
        Column("Changed", "updated_at", 20),
    ),
    _with_number,
)

FACTORS = Layout(
    "success-factors",
    _("Critical success factors"),
    (
        Column("Factor id", "pk", 10),
        *account_columns(),
        Column("Factor", "name", 40),
        Column("Weight", "weight", 10),
        Column("We", "ours", 10),
        Column("Best other", "best_other", 10),
        Column("Gap", "gap", 10),
        Column("Who that is", "rival", 24),
        Column("What we do about it", "answer", 40),
        Column("Source", "source", 24),
        Column("Confidence", lambda row: row.get_confidence_display()),
        Column("As of", "as_of"),
        Column("Changed", "updated_at", 20),
    ),
    _with_number,
)
"""What decides for customers, and how they rank us (K057)."""


def _status(value: str) -> str:
    return str(TargetStatus(value).label) if value else ""
