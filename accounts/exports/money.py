"""Sales lines, costs to serve, exchange rates and what we sell as files."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.exports.shared import NUMBERS, account_columns, numbers_of, with_number
from accounts.imports.ledger.keys import key_of
from kam.documents.tables import Column, Layout

LEDGER = Layout(
    "ledger",
    _("Sales lines"),
    (
        Column("Line id", "pk", 10),
        *account_columns(),
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
    lambda rows, _user: with_number(rows.select_related("account", "product__line")).only(
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
        *account_columns(),
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
    lambda rows, _user: with_number(rows.select_related("account", "activity")),
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
    lambda rows, _user: rows.select_related("line", "programme").prefetch_related(NUMBERS),
)
