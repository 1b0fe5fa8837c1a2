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
from accounts.services.account import refuse_archived_account
from kam.changes import editing, record
from reviews import policies
from reviews.choices import ReviewStatus, Side
from reviews.models import Answer, ReviewCheck, SignalMark, StageReview
from reviews.services import assessment, rows
from teams.models import User

EDITABLE_FIELDS = ("reviewed_on", "participants", "share_of_wallet")
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
    refuse_archived_account(account)
    if Account.objects.of_status(Status.EXITED).filter(pk=account.pk).exists():
        raise ValidationError({"account": _("The account was exited.")}, code="exited")
    rows.refuse_future("reviewed_on", reviewed_on, on)
    review = StageReview(
        account=account,
        side=side,
        reviewed_on=reviewed_on,
        author=actor,
        writer=actor,
        participants=participants,
        share_of_wallet=share_of_wallet,
    )
    review.full_clean()
    review.save(force_insert=True)
    if prefill:
        rows.prefill(review)
    told = rows.first_answers(review, answers or {}, on)
    record.change(
        actor=actor,
        obj=review,
        verb="created",
        after={
            **record.snapshot(review, START_FIELDS),
            **({"given_answers": "\n".join(told)} if told else {}),
        },
    )
    rows.write_content(actor, review, on, None, signals, checks)
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
    rows.refuse_future("reviewed_on", changes.get("reviewed_on"), on)
    review = editing.save(actor=actor, obj=review, changes=dict(changes))
    rows.write_content(actor, review, on, answers, signals, checks)
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
    saved = rows.save_answer(actor, review, item, changes, on, expected_version)
    assessment.refresh(review)
    return saved


@transaction.atomic
def confirm_answers(
    *,
    actor: User,
    review: StageReview,
    on: datetime.date,
    items: Iterable[str] | None = None,
    expected_version: int | None = None,
) -> StageReview:
    """Let answers taken over from last time count, as of today: all of them, or `items`.

    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    review = _draft(actor, review, expected_version)
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
    row = rows.save_check(actor, review, code, state, note, expected_version)
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
    row = rows.save_signal(
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
        assessment.refresh_drafts(review.account_id, actor)
    return review


def _undecided(actor: User, review: StageReview) -> StageReview:
    """Fresh, locked copy that `actor` may write and nobody has decided on yet."""
    if not policies.can_write(actor, review):
        raise PermissionDenied
    review = editing.locked(review)
    if review.is_archived or review.status in (ReviewStatus.CONFIRMED, ReviewStatus.REJECTED):
        raise ValidationError(_("This review is closed."), code="closed")
    review.written_by(actor)
    return review


def _draft(actor: User, review: StageReview, expected_version: int | None) -> StageReview:
    review = _undecided(actor, review)
    editing.expect(review, expected_version)
    if review.status != ReviewStatus.DRAFT:
        raise ValidationError(
            _("The review waits for confirmation: withdraw it to change it."), code="proposed"
        )
    return review
