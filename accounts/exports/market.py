"""Trade channels and category purchases as files."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import PurchaseConfidence
from accounts.exports.shared import account_columns, with_number
from kam.documents.tables import Column, Layout

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
    return with_number(rows.select_related(*related))


def _channel(row: Any) -> Any:
    return row.channel or (row.account and row.account.channel)


def _yes(flag: bool) -> str:  # noqa: FBT001  (a value of the row)
    return str(_("yes")) if flag else ""


PURCHASES = Layout(
    "category-purchases",
    _("Category purchases"),
    (
        Column("Purchase id", "pk", 10),
        *account_columns(),
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

MAP = Layout(
    "market-map",
    _("Trade-channel map"),
    (
        Column("Rank", "place.rank", 8),
        Column("Account id", "account.pk", 10),
        Column("Account", "account.name", 30),
        Column("Status", lambda row: row.account.get_status_display()),
        Column("Purchases", "place.purchases"),
        Column("Unit", "unit", 10),
        Column("Confidence", lambda row: PurchaseConfidence(row.place.confidence).label),
        Column("Share", "place.share"),
        Column("Cumulative share", "place.cumulative"),
        Column("Candidate", lambda row: _yes(row.place.is_candidate)),
        Column("Not yet a customer", lambda row: _yes(row.place.is_non_customer)),
        Column("Our sales", "place.sales"),
        Column("Share of wallet", "place.share_of_wallet"),
        Column("Gap", "place.gap"),
    ),
    notes=(_("Shares of the whole category, 0 to 1."),),
)
