"""What is known of an account, and what it would gain as a preferred customer (K070, K071)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.choices import Confidence
from accounts.models import Account, PreferredBenefit, ProfileEntry
from accounts.profiles.catalogue import ASKED
from accounts.services.account import refuse_archived_account
from accounts.services.followed import ANY, RowsError, changed_meanwhile, lock_for, supersede
from kam.access.dates import business_today
from kam.changes import editing
from kam.changes.errors import field_error
from teams.models import User

ENTRY_FIELDS = ("account", "field", "value", "source", "confidence", "as_of")
SAID = ("value", "source", "confidence", "as_of")
BENEFIT_FIELDS = ("text", "told_on", "reaction")
LONGEST = 4000
MOST_POINTS = 100_000
"""Buying points at most: more is a slip of the pen."""


class Known(NamedTuple):
    """What somebody knows of an account on a field of the catalogue; an empty `value` takes back
    what stands. `before` is the key of the entry that they read (None: there was none); `ANY` asks
    nothing."""

    account: Account
    field: str
    value: str
    source: str = ""
    confidence: str = Confidence.ASSUMED
    as_of: datetime.date | None = None
    before: int | None = ANY


@transaction.atomic
def record_entries(*, actor: User, entries: Sequence[Known]) -> list[ProfileEntry]:
    """Record what is known, all or nothing: for who edits the accounts. Returns the new rows.

    Raises PermissionDenied or `RowsError`: no such field, not one of its options, a day to come,
    changed by somebody else meanwhile.
    """
    accounts = {given.account.pk for given in entries}
    lock_for(actor, accounts)
    rows = ProfileEntry.objects.filter(superseded_at=None, account__in=accounts)
    present = {(row.account_id, row.field): row for row in rows}
    today = business_today()
    refusals = []
    for place, given in enumerate(entries):
        before = present.get((given.account.pk, given.field))
        error = _problem_with(given, today) or changed_meanwhile("value", given.before, before)
        if error is not None:
            refusals.append((place, error))
    if refusals:
        raise RowsError(refusals)
    wanted = {(given.account.pk, given.field): given for given in entries}
    news = []
    for key, given in wanted.items():
        before = present.get(key)
        row = ProfileEntry(
            account=given.account,
            field=given.field,
            value=given.value.strip(),
            source=given.source.strip(),
            confidence=given.confidence,
            as_of=given.as_of or today,
            recorded_by=actor,
        )
        is_new = before is None or any(getattr(before, name) != getattr(row, name) for name in SAID)
        if is_new and (row.value or (before is not None and before.value)):
            news.append((row, before))
    return supersede(actor=actor, rows=news, fields=ENTRY_FIELDS)


def record_entry(*, actor: User, given: Known) -> ProfileEntry:
    """Record one entry, as `record_entries`; returns the one in force. Raises ValidationError
    where there is nothing to take back."""
    made = record_entries(actor=actor, entries=[given])
    if made:
        return made[0]
    rows = ProfileEntry.objects.filter(superseded_at=None, account=given.account)
    row = rows.filter(field=given.field).first()
    if row is None:
        raise field_error("value", _("There is nothing to take back."), "nothing")
    return row


@transaction.atomic
def create_benefit(
    *, actor: User, account: Account, changes: Mapping[str, Any]
) -> PreferredBenefit:
    """Add what the account would gain as a preferred customer: for who edits it.

    Raises PermissionDenied or ValidationError.
    """
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    _refuse_future(changes)
    benefit = PreferredBenefit(account=account, **changes)
    return editing.create(actor=actor, obj=benefit, fields=("account", *BENEFIT_FIELDS))


@transaction.atomic
def update_benefit(
    *,
    actor: User,
    benefit: PreferredBenefit,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> PreferredBenefit:
    """Change it, or say when the customer was told. Raises PermissionDenied, VersionConflict or
    ValidationError."""
    benefit = _editable(actor, benefit)
    _refuse_future(changes)
    return editing.save(
        actor=actor, obj=benefit, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def archive_benefit(
    *, actor: User, benefit: PreferredBenefit, expected_version: int | None = None
) -> PreferredBenefit:
    """Take it off the account."""
    benefit = _editable(actor, benefit)
    return editing.archive(actor=actor, obj=benefit, expected_version=expected_version)


@transaction.atomic
def restore_benefit(
    *, actor: User, benefit: PreferredBenefit, expected_version: int | None = None
) -> PreferredBenefit:
    """Bring it back."""
    benefit = _editable(actor, benefit)
    return editing.restore(actor=actor, obj=benefit, expected_version=expected_version)


def _problem_with(given: Known, today: datetime.date) -> ValidationError | None:
    if given.account.is_archived:
        return field_error("account", _("It is archived: restore it first."), "archived")
    asked = ASKED.get(given.field)
    if asked is None:
        return field_error("field", _("Choose from the list."), "choice")
    if given.confidence not in Confidence.values:
        return field_error("confidence", _("Choose from the list."), "choice")
    if given.as_of and given.as_of > today:
        return field_error("as_of", _("That day is still to come."), "future")
    value = given.value.strip()
    if value and asked.options and value not in dict(asked.options):
        return field_error("value", _("Choose from the list."), "choice")
    if value and asked.whole and not _is_count(value):
        return field_error("value", _("Give a whole number."), "whole")
    if len(value) > LONGEST:
        words = _("At most %(count)d characters.") % {"count": LONGEST}
        return field_error("value", words, "long")
    return None


def _is_count(value: str) -> bool:
    is_whole = value.isascii() and value.isdecimal() and len(value) <= len(str(MOST_POINTS))
    return is_whole and int(value) <= MOST_POINTS


def _refuse_future(changes: Mapping[str, Any]) -> None:
    told_on = changes.get("told_on")
    if told_on and told_on > business_today():
        raise field_error("told_on", _("That day is still to come."), "future")


def _editable(actor: User, benefit: PreferredBenefit) -> PreferredBenefit:
    benefit = editing.locked(benefit)
    if not policies.can_edit(actor, benefit.account):
        raise PermissionDenied
    refuse_archived_account(benefit.account)
    return benefit
