"""What a file of category purchases may say, and what is chosen for the whole of it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.imports.channels import CHANNEL_CODES
from accounts.imports.records.customers import ACCOUNT_FIELDS, unknown_option
from accounts.imports.scope import SYSTEM_BY_ROW
from kam.imports.kinds import Field, Option
from kam.imports.records import MODE

LISTS = Option(
    "lists",
    gettext_lazy("A channel or category not yet known"),
    "create",
    (("create", gettext_lazy("Create it")), ("reject", gettext_lazy("Reject the rows"))),
)
_NUMBER, _NAME = ACCOUNT_FIELDS
FIELDS = (
    _NUMBER._replace(by_row=True),
    _NAME,
    Field("site", gettext_lazy("Site"), "text", ("location", "plant", "outlet", "standort")),
    Field(
        "channel",
        gettext_lazy("Channel"),
        "text",
        ("trade channel", "channel code", "channel name", "vertriebskanal", "kanal"),
        gettext_lazy("its code, or names from the top, e.g. On-trade / Hotels"),
    ),
    Field(
        "category",
        gettext_lazy("Category"),
        "text",
        ("product line", "category name", "product category", "warengruppe"),
        gettext_lazy("a product line; empty: all that we could sell"),
    ),
    Field(
        "period",
        gettext_lazy("Period"),
        "text",
        ("year", "fiscal year", "quarter", "jahr", "zeitraum"),
        gettext_lazy("a year, half-year, quarter or month: 2025, 2025-H1, 2025-Q2, 2025-03"),
    ),
    Field(
        "period_from",
        gettext_lazy("From"),
        "date",
        ("from", "first day", "start date", "valid from", "von"),
    ),
    Field(
        "period_until",
        gettext_lazy("Until"),
        "date",
        ("until", "to", "last day", "end date", "valid until", "bis"),
    ),
    Field(
        "use_type",
        gettext_lazy("Use type"),
        "text",
        ("bought for", "use", "usage", "verwendung"),
        gettext_lazy("resale or own input"),
    ),
    Field(
        "volume",
        gettext_lazy("Volume"),
        "number",
        ("purchase volume", "quantity", "qty", "units", "menge"),
    ),
    Field(
        "volume_unit",
        gettext_lazy("Unit of volume"),
        "text",
        ("unit of volume", "unit", "uom", "unit of measure", "einheit", "mengeneinheit"),
    ),
    Field(
        "amount",
        gettext_lazy("Amount"),
        "number",
        ("purchases", "category purchases", "spend", "value", "purchase value", "betrag"),
    ),
    Field(
        "bought",
        gettext_lazy("Bought of a category"),
        "number",
        help=gettext_lazy("an amount; the column is the category, a row holds several of them"),
        several=True,
    ),
    Field("currency", gettext_lazy("Currency"), "currency", ("ccy", "whg", "währung")),
    Field("source", gettext_lazy("Source"), "text", ("quelle", "provenance")),
    Field("as_of", gettext_lazy("As of"), "date", ("date of information", "stand")),
    Field(
        "confidence",
        gettext_lazy("Confidence"),
        "text",
        ("certainty", "quality", "sicherheit"),
        gettext_lazy("measured, reported or estimated"),
    ),
)
OPTIONS = (
    MODE,
    unknown_option("reject"),
    LISTS,
    CHANNEL_CODES,
    Option(
        "period",
        gettext_lazy("Period where none is named"),
        help=gettext_lazy("A year, half-year, quarter or month, e.g. 2025 or 2025-Q2."),
    ),
    Option(
        "currency",
        gettext_lazy("Currency where none is named"),
        help=gettext_lazy("Empty: the account's."),
    ),
    SYSTEM_BY_ROW,
)
PREVIEWED = ("account_name/account/channel", "category", "period/period_from", "volume", "amount")
"""What a trial shows of each row; of fields with / between them the first that the file has."""
