"""How customers, people and money stand in files, such that the importer reads them again.

Headings that bring something back are names of fields of its kinds (`accounts/imports`), in any
language of the page. Ids of ours stand beside the names and are left alone by the importer.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Choices, F, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils.translation import gettext_lazy as _

from accounts import figures
from accounts.choices import RationaleType, Stage, Status
from accounts.duplicates.weighing import in_words
from accounts.imports.ledger.keys import key_of
from accounts.imports.scope import SYSTEM
from accounts.models import ConflictException, ContactExternalId, ExternalId
from kam.access.dates import business_today
from kam.documents.tables import Column, Layout
from teams.models import User

NAMES = ", "


def _account(path: str = "account") -> tuple[Column, ...]:
    """Which account a row hangs on."""
    return (
        Column("Account id", f"{path}_id", 10),
        Column("Account external id", "account_number", 18),
        Column("Account name", f"{path}.name", 30),
    )


def _with_number(rows: QuerySet, path: str = "account") -> QuerySet:
    """Annotates `account_number`: the account's number in the usual source system."""
    numbers = ExternalId.objects.filter(account=OuterRef(path), system=SYSTEM).order_by("value")
    number = Coalesce(Subquery(numbers.values("value")[:1]), Value(""))
    return rows.annotate(account_number=number)


def numbers_of(row: Any) -> str:
    """All numbers in other systems."""
    return NAMES.join(f"{item.system} {item.value}" for item in row.external_ids.all())


def _parent(name: str) -> Any:
    return lambda row: getattr(row, name) if row.parent_is_visible else None


def _number_or_name(row: Any) -> Any:
    return (row.parent_number or row.parent_name) if row.parent_is_visible else None


def _word(name: str, choices: type[Choices]) -> Any:
    words = dict(choices.choices)
    return lambda row: words.get(getattr(row, name), "")


def _load_accounts(rows: Any, user: Any) -> QuerySet:
    if "revenue" not in rows.query.annotations:
        period = figures.trailing_year(business_today())
        rates = figures.rates_for(user, period.last or business_today())
        rows = figures.with_figures(rows, period, rates) if rates is not None else rows
    above = ExternalId.objects.filter(account=OuterRef("parent"), system=SYSTEM).order_by("value")
    return (
        _with_number(rows.with_manager().with_parent_for(user), "pk")
        .annotate(
            parent_number=Subquery(above.values("value")[:1]),
            parent_name=F("parent__name"),
            team_name=F("team__name"),
            unit_name=F("business_unit__name"),
            channel_name=F("channel__full_name"),
            programme_name=F("programme__name"),
        )
        .select_related(None)
        .prefetch_related("external_ids")
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


def _load_register(rows: Any, user: Any) -> QuerySet:
    people = User.objects.filter(pk=OuterRef("decider"))
    full = Trim(Concat("first_name", Value(" "), "last_name"))
    name = people.annotate(full=full, shown=Coalesce(NullIf("full", Value("")), "username"))
    return rows.annotate(decider_name=Subquery(name.values("shown")[:1]))


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
        Column("Decided by id", "decider", 10),
        Column("Decided by", "decider_name", 24),
    ),
    _load_register,
)
"""The four fields of the register (K010, K032)."""


def _load_contacts(rows: Any, user: Any) -> QuerySet:
    own = ContactExternalId.objects.filter(contact=OuterRef("pk"), system=SYSTEM).order_by("value")
    number = Coalesce(Subquery(own.values("value")[:1]), Value(""))
    rows = _with_number(rows.select_related("account", "site", "reports_to"))
    return rows.annotate(number=number).prefetch_related("external_ids")


CONTACTS = Layout(
    "contacts",
    _("Contacts"),
    (
        Column("Contact id", "pk", 10),
        Column("External id", "number", 18),
        Column("Name", "name", 24),
        *_account(),
        Column("Job title", "job_title", 24),
        Column("Email", "email", 30),
        Column("Phone", "phone"),
        Column("Function", "function"),
        Column("Level", lambda row: row.get_level_display()),
        Column("Buying roles", lambda row: NAMES.join(row.buying_role_names), 24),
        Column("Influence", "influence", 10),
        Column("Attitude", "attitude", 10),
        Column("Interval days", "interval_days", 10),
        Column("Confidence", lambda row: row.get_confidence_display()),
        Column("Source", "source"),
        Column("Site id", "site_id", 10),
        Column("Site", "site.name", 20),
        Column("Reports to id", "reports_to_id", 10),
        Column("Reports to", "reports_to.name", 24),
        Column("Last talk", "last_talked_on"),
        Column("All external ids", numbers_of, 30),
        Column("Changed", "updated_at", 20),
    ),
    _load_contacts,
)
LEDGER = Layout(
    "ledger",
    _("Sales lines"),
    (
        Column("Line id", "pk", 10),
        *_account(),
        Column("Booked on", "booked_on"),
        Column("Product id", "product_id", 10),
        Column("Product code", "product.code"),
        Column("Product name", "product.name", 24),
        Column("Product line", "product.line.name", 20),
        Column("Quantity", "quantity"),
        Column("Net amount", "amount"),
        Column("Currency", "currency", 10),
        Column("Cost of goods", "cost"),
        Column("Document", "document"),
        Column("Source", "source"),
        Column("Line key", key_of, 46),
    ),
    lambda rows, _user: _with_number(rows.select_related("account", "product__line")).only(
        "account__name",
        "booked_on",
        "product__code",
        "product__name",
        "product__line__name",
        "quantity",
        "amount",
        "currency",
        "cost",
        "document",
        "source",
        "identity",
    ),
)
COSTS = Layout(
    "activity-costs",
    _("Costs to serve"),
    (
        Column("Cost id", "pk", 10),
        *_account(),
        Column("Activity id", "activity_id", 10),
        Column("Activity", "activity.name", 24),
        Column("Month", "month"),
        Column("Quantity", "quantity"),
        Column("Rate", "rate"),
        Column("Amount", "amount"),
        Column("Currency", "currency", 10),
        Column("Source", "source"),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: _with_number(rows.select_related("account", "activity")),
)
CHANNELS = Layout(
    "channels",
    _("Trade channels"),
    (
        Column("Channel id", "pk", 10),
        Column("Name", "name", 24),
        Column("Code", "code"),
        Column("Part of id", "parent_id", 10),
        Column("Part of", "parent.name", 24),
        Column("Channel", "full_name", 40),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Changed", "updated_at", 20),
    ),
)


def _load_purchases(rows: Any, _user: Any) -> QuerySet:
    related = ("account__channel", "site", "channel", "category", "recorded_by")
    return _with_number(rows.select_related(*related))


def _channel(row: Any) -> Any:
    return row.channel or (row.account and row.account.channel)


PURCHASES = Layout(
    "category-purchases",
    _("Category purchases"),
    (
        Column("Purchase id", "pk", 10),
        *_account(),
        Column("Site id", "site_id", 10),
        Column("Site", "site.name", 20),
        Column("Channel id", lambda row: getattr(_channel(row), "pk", None), 10),
        Column("Channel", lambda row: getattr(_channel(row), "full_name", ""), 30),
        Column("Category id", "category_id", 10),
        Column("Category", "category.name", 24),
        Column("From", "period_from"),
        Column("Until", "period_until"),
        Column("Use type", lambda row: row.get_use_type_display()),
        Column("Volume", "volume"),
        Column("Unit of volume", "volume_unit"),
        Column("Amount", "amount"),
        Column("Currency", "currency", 10),
        Column("Source", "source", 24),
        Column("As of", "as_of"),
        Column("Confidence", lambda row: row.get_confidence_display()),
        Column("Recorded by id", "recorded_by_id", 10),
        Column("Recorded by", lambda row: str(row.recorded_by or ""), 24),
        Column("Changed", "updated_at", 20),
    ),
    _load_purchases,
    (_("Totals cover the accounts you may see."),),
)
RATES = Layout(
    "exchange-rates",
    _("Exchange rates"),
    (
        Column("Rate id", "pk", 10),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Currency", "currency", 10),
        Column("Valid from", "valid_from"),
        Column("Rate", "rate"),
        Column("Source", "source"),
    ),
    lambda rows, _user: rows.select_related("programme"),
)
PRODUCTS = Layout(
    "products",
    _("Products"),
    (
        Column("Product id", "pk", 10),
        Column("Code", "code"),
        Column("Name", "name", 30),
        Column("Product line id", "line_id", 10),
        Column("Product line", "line.name", 24),
        Column("All external ids", numbers_of, 30),
        Column("Programme id", "programme_id", 10),
        Column("Programme", "programme.name", 20),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: rows.select_related("line", "programme").prefetch_related("external_ids"),
)
SITES = Layout(
    "sites",
    _("Sites"),
    (
        Column("Site id", "pk", 10),
        Column("Name", "name", 24),
        *_account(),
        Column("Address", "address", 30),
        Column("City", "city"),
        Column("Country", "country"),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: _with_number(rows.select_related("account")),
)
TALKS = Layout(
    "interactions",
    _("Talks"),
    (
        Column("Talk id", "pk", 10),
        *_account(),
        Column("Day", "happened_on"),
        Column("Kind", lambda row: row.get_kind_display()),
        Column("User id", "user_id", 10),
        Column("Our person", lambda row: str(row.user), 24),
        Column("With, ids", lambda row: NAMES.join(str(item.pk) for item in row.contacts.all())),
        Column("With", lambda row: NAMES.join(item.name for item in row.contacts.all()), 30),
        Column("What mattered", "text", 60),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: _with_number(
        rows.select_related("account", "user").prefetch_related("contacts")
    ),
)
FACTS = Layout(
    "facts",
    _("Facts"),
    (
        Column("Fact id", "pk", 10),
        *_account(),
        Column("Kind", "kind", 24),
        Column("Value", "value"),
        Column("As of", "as_of"),
        Column("Confidence", lambda row: row.get_confidence_display()),
        Column("Source", "source", 24),
    ),
    lambda rows, _user: _with_number(rows.select_related("account")),
)


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
