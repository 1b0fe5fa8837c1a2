"""The page of a review, its start, and its own columns."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import DetailView, FormView, UpdateView
from django.views.generic.detail import SingleObjectMixin

from accounts.models import Account
from kam.access.dates import business_today
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from reviews import evidence, services
from reviews.choices import Side
from reviews.forms import ReviewForm, StartForm
from reviews.models import StageReview
from reviews.views.stage.shared import page_context


class ReviewDetailView(ScopedViewMixin, DetailView):
    """24 statements with evidence, and what they recommend."""

    model = StageReview
    reading = "for_detail"
    depends_on_reader_alone = True
    context_object_name = "review"
    template_name = "reviews/stagereview_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        review, account = self.object, self.object.account
        context = super().get_context_data(**page_context(self.request, review), **kwargs)
        context["blocks"] = context["sheet"].blocks(evidence.gather(review, self.request.user))
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

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {
            "has_last": StageReview.objects.to_start_from(self.account.pk).exists()
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
