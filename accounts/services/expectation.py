"""What customers were told of being key accounts, and what they expect (K129)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import policies
from accounts.models import Account, Expectation
from accounts.services.account import refuse_archived_account
from kam.changes import editing
from teams.models import User

EXPECTATION_FIELDS = ("told", "expected", "differs", "told_on", "agreed_on")


@transaction.atomic
def record_expectation(*, actor: User, account: Account, changes: Mapping[str, Any]) -> Expectation:
    """Record what the customer was told and what it expects: for who edits the account.

    Raises PermissionDenied or ValidationError.
    """
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    expectation = Expectation(account=account, recorded_by=actor, **changes)
    return editing.create(actor=actor, obj=expectation, fields=("account", *EXPECTATION_FIELDS))


@transaction.atomic
def update_expectation(
    *,
    actor: User,
    expectation: Expectation,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> Expectation:
    """Correct it, or add the day on which it was agreed. Raises PermissionDenied, VersionConflict
    or ValidationError."""
    expectation = _editable(actor, expectation)
    return editing.save(
        actor=actor, obj=expectation, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def archive_expectation(
    *, actor: User, expectation: Expectation, expected_version: int | None = None
) -> Expectation:
    """Take it off the account; it stays in the history."""
    expectation = _editable(actor, expectation)
    return editing.archive(actor=actor, obj=expectation, expected_version=expected_version)


@transaction.atomic
def restore_expectation(
    *, actor: User, expectation: Expectation, expected_version: int | None = None
) -> Expectation:
    """Bring it back."""
    expectation = _editable(actor, expectation)
    return editing.restore(actor=actor, obj=expectation, expected_version=expected_version)


def _editable(actor: User, expectation: Expectation) -> Expectation:
    expectation = editing.locked(expectation)
    if not policies.can_edit(actor, expectation.account):
        raise PermissionDenied
    refuse_archived_account(expectation.account)
    return expectation
