"""What a key account's return is measured against, and the verdict on it (K128, K133; 4.7)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, ReturnCase
from accounts.running.earning import verdict_from
from accounts.services.account import refuse_archived_account
from kam.access.dates import business_today
from kam.changes import editing
from kam.changes.errors import field_error
from kam.web.formatting import short_day
from teams.models import User

CASE_FIELDS = (
    "started_on",
    "contribution_before",
    "cost_before",
    "currency",
    "growth_ratio",
    "growth_source",
)


@transaction.atomic
def record_case(*, actor: User, account: Account, changes: Mapping[str, Any]) -> ReturnCase:
    """Record what the return on `account` is measured against; the currency is the programme's
    unless given. For who decides on the account. Raises PermissionDenied or ValidationError."""
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    case = ReturnCase(account=account, **{"currency": account.programme.currency, **changes})
    return editing.create(actor=actor, obj=case, fields=("account", *CASE_FIELDS))


@transaction.atomic
def update_case(
    *, actor: User, case: ReturnCase, expected_version: int | None, changes: Mapping[str, Any]
) -> ReturnCase:
    """Correct it. A later beginning than a verdict allows is refused. Raises PermissionDenied,
    VersionConflict or ValidationError."""
    case = _managed(actor, case)
    started = changes.get("started_on", case.started_on)
    if case.verdict_on is not None and verdict_from(started) > case.verdict_on:
        raise field_error(
            "started_on", _("There is a verdict that would have come too early."), "locked"
        )
    return editing.save(
        actor=actor, obj=case, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def give_verdict(
    *,
    actor: User,
    case: ReturnCase,
    verdict: str,
    reason: str,
    expected_version: int | None = None,
    on: datetime.date | None = None,
) -> ReturnCase:
    """Say whether the account is worth it, and why: not before 24 months (K133). A later verdict
    replaces an earlier one, which stays in the history. Raises PermissionDenied, VersionConflict
    or ValidationError.
    """
    case = _managed(actor, case)
    today = on or business_today()
    errors = {}
    if today < (first := verdict_from(case.started_on)):
        told = {"day": short_day(first)}
        errors["verdict"] = _("Too early: key accounts need time. From %(day)s on.") % told
    elif verdict not in ReturnCase.Verdict.values:
        errors["verdict"] = _("Choose from the list.")
    if not reason.strip():
        errors["verdict_reason"] = _("Say why.")
    if errors:
        raise ValidationError(errors)
    changes = {
        "verdict": verdict,
        "verdict_reason": reason,
        "verdict_on": today,
        "verdict_by": actor,
    }
    return editing.save(
        actor=actor, obj=case, changes=changes, verb="decided", expected_version=expected_version
    )


@transaction.atomic
def archive_case(
    *, actor: User, case: ReturnCase, expected_version: int | None = None
) -> ReturnCase:
    """Measure no longer against it."""
    return editing.archive(
        actor=actor, obj=_managed(actor, case), expected_version=expected_version
    )


@transaction.atomic
def restore_case(
    *, actor: User, case: ReturnCase, expected_version: int | None = None
) -> ReturnCase:
    """Bring it back. Raises ValidationError where another was recorded meanwhile."""
    return editing.restore(
        actor=actor, obj=_managed(actor, case), expected_version=expected_version
    )


def _managed(actor: User, case: ReturnCase) -> ReturnCase:
    case = editing.locked(case)
    if not policies.can_manage(actor, case.account):
        raise PermissionDenied
    return case
