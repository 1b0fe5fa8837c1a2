"""One stage review: answer, propose, confirm."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, FormView, UpdateView
from django.views.generic.detail import SingleObjectMixin

from accounts.choices import Stage
from accounts.models import Account
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from reviews import evidence, policies, scoring, services, transitions
from reviews.choices import ReviewStatus, Side
from reviews.forms import (
    AnswerForm,
    CheckForm,
    ProposalForm,
    RejectionForm,
    ReviewForm,
    SignalForm,
    StartForm,
)
from reviews.models import StageReview
from reviews.services.assessment import limits_on, standing_of
from reviews.sheet import Sheet
from reviews.texts import GUIDANCE

UNPROCESSABLE = 422
CONFLICT = 409


def previous_of(review: StageReview) -> StageReview | None:
    """The last review before this one that somebody stands for."""
    rows = StageReview.objects.assessments().filter(account=review.account_id)
    return (
        rows.filter(reviewed_on__lte=review.reviewed_on)
        .exclude(pk=review.pk)
        .order_by("-reviewed_on", "-pk")
        .first()
    )


def page_context(request: HttpRequest, review: StageReview) -> dict[str, Any]:
    """What the page of a review and each of its parts show."""
    user = request.user
    sheet = Sheet(review, previous_of(review))
    can_write = policies.can_write(user, review)
    waiting = review.status == ReviewStatus.PROPOSED
    return {
        "review": review,
        "account": review.account,
        "sheet": sheet,
        "today": business_today(),
        "can_answer": can_write and review.is_draft,
        "can_tick": can_write and review.status in (ReviewStatus.DRAFT, ReviewStatus.PROPOSED),
        "can_withdraw": can_write and waiting,
        "can_confirm": waiting and policies.can_confirm(user, review),
        "is_proposer": waiting and review.proposed_by_id == user.pk,
        "guidance": GUIDANCE.get(review.account.stage or Stage.PRE),
    }


class ReviewDetailView(ScopedViewMixin, DetailView):
    """24 statements with evidence, and what they recommend."""

    model = StageReview
    reading = "for_detail"
    context_object_name = "review"
    template_name = "reviews/stagereview_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        review, account = self.object, self.object.account
        context = super().get_context_data(**page_context(self.request, review), **kwargs)
        context["blocks"] = context["sheet"].blocks(evidence.gather(review))
        context["theirs"] = StageReview.objects.customer_view(
            account.pk, review.reviewed_on
        ).first()
        context["rejection_form"] = RejectionForm(initial={"version": review.version})
        context["crumbs"] = [
            (_("Accounts"), reverse("accounts:list")),
            (account.name, account.get_absolute_url()),
            (_("Reviews"), reverse("reviews:account", args=[account.pk])),
        ]
        return context


class StartView(ServiceFormMixin, ScopedViewMixin, SingleObjectMixin, FormView):
    """Start a review of an account."""

    model = Account
    needs = "editable_by"
    form_class = StartForm
    template_name = "web/form.html"
    submit_label = gettext_lazy("Start review")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.account = self.get_object()
        return super().dispatch(request, *args, **kwargs)

    def get_initial(self) -> dict[str, Any]:
        return {
            "reviewed_on": business_today(),
            "side": self.request.GET.get("side", Side.SUPPLIER),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Review the stage of %(account)s") % {"account": self.account}
        url = reverse("reviews:account", args=[self.account.pk])
        return super().get_context_data(form_title=title, cancel_url=url, **kwargs)

    def perform(self, form: StartForm) -> StageReview:
        return services.start_review(
            actor=self.request.user,
            account=self.account,
            on=business_today(),
            **form.cleaned_data,
        )

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


class ReviewUpdateView(ServiceFormMixin, ScopedViewMixin, UpdateView):
    """Date, participants and given share of a draft."""

    model = StageReview
    needs = "editable_by"
    form_class = ReviewForm
    template_name = "web/form.html"
    form_title = gettext_lazy("Date, participants, share of wallet")
    submit_label = gettext_lazy("Save")

    def get_queryset(self) -> QuerySet[StageReview]:
        return super().get_queryset().for_detail()

    def perform(self, form: ReviewForm) -> StageReview:
        return services.update_review(
            actor=self.request.user,
            review=self.object,
            on=business_today(),
            changes=form.changes,
            expected_version=form.version,
        )


class ProposeView(ServiceFormMixin, ScopedViewMixin, SingleObjectMixin, FormView):
    """Propose a stage; says what will happen."""

    model = StageReview
    needs = "editable_by"
    form_class = ProposalForm
    template_name = "reviews/stagereview_propose.html"
    dialog_template_name = "reviews/_propose_dialog.html"
    submit_label = gettext_lazy("Propose stage")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.review = self.get_object()
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[StageReview]:
        return super().get_queryset().for_detail()

    def get_form_kwargs(self) -> dict[str, Any]:
        account = self.review.account
        limits = limits_on(account.programme, business_today())
        stages = transitions.choices(standing_of(account), limits)
        return super().get_form_kwargs() | {"review": self.review, "stages": stages}

    def get_initial(self) -> dict[str, Any]:
        review = self.review
        wanted = review.recommended_stage or review.account.stage
        return {"decided_stage": wanted, "version": review.version}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Propose a stage for %(account)s") % {"account": self.review.account}
        return super().get_context_data(
            review=self.review,
            sheet=Sheet(self.review),
            form_title=title,
            cancel_url=self.review.get_absolute_url(),
            **kwargs,
        )

    def perform(self, form: ProposalForm) -> StageReview:
        return services.propose(
            actor=self.request.user,
            review=self.review,
            decision=form.decision,
            on=business_today(),
            expected_version=form.cleaned_data["version"],
        )

    def conflict(self, form: BaseForm, current: Any) -> HttpResponse:
        """Answers moved on while the form stood open: look again before proposing."""
        messages.error(
            self.request, _("Answers changed in the meantime: look at the advice again.")
        )
        return self.succeed(form)

    def get_success_message(self, form: BaseForm) -> str:
        return _("Proposed. A second person confirms it.")

    def get_success_url(self) -> str:
        return self.review.get_absolute_url()


def _visible(request: HttpRequest, pk: int) -> StageReview:
    """The review if the reader may see it, with all that its page shows; else 404."""
    return get_object_or_404(StageReview.objects.visible_to(request.user).for_detail(), pk=pk)


def _refused(error: Exception) -> tuple[str, int]:
    if isinstance(error, VersionConflict):
        return _("Somebody else changed this in the meantime: here is the present state."), CONFLICT
    assert isinstance(error, ValidationError)  # noqa: S101  (the callers catch no other)
    return " ".join(error.messages), UNPROCESSABLE


def _part(
    request: HttpRequest,
    pk: int,
    template: str,
    anchor: str,
    context: dict[str, Any],
    *,
    error: tuple[str, int] | None,
) -> HttpResponse:
    """The changed part and the advice for htmx, else back to the page."""
    if not request.htmx:  # type: ignore[attr-defined]
        if error:
            messages.error(request, error[0])
        return redirect(f"{reverse('reviews:detail', args=[pk])}#{anchor}")
    review = _visible(request, pk)
    shown = page_context(request, review) | context | {"error": error[0] if error else ""}
    shown["data"] = evidence.gather(review) if "item" in context else {}
    if "item" in context:
        shown["row"] = shown["sheet"].row(context["item"], shown["data"][context["item"]])
        shown["block"] = shown["sheet"].block(context["item"][0], shown["data"])
    return render(request, template, shown, status=error[1] if error else 200)


def _attempt(form: BaseForm, write: Callable[[dict[str, Any]], Any]) -> tuple[str, int] | None:
    """Write what a valid form holds; what is refused comes back in words, with its status."""
    try:
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        write(form.cleaned_data)
    except (ValidationError, VersionConflict) as problem:
        return _refused(problem)
    return None


@require_POST
def answer(request: HttpRequest, pk: int, item: str) -> HttpResponse:
    """Answer one statement."""
    review = _visible(request, pk)
    if item not in scoring.ITEMS:
        raise Http404

    def write(typed: dict[str, Any]) -> None:
        changes = {name: typed[name] for name in ("score", "evidence") if name in request.POST}
        services.answer(
            actor=request.user,
            review=review,
            item=item,
            changes=changes,
            on=business_today(),
            expected_version=typed["version"],
        )

    error = _attempt(AnswerForm(request.POST), write)
    mine = {"score": request.POST.get("score", ""), "evidence": request.POST.get("evidence", "")}
    context = {"item": item, "mine": mine}
    return _part(request, pk, "reviews/_answer.html", item, context, error=error)


@require_POST
def check(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Tick an item of the checklist."""
    review = _visible(request, pk)

    def write(typed: dict[str, Any]) -> None:
        services.set_check(
            actor=request.user,
            review=review,
            code=code,
            state=typed["state"],
            note=typed["note"],
            expected_version=typed["version"],
        )

    error = _attempt(CheckForm(request.POST), write)
    return _part(request, pk, "reviews/_checklist.html", "checklist", {}, error=error)


@require_POST
def signal(request: HttpRequest, pk: int, code: str) -> HttpResponse:
    """Mark a signal of uncoupling, or take the mark back."""
    review = _visible(request, pk)

    def write(typed: dict[str, Any]) -> None:
        services.set_signal(
            actor=request.user,
            review=review,
            code=code,
            is_present=typed["is_present"],
            evidence=typed["evidence"],
            expected_version=typed["version"],
        )

    error = _attempt(SignalForm(request.POST), write)
    return _part(request, pk, "reviews/_signals_swap.html", "signals", {}, error=error)


def _version(request: HttpRequest) -> int | None:
    text = request.POST.get("version", "")
    return int(text) if text.isdecimal() else None


def _act(request: HttpRequest, pk: int, done: str, service: Callable[[StageReview], Any]) -> Any:
    """Call `service` on a visible review; what it refuses becomes a notice."""
    review = _visible(request, pk)
    try:
        service(review)
    except (ValidationError, VersionConflict) as problem:
        messages.error(request, _refused(problem)[0])
    else:
        messages.success(request, done)
    return redirect(review)


@require_POST
def confirm_answers(request: HttpRequest, pk: int) -> HttpResponse:
    """Let the answers of last time count, all of them or one dimension or statement."""
    named = request.POST.getlist("item")
    items = [item for item in scoring.ITEMS if any(item.startswith(name) for name in named)]

    def run(review: StageReview) -> None:
        services.confirm_answers(
            actor=request.user,
            review=review,
            on=business_today(),
            items=items if named else None,
        )

    return _act(request, pk, _("Confirmed as of today."), run)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""

    def run(review: StageReview) -> None:
        services.withdraw(actor=request.user, review=review, expected_version=_version(request))

    return _act(request, pk, _("Withdrawn: it is a draft again."), run)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a proposed stage."""

    def run(review: StageReview) -> None:
        services.confirm(
            actor=request.user,
            review=review,
            on=business_today(),
            expected_version=_version(request),
        )

    return _act(request, pk, _("Stage confirmed."), run)


@require_POST
def reject(request: HttpRequest, pk: int) -> HttpResponse:
    """Refuse a proposed stage."""

    def run(review: StageReview) -> None:
        services.reject(
            actor=request.user,
            review=review,
            reason=request.POST.get("rejection_reason", ""),
            on=business_today(),
            expected_version=_version(request),
        )

    return _act(request, pk, _("Rejected. The proposer sees why."), run)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Discard a draft."""
    review = _visible(request, pk)
    if not policies.can_write(request.user, review):
        raise PermissionDenied

    def run(found: StageReview) -> None:
        services.archive_review(
            actor=request.user, review=found, expected_version=_version(request)
        )

    _act(request, pk, _("Draft discarded."), run)
    return redirect(reverse("reviews:account", args=[review.account_id]))
