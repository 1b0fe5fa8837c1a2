"""Qualifications, budgets, returns and changes of the organisation as files."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kam.documents.tables import Column, Layout

QUALIFICATIONS = Layout(
    "qualifications",
    _("Qualifications"),
    (
        Column("Qualification id", "pk", 10),
        Column("Account id", "account_id", 10),
        Column("Account", "account.name", 30),
        Column("From", "started_on"),
        Column("Decide by", "deadline"),
        Column("Spend at most", "cap"),
        Column("Spent so far", "spent"),
        Column("Currency", "currency", 10),
        Column("What we want to find out", "question", 40),
        Column("Verdict", lambda row: row.get_verdict_display()),
        Column("Why", "reason", 40),
        Column("Decided on", "decided_on"),
        Column("Decided by id", "decided_by_id", 10),
        Column("Decided by", lambda row: str(row.decided_by or ""), 24),
    ),
)
"""Candidates that are or were looked into (K063)."""
