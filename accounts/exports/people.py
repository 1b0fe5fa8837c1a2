"""Contacts and talks as files."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from accounts.exports.shared import NAMES, NUMBERS, account_columns, numbers_of, with_number
from accounts.imports.scope import SYSTEM
from accounts.models import ContactExternalId
from kam.documents.tables import Column, Layout


def _load_contacts(rows: Any, user: Any) -> QuerySet:
    own = ContactExternalId.objects.filter(contact=OuterRef("pk"), system=SYSTEM).order_by("value")
    number = Coalesce(Subquery(own.values("value")[:1]), Value(""))
    rows = with_number(rows.select_related("account", "site", "reports_to"))
    return rows.annotate(number=number).prefetch_related(NUMBERS)


CONTACTS = Layout(
    "contacts",
    _("Contacts"),
    (
        Column("Contact id", "pk", 10),
        Column("External id", "number", 18),
        Column("Name", "name", 24),
        *account_columns(),
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
TALKS = Layout(
    "interactions",
    _("Talks"),
    (
        Column("Talk id", "pk", 10),
        *account_columns(),
        Column("Day", "happened_on"),
        Column("Kind", lambda row: row.get_kind_display()),
        Column("User id", "user_id", 10),
        Column("Our person", lambda row: str(row.user), 24),
        Column("With, ids", lambda row: NAMES.join(str(item.pk) for item in row.contacts.all())),
        Column("With", lambda row: NAMES.join(item.name for item in row.contacts.all()), 30),
        Column("What mattered", "text", 60),
        Column("Changed", "updated_at", 20),
    ),
    lambda rows, _user: with_number(
        rows.select_related("account", "user").prefetch_related("contacts")
    ),
)
