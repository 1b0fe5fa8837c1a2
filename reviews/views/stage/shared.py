"""What the page of a review and its parts have in common."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any, NamedTuple

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _

from accounts.choices import Stage
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.changes.errors import VersionConflict
from kam.documents import references
from kam.web.views.forms import CONFLICT, UNPROCESSABLE
from reviews import policies
from reviews.choices import ReviewStatus
from reviews.models import StageReview
from reviews.sheet import Sheet
from reviews.texts import GUIDANCE


class Refusal(NamedTuple):
    """Why nothing was written: words, status, and what stands there instead after a conflict."""

    text: str
    status: int
    current: Any = None


def visible(request: HttpRequest, pk: int) -> StageReview:
    """The review if the reader may see it, with all that its page shows; else 404."""
    return get_object_or_404(StageReview.objects.visible_to(request.user).for_detail(), pk=pk)


def previous_of(review: StageReview) -> StageReview | None:
    """The last review before this one that somebody stands for."""

    def rows(review: int, account: int, on: datetime.date) -> QuerySet[StageReview]:
        found = StageReview.objects.assessments().filter(account=account, reviewed_on__lte=on)
        return found.exclude(pk=review).order_by("-reviewed_on", "-pk")[:1]

    found = kept_objects(
        "review before",
        rows,
        review=review.pk,
        account=review.account_id,
        on=review.reviewed_on,
    )
    return found[0] if found else None


def page_context(request: HttpRequest, review: StageReview) -> dict[str, Any]:
    """What the page of a review and each of its parts show."""
    user = request.user
    can_write = policies.can_write(user, review)
    waiting = review.status == ReviewStatus.PROPOSED
    can_answer = can_write and review.is_draft
    texts = [answer.evidence for answer in review.answers.all()]
    return {
        "review": review,
        "account": review.account,
        "sheet": Sheet(review, previous_of(review)),
        "today": business_today(),
        "can_answer": can_answer,
        "named_files": references.named_in(texts, user),
        "offered_files": references.offered(user, review.account_id) if can_answer else [],
        "can_tick": can_write and (review.is_draft or waiting),
        "can_withdraw": can_write and waiting,
        "can_confirm": waiting and policies.can_confirm(user, review),
        "is_proposer": waiting and review.proposed_by_id == user.pk,
        "guidance": GUIDANCE.get(review.account.stage or Stage.PRE),
    }


def refusal(error: ValidationError | VersionConflict) -> Refusal:
    """What a service raised, in words."""
    if isinstance(error, VersionConflict):
        text = _("Somebody else changed this in the meantime: here is the present state.")
        return Refusal(text, CONFLICT, error.current)
    return Refusal(" ".join(error.messages), UNPROCESSABLE)


def attempt(form: BaseForm, write: Callable[[dict[str, Any]], Any]) -> Refusal | None:
    """Write what a valid form holds; what is refused comes back in words, with its status."""
    try:
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        write(form.cleaned_data)
    except (ValidationError, VersionConflict) as problem:
        return refusal(problem)
    return None


def act(
    request: HttpRequest,
    pk: int,
    done: str,
    service: Callable[[StageReview], Any],
    then: str = "",
) -> HttpResponse:
    """Call `service` on a visible review, then go to `then` or back to it.

    What the service refuses becomes a notice on the page of the review.
    """
    review = visible(request, pk)
    try:
        service(review)
    except (ValidationError, VersionConflict) as problem:
        messages.error(request, refusal(problem).text)
        return redirect(review)
    messages.success(request, done)
    return redirect(then or review)


def is_part(request: HttpRequest) -> bool:
    """Whether the page's script waits for a part, not for a page."""
    return bool(request.htmx)  # type: ignore[attr-defined]


def back(
    request: HttpRequest, review: StageReview, anchor: str, error: Refusal | None
) -> HttpResponse:
    """Without script: the whole page again, at the place that was written to."""
    if error:
        messages.error(request, error.text)
    return redirect(f"{review.get_absolute_url()}#{anchor}")


def answered(response: HttpResponse, error: Refusal | None) -> HttpResponse:
    """`response` with the status of what was refused, if anything was."""
    if error:
        response.status_code = error.status
    return response
