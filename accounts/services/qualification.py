"""Looking into candidates with a deadline and a cap, and going on or not (K063; handbook 2.3)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.choices import Status
from accounts.models import Account, Qualification
from accounts.services.account import refuse_archived_account
from kam.access.dates import business_today
from kam.changes import editing
from kam.changes.errors import field_error
from teams.models import User

QUALIFICATION_FIELDS = ("started_on", "deadline", "cap", "spent", "currency", "question")
SPENDING = frozenset({"spent"})
"""What may still be written down while a decision is due."""


@transaction.atomic
def start_qualification(
    *, actor: User, account: Account, changes: Mapping[str, Any]
) -> Qualification:
    """Look into `account` until a day and up to an amount; the currency is the programme's unless
    given. For who edits the account; not for one that is key. Raises PermissionDenied or
    ValidationError.
    """
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    if account.status == Status.KEY:
        raise field_error("account", _("It is a key account already."), "key")
    values = {"currency": account.programme.currency, **changes}
    qualification = Qualification(account=account, **values)
    return editing.create(actor=actor, obj=qualification, fields=("account", *QUALIFICATION_FIELDS))


@transaction.atomic
def update_qualification(
    *,
    actor: User,
    qualification: Qualification,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> Qualification:
    """Change deadline, cap or question, or write down what was spent.

    Once the deadline or the cap has been passed only more spending is written down until somebody
    decides; after that nothing changes. Raises PermissionDenied, VersionConflict or
    ValidationError.
    """
    qualification = _editable(actor, qualification)
    editing.expect(qualification, expected_version)
    if not qualification.is_open:
        raise ValidationError(_("It has been decided: start another one."), code="decided")
    less = changes.get("spent", qualification.spent) < qualification.spent
    if qualification.is_due(business_today()) and (less or set(changes) - SPENDING):
        raise ValidationError(
            _("Its deadline or cap has been passed: decide first, go or no-go."), code="due"
        )
    return editing.save(actor=actor, obj=qualification, changes=dict(changes))


@transaction.atomic
def decide_qualification(
    *,
    actor: User,
    qualification: Qualification,
    verdict: str,
    reason: str,
    expected_version: int | None = None,
    on: datetime.date | None = None,
) -> Qualification:
    """Say go or no-go, and why; for who confirms stages of the account. A decision stands: another
    one follows another qualification. Raises PermissionDenied, VersionConflict or ValidationError.
    """
    if not policies.can_confirm_stage(actor, qualification.account):
        raise PermissionDenied
    refuse_archived_account(qualification.account)
    qualification = editing.locked(qualification)
    editing.expect(qualification, expected_version)
    if not qualification.is_open:
        raise ValidationError(_("It has been decided already."), code="decided")
    errors = {}
    if verdict not in Qualification.Verdict.values:
        errors["verdict"] = _("Go or no-go.")
    if not reason.strip():
        errors["reason"] = _("Say why.")
    if errors:
        raise ValidationError(errors)
    changes = {
        "verdict": verdict,
        "reason": reason,
        "decided_on": on or business_today(),
        "decided_by": actor,
    }
    return editing.save(actor=actor, obj=qualification, changes=changes, verb="decided")


@transaction.atomic
def archive_qualification(
    *, actor: User, qualification: Qualification, expected_version: int | None = None
) -> Qualification:
    """Take it off the account, unless a decision is due. Raises as `update_qualification`."""
    qualification = _editable(actor, qualification)
    if qualification.is_due(business_today()):
        raise ValidationError(
            _("Its deadline or cap has been passed: decide first, go or no-go."), code="due"
        )
    return editing.archive(actor=actor, obj=qualification, expected_version=expected_version)


@transaction.atomic
def restore_qualification(
    *, actor: User, qualification: Qualification, expected_version: int | None = None
) -> Qualification:
    """Bring it back. Raises ValidationError where another is open meanwhile."""
    qualification = _editable(actor, qualification)
    return editing.restore(actor=actor, obj=qualification, expected_version=expected_version)


def _editable(actor: User, qualification: Qualification) -> Qualification:
    qualification = editing.locked(qualification)
    if not policies.can_edit(actor, qualification.account):
        raise PermissionDenied
    refuse_archived_account(qualification.account)
    return qualification
