"""What the programme is given for accounts and as a whole (K023, K131)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts.models import BudgetLine
from accounts.services.account import refuse_archived_account
from kam.changes import editing
from teams import policies
from teams.models import Programme, User

BUDGET_FIELDS = ("account", "year", "cost_type", "text", "amount", "currency", "effort")


@transaction.atomic
def add_budget_line(*, actor: User, programme: Programme, changes: Mapping[str, Any]) -> BudgetLine:
    """Give a year something, for an account or for the programme as a whole; the currency is the
    programme's unless given. For who runs it. Raises PermissionDenied or ValidationError."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    line = BudgetLine(programme=programme, **{"currency": programme.currency, **changes})
    if line.account is not None:
        refuse_archived_account(line.account)
    return editing.create(actor=actor, obj=line, fields=("programme", *BUDGET_FIELDS))


@transaction.atomic
def update_budget_line(
    *, actor: User, line: BudgetLine, expected_version: int | None, changes: Mapping[str, Any]
) -> BudgetLine:
    """Change it. Raises PermissionDenied, VersionConflict or ValidationError."""
    line = _editable(actor, line)
    account = changes.get("account")
    if account is not None and account != line.account:
        refuse_archived_account(account)
    return editing.save(
        actor=actor, obj=line, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def archive_budget_line(
    *, actor: User, line: BudgetLine, expected_version: int | None = None
) -> BudgetLine:
    """Take it out of the budget."""
    return editing.archive(
        actor=actor, obj=_editable(actor, line), expected_version=expected_version
    )


@transaction.atomic
def restore_budget_line(
    *, actor: User, line: BudgetLine, expected_version: int | None = None
) -> BudgetLine:
    """Bring it back."""
    return editing.restore(
        actor=actor, obj=_editable(actor, line), expected_version=expected_version
    )


def _editable(actor: User, line: BudgetLine) -> BudgetLine:
    line = editing.locked(line)
    if not policies.can_edit_programme(actor, line.programme):
        raise PermissionDenied
    return line
