"""Why a row is no sales line, in words, and which column is at fault."""

from django.utils.translation import gettext_lazy

REASONS = {
    "cells": gettext_lazy("has more cells than the heading"),
    "no_amount": gettext_lazy("has no amount"),
    "no_account": gettext_lazy("has no customer"),
    "unknown_account": gettext_lazy("names a customer that is not known"),
    "forbidden": gettext_lazy("names a customer for whom you may not import"),
    "ambiguous": gettext_lazy("names a customer of whom there are several"),
    "long": gettext_lazy("has a customer number or name that is too long"),
    "total": gettext_lazy("is a total, not a sale"),
    "title": gettext_lazy("is a title, not a sale"),
    "heading": gettext_lazy("is the heading again"),
    "no_date": gettext_lazy("has no date"),
    "huge": gettext_lazy("has a number beyond all reason"),
    "error": gettext_lazy("holds an error of the spreadsheet instead of a result"),
    "nul": gettext_lazy("holds a character that is no text (NUL)"),
    "long_product": gettext_lazy("has a product code longer than 60 characters"),
    "long_document": gettext_lazy("has a document number longer than 80 characters"),
    "bad_currency": gettext_lazy("has a currency that is not three capital letters"),
    "bad_discount": gettext_lazy("has a discount below 0 or above 100 %"),
    "changed_line": gettext_lazy(
        "was handed out by us and is changed since: lines of a ledger are not overwritten"
    ),
    "big_discount": gettext_lazy("has a discount above 1: say that discounts are in percent"),
}
BLAMED = {
    **dict.fromkeys(
        ("no_account", "unknown_account", "forbidden", "ambiguous", "long"),
        ("account", "account_name"),
    ),
    "changed_line": ("line_key",),
    "no_date": ("booked_on",),
    "bad_booked_on": ("booked_on",),
    "no_amount": ("amount", "quantity", "unit_price"),
    "bad_amount": ("amount",),
    "bad_quantity": ("quantity",),
    "bad_unit_price": ("unit_price",),
    "bad_discount": ("discount",),
    "big_discount": ("discount",),
    "bad_cost": ("cost",),
    "bad_currency": ("currency",),
    "long_product": ("product",),
    "long_document": ("document",),
}
"""Reason -> the fields of which the first one in the file is at fault."""
