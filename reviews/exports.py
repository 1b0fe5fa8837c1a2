"""How stage reviews stand in files."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kam.documents.tables import Column, Layout


def _person(name: str) -> Any:
    return lambda row: str(getattr(row, name) or "")


DUE = Layout(
    "reviews-due",
    _("Reviews due"),
    (
        Column("Account id", "pk", 10),
        Column("Account", "name", 30),
        Column("Stage", lambda row: row.get_stage_display() or ""),
        Column("Target stage", lambda row: row.get_target_stage_display() or ""),
        Column("Index", "relationship_index"),
        Column("Last", "reviewed_on"),
        Column("Due", "review_due_on"),
        Column("Open review id", "open_review", 10),
    ),
)
REVIEWS = Layout(
    "stage-reviews",
    _("Stage reviews"),
    (
        Column("Review id", "pk", 10),
        Column("Account id", "account_id", 10),
        Column("Account", "account.name", 30),
        Column("Day", "reviewed_on"),
        Column("Side", lambda row: row.get_side_display()),
        Column("State", lambda row: row.get_status_display()),
        Column("Index", "index"),
        Column("Recommended", lambda row: row.get_recommended_stage_display()),
        Column("Decided", lambda row: row.get_decided_stage_display()),
        Column("Closed as", lambda row: row.get_closing_status_display()),
        Column("Author id", "author_id", 10),
        Column("Author", _person("author"), 24),
        Column("Proposed by id", "proposed_by_id", 10),
        Column("Proposed by", _person("proposed_by"), 24),
        Column("Decided by id", "decided_by_id", 10),
        Column("Decided by", _person("decided_by"), 24),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: rows.select_related("account"),
)
