"""What was decided about an account, in the order of days (K010, K064)."""

from __future__ import annotations

import datetime
from typing import Any, NamedTuple

from django.db.models import Prefetch, QuerySet

from accounts.choices import Status
from accounts.models import Decision, StatusChange
from accounts.services.decision import STATUS_OF
from teams.models import User


class Line(NamedTuple):
    """One decision: `status` what the account became by it, None where it stayed what it was."""

    on: datetime.date
    what: str
    status: str | None
    reason: str
    deviation: str
    by: User | None
    manager: User | None


def with_history(rows: QuerySet) -> QuerySet:
    """`rows` of accounts with all that `lines_of` reads: two queries for any number of them."""
    steps = StatusChange.objects.select_related("decided_by")
    made = Decision.objects.select_related("decided_by", "manager")
    return rows.prefetch_related(Prefetch("decisions", made), Prefetch("status_changes", steps))


def lines_of(account: Any) -> list[Line]:
    """Decisions on an account and steps of its status that came another way (imports, uncoupling),
    the latest first."""
    lines = [
        Line(
            row.decided_on,
            row.get_action_display(),
            STATUS_OF.get(row.action),
            row.reason,
            row.deviation,
            row.decided_by,
            row.manager,
        )
        for row in account.decisions.all()
    ]
    told = {(line.on, line.status) for line in lines}
    for step in account.status_changes.all():
        if (step.decided_on, step.to_status) not in told:
            what = f"{step.get_from_status_display()} → {step.get_to_status_display()}"
            by = step.decided_by
            lines.append(Line(step.decided_on, what, step.to_status, step.reason, "", by, None))
    return sorted(lines, key=lambda line: line.on, reverse=True)


def appointment(lines: list[Line]) -> Line | None:
    """The decision by which a key account is one: the last that said so."""
    return next((line for line in lines if line.status == Status.KEY), None)
