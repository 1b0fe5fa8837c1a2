"""Accounts, their places and facts, and the register of key accounts as files."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from django.db.models import Choices, F, OuterRef, QuerySet, Subquery
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from accounts import figures
from accounts.choices import (
    Criticality,
    GeographicReach,
    Intent,
    RationaleType,
    Size,
    Stage,
    Status,
)
from accounts.exports.shared import NUMBERS, account_columns, numbers_of, with_number
from accounts.imports.scope import SYSTEM
from accounts.models import ExternalId
from accounts.selection.history import appointment, lines_of
from kam.access.dates import business_today
from kam.documents.tables import Column, Layout


def _parent(name: str) -> Any:
    return lambda row: getattr(row, name) if row.parent_is_visible else None


def _number_or_name(row: Any) -> Any:
    return (row.parent_number or row.parent_name) if row.parent_is_visible else None


def _word(name: str, choices: type[Choices]) -> Any:
    words = dict(choices.choices)

    @lru_cache(maxsize=100)
    def word(_language: str | None, value: str) -> str:
        return str(words.get(value, ""))

    def of(row: Any) -> str:
        value = getattr(row, name)
        return word(get_language(), value) if value else ""

    return of


def _load_accounts(rows: Any, user: Any) -> QuerySet:
    if "revenue" not in rows.query.annotations:
        period = figures.trailing_year(business_today())
        rates = figures.rates_for(user, period.last or business_today())
        rows = figures.with_figures(rows, period, rates) if rates is not None else rows
    above = ExternalId.objects.filter(account=OuterRef("parent"), system=SYSTEM).order_by("value")
    return (
        with_number(rows.with_manager().with_parent_for(user), "pk")
        .annotate(
            parent_number=Subquery(above.values("value")[:1]),
            parent_name=F("parent__name"),
            unit_name=F("business_unit__name"),
            team_name=F("team__name"),
            channel_name=F("channel__full_name"),
            programme_name=F("programme__name"),
        )
        .select_related(None)
        .prefetch_related(NUMBERS)
    )


def _figure(name: str) -> Any:
    return lambda row: getattr(row, name, None)


ACCOUNTS = Layout(
    "accounts",
    _("Accounts"),
    (
        Column("Account id", "pk", 10),
        Column("External id", "account_number", 18),
        Column("Name", "name", 30),
        Column("Status", _word("status", Status)),
        Column("Stage", _word("stage", Stage)),
        Column("Target stage", _word("target_stage", Stage)),
        Column("Target by", "target_stage_by"),
        Column("Manager", "manager_name", 24),
        Column("Team id", "team_id", 10),
        Column("Team", "team_name", 24),
        Column("Business unit id", "business_unit_id", 10),
        Column("Business unit", "unit_name", 20),
        Column("Channel id", "channel_id", 10),
        Column("Channel", "channel_name", 24),
        Column("Part of id", _parent("parent_id"), 10),
        Column("Part of", _parent("parent_name"), 30),
        Column("Parent", _number_or_name, 30),
        Column("Size", _word("size", Size)),
        Column("Reach", _word("reach", GeographicReach)),
        Column("Intent", _word("intent", Intent)),
        Column("What it contributes is", _word("criticality", Criticality)),
        Column("Could contribute a year", "potential_contribution"),
        Column("Country", "country"),
        Column("Industry", "industry", 20),
        Column("Currency", "currency", 10),
        Column("Website", "website", 24),
        Column("Description", "description", 40),
        Column("All external ids", numbers_of, 30),
        Column("Revenue, 12 months", _figure("revenue")),
        Column("Gross margin, 12 months", _figure("gross_margin")),
        Column("Cost to serve, 12 months", _figure("cost_to_serve")),
        Column("Contribution, 12 months", _figure("contribution")),
        Column("Relationship index", "relationship_index"),
        Column("Next review", "review_due_on"),
        Column("Status since", "status_since"),
        Column("Reason", "rationale", 40),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme_name", 20),
        Column("Changed", "updated_at", 20),
    ),
    _load_accounts,
    (_("Totals cover the accounts you may see."),),
)
"""All that the table can show, the four fields of the register (K010), and what the importer of
accounts takes."""


def _decided(name: str) -> Callable[[Any], Any]:
    """A member of the decision by which the account is key."""

    def value(row: Any) -> Any:
        found = appointment(lines_of(row))
        return getattr(found, name) if found else None

    return value


def _decider(row: Any) -> str:
    return str(_decided("by")(row) or "")


def _decider_id(row: Any) -> int | None:
    by = _decided("by")(row)
    return by.pk if by else None


def _told(row: Any) -> str:
    """All that was decided, the latest first."""
    return "; ".join(
        f"{line.on} {line.what} ({line.by or '-'}): {line.reason}" for line in lines_of(row)
    )


def _reasons(row: Any) -> str:
    return "; ".join(str(RationaleType(kind).label) for kind in row.rationale_types)


REGISTER = Layout(
    "register",
    _("Register of key accounts"),
    (
        Column("Account id", "pk", 10),
        Column("Account", "name", 30),
        Column("Status", lambda row: row.get_status_display()),
        Column("Since", "status_since"),
        Column("Kinds of reason", _reasons, 30),
        Column("Reason", "rationale", 60),
        Column("Decided on", _decided("on")),
        Column("Decided by id", _decider_id, 10),
        Column("Decided by", _decider, 24),
        Column("Manager", "manager_name", 24),
        Column("Stage", _word("stage", Stage)),
        Column("Decisions", _told, 60),
    ),
)
"""The fields of the register with all that was decided (K010, K021, K032)."""
SITES = Layout(
    "sites",
    _("Sites"),
    (
        Column("Site id", "pk", 10),
        Column("Name", "name", 24),
        *account_columns(),
        Column("Address", "address", 30),
        Column("City", "city"),
        Column("Country", "country"),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: with_number(rows.select_related("account")),
)
FACTS = Layout(
    "facts",
    _("Facts"),
    (
        Column("Fact id", "pk", 10),
        *account_columns(),
        Column("Kind", "kind", 24),
        Column("Value", "value"),
        Column("As of", "as_of"),
        Column("Confidence", lambda row: row.get_confidence_display()),
        Column("Source", "source", 24),
    ),
    lambda rows, _user: with_number(rows.select_related("account")),
)
COVERAGE = Layout(
    "coverage",
    _("Who looks after what"),
    (
        Column("Account id", "account.pk", 10),
        Column("Account", "account.name", 30),
        Column("Site id", lambda row: row.site and row.site.pk, 10),
        Column("Site", lambda row: row.site and row.site.name, 24),
        Column("State", lambda row: str(row.state.label)),
        Column("Country", "country"),
        Column("Business unit", "unit", 24),
        Column("Manager", "manager", 24),
        Column("People known", "contacts", 10),
        Column("Last talk", "last_talk"),
        Column("Sales", "sales"),
    ),
)
"""Companies and sites of a customer, and who looks after them (K059)."""
COVERAGE_LINES = Layout(
    "coverage",
    _("Who looks after what"),
    (
        Column("Together", "name", 24),
        Column("Companies and sites", "places", 10),
        Column("Looked after", "covered", 10),
        Column("Share (0-1)", "share"),
        Column("Quiet", "quiet", 10),
        Column("Nobody", "nobody", 10),
        Column("Sales", "sales"),
    ),
)
"""The same by our unit or by country."""
