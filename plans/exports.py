"""How plans and actions stand in files: readers get the content as approved, as on the page."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

from kam.access.dates import business_today
from kam.documents.tables import Column, Layout
from plans.reading import as_read


def _person(name: str) -> Any:
    return lambda row: str(getattr(row, name) or "")


def _plan_title(row: Any) -> str:
    """Title of the plan of `row`, as its reader reads it."""
    if row.reads_working:
        return row.plan.title
    return (row.plan.approved or {}).get("title", row.plan.title)


PLANS = Layout(
    "plans",
    _("Plans"),
    (
        Column("Plan id", "pk", 10),
        Column("Plan", "title", 30),
        Column("Account id", "account_id", 10),
        Column("Account", "account.name", 30),
        Column("From", "starts_on"),
        Column("Until", "ends_on"),
        Column("Status", lambda row: row.get_status_display()),
        Column("In force", "in_force", 10),
        Column("Currency", "currency", 10),
        Column("Ambition", "ambition", 40),
        Column("Author id", "author_id", 10),
        Column("Author", _person("author"), 24),
        Column("Approved on", "approved_on"),
        Column("Result", "result", 40),
        Column("Changed", "updated_at", 20),
    ),
    read=as_read,
)
AIMS = Layout(
    "corporate-objectives",
    _("Objectives of our company"),
    (
        Column("Corporate objective id", "pk", 10),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Objective", "text", 60),
        Column("Horizon", lambda row: row.get_horizon_display()),
        Column("From", "valid_from"),
        Column("Until", "valid_until"),
        Column("Objectives of accounts", lambda row: getattr(row, "served", None), 10),
    ),
    lambda rows, _user: rows.select_related("programme"),
)
"""What our own company wants, and how many objectives of accounts serve it (K026)."""
OBJECTIVES = Layout(
    "objectives",
    _("Objectives"),
    (
        Column("Objective id", "pk", 10),
        Column("Objective", "title", 40),
        Column("Plan id", "plan_id", 10),
        Column("Plan", _plan_title, 30),
        Column("Account id", "plan.account_id", 10),
        Column("Account", "plan.account.name", 30),
        Column("Type", lambda row: row.get_type_display()),
        Column("Owner id", "owner_id", 10),
        Column("Owner", _person("owner"), 24),
        Column("Measured by", "kpi", 24),
        Column("Unit", "unit", 10),
        Column("Baseline", "baseline"),
        Column("Target", "target"),
        Column("Now", "actual"),
        Column("Read on", "actual_on"),
        Column("Start", "start"),
        Column("Due", "due"),
        Column("Status", lambda row: row.status_on(business_today()).label),
        Column("Shared with the customer", "shared", 10),
        Column("Changed", "updated_at", 20),
    ),
    read=as_read,
)
RISKS = Layout(
    "risks",
    _("Risks"),
    (
        Column("Risk id", "pk", 10),
        Column("Risk", "title", 40),
        Column("Plan id", "plan_id", 10),
        Column("Plan", _plan_title, 30),
        Column("Account id", "plan.account_id", 10),
        Column("Account", "plan.account.name", 30),
        Column("Likelihood", "likelihood", 10),
        Column("Impact", "impact", 10),
        Column("State", lambda row: row.get_state_display()),
        Column("Owner id", "owner_id", 10),
        Column("Owner", _person("owner"), 24),
        Column("Changed", "updated_at", 20),
    ),
    read=as_read,
)
ACTIONS = Layout(
    "actions",
    _("Actions"),
    (
        Column("Action id", "pk", 10),
        Column("Action", "text", 50),
        Column("Account id", "account_id", 10),
        Column("Account", "account.name", 30),
        Column("Objective id", "objective_id", 10),
        Column("Owner id", "owner_id", 10),
        Column("Owner", _person("owner"), 24),
        Column("Function id", "function_id", 10),
        Column("Function", "function.name"),
        Column("Start", "start"),
        Column("Due", "due"),
        Column("Status", lambda row: row.state.label),
        Column("Why blocked", "blocked_reason", 30),
        Column("Effort (days)", "effort_days"),
        Column("Origin", lambda row: row.get_origin_display()),
        Column("Done on", "done_on"),
        Column("How it ended", "closing_note", 40),
        Column("Changed", "updated_at", 20),
    ),
)
