"""What a list of customers may say, and what is chosen for the whole of it."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from accounts.imports.channels import CHANNEL_CODES
from accounts.imports.numbers import NUMBERS
from accounts.imports.scope import SYSTEM_BY_ROW
from kam.imports.kinds import Field, Option

FIELDS = (
    Field(
        "name",
        gettext_lazy("Name"),
        "text",
        (
            "account",
            "account name",
            "company name",
            "company",
            "customer name",
            "customer",
            "security",
            "firma",
            "kunde",
            "kundenname",
            "client",
            "client name",
            "nom",
        ),
    ),
    Field(
        "external_id",
        gettext_lazy("External number"),
        "text",
        (
            "customer id",
            "customer no",
            "customer number",
            "account id",
            "account no",
            "account number",
            "client id",
            "id",
            "kd nr",
            "kundennummer",
            "kundennr",
            "debitor",
            "cik",
            "number",
        ),
        by_row=True,
    ),
    Field(
        "parent",
        gettext_lazy("Part of (name or number)"),
        "text",
        (
            "subsidiary of",
            "parent account",
            "parent company",
            "part of",
            "parent id",
            "parent no",
            "parent number",
            "parent code",
            "group",
            "konzern",
            "mutter",
            "belongs to",
        ),
    ),
    Field(
        "country",
        gettext_lazy("Country"),
        "text",
        ("office location", "land", "billing country", "pays"),
    ),
    Field(
        "industry",
        gettext_lazy("Industry"),
        "text",
        ("sector", "gics sector", "branche", "segment"),
    ),
    Field("currency", gettext_lazy("Currency"), "currency", ("whg", "währung", "ccy")),
    Field("website", gettext_lazy("Website"), "text", ("url", "web", "homepage")),
    Field(
        "description",
        gettext_lazy("What it does and for whom"),
        "text",
        ("notes", "beschreibung", "gics sub industry"),
    ),
    Field(
        "business_unit",
        gettext_lazy("Business unit"),
        "text",
        ("unit", "division", "geschäftsbereich"),
    ),
    Field(
        "channel",
        gettext_lazy("Trade channel, by code or names"),
        "text",
        ("trade channel", "channel code", "vertriebskanal"),
    ),
    Field("status", gettext_lazy("Status"), "text", ("account status",)),
    Field("target_stage", gettext_lazy("Target stage")),
    Field(
        "target_stage_by",
        gettext_lazy("Target by"),
        "date",
        ("target by", "target date"),
        by_name=True,
    ),
    Field("size", gettext_lazy("Size"), "text", ("company size",)),
    Field("reach", gettext_lazy("Reach"), "text", ("geographic reach",)),
    Field("intent", gettext_lazy("Intent")),
    Field(
        "criticality",
        gettext_lazy("What it contributes is"),
        "text",
        ("what it contributes is",),
    ),
    Field(
        "potential_contribution",
        gettext_lazy("Could contribute a year"),
        "number",
        ("could contribute a year", "potential"),
    ),
    Field("team", gettext_lazy("Team, by name"), "text", ("account team", "team name")),
    NUMBERS,
)
OPTIONS = (
    Option(
        "mode",
        gettext_lazy("Rows are for"),
        "both",
        (
            ("both", gettext_lazy("new and known accounts")),
            ("create", gettext_lazy("new accounts only")),
            ("update", gettext_lazy("known accounts only")),
        ),
    ),
    Option(
        "keys",
        gettext_lazy("Accounts are known by"),
        "any",
        (
            ("any", gettext_lazy("number, else name")),
            ("number", gettext_lazy("their number only")),
            ("name", gettext_lazy("their name only")),
        ),
    ),
    SYSTEM_BY_ROW,
    CHANNEL_CODES,
    Option(
        "teams",
        gettext_lazy("A team not yet known"),
        "reject",
        (
            ("reject", gettext_lazy("Reject the rows")),
            ("create", gettext_lazy("Create it, without members")),
        ),
    ),
)
