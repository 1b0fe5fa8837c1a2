"""What candidates would cost as key accounts, written down for many at once (handbook 3.5)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from accounts.models import Account
from accounts.services.account import update_account
from teams.models import User


class Planned(NamedTuple):
    """What looking after an account takes in a year: `cost` in the programme's currency without
    the manager's salary, `effort` in FTE of the manager; None is not planned, and of the effort
    what is usual at the stage (5.3)."""

    account: Account
    cost: Decimal | None
    effort: Decimal | None
    expected_version: int | None


@transaction.atomic
def plan_costs(*, actor: User, plans: Sequence[Planned]) -> list[Account]:
    """Write down cost and effort of accounts, all or none.

    Raises PermissionDenied, VersionConflict (of the first account that somebody changed) or
    ValidationError.
    """
    return [
        update_account(
            actor=actor,
            account=row.account,
            expected_version=row.expected_version,
            changes={"planned_cost": row.cost, "planned_effort": row.effort},
        )
        for row in sorted(plans, key=lambda row: row.account.pk)
    ]
