"""The stage as upper apps write it down: current state and timeline in one step (K064, T7)."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import policies
from accounts.choices import REVIEW_DAYS, Stage
from accounts.models import Account, StageChange
from kam.changes import editing
from teams.models import User


@transaction.atomic
def set_stage(
    *,
    actor: User,
    account: Account,
    stage: str | None,
    happened_on: datetime.date,
    reason: str,
    proposed_by: User | None = None,
    index: Decimal | None = None,
    scores: Mapping[str, Any] | None = None,
    review: int | None = None,
    override: bool = False,
    first_assessment: bool = False,
    uncoupling_reason: str = "",
    initiator: str = "",
) -> Account:
    """Write down what a confirmed review decided: stage, index, and when the next one is due.

    Whether the step is allowed is the caller's to judge (handbook 2.5); `actor` confirms it and
    has to be entitled to. A stage that stays as it was moves dates and index but adds nothing to
    the timeline. `stage` None: an uncoupling closed into `maintained`. Returns the fresh account.
    """
    if not policies.can_confirm_stage(actor, account):
        raise PermissionDenied
    account = editing.locked(account)
    before = account.stage
    due = happened_on + datetime.timedelta(days=REVIEW_DAYS[Stage(stage)]) if stage else None
    changes: dict[str, Any] = {"reviewed_on": happened_on, "review_due_on": due}
    if index is not None:
        changes["relationship_index"] = index
    if stage != before:
        changes |= {"stage": stage, "stage_since": happened_on if stage else None}
    account = editing.save(actor=actor, obj=account, changes=changes, verb="stage")
    if stage != before:
        step = StageChange(
            account=account,
            from_stage=before or "",
            to_stage=stage or "",
            happened_on=happened_on,
            proposed_by=proposed_by,
            confirmed_by=actor,
            reason=reason,
            override=override,
            first_assessment=first_assessment,
            uncoupling_reason=uncoupling_reason,
            initiator=initiator,
            scores=dict(scores or {}),
            review=review,
        )
        step.full_clean()
        step.save(force_insert=True)
    return account
