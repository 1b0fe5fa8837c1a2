"""When an objective is achieved or missed (handbook 4.4, 4.5)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from plans.choices import ObjectiveStatus

KEEP_TOLERANCE = Decimal("0.02")
"""Share of the target within which an objective that keeps a level counts as met (4.5)."""


def target_met(baseline: Decimal | None, target: Decimal, actual: Decimal) -> bool:
    """Whether a reading reaches the target.

    A target above the baseline is met from below, one below it from above; one equal to it (or
    without a baseline: any) is kept when the reading is no more than the tolerance off.
    """
    if baseline is not None and target < baseline:
        return actual <= target
    if baseline is not None and target == baseline:
        return abs(actual - target) <= abs(target) * KEEP_TOLERANCE
    return actual >= target


def objective_status(
    *,
    baseline: Decimal | None,
    target: Decimal | None,
    due: datetime.date | None,
    actual: Decimal | None,
    actual_on: datetime.date | None,
    dropped: bool,
    today: datetime.date,
) -> ObjectiveStatus:
    """Achieved when the target was met on or before the due date, missed after it.

    A level that is only to be kept (target = baseline) is judged once the due date has come: to
    hold it half-way is no achievement yet.
    """
    if dropped:
        return ObjectiveStatus.DROPPED
    ended = due is not None and today > due
    in_time = actual_on is not None and (due is None or actual_on <= due) and actual_on <= today
    keeps = target is not None and baseline == target
    if (
        target is not None
        and actual is not None
        and in_time
        and (not keeps or (due is not None and today >= due))
        and target_met(baseline, target, actual)
    ):
        return ObjectiveStatus.ACHIEVED
    return ObjectiveStatus.MISSED if ended else ObjectiveStatus.OPEN
