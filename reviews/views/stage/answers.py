"""Answering a review: a statement, a tick, a signal at a time; each returns its own part."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kam.access.dates import business_today
from kam.changes.models import Change
from kam.documents import references
from kam.documents.models import Attachment
from reviews import evidence, scoring, services
from reviews.forms import AnswerForm, CheckForm, SignalForm
from reviews.models import Answer, StageReview
from reviews.texts import checklist_of
from reviews.views.stage import shared

TYPED = ("score", "evidence")


@require_POST
def answer(request: HttpRequest, pk: int, item: str) -> HttpResponse:
    """Answer one statement.

    After a conflict the stored answer stands until the person chooses: `keep` names the version
    that they saw and overwrite, `take` lets go of what they typed.
    """
    review = shared.visible(request, pk)
    if item not in scoring.ITEMS:
        raise Http404
    form = AnswerForm(request.POST)
    takes = "take" in request.POST

    names = bool(request.POST.get("file"))

    def write(typed: dict[str, Any]) -> None:
        changes = {name: typed[name] for name in TYPED if name in request.POST}
        if names:
            file = _offered(request, review, typed["file"])
            changes["evidence"] = references.with_reference(typed["evidence"], file)
        services.answer(
            actor=request.user,
            review=review,
            item=item,
            changes=changes,
            on=business_today(),
            expected_version=typed["version"] if typed["keep"] is None else typed["keep"],
        )

    error = None if takes else shared.attempt(form, write)
    if error and isinstance(error.current, Answer):
        error = error._replace(text=_overtaken(request, error.current))
    if not shared.is_part(request):
        if error:
            error = error._replace(text=f"{error.text} {_typed(request)}")
        return shared.back(request, review, item, error)
    review = shared.visible(request, pk)
    context = shared.page_context(request, review)
    data = evidence.gather(review, request.user, item[0])
    context |= {
        "row": context["sheet"].row(item, data[item]),
        "block": context["sheet"].block(item[0], data),
        "error": error.text if error else "",
        "typed": _typed(request) if error else "",
        "clash": error.current if error else None,
        "sent_version": request.POST.get("version", ""),
    }
    if takes or (names and not error):
        response = render(request, "reviews/_answer_row.html", context)
        return _whole(response, f"#row-{item}")
    return shared.answered(render(request, "reviews/_answer.html", context), error)


def _offered(request: HttpRequest, review: StageReview, pk: int) -> Attachment:
    """The file that was chosen; raises ValidationError when it is none of those offered."""
    rows = Attachment.objects.visible_to(request.user).filter(account=review.account_id)
    file = rows.filter(pk=pk).first()
    if file is None:
        raise ValidationError(_("There is no such file."), code="file")
    return file


def _whole(response: HttpResponse, target: str) -> HttpResponse:
    """Put the answer in the place of the whole row, fields and all."""
    response["HX-Retarget"] = target
    response["HX-Reswap"] = "outerHTML"
    return response


def _overtaken(request: HttpRequest, row: Answer) -> str:
    """Who wrote what stands there now."""
    last = Change.objects.of(row).select_related("actor").first()
    score = "–" if row.score is None else row.score
    if last is None or last.actor is None:
        return _("This was answered %(score)s in the meantime.") % {"score": score}
    if last.actor_id == request.user.pk:
        return _("You answered %(score)s in another window.") % {"score": score}
    words = {"who": last.actor, "score": score}
    return _("%(who)s answered %(score)s in the meantime.") % words


def _typed(request: HttpRequest) -> str:
    """What was sent and not written, in words, so that it is not lost."""
    score, text = (request.POST.get(name, "").strip() for name in TYPED)
    parts = [
        _("Yours: %(score)s.") % {"score": score} if score else "",
        f"“{text}”" if text else "",
    ]
    return " ".join(part for part in parts if part)


@require_POST
def check(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Tick an item of the checklist for leaving the account's present stage."""
    review = shared.visible(request, pk)
    if code not in {text.code for text in checklist_of(review.account.stage)}:
        raise Http404

    def write(typed: dict[str, Any]) -> None:
        services.set_check(
            actor=request.user,
            review=review,
            code=code,
            state=typed["state"],
            note=typed["note"],
            expected_version=typed["version"],
        )

    error = shared.attempt(CheckForm(request.POST), write)
    return _line(request, review, "check", code, error)


@require_POST
def signal(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Mark a signal of uncoupling, or take the mark back."""
    review = shared.visible(request, pk)
    if code not in scoring.SIGNALS:
        raise Http404

    def write(typed: dict[str, Any]) -> None:
        services.set_signal(
            actor=request.user,
            review=review,
            code=code,
            is_present=typed["is_present"],
            evidence=typed["evidence"],
            expected_version=typed["version"],
        )

    error = shared.attempt(SignalForm(request.POST), write)
    return _line(request, review, "signal", code, error)


def _line(
    request: HttpRequest,
    review: StageReview,
    kind: str,
    code: str,
    error: shared.Refusal | None,
) -> HttpResponse:
    """The line of a check or a signal as it stands now, with what was typed if it was refused."""
    if not shared.is_part(request):
        return shared.back(request, review, f"{kind}-{code}", error)
    review = shared.visible(request, review.pk)
    context = shared.page_context(request, review)
    lines = context["sheet"].checks if kind == "check" else context["sheet"].signals
    line = next(line for line in lines if line.code == code)
    typed = request.POST.get("note" if kind == "check" else "evidence", "").strip()
    context |= {kind: line, "typed": typed if error else "", "error": error.text if error else ""}
    template = f"reviews/_{kind}_swap.html"
    return shared.answered(render(request, template, context), error)


@require_POST
def confirm_answers(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the answers of last time count."""

    def run(review: StageReview) -> None:
        services.confirm_answers(actor=request.user, review=review, on=business_today())

    return shared.act(request, pk, _("Confirmed as of today."), run)
