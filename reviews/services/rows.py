"""The rows of a review: answers, checks and signals, each written with its log."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kam.changes import editing
from kam.changes.errors import VersionConflict
from reviews import scoring
from reviews.models import Answer, ReviewCheck, SignalMark, StageReview
from reviews.services import assessment
from teams.models import User

ANSWER_FIELDS = ("score", "evidence", "answered_on")

Row = TypeVar("Row", Answer, ReviewCheck, SignalMark)


def refuse_future(field: str, value: datetime.date | None, on: datetime.date) -> None:
    if value is not None and value > on:
        raise ValidationError({field: _("This day is still to come.")}, code="future")


def prefill(review: StageReview) -> None:
    """Take over the answers of the last review as suggestions; one log row told of the start."""
    last = (
        StageReview.objects.to_start_from(review.account_id)
        .filter(side=review.side, reviewed_on__lte=review.reviewed_on)
        .exclude(pk=review.pk)
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


def first_answers(
    review: StageReview, answers: Mapping[str, Mapping[str, Any]], on: datetime.date
) -> list[str]:
    """Insert the answers that a new review comes with; returns them, a line each, for its log."""
    rows: list[Answer] = []

    def take(item: str, values: Mapping[str, Any]) -> None:
        row = Answer(review=review, item=item, **_answer_values(review, item, values, on))
        row.full_clean(exclude=["review"])
        rows.append(row)

    _each_answer(review, answers, take)
    suggested = Answer.objects.filter(review=review, is_confirmed=False)
    suggested.filter(item__in=[row.item for row in rows]).delete()
    Answer.objects.bulk_create(rows)
    return [f"{row.item}: {row.score} {row.evidence}".strip() for row in rows]


def _write_answers(
    actor: User,
    review: StageReview,
    answers: Mapping[str, Mapping[str, Any]],
    on: datetime.date,
) -> None:
    """Write several answers of a draft that is there already."""
    _each_answer(
        review, answers, lambda item, values: save_answer(actor, review, item, values, on, None)
    )


def _each_answer(
    review: StageReview,
    answers: Mapping[str, Mapping[str, Any]],
    write: Callable[[str, Mapping[str, Any]], Any],
) -> None:
    """Call `write` for each answer; what is wrong comes back together, one message a statement."""
    errors: list[ValidationError] = []
    for item, values in answers.items():
        try:
            if item == scoring.COMPUTED_ITEM:
                _refuse_other_share(review, values)
            else:
                write(item, values)
        except ValidationError as error:
            code = getattr(error, "code", None)
            errors.append(ValidationError(f"{item}: {'; '.join(error.messages)}", code=code))
    if errors:
        raise ValidationError({"answers": errors})


def _refuse_other_share(review: StageReview, values: Mapping[str, Any]) -> None:
    """D1 may be sent back as it was handed out; another score than the computed one is refused."""
    if values.get("score") != scoring.wallet_score(assessment.share_of(review).ratio):
        raise ValidationError(
            _("Computed from the share of wallet: give the share instead."), code="computed"
        )


def _answer_values(
    review: StageReview, item: str, changes: Mapping[str, Any], on: datetime.date
) -> dict[str, Any]:
    """Columns of an answer given today (`on`); raises ValidationError for no such statement."""
    if item not in scoring.ITEMS:
        raise ValidationError(_("There is no such statement."), code="unknown")
    values = {name: changes[name] for name in ANSWER_FIELDS if name in changes}
    values["answered_on"] = values.get("answered_on") or min(on, review.reviewed_on)
    refuse_future("answered_on", values["answered_on"], on)
    values["is_confirmed"] = True
    if "evidence" in values:
        values["evidence"] = values["evidence"].strip()
    return values


def save_answer(
    actor: User,
    review: StageReview,
    item: str,
    changes: Mapping[str, Any],
    on: datetime.date,
    expected_version: int | None,
) -> Answer:
    if item == scoring.COMPUTED_ITEM:
        raise ValidationError(
            _("Computed from the share of wallet: give the share instead."), code="computed"
        )
    values = _answer_values(review, item, changes, on)
    return _write_row(actor, review, Answer(review=review, item=item), values, expected_version)


def _write_row(
    actor: User, review: StageReview, fresh: Row, values: dict[str, Any], version: int | None
) -> Row:
    """Insert `fresh` with `values`, or change the row that stands in its place already.

    `version` is that of the row, 0 for one not written yet. Writing what stands there already is
    no conflict, whoever wrote it: both want the same.
    """
    name = fresh.KEY
    rows = type(fresh)._default_manager.select_for_update(of=("self",))
    row = rows.filter(review=review, **{name: getattr(fresh, name)}).first()
    if row is None:
        if version:
            raise VersionConflict(review)
        for field, value in values.items():
            setattr(fresh, field, value)
        return editing.create(actor=actor, obj=fresh, fields=("review", name, *fresh.LOGGED))
    row.review = review
    if all(getattr(row, field) == value for field, value in values.items()):
        return row
    return editing.save(actor=actor, obj=row, changes=values, expected_version=version)


def write_content(
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
        save_signal(actor, review, code, is_present=text is not None, evidence=text or "")
    for code, values in (checks or {}).items():
        save_check(actor, review, code, values["state"], values.get("note", ""), None)


def save_check(
    actor: User,
    review: StageReview,
    code: str,
    state: str,
    note: str,
    expected_version: int | None,
) -> ReviewCheck:
    fresh = ReviewCheck(review=review, code=code)
    values = {"state": state, "note": note.strip()}
    return _write_row(actor, review, fresh, values, expected_version)


def save_signal(
    actor: User,
    review: StageReview,
    code: str,
    *,
    is_present: bool,
    evidence: str,
    expected_version: int | None = None,
) -> SignalMark:
    values: dict[str, Any] = {"is_present": is_present}
    if evidence.strip():
        values["evidence"] = evidence.strip()
    fresh = SignalMark(review=review, code=code)
    return _write_row(actor, review, fresh, values, expected_version)
