"""Candidates that are being looked into: until when, at what cost, go or no-go (K063)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports, policies
from accounts.forms.qualification import QualificationForm, VerdictForm
from accounts.models import Qualification
from accounts.services import qualification as services
from accounts.views.people import OnAccountMixin
from accounts.views.verdict import VerdictFormView
from kam.access.dates import business_today
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.views.common import act, posted_version


class QualificationListView(ExportMixin, ScopedViewMixin, ListView):
    """Everything that is being looked into, what is due first, and what became of the rest."""

    model = Qualification
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/qualification_list.html"
    export_layout = exports.QUALIFICATIONS
    context_object_name = "rows"

    def get_queryset(self) -> QuerySet[Qualification]:
        return super().get_queryset().active().for_list().with_rights_of(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        today = business_today()
        rows = list(context["page_obj"].object_list)
        for row in rows:
            row.waits = row.is_due(today)
        return context | {"rows": rows, "today": today}


class QualificationFormMixin(OnAccountMixin):
    """Deadline and cap: for who edits the account."""

    model = Qualification
    form_class = QualificationForm
    allowed = staticmethod(policies.can_edit)
    part_url = "accounts:profile"

    @property
    def form_title(self) -> str:  # type: ignore[override]
        """Which customer is looked into."""
        return _("Look into %(account)s") % {"account": self.account}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"account": self.account}


class QualificationCreateView(QualificationFormMixin, CreateView):
    """Start to look into a candidate."""

    submit_label = gettext_lazy("Start")

    def perform(self, form: QualificationForm) -> Qualification:
        return services.start_qualification(
            actor=self.request.user, account=self.account, changes=form.values
        )


class QualificationUpdateView(QualificationFormMixin, UpdateView):
    """Write down what was spent, or change the limits while they hold."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: QualificationForm) -> Qualification:
        return services.update_qualification(
            actor=self.request.user,
            qualification=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


class DecideView(VerdictFormView):
    """Go or no-go: for who confirms stages of the account."""

    model = Qualification
    allowed = staticmethod(policies.can_confirm_stage)
    form_class = VerdictForm

    def get_success_url(self) -> str:
        return reverse("accounts:profile", args=[self.object.account_id])

    def perform(self, form: VerdictForm) -> Qualification:
        given = form.cleaned_data
        return services.decide_qualification(
            actor=self.request.user,
            qualification=self.object,
            verdict=given["verdict"],
            reason=given["reason"],
            expected_version=given["version"],
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object.account
        return super().get_context_data(
            form_title=_("Go or no-go: %(account)s") % {"account": account},
            list_title=account.name,
            **kwargs,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it off the account."""
    done = _("Archived. It can be restored here.")
    return _act(request, pk, services.archive_qualification, done)


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return _act(request, pk, services.restore_qualification, _("Restored."))


def _act(request: HttpRequest, pk: int, service: Any, done: str) -> HttpResponse:
    row = get_object_or_404(Qualification.objects.visible_to(request.user), pk=pk)
    version = posted_version(request)

    def write() -> None:
        service(actor=request.user, qualification=row, expected_version=version)

    return act(request, write, done, reverse("accounts:profile", args=[row.account_id]))
