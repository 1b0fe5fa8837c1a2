"""From a draft to a stage: propose, withdraw, confirm, reject (handbook 2.5, T1-T7)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.services import set_stage, set_status
from accounts.services.status import lock_before_account
from kam.changes import editing
from reviews import policies, transitions
from reviews.choices import ReviewStatus, Side
from reviews.models import StageReview
from reviews.services import assessment
from teams.models import User

ACCOUNT_PLACES = Decimal("0.0001")
"""Places in which the account keeps the index; decisions were made on the exact one."""

DECISION_FIELDS = (
    "decided_stage",
    "closing_status",
    "reason",
    "what_changed",
    "override",
    "override_evidence",
    "uncoupling_reason",
    "initiator",
)


@transaction.atomic
def propose(
    *,
    actor: User,
    review: StageReview,
    decision: Mapping[str, Any],
    on: datetime.date,
    expected_version: int | None,
    past_own_writes: bool = False,
) -> StageReview:
    """Propose a stage from a draft; what the evidence says stands still from now on.

    `decision` holds some of `DECISION_FIELDS`. With `past_own_writes` only what somebody else wrote
    since `expected_version` is a conflict: an answer of the proposer's own that was on its way
    while the form stood open is part of what they propose. Raises PermissionDenied,
    VersionConflict or ValidationError with the rules of handbook 2.5 that stand in the way, keyed
    by field. What needs a programme manager may be proposed by the account's editors: one has to
    confirm it.
    """
    if not policies.can_write(actor, review):
        raise PermissionDenied
    own = actor if past_own_writes else None
    review = _open(
        review, expected_version, ReviewStatus.DRAFT, _("Only a draft is proposed."), own
    )
    if review.side == Side.CUSTOMER:
        raise ValidationError(_("The customer’s view proposes no stage."), code="customer")
    review.written_by(actor)
    review = assessment.refresh(review)
    blank: dict[str, Any] = {
        name: StageReview._meta.get_field(name).get_default()  # type: ignore[union-attr]
        for name in DECISION_FIELDS
    }
    changes = {**blank, **{name: decision[name] for name in DECISION_FIELDS if name in decision}}
    for name, value in changes.items():
        setattr(review, name, value)
    refuse(refusals(review, on=on, by_director=True))
    changes |= {
        "status": ReviewStatus.PROPOSED,
        "proposed_by": actor,
        "proposed_at": timezone.now(),
        "rejection_reason": "",
    }
    return _log(actor, review, changes, "proposed")


@transaction.atomic
def withdraw(*, actor: User, review: StageReview, expected_version: int | None) -> StageReview:
    """Take a proposal back to work on it.

    Raises PermissionDenied, VersionConflict or ValidationError (decided already).
    """
    if not policies.can_write(actor, review):
        raise PermissionDenied
    review = _open(
        review, expected_version, ReviewStatus.PROPOSED, _("Nothing waits for confirmation.")
    )
    changes = {"status": ReviewStatus.DRAFT, "proposed_by": None, "proposed_at": None}
    review = _log(actor, review, changes, "withdrawn")
    review.written_by(actor)
    return assessment.refresh(review)


@transaction.atomic
def confirm(
    *, actor: User, review: StageReview, on: datetime.date, expected_version: int | None
) -> StageReview:
    """Confirm a proposed stage: the account takes it, and its timeline shows it with the scores.

    Raises PermissionDenied (the proposer, or not entitled), VersionConflict or ValidationError
    (decided already, or a rule that holds no longer).
    """
    if not policies.can_confirm(actor, review):
        raise PermissionDenied
    review = _open(
        review, expected_version, ReviewStatus.PROPOSED, _("Nothing waits for confirmation.")
    )
    if review.proposed_by_id == actor.pk:
        raise PermissionDenied
    closes = bool(review.closing_status)
    if closes:
        lock_before_account(review.account)
    account = editing.locked(review.account)
    review.account = account
    proposer = review.proposed_by
    by_director = policies.is_director(actor, account) or (
        not closes and proposer is not None and policies.is_director(proposer, account)
    )
    step = step_of(review, on=on, by_director=by_director)
    standing = assessment.standing_of(account)
    limits = assessment.limits_on(account.programme, on)
    refuse(transitions.refusals(standing, step, limits))
    kind = transitions.kind_of(standing, step)
    changes = {
        "status": ReviewStatus.CONFIRMED,
        "decided_by": actor,
        "decided_at": timezone.now(),
        "decided_on": on,
    }
    review = _log(actor, review, changes, "confirmed")
    outcome = review.outcome
    set_stage(
        actor=actor,
        account=account,
        stage=review.decided_stage,
        happened_on=on,
        reason=reason_of(review),
        proposed_by=proposer,
        index=None if review.index is None else review.index.quantize(ACCOUNT_PLACES),
        scores={
            "index": outcome.get("index"),
            "dimensions": outcome.get("dimensions", {}),
            "recommended": outcome.get("recommended"),
        },
        review=review.pk,
        override=review.override,
        first_assessment=kind == "first",
        uncoupling_reason=review.uncoupling_reason,
        initiator=review.initiator,
    )
    if closes and account.status != review.closing_status:
        set_status(
            actor=actor,
            account=account,
            status=review.closing_status,
            decided_on=on,
            reason=review.reason,
        )
    return review


@transaction.atomic
def reject(
    *,
    actor: User,
    review: StageReview,
    reason: str,
    on: datetime.date,
    expected_version: int | None,
) -> StageReview:
    """Refuse a proposed stage, with the reason; the account keeps its stage.

    Raises PermissionDenied, VersionConflict or ValidationError (no reason, decided already).
    """
    if not policies.can_confirm(actor, review):
        raise PermissionDenied
    if not reason.strip():
        raise ValidationError({"rejection_reason": _("Say why.")}, code="required")
    review = _open(
        review, expected_version, ReviewStatus.PROPOSED, _("Nothing waits for confirmation.")
    )
    if review.proposed_by_id == actor.pk:
        raise PermissionDenied
    changes = {
        "status": ReviewStatus.REJECTED,
        "decided_by": actor,
        "decided_at": timezone.now(),
        "decided_on": on,
        "rejection_reason": reason.strip(),
    }
    return _log(actor, review, changes, "rejected")


def refusals(
    review: StageReview, *, on: datetime.date, by_director: bool
) -> tuple[transitions.Refusal, ...]:
    """What stands in the way of the decision that `review` carries, on the day `on`."""
    standing = assessment.standing_of(review.account)
    limits = assessment.limits_on(review.account.programme, on)
    return transitions.refusals(standing, step_of(review, on=on, by_director=by_director), limits)


def step_of(review: StageReview, *, on: datetime.date, by_director: bool) -> transitions.Step:
    """The decision of `review` as the rules see it."""
    return transitions.Step(
        to=review.decided_stage,
        on=on,
        assessed_on=review.reviewed_on,
        recommended=review.recommended_stage,
        scored=review.outcome.get("scored"),
        checklist_done=assessment.checklist_done(review, review.account.stage),
        reason=review.reason,
        override=review.override,
        evidences=tuple(str(text) for text in review.override_evidence),
        by_director=by_director,
        uncoupling_reason=review.uncoupling_reason,
        initiator=review.initiator,
        what_changed=review.what_changed,
        closing=review.closing_status,
    )


def reason_of(review: StageReview) -> str:
    """What the timeline says: the reason given, else that the evidence recommends the stage."""
    texts = [text for text in (review.reason.strip(), review.what_changed.strip()) if text]
    return "\n".join(texts) or _("As the evidence recommends.")


def refuse(found: Iterable[transitions.Refusal]) -> None:
    """Raise one ValidationError with everything that stands in the way."""
    errors: dict[str, list[ValidationError]] = {}
    for refusal in found:
        error = ValidationError(str(refusal.message), code=refusal.code)
        errors.setdefault(refusal.field, []).append(error)
    if errors:
        raise ValidationError(errors)


def _open(
    review: StageReview,
    expected_version: int | None,
    status: str,
    message: str,
    own: User | None = None,
) -> StageReview:
    """Fresh, locked copy in the state that the step starts from.

    What `own` alone has written since `expected_version` is no conflict.
    """
    review = editing.locked(review)
    if own is None or not review.is_own_since(expected_version, own):
        editing.expect(review, expected_version)
    if review.is_archived or review.status != status:
        raise ValidationError(message, code="state")
    return review


def _log(actor: User, review: StageReview, changes: dict[str, Any], verb: str) -> StageReview:
    """Save the step with what stood before it in the log, whatever was set in between."""
    fresh = editing.locked(review)
    return editing.save(actor=actor, obj=fresh, changes=changes, verb=verb)
