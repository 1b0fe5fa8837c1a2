"""Qualifications, budgets, returns and changes of the organisation as files."""

from __future__ import annotations

from decimal import Decimal

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
BUDGET = Layout(
    "budget",
    _("Budget"),
    (
        Column("Budget line id", "pk", 10),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Year", "year", 10),
        Column("Account id", "account_id", 10),
        Column("Account", lambda row: row.account.name if row.account else "", 30),
        Column("Kind", lambda row: row.get_cost_type_display()),
        Column("What for", "text", 40),
        Column("Amount", "amount"),
        Column("Currency", "currency", 10),
        Column("Effort (FTE)", "effort", 10),
    ),
)
"""Lines of the programme's budget (K023, K131)."""
ORGANISATION = Layout(
    "organisation",
    _("Changes of the organisation"),
    (
        Column("Change id", "pk", 10),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Kind", lambda row: row.get_kind_display()),
        Column("What changes", "text", 40),
        Column("From", "effective_on"),
        Column("What it does to accounts", "impact", 40),
        Column("Risk", lambda row: row.get_risk_display()),
        Column("What we do about it", "care", 40),
        Column("Assessed on", "assessed_on"),
        Column("Assessed by id", "assessed_by_id", 10),
        Column("Assessed by", lambda row: str(row.assessed_by or ""), 24),
    ),
)
"""Changes of structure, reporting lines and pay (K132)."""
RETURNS = Layout(
    "returns",
    _("Return on key accounts"),
    (
        Column("Return case id", "case.pk", 10),
        Column("Account id", "case.account_id", 10),
        Column("Account", "case.account.name", 30),
        Column("Key account from", "case.started_on"),
        Column("Contribution before", "case.contribution_before"),
        Column("Programme cost before", "case.cost_before"),
        Column("Currency before", "case.currency", 10),
        Column("Growth without the programme (ratio)", "case.growth_ratio"),
        Column("Where growth is from", "case.growth_source", 30),
        Column("Whole years", lambda row: len(row.years), 10),
        Column("More contribution", lambda row: _shown(row.total.more_contribution)),
        Column("More cost", lambda row: _shown(row.total.more_cost)),
        Column("Currency", "currency", 10),
        Column("Return (ratio)", lambda row: _shown(row.total.ratio)),
        Column("Net present value", lambda row: _shown(row.total.present_value)),
        Column("Verdict from", "verdict_from"),
        Column("Verdict", lambda row: row.case.get_verdict_display()),
        Column("Why", "case.verdict_reason", 40),
    ),
)
"""What key accounts brought over what they cost (4.7)."""


def _shown(amount: Decimal | None) -> Decimal | None:
    """To what a spreadsheet still takes as a number."""
    return None if amount is None else round(amount, 6)
