"""From a draft to a stage: propose, withdraw, confirm, reject, or discard."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView
from django.views.generic.detail import SingleObjectMixin

from kam.access.dates import business_today
from kam.web.addresses import posted_version
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import CONFLICT
from reviews import policies, services, transitions
from reviews.forms import ProposalForm, RejectionForm
from reviews.models import StageReview
from reviews.services.assessment import limits_on, standing_of
from reviews.sheet import Sheet
from reviews.views.stage.shared import act, visible


class StepView(ServiceFormMixin, ScopedViewMixin, SingleObjectMixin, FormView):
    """A step of one review that asks for something; without script a page of its own."""

    model = StageReview

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.review = self.get_object()
        return super().dispatch(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[StageReview]:
        return super().get_queryset().for_detail()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        url = self.review.get_absolute_url()
        return super().get_context_data(review=self.review, cancel_url=url, **kwargs)

    def get_success_url(self) -> str:
        return self.review.get_absolute_url()

    def conflict(self, form: Any, current: StageReview) -> HttpResponse:
        """Somebody else wrote: the form again with what was typed, over what stands there now."""
        self.object = self.review = self.get_object()
        if not self.is_open(self.review):
            messages.error(self.request, _("Somebody else was faster: see what was decided."))
            return self.succeed(form)
        form = self.form_class(
            **self.get_form_kwargs() | {"data": form.with_version(self.review.version)}
        )
        form.add_error(None, self.overtaken(self.review))
        context = self.get_context_data(form=form)
        return self.render_to_response(context, status=CONFLICT)

    def is_open(self, review: StageReview) -> bool:
        """Whether the step can still be taken."""
        raise NotImplementedError

    def overtaken(self, review: StageReview) -> str:
        """What the form says after somebody else wrote."""
        who = review.writer if review.writer_id != self.request.user.pk else None
        text = _("%(who)s changed the review while this was open. Look again, then decide.")
        return text % {"who": who or _("Somebody else")}


class ProposeView(StepView):
    """Propose a stage; says what will happen."""

    needs = "editable_by"
    form_class = ProposalForm
    template_name = "reviews/stagereview_propose.html"
    dialog_template_name = "reviews/_propose_dialog.html"
    submit_label = gettext_lazy("Propose stage")

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
        return super().get_context_data(sheet=Sheet(self.review), form_title=title, **kwargs)

    def perform(self, form: ProposalForm) -> StageReview:
        return services.propose(
            actor=self.request.user,
            review=self.review,
            decision=form.decision,
            on=business_today(),
            expected_version=form.cleaned_data["version"],
            past_own_writes=True,
        )

    def is_open(self, review: StageReview) -> bool:
        return review.is_draft

    def get_success_message(self, form: Any) -> str:
        return _("Proposed. A second person confirms it.")


class RejectView(StepView):
    """Refuse a proposed stage with a reason."""

    form_class = RejectionForm
    template_name = "web/form.html"
    form_title = gettext_lazy("Reject the proposal")
    submit_label = gettext_lazy("Reject proposal")

    def get_object(self, queryset: QuerySet | None = None) -> StageReview:
        review = super().get_object(queryset)
        if not policies.can_confirm(self.request.user, review):
            raise PermissionDenied
        return review

    def get_initial(self) -> dict[str, Any]:
        return {"version": self.review.version}

    def perform(self, form: RejectionForm) -> StageReview:
        return services.reject(
            actor=self.request.user,
            review=self.review,
            reason=form.cleaned_data["rejection_reason"],
            on=business_today(),
            expected_version=form.cleaned_data["version"],
        )

    def is_open(self, review: StageReview) -> bool:
        return review.is_proposed

    def get_success_message(self, form: Any) -> str:
        return _("Rejected. The proposer sees why.")


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a proposal back."""

    def run(review: StageReview) -> None:
        version = posted_version(request)
        services.withdraw(actor=request.user, review=review, expected_version=version)

    return act(request, pk, _("Withdrawn: it is a draft again."), run)


@require_POST
def confirm(request: HttpRequest, pk: int) -> HttpResponse:
    """Confirm a proposed stage."""

    def run(review: StageReview) -> None:
        services.confirm(
            actor=request.user,
            review=review,
            on=business_today(),
            expected_version=posted_version(request),
        )

    return act(request, pk, _("Stage confirmed."), run)


@require_POST
def discard(request: HttpRequest, pk: int) -> HttpResponse:
    """Discard a draft."""
    then = reverse("reviews:account", args=[visible(request, pk).account_id])

    def run(review: StageReview) -> None:
        version = posted_version(request)
        services.archive_review(actor=request.user, review=review, expected_version=version)

    return act(request, pk, _("Draft discarded."), run, then)
