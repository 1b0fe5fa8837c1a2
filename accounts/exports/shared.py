"""What many files say of the account that a row hangs on."""

from __future__ import annotations

from typing import Any

from django.db.models import OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts import numbers
from accounts.imports.scope import SYSTEM
from accounts.models import ExternalId
from kam.documents.tables import Column

NAMES = ", "


def account_columns(path: str = "account") -> tuple[Column, ...]:
    """Which account a row hangs on."""
    return (
        Column("Account id", f"{path}_id", 10),
        Column("Account external id", "account_number", 18),
        Column("Account name", f"{path}.name", 30),
    )


def with_number(rows: QuerySet, path: str = "account") -> QuerySet:
    """Annotates `account_number`: the account's number in the usual source system."""
    numbers = ExternalId.objects.filter(account=OuterRef(path), system=SYSTEM).order_by("value")
    number = Coalesce(Subquery(numbers.values("value")[:1]), Value(""))
    return rows.annotate(account_number=number)


NUMBERS = Prefetch("external_ids", to_attr="all_numbers")
"""Loads what `numbers_of` tells."""


def numbers_of(row: Any) -> str:
    """All numbers in other systems."""
    return numbers.all_told((item.system, item.value) for item in row.all_numbers)
