"""Which reviews there are, and which are due."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import ListView

from accounts.choices import REVIEWED_STATUSES
from accounts.models import Account, StageChange
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.documents.tables import Layout
from kam.web.views import PartialMixin, ScopedViewMixin
from kam.web.views.tables import CappedPaginator, KeptListMixin
from reviews import exports, policies
from reviews.choices import ReviewStatus
from reviews.models import StageReview

PAGE = 50
SHOWN_ON_ACCOUNT = 50


def due_accounts(accounts: QuerySet[Account]) -> QuerySet[Account]:
    """Accounts that are to be reviewed at all, what is due first on top, unassessed ones first."""
    drafts = StageReview.objects.active().filter(account=OuterRef("pk"), status__in=OPEN)
    return (
        accounts.active()
        .of_status(*REVIEWED_STATUSES)
        .annotate(open_review=Subquery(drafts.order_by("-pk").values("pk")[:1]))
        .order_by(F("review_due_on").asc(nulls_first=True), "name", "pk")
    )


OPEN = (ReviewStatus.DRAFT, ReviewStatus.PROPOSED)
DONE = (ReviewStatus.CONFIRMED, ReviewStatus.REJECTED)


class ReviewListView(KeptListMixin, PartialMixin, ScopedViewMixin, ListView):
    """What is due, drafts, what waits for a confirmation, what is done."""

    model = StageReview
    template_name = "reviews/stagereview_list.html"
    partial_template_name = "reviews/_stagereview_list.html"
    paginate_by = PAGE
    paginator_class = CappedPaginator
    page_name = "reviews"
    SHOWS = ("due", "drafts", "waiting", "done")

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    @property
    def show(self) -> str:
        """Which of the four lists."""
        chosen = self.request.GET.get("show", "")
        return chosen if chosen in self.SHOWS else "due"

    @property
    def is_mine(self) -> bool:
        """Narrowed to what the reader may write or confirm."""
        return self.request.GET.get("mine") == "1"

    def get_export_layout(self) -> Layout:
        """What is due are accounts, the rest are reviews."""
        return exports.DUE if self.show == "due" else exports.REVIEWS

    def get_queryset(self) -> QuerySet:
        user, text = self.request.user, self.request.GET.get("q", "").strip()
        if self.show == "due":
            accounts = Account.objects
            shown = accounts.editable_by(user) if self.is_mine else accounts.visible_to(user)
            rows = due_accounts(shown)
            return rows.filter(name__icontains=text) if text else rows
        reviews = StageReview.objects
        rows = reviews.visible_to(user).active().with_people()
        if self.show == "drafts":
            rows = rows.filter(status=ReviewStatus.DRAFT)
        elif self.show == "waiting":
            rows = rows.filter(status=ReviewStatus.PROPOSED)
        else:
            rows = rows.filter(status__in=DONE)
        if self.is_mine and self.show == "waiting":
            rows = rows.filter(pk__in=reviews.confirmable_by(user).values("pk"))
        elif self.is_mine:
            rows = rows.filter(pk__in=reviews.editable_by(user).values("pk"))
        return rows.filter(account__name__icontains=text) if text else rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        context.update(
            show=self.show,
            is_mine=self.is_mine,
            text=self.request.GET.get("q", ""),
            today=business_today(),
            tabs=[
                self._tab("due", _("Due")),
                self._tab("drafts", _("Drafts")),
                self._tab("waiting", _("Waiting for confirmation")),
                self._tab("done", _("Done")),
            ],
            whose=[
                {"label": _("All"), "url": self._address(mine=None), "current": not self.is_mine},
                {"label": _("Mine"), "url": self._address(mine="1"), "current": self.is_mine},
            ],
            crumbs=[(_("Reviews"), "")],
        )
        return context

    def _tab(self, show: str, label: str) -> dict[str, Any]:
        return {"label": label, "url": self._address(show=show), "current": show == self.show}

    def _address(self, **changes: str | None) -> str:
        parameters = self.request.GET.copy()
        parameters.pop("page", None)
        for name, value in changes.items():
            parameters.pop(name, None)
            if value:
                parameters[name] = value
        return f"{reverse('reviews:list')}?{parameters.urlencode()}"


class AccountReviewsView(AccountPartView):
    """All reviews of one account, and how it came to its stage."""

    part = "reviews"
    part_template_name = "reviews/_account_reviews.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account, user = self.object, self.request.user

        def rows(account: int) -> QuerySet[StageReview]:
            mine = StageReview.objects.visible_to(user).active().filter(account=account)
            return mine.with_people()[:SHOWN_ON_ACCOUNT]

        def steps(account: int) -> QuerySet[StageChange]:
            changes = StageChange.objects.filter(account=account)
            return changes.select_related("proposed_by", "confirmed_by")

        return super().get_context_data(
            reviews=kept_objects(("reviews of", sight_of(user)), rows, account=account.pk),
            steps=kept_objects("steps of", steps, account=account.pk),
            can_start=policies.can_start(user, account),
            **kwargs,
        )
