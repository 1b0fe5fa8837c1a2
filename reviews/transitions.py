"""Which stage a review may decide (handbook 2.5, T1-T7; `design.md` 11 "Status and stage").

Pure functions: a caller describes where the account stands and what is proposed, and gets back
what stands in the way. People decide; this only refuses what the method never allows.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.choices import LADDER, Stage, Status

OVERRIDE_EVIDENCES = 2
"""Pieces of evidence that an override needs (T2)."""

CLOSING_STATUSES = (Status.EXITED, Status.MAINTAINED)
"""What an account can become when its uncoupling is closed (T6)."""

Kind = Literal["first", "stay", "forward", "back", "uncoupling", "re_entry", "closing"]


@dataclass(frozen=True)
class Limits:
    """Settings of handbook Appendix B that a step depends on."""

    assessment_age_days: int = 90
    min_days_in_stage: int = 90
    re_entry_cap: str = Stage.MID


DEFAULT_LIMITS = Limits()


@dataclass(frozen=True)
class Standing:
    """Where the account stands: stage (None: not assessed), since when, and how high it ever was.

    `was_exited` says that it was given up after it last held a stage.
    """

    stage: str | None = None
    since: datetime.date | None = None
    highest: str | None = None
    was_exited: bool = False


@dataclass(frozen=True)
class Step:
    """What is proposed, on the day `on`, from an assessment of the day `assessed_on`.

    `to` None with a `closing` status closes an uncoupling. `recommended` is the advice, `scored`
    the stage by score alone. `by_director`: proposer or confirmer is a programme manager.
    """

    to: str | None
    on: datetime.date
    assessed_on: datetime.date
    recommended: str | None = None
    scored: str | None = None
    checklist_done: bool = False
    reason: str = ""
    override: bool = False
    evidences: tuple[str, ...] = ()
    by_director: bool = False
    uncoupling_reason: str = ""
    initiator: str = ""
    what_changed: str = ""
    closing: str = ""


@dataclass(frozen=True)
class Refusal:
    """Why a step is not allowed; `code` names the rule for tests and clients."""

    code: str
    field: str
    message: str | Promise


def kind_of(standing: Standing, step: Step) -> Kind | None:
    """What sort of movement it is; None when the table of handbook 2.5 has no such movement."""
    if step.closing:
        return "closing" if standing.stage == Stage.UNCOUPLING and step.to is None else None
    if step.to is None:
        return None
    if step.to == standing.stage:
        return "stay"
    if step.to == Stage.UNCOUPLING:
        return "uncoupling" if standing.stage else None
    if standing.stage is None:
        return "re_entry" if standing.highest else "first"
    if standing.stage == Stage.UNCOUPLING:
        return "re_entry"
    return "forward" if _rank(step.to) > _rank(standing.stage) else "back"


def refusals(
    standing: Standing, step: Step, limits: Limits = DEFAULT_LIMITS
) -> tuple[Refusal, ...]:
    """Everything that stands in the way of `step`; empty when it is allowed."""
    kind = kind_of(standing, step)
    if kind is None:
        return (Refusal("no_such_step", "decided_stage", _("There is no such step.")),)
    checks = {
        "first": _first,
        "stay": _stay,
        "forward": _forward,
        "back": _back,
        "uncoupling": _uncoupling,
        "re_entry": _re_entry,
        "closing": _closing,
    }
    found = checks[kind](standing, step, limits)
    if (limits.assessment_age_days < (step.on - step.assessed_on).days) and kind in (
        "first",
        "stay",
        "re_entry",
    ):
        found.append(_too_old(limits))
    if step.override and kind != "forward":
        message = _("Only a step forward can be overridden.")
        found.append(Refusal("override_needless", "override", message))
    return tuple(found)


def re_entry_limit(highest: str | None, limits: Limits = DEFAULT_LIMITS) -> str:
    """Highest stage after an uncoupling: one below the highest ever held, capped (T5)."""
    below = max(_rank(highest) - 1, 0) if highest else 0
    return LADDER[min(below, _rank(limits.re_entry_cap))]


def choices(standing: Standing, limits: Limits = DEFAULT_LIMITS) -> list[str]:
    """Stages that the table of handbook 2.5 lets the account take next, whatever the evidence."""
    if standing.stage is None and not standing.highest:
        return [*LADDER]
    if standing.stage in (None, Stage.UNCOUPLING):
        top = Stage.PRE if standing.was_exited else re_entry_limit(standing.highest, limits)
        again: list[str] = list(LADDER[: _rank(top) + 1])
        return [*again, Stage.UNCOUPLING] if standing.stage else again
    return [*LADDER[: _rank(standing.stage) + 2], Stage.UNCOUPLING]


def _rank(stage: str) -> int:
    return LADDER.index(Stage(stage))


def _too_old(limits: Limits) -> Refusal:
    message = _("The assessment is older than %(days)s days.") % {
        "days": limits.assessment_age_days
    }
    return Refusal("assessment_age", "reviewed_on", message)


def _asks(step: Step, *fields: str) -> list[Refusal]:
    """Refusals for texts and choices that the step needs and does not have."""
    messages = {
        "reason": _("Say why."),
        "uncoupling_reason": _("Choose the reason for uncoupling."),
        "initiator": _("Say who ends it."),
        "what_changed": _("Say what has changed."),
    }
    return [
        Refusal(f"{field}_missing", field, messages[field])
        for field in fields
        if not getattr(step, field).strip()
    ]


def _needs_director(step: Step) -> list[Refusal]:
    if step.by_director:
        return []
    message = _("A programme manager has to propose or confirm this.")
    return [Refusal("director", "decided_stage", message)]


def _first(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """Any stage up to the one that the evidence supports; pre-KAM always (`design.md` 11)."""
    assert step.to is not None  # noqa: S101  (kind_of)
    if _rank(step.to) > (_rank(step.scored) if step.scored else 0):
        message = _("The first assessment can be any stage up to the recommended one.")
        return [Refusal("above_recommended", "decided_stage", message)]
    return []


def _stay(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """Staying where it is needs a reason when the advice is another stage."""
    if step.recommended is not None and step.recommended != step.to:
        return _asks(step, "reason")
    return []


def _forward(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """T1, and T2 that waives time, checklist and recommendation but never the single step."""
    assert step.to is not None  # noqa: S101  (kind_of)
    assert standing.stage is not None  # noqa: S101
    found = []
    if _rank(step.to) != _rank(standing.stage) + 1:
        message = _("Forward goes one step at a time.")
        found.append(Refusal("single_step", "decided_stage", message))
    if step.override:
        return found + _override(step)
    if (step.on - step.assessed_on).days > limits.assessment_age_days:
        found.append(_too_old(limits))
    if step.recommended not in LADDER or _rank(step.recommended) < _rank(step.to):
        message = _("The evidence does not recommend this stage.")
        found.append(Refusal("not_recommended", "decided_stage", message))
    if not step.checklist_done:
        message = _("The checklist for leaving the present stage is not complete.")
        found.append(Refusal("checklist", "checklist", message))
    if standing.since is None or (step.on - standing.since).days < limits.min_days_in_stage:
        brief = _("The account has been in its stage for less than %(days)s days.")
        text = brief % {"days": limits.min_days_in_stage}
        found.append(Refusal("min_days", "decided_stage", text))
    return found


def _override(step: Step) -> list[Refusal]:
    found = _asks(step, "reason") + _needs_director(step)
    pieces = {text.strip() for text in step.evidences if text.strip()}
    if len(pieces) < OVERRIDE_EVIDENCES:
        message = _("An override needs two pieces of evidence.")
        found.append(Refusal("evidences", "override_evidence", message))
    return found


def _back(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """T3: any number of steps, at any time, with a reason."""
    return _asks(step, "reason")


def _uncoupling(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """T4."""
    return _asks(step, "reason", "uncoupling_reason", "initiator") + _needs_director(step)


def _re_entry(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """T5; an exited account starts again at pre-KAM (T6).

    An account whose uncoupling was closed has no stage, but its history keeps the limit: closing
    is no way round it.
    """
    assert step.to is not None  # noqa: S101  (kind_of)
    found = _asks(step, "what_changed")
    top = Stage.PRE if standing.was_exited else re_entry_limit(standing.highest, limits)
    if _rank(step.to) > _rank(top):
        message = _("Re-entry goes up to %(stage)s at most.") % {"stage": Stage(top).label}
        found.append(Refusal("re_entry_limit", "decided_stage", message))
    return found


def _closing(standing: Standing, step: Step, limits: Limits) -> list[Refusal]:
    """T6: the exit checklist is done, and the account becomes exited or maintained."""
    found = _asks(step, "reason") + _needs_director(step)
    if step.closing not in CLOSING_STATUSES:
        message = _("Closing makes the account exited or maintained.")
        found.append(Refusal("closing_status", "closing_status", message))
    if not step.checklist_done:
        message = _("The exit checklist is not complete.")
        found.append(Refusal("checklist", "checklist", message))
    return found
