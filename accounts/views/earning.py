"""Return on key accounts, year by year and together, and the verdict on each (K128, K133; 4.7)."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports, policies
from accounts.choices import Status
from accounts.forms.running import ReturnCaseForm, ReturnVerdictForm
from accounts.models import Account, ReturnCase
from accounts.running.returns import cases_of, returns_of, suggested_before
from accounts.services import earning as services
from accounts.views.people import OnAccountMixin
from accounts.views.programme import ProgrammePageMixin
from accounts.views.verdict import VerdictFormView
from kam.access.dates import business_today
from kam.web.addresses import posted_version
from kam.web.formatting import short_day
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.policies import reads_whole
from teams.views.common import act, reach

SHOWN_WITHOUT = 50
SHOWN_ARCHIVED = 50
"""Archived cases that the page offers to restore; all of them are in REST."""


class ReturnListView(ProgrammePageMixin, ExportMixin, ScopedViewMixin, ListView):
    """What each key account brought over what it cost, since it is one."""

    model = ReturnCase
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/return_list.html"
    export_layout = exports.RETURNS
    context_object_name = "cases"

    def get_queryset(self) -> QuerySet[ReturnCase]:
        user = self.request.user
        managed = Account.objects.managed_by(user).filter(pk=OuterRef("account")).order_by()
        rows = cases_of(user, [self.programme]).annotate(may_manage=Exists(managed))
        return rows.select_related("account", "verdict_by").order_by("account__name", "pk")

    def get_export_rows(self, layout: Any) -> Any:
        cases = list(super().get_export_rows(layout))
        found = returns_of(cases, programme=self.programme, on=business_today())
        return [found[case.account_id] for case in cases]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user, today = self.request.user, business_today()
        cases = list(context["page_obj"].object_list)
        found = returns_of(cases, programme=self.programme, on=today)
        keys = Account.objects.visible_to(user).active().of_status(Status.KEY)
        without = keys.filter(programme=self.programme).exclude(
            pk__in=cases_of(user, [self.programme]).order_by().values("account")
        )
        return context | {
            "rows": [found[case.account_id] for case in cases],
            "without": without.with_rights_of(user).order_by("name", "pk")[:SHOWN_WITHOUT],
            "today": today,
            "currency": self.programme.currency,
            "reads_whole": reads_whole(user),
            "archived": self.archived(),
            "archived_restore": "accounts:return_restore",
        }

    def archived(self) -> QuerySet[ReturnCase]:
        """Cases that were taken out and can be restored, the latest first."""
        mine = Account.objects.managed_by(self.request.user).filter(programme=self.programme)
        rows = ReturnCase.objects.filter(account__in=mine.order_by().values("pk"))
        rows = rows.filter(archived_at__isnull=False).select_related("account")
        return rows.order_by("-archived_at", "-pk")[:SHOWN_ARCHIVED]


class CaseFormMixin(OnAccountMixin):
    """What the return is measured against: for who decides on the account."""

    model = ReturnCase
    form_class = ReturnCaseForm
    allowed = staticmethod(policies.can_manage)

    @property
    def form_title(self) -> str:  # type: ignore[override]
        """Whose return."""
        return _("What the return of %(account)s is measured against") % {"account": self.account}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.account}

    def get_success_url(self) -> str:
        return reverse("accounts:returns")


class CaseCreateView(CaseFormMixin, CreateView):
    """The year before; offered is what the ledger has of it."""

    submit_label = gettext_lazy("Record")

    def get_initial(self) -> dict[str, Any]:
        started = self.account.status_since
        found = suggested_before(self.account, started) if started else None
        return {} if found is None else {"contribution_before": round(found, 2)}

    def perform(self, form: ReturnCaseForm) -> ReturnCase:
        return services.record_case(
            actor=self.request.user, account=self.account, changes=form.values
        )


class CaseUpdateView(CaseFormMixin, UpdateView):
    """Correct it."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: ReturnCaseForm) -> ReturnCase:
        return services.update_case(
            actor=self.request.user,
            case=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


class VerdictView(VerdictFormView):
    """Whether the account is worth it: locked for the first two years (K133)."""

    model = ReturnCase
    allowed = staticmethod(policies.can_manage)
    form_class = ReturnVerdictForm

    def get_form(self, form_class: Any = None) -> Any:
        """The form; its verdict is locked until the day from which one may be given."""
        form = super().get_form(form_class)
        first = services.verdict_from(self.object.started_on)
        if business_today() < first:
            text = _("Locked until %(day)s: key accounts need two years before they are judged.")
            form.fields["verdict"].help_text = text % {"day": short_day(first)}
            form.fields["verdict"].widget.attrs["disabled"] = True
        return form

    def get_initial(self) -> dict[str, Any]:
        return super().get_initial() | {"verdict": self.object.verdict}

    def get_success_url(self) -> str:
        return reverse("accounts:returns")

    def perform(self, form: ReturnVerdictForm) -> ReturnCase:
        given = form.cleaned_data
        return services.give_verdict(
            actor=self.request.user,
            case=self.object,
            verdict=given["verdict"],
            reason=given["verdict_reason"],
            expected_version=given["version"],
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object.account
        return super().get_context_data(
            form_title=_("Is %(account)s worth it?") % {"account": account},
            list_title=_("Return on key accounts"),
            **kwargs,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure no longer against it."""
    case = reach(ReturnCase.objects, request.user, pk=pk)
    version = posted_version(request)

    def write() -> None:
        services.archive_case(actor=request.user, case=case, expected_version=version)

    return act(request, write, _("Archived."), reverse("accounts:returns"))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Measure against it again, unless another was recorded meanwhile."""
    case = reach(ReturnCase.objects, request.user, pk=pk)
    version = posted_version(request)

    def write() -> None:
        services.restore_case(actor=request.user, case=case, expected_version=version)

    return act(request, write, _("Restored."), reverse("accounts:returns"))
