"""How people and teams stand in files, such that the importer of members reads them again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from kam.documents.tables import Column, Layout
from teams.models import Membership, Team


def _people(rows: Iterable[Membership]) -> str:
    return ", ".join(str(row.user) for row in rows)


def _ids(rows: Iterable[Membership]) -> str:
    return ", ".join(str(row.user_id) for row in rows)


def _manager_id(row: Team) -> int | None:
    """A team has one manager at most."""
    return next((manager.user_id for manager in row.present_managers), None)


TEAMS = Layout(
    "teams",
    _("Teams"),
    (
        Column("Team id", "pk", 10),
        Column("Team", "name", 30),
        Column("Manager id", _manager_id, 10),
        Column("Manager", lambda row: _people(row.present_managers), 24),
        Column("People", lambda row: len(row.current_members), 10),
        Column("Who, ids", lambda row: _ids(row.current_members), 20),
        Column("Who", lambda row: _people(row.current_members), 60),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 24),
        Column("Changed", "updated_at", 20),
    ),
)
MEMBERSHIPS = Layout(
    "memberships",
    _("Teams and members"),
    (
        Column("Membership id", "pk", 10),
        Column("Team id", "team_id", 10),
        Column("Team", "team.name", 30),
        Column("User id", "user_id", 10),
        Column("User", "user.username"),
        Column("Full name", lambda row: str(row.user), 24),
        Column("Role", lambda row: row.get_role_display()),
        Column("Function id", "function_id", 10),
        Column("Function", "function.name", 20),
        Column("Effort FTE", "effort_fte", 10),
        Column("Valid from", "valid_from"),
        Column("Valid until", "valid_until"),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: rows.select_related("team", "user", "function"),
)


def _roles(row: Any) -> str:
    return "; ".join(map(str, row.current_grants))


USERS = Layout(
    "users",
    _("People"),
    (
        Column("User id", "pk", 10),
        Column("Name", str, 24),
        Column("User name", "username"),
        Column("Email", "email", 30),
        Column("Roles", _roles, 40),
        Column("Last sign-in", "last_login", 20),
        Column("Signs in", "is_active", 10),
    ),
)
UNITS = Layout(
    "business-units",
    _("Business units"),
    (
        Column("Unit id", "pk", 10),
        Column("Name", "name", 30),
        Column("Code", "code"),
        Column("Part of id", "parent_id", 10),
        Column("Part of", "parent.name", 30),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 24),
    ),
)
TOKENS = Layout(
    "tokens",
    _("Tokens"),
    (
        Column("Token id", "pk", 10),
        Column("Name", "name", 24),
        Column("Owner id", "owner_id", 10),
        Column("Owner", lambda row: str(row.owner), 24),
        Column("Scope", "scope", 10),
        Column("Made", "created_at", 20),
        Column("Ends", "expires_at", 20),
        Column("Last used", "last_used_on"),
        Column("Revoked", "revoked_at", 20),
    ),
)
WEBHOOKS = Layout(
    "webhooks",
    _("Webhooks"),
    (
        Column("Webhook id", "pk", 10),
        Column("Name", "name", 24),
        Column("Address", "url", 40),
        Column("Owner id", "owner_id", 10),
        Column("Owner", lambda row: str(row.owner), 24),
        Column("On", "is_on", 10),
        Column("Last delivered", "delivered_at", 20),
        Column("Failed tries", "failures", 10),
        Column("Last error", "last_error", 40),
    ),
)
