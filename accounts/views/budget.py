"""The programme's budget: by account and kind, beside plan and spending (K023, K131)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.choices import CostType
from accounts.forms.running import BudgetLineForm
from accounts.models import Account, BudgetLine
from accounts.running.budgeting import budget_of, year_of
from accounts.services import budget as services
from accounts.views.programme import ProgrammeFormMixin, ProgrammePageMixin
from kam.access.dates import business_today
from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams import policies
from teams.models import Programme
from teams.views.common import press

YEARS_SHOWN = 2
"""Years offered before and after the present one."""
SHOWN_ARCHIVED = 50
"""Archived lines that the page offers to restore; all of them are in REST."""


class BudgetView(ProgrammePageMixin, ExportMixin, ScopedViewMixin, ListView):
    """Lines of a fiscal year, and what they come to by account and kind."""

    model = BudgetLine
    paginate_by = 100
    paginator_class = CappedPaginator
    template_name = "accounts/budget.html"
    export_layout = exports.BUDGET
    context_object_name = "lines"

    @cached_property
    def this_year(self) -> int:
        return year_of(self.programme, business_today())

    @cached_property
    def year(self) -> int:
        """The year asked for, else the present one."""
        text = self.request.GET.get("year", "")
        is_year = text.isascii() and text.isdecimal() and len(text) == len("2000")
        return int(text) if is_year and 2000 <= int(text) <= 2100 else self.this_year

    def get_queryset(self) -> QuerySet[BudgetLine]:
        rows = super().get_queryset().active().for_list()
        rows = rows.filter(programme=self.programme, year=self.year)
        account = self.request.GET.get("account", "")
        return rows.filter(account=key_in(account)) if account else rows

    @cached_property
    def may_edit(self) -> bool:
        """Whether the reader runs the programme."""
        return policies.can_edit_programme(self.request.user, self.programme)

    def archived(self) -> QuerySet[BudgetLine]:
        """Lines of the year that were taken out, the latest first: they can be restored."""
        rows = super().get_queryset().filter(programme=self.programme, year=self.year)
        return rows.filter(archived_at__isnull=False).order_by("-archived_at", "-pk")[
            :SHOWN_ARCHIVED
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        around = range(self.this_year - YEARS_SHOWN, self.this_year + YEARS_SHOWN)
        return super().get_context_data(
            budget=budget_of(user, self.programme, self.year, business_today()),
            kinds=CostType.labels,
            year=self.year,
            years=sorted({*around, self.year}),
            reads_whole=policies.reads_whole(user),
            may_edit=self.may_edit,
            archived=self.archived() if self.may_edit else (),
            archived_restore="accounts:budget_restore",
            **kwargs,
        )


class BudgetFormMixin(ProgrammeFormMixin):
    """A line of the budget, for who runs the programme."""

    model = BudgetLine
    form_class = BudgetLineForm
    form_title = gettext_lazy("Budget line")
    list_title = gettext_lazy("Budget")
    success_message = gettext_lazy("Saved.")

    def get_form_kwargs(self) -> dict[str, Any]:
        accounts = Account.objects.visible_to(self.request.user).active()
        return super().get_form_kwargs() | {
            "accounts": accounts.filter(programme=self.programme).order_by("name", "pk"),
            "currency": self.programme.currency,
        }

    @property
    def success_url(self) -> str:
        year = getattr(getattr(self, "object", None), "year", "") or ""
        first = Programme.objects.first_for(self.request.user)
        keep = "" if self.programme == first else f"&programme={self.programme.pk}"
        return f"{reverse('accounts:budget')}?year={year}{keep}"


class BudgetCreateView(BudgetFormMixin, CreateView):
    """A further line."""

    submit_label = gettext_lazy("Add")

    def get_initial(self) -> dict[str, Any]:
        asked = self.request.GET
        year = asked.get("year") or year_of(self.programme, business_today())
        return {"year": year, "account": asked.get("account", "")}

    def perform(self, form: BudgetLineForm) -> BudgetLine:
        return services.add_budget_line(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class BudgetUpdateView(BudgetFormMixin, UpdateView):
    """Another amount, kind or purpose."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: BudgetLineForm) -> BudgetLine:
        return services.update_budget_line(
            actor=self.request.user,
            line=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


def _list_of(line: BudgetLine) -> str:
    asked = f"?year={line.year}&programme={line.programme_id}"
    return reverse("accounts:budget") + asked


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a line out of the budget."""
    return press(
        request,
        BudgetLine.objects,
        pk,
        write=services.archive_budget_line,
        kind="line",
        done=_("%(name)s is out of the budget."),
        back=_list_of,
    )


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return press(
        request,
        BudgetLine.objects,
        pk,
        write=services.restore_budget_line,
        kind="line",
        done=_("%(name)s is back."),
        back=lambda row: f"{reverse('accounts:budget')}?year={row.year}",
    )
