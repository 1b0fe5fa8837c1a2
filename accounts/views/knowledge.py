"""What is known of an account, section by section, for its page and its record card (K034, K070,
K071, K112, K113)."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db.models import QuerySet

from accounts.models import Account, PreferredBenefit, ProfileEntry
from accounts.profiles.catalogue import BEYOND, FIELDS, WORDS, Asked, Section, fields_of
from kam.access.prepared import kept_objects


class Answer(NamedTuple):
    """A field of the catalogue with what is known; `entry` None is nothing."""

    asked: Asked
    entry: ProfileEntry | None


class Part(NamedTuple):
    """A section of the profile as the page shows it."""

    section: str
    title: Any
    words: Any
    answers: list[Answer]
    filled: int


def _entries(account: int) -> QuerySet[ProfileEntry]:
    rows = ProfileEntry.objects.in_force().filter(account=account)
    return rows.select_related("recorded_by").order_by()


def _benefits(account: int) -> QuerySet[PreferredBenefit]:
    return PreferredBenefit.objects.filter(account=account).for_list()


def entries_of(account: Account) -> dict[str, ProfileEntry]:
    """What is known of `account`, by field."""
    rows = kept_objects("profile entries", _entries, account=account.pk)
    return {row.field: row for row in rows}


def parts_of(account: Account) -> list[Part]:
    """The sections of the profile of `account`, filled or not."""
    known = entries_of(account)
    parts = []
    for section in Section:
        answers = [Answer(row, known.get(row.name)) for row in fields_of(section)]
        filled = sum(row.entry is not None for row in answers)
        parts.append(Part(section.value, section.label, WORDS[section], answers, filled))
    return parts


def profile_context(account: Account) -> dict[str, Any]:
    """What the profile part of the account's page shows of all this."""
    parts = parts_of(account)
    benefits = kept_objects("preferred benefits", _benefits, account=account.pk)
    return {
        "profile_parts": parts,
        "filled": sum(part.filled for part in parts),
        "fields": len(FIELDS),
        "filled_beyond": sum(part.filled for part in parts if part.section in BEYOND),
        "fields_beyond": sum(row.section in BEYOND for row in FIELDS),
        "benefits": sorted(benefits, key=lambda row: row.is_archived),
        "may_write": account.may_edit and not account.is_archived,  # type: ignore[attr-defined]
    }
