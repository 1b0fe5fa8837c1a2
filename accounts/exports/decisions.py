"""Conflicts, duplicates and merges as files."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.duplicates.weighing import in_words
from accounts.exports.shared import NAMES
from accounts.models import ConflictException
from accounts.selection.looking import STEPS, reasons_of
from accounts.selection.sight import all_as_seen
from kam.access.dates import business_today
from kam.documents.tables import Column, Layout


def _exceptions(row: Any) -> str:
    return NAMES.join(f"{item.user} ({item.reason})" for item in row.exceptions.all())


def _load_conflicts(rows: Any, user: Any) -> QuerySet:
    exceptions = ConflictException.objects.select_related("user")
    loaded = rows.select_related("a", "b").prefetch_related(None)
    return loaded.prefetch_related(Prefetch("exceptions", exceptions))


CONFLICTS = Layout(
    "conflicts",
    _("Conflicts and barriers"),
    (
        Column("Conflict id", "pk", 10),
        Column("Account id", "a_id", 10),
        Column("Account", "a.name", 30),
        Column("Other account id", "b_id", 10),
        Column("Other account", "b.name", 30),
        Column("Kind", lambda row: row.get_kind_display(), 24),
        Column("From", "valid_from"),
        Column("Until", "valid_until"),
        Column("Exceptions", _exceptions, 40),
    ),
    _load_conflicts,
)
PAIRS = Layout(
    "duplicates",
    _("Duplicates"),
    (
        Column("Pair id", "pk", 10),
        Column("Kind", lambda row: row.get_kind_display()),
        Column("First id", "a.pk", 10),
        Column("First", "a.name", 30),
        Column("Second id", "b.pk", 10),
        Column("Second", "b.name", 30),
        Column("Likeness", "score", 10),
        Column("In common", lambda row: "; ".join(map(str, map(in_words, row.reasons))), 60),
        Column("State", lambda row: row.get_state_display()),
        Column("Found", "found_at", 20),
    ),
)
MERGES = Layout(
    "merges",
    _("Merged"),
    (
        Column("Merge id", "pk", 10),
        Column("Kind", lambda row: row.get_kind_display()),
        Column("Account id", "account_id", 10),
        Column("Account", "account.name", 30),
        Column("Stays id", "survivor.pk", 10),
        Column("Stays", "survivor_name", 30),
        Column("Taken up id", "lost.pk", 10),
        Column("Taken up", "loser_name", 30),
        Column("Merged", "merged_at", 20),
        Column("By id", "merged_by_id", 10),
        Column("By", lambda row: str(row.merged_by or ""), 24),
        Column("Can be taken back until", "undo_until", 20),
        Column("Taken back", "undone_at", 20),
    ),
)
LOOK_AGAIN = Layout(
    "look-again",
    _("To look at again"),
    (
        Column("Account id", "pk", 10),
        Column("Account", "name", 30),
        Column("Status", lambda row: row.get_status_display()),
        Column("Manager", "manager_name", 24),
        Column("Why", lambda row: " ".join(reasons_of(row, business_today())), 60),
        Column("Attractiveness", "worth"),
        Column("Last scored", "scored_last"),
        Column("Becomes key when", "trigger", 30),
        Column("Look again on", "groomed_until"),
    ),
)
"""Accounts that wait for a decision (K128)."""
UNDECIDED = Layout(
    "without-decision",
    _("Without a decision"),
    (
        Column("Account id", "pk", 10),
        Column("Account", "name", 30),
        Column("Status", lambda row: row.get_status_display()),
        Column("Since", "status_since"),
        Column("How it came", "origin", 40),
        Column("Manager", "manager_name", 24),
        Column("Next step", lambda row: str(STEPS[row.status].text), 40),
    ),
)
"""Accounts whose status nobody decided (K049)."""
SELECTIONS = Layout(
    "selections",
    _("Selection"),
    (
        Column("Selection id", "pk", 10),
        Column("Scenario", "name", 30),
        Column("Result", lambda row: row.get_status_display()),
        Column("Value", "objective"),
        Column("Gap", "gap"),
        Column("Cost", "cost"),
        Column("Budget", "budget"),
        Column("Currency", "currency", 10),
        Column("Accounts at most", "max_accounts", 10),
        Column("Hurdle", "hurdle"),
        Column("Weight of attractiveness", "attractiveness_weight"),
        Column("Stars at least", "min_stars", 10),
        Column("Set up", "created_at", 20),
        Column("By id", "created_by_id", 10),
        Column("By", lambda row: str(row.created_by or ""), 24),
        Column("Decided", "decided_at", 20),
        Column("Decided by id", "decided_by_id", 10),
        Column("Decided by", lambda row: str(row.decided_by or ""), 24),
    ),
    all_as_seen,
)
"""Scenarios with what came of them, as far as their reader may know it."""
PLANNED_COSTS = Layout(
    "planned-costs",
    _("Costs"),
    (
        Column("Account id", "pk", 10),
        Column("Account", "name", 30),
        Column("Status", lambda row: row.get_status_display()),
        Column("Attractiveness", "attractiveness"),
        Column("Strength", "strength"),
        Column("Planned yearly cost", "planned_cost"),
        Column("Currency", "programme.currency", 10),
        Column("Effort (FTE)", "planned_effort", 10),
    ),
    lambda rows, _user: rows.select_related("programme"),
)
"""What candidates would cost as key accounts (handbook 3.5)."""
CAPACITIES = Layout(
    "managers",
    _("Managers"),
    (
        Column("Capacity id", "pk", 10),
        Column("Person id", "user_id", 10),
        Column("Person", lambda row: str(row.user), 24),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Accounts", "accounts", 10),
        Column("Effort (FTE)", "effort", 10),
    ),
)
"""What managers can take on (handbook 5.3)."""
