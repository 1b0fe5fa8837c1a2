"""Writing a review while it is a draft: start, answer, tick, mark signals."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.models import Account
from kam.changes import editing
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from reviews import policies, scoring
from reviews.choices import ReviewStatus, Side
from reviews.models import Answer, ReviewCheck, SignalMark, StageReview
from reviews.services import assessment
from teams.models import User

EDITABLE_FIELDS = ("reviewed_on", "participants", "share_of_wallet")
ANSWER_FIELDS = ("score", "evidence", "answered_on")
START_FIELDS = ("account", "side", *EDITABLE_FIELDS)


@transaction.atomic
def start_review(
    *,
    actor: User,
    account: Account,
    reviewed_on: datetime.date,
    on: datetime.date,
    side: str = Side.SUPPLIER,
    participants: str = "",
    share_of_wallet: Decimal | None = None,
    answers: Mapping[str, Mapping[str, Any]] | None = None,
    signals: Mapping[str, str | None] | None = None,
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    prefill: bool = False,
) -> StageReview:
    """Start a draft; `on` is today.

    `answers` maps statements to `score`, `evidence` and optionally `answered_on`; `signals` maps
    U1 to U10 to what shows them; `checks` maps items of the checklist to `state` and `note`. With
    `prefill` the answers of the last review stand there as suggestions that count only once
    confirmed. Raises PermissionDenied or ValidationError, keyed by field; those of answers by
    statement, as `answers`.
    """
    if not policies.can_start(actor, account):
        raise PermissionDenied
    if Account.objects.of_status(Status.EXITED).filter(pk=account.pk).exists():
        raise ValidationError({"account": _("The account was exited.")}, code="exited")
    _refuse_future("reviewed_on", reviewed_on, on)
    review = StageReview(
        account=account,
        side=side,
        reviewed_on=reviewed_on,
        author=actor,
        participants=participants,
        share_of_wallet=share_of_wallet,
    )
    review = editing.create(actor=actor, obj=review, fields=START_FIELDS)
    if prefill:
        _prefill(review)
    _write_content(actor, review, on, answers, signals, checks)
    return assessment.refresh(review)


@transaction.atomic
def update_review(
    *,
    actor: User,
    review: StageReview,
    on: datetime.date,
    changes: Mapping[str, Any],
    answers: Mapping[str, Mapping[str, Any]] | None = None,
    signals: Mapping[str, str | None] | None = None,
    checks: Mapping[str, Mapping[str, Any]] | None = None,
    expected_version: int | None,
) -> StageReview:
    """Change date, participants or the given share, and what `start_review` takes, of a draft.

    Raises PermissionDenied, VersionConflict or ValidationError (not a draft, model rules).
    """
    review = _draft(actor, review, expected_version)
    _refuse_future("reviewed_on", changes.get("reviewed_on"), on)
    review = editing.save(actor=actor, obj=review, changes=dict(changes))
    _write_content(actor, review, on, answers, signals, checks)
    return assessment.refresh(review)


@transaction.atomic
def answer(
    *,
    actor: User,
    review: StageReview,
    item: str,
    changes: Mapping[str, Any],
    on: datetime.date,
    expected_version: int | None = None,
) -> Answer:
    """Answer one statement of a draft, as of today (`on`) unless `answered_on` says otherwise.

    `expected_version` is that of the answer, 0 for one not given yet. Raises PermissionDenied,
    VersionConflict or ValidationError.
    """
    review = _draft(actor, review, None)
    saved = _save_answer(actor, review, item, changes, on, expected_version)
    assessment.refresh(review)
    return saved


@transaction.atomic
def confirm_answers(
    *, actor: User, review: StageReview, on: datetime.date, items: Iterable[str] | None = None
) -> StageReview:
    """Let answers taken over from last time count, as of today: all of them, or `items`.

    Raises PermissionDenied or ValidationError.
    """
    review = _draft(actor, review, None)
    changes = {"is_confirmed": True, "answered_on": min(on, review.reviewed_on)}
    waiting = review.answers.filter(is_confirmed=False, score__isnull=False)
    if items is not None:
        waiting = waiting.filter(item__in=list(items))
    for row in waiting.select_for_update(of=("self",)):
        row.review = review
        editing.save(actor=actor, obj=row, changes=changes)
    return assessment.refresh(review)


@transaction.atomic
def set_check(
    *,
    actor: User,
    review: StageReview,
    code: str,
    state: str,
    note: str,
    expected_version: int | None = None,
) -> ReviewCheck:
    """Tick an item of the checklist, or set it aside, with a note.

    Open to the editors until the review is decided. Raises PermissionDenied, VersionConflict or
    ValidationError (decided, no note, does not apply).
    """
    review = _undecided(actor, review)
    row = _save_check(actor, review, code, state, note, expected_version)
    assessment.touch(review)
    return row


@transaction.atomic
def set_signal(
    *,
    actor: User,
    review: StageReview,
    code: str,
    is_present: bool,
    evidence: str,
    expected_version: int | None = None,
) -> SignalMark:
    """Mark a signal of uncoupling on a draft, or take the mark back.

    Raises PermissionDenied, VersionConflict or ValidationError (no evidence, not a draft).
    """
    review = _draft(actor, review, None)
    row = _save_signal(
        actor,
        review,
        code,
        is_present=is_present,
        evidence=evidence,
        expected_version=expected_version,
    )
    assessment.refresh(review)
    return row


@transaction.atomic
def archive_review(
    *, actor: User, review: StageReview, expected_version: int | None
) -> StageReview:
    """Discard a draft; it leaves the lists and stays in history.

    Raises PermissionDenied, VersionConflict or ValidationError (not a draft).
    """
    review = _draft(actor, review, expected_version)
    review = editing.archive(actor=actor, obj=review)
    if review.side == Side.CUSTOMER:
        assessment.refresh_drafts(review.account_id)
    return review


def _undecided(actor: User, review: StageReview) -> StageReview:
    """Fresh, locked copy that `actor` may write and nobody has decided on yet."""
    if not policies.can_write(actor, review):
        raise PermissionDenied
    review = editing.locked(review)
    if review.is_archived or review.status in (ReviewStatus.CONFIRMED, ReviewStatus.REJECTED):
        raise ValidationError(_("This review is closed."), code="closed")
    return review


def _draft(actor: User, review: StageReview, expected_version: int | None) -> StageReview:
    review = _undecided(actor, review)
    editing.expect(review, expected_version)
    if review.status != ReviewStatus.DRAFT:
        raise ValidationError(
            _("The review waits for confirmation: withdraw it to change it."), code="proposed"
        )
    return review


def _refuse_future(field: str, value: datetime.date | None, on: datetime.date) -> None:
    if value is not None and value > on:
        raise ValidationError({field: _("This day is still to come.")}, code="future")


def _expect_new(expected_version: int | None, review: StageReview) -> None:
    if expected_version:
        raise VersionConflict(review)


def _prefill(review: StageReview) -> None:
    """Take over the answers of the last review as suggestions; one log row told of the start."""
    last = (
        StageReview.objects.active()
        .filter(account=review.account_id, side=review.side, reviewed_on__lte=review.reviewed_on)
        .exclude(pk=review.pk)
        .exclude(status=ReviewStatus.REJECTED)
        .order_by("-reviewed_on", "-pk")
        .first()
    )
    if last is None:
        return
    earlier = last.answers.filter(score__isnull=False, is_confirmed=True)
    Answer.objects.bulk_create(
        Answer(
            review=review,
            item=row.item,
            score=row.score,
            evidence=row.evidence,
            answered_on=row.answered_on,
            is_confirmed=False,
        )
        for row in earlier
    )


def _write_answers(
    actor: User,
    review: StageReview,
    answers: Mapping[str, Mapping[str, Any]],
    on: datetime.date,
) -> None:
    """Write several answers; what is wrong comes back together, one message a statement."""
    errors: list[ValidationError] = []
    for item, values in answers.items():
        try:
            if item == scoring.COMPUTED_ITEM:
                _refuse_other_share(review, values)
            else:
                _save_answer(actor, review, item, values, on, None)
        except ValidationError as error:
            text = "; ".join(error.messages)
            errors.append(
                ValidationError(
                    f"{item}: {text}", code=getattr(error, "code", None), params={"item": item}
                )
            )
    if errors:
        raise ValidationError({"answers": errors})


def _refuse_other_share(review: StageReview, values: Mapping[str, Any]) -> None:
    """D1 may be sent back as it was handed out; another score than the computed one is refused."""
    if values.get("score") != scoring.wallet_score(assessment.share_of(review).ratio):
        raise ValidationError(
            _("Computed from the share of wallet: give the share instead."), code="computed"
        )


def _save_answer(
    actor: User,
    review: StageReview,
    item: str,
    changes: Mapping[str, Any],
    on: datetime.date,
    expected_version: int | None,
) -> Answer:
    if item not in scoring.ITEMS:
        raise ValidationError(_("There is no such statement."), code="unknown")
    if item == scoring.COMPUTED_ITEM:
        _refuse_other_share(review, changes)
    values = {name: changes[name] for name in ANSWER_FIELDS if name in changes}
    values["answered_on"] = values.get("answered_on") or min(on, review.reviewed_on)
    _refuse_future("answered_on", values["answered_on"], on)
    values["is_confirmed"] = True
    if "evidence" in values:
        values["evidence"] = values["evidence"].strip()
    row = review.answers.select_for_update(of=("self",)).filter(item=item).first()
    if row is None:
        _expect_new(expected_version, review)
        row = Answer(review=review, item=item, **values)
        return editing.create(
            actor=actor, obj=row, fields=("review", "item", "score", "evidence", "answered_on")
        )
    row.review = review
    if expected_version != row.version and _wrote_last(actor, row):
        expected_version = None
    return editing.save(actor=actor, obj=row, changes=values, expected_version=expected_version)


def _wrote_last(actor: User, row: Answer) -> bool:
    """Whether the stored answer is the actor's own: quick answers overtake each other."""
    last = Change.objects.of(row).order_by("-id").first()
    return last is not None and last.actor_id == actor.pk


def _write_content(
    actor: User,
    review: StageReview,
    on: datetime.date,
    answers: Mapping[str, Mapping[str, Any]] | None,
    signals: Mapping[str, str | None] | None,
    checks: Mapping[str, Mapping[str, Any]] | None,
) -> None:
    """What an API call writes besides the review's own columns."""
    if answers:
        _write_answers(actor, review, answers, on)
    for code, text in (signals or {}).items():
        _save_signal(actor, review, code, is_present=text is not None, evidence=text or "")
    for code, values in (checks or {}).items():
        _save_check(actor, review, code, values["state"], values.get("note", ""), None)


def _save_check(
    actor: User,
    review: StageReview,
    code: str,
    state: str,
    note: str,
    expected_version: int | None,
) -> ReviewCheck:
    row = review.checks.select_for_update(of=("self",)).filter(code=code).first()
    if row is None:
        _expect_new(expected_version, review)
        row = ReviewCheck(review=review, code=code, state=state, note=note.strip())
        return editing.create(actor=actor, obj=row, fields=("review", "code", "state", "note"))
    row.review = review
    return editing.save(
        actor=actor,
        obj=row,
        changes={"state": state, "note": note.strip()},
        expected_version=expected_version,
    )


def _save_signal(
    actor: User,
    review: StageReview,
    code: str,
    *,
    is_present: bool,
    evidence: str,
    expected_version: int | None = None,
) -> SignalMark:
    row = review.signals.select_for_update(of=("self",)).filter(code=code).first()
    if row is None:
        _expect_new(expected_version, review)
        row = SignalMark(review=review, code=code, is_present=is_present, evidence=evidence.strip())
        return editing.create(
            actor=actor, obj=row, fields=("review", "code", "is_present", "evidence")
        )
    row.review = review
    return editing.save(
        actor=actor,
        obj=row,
        changes={"is_present": is_present, "evidence": evidence.strip() or row.evidence},
        expected_version=expected_version,
    )
