"""What accounts are rated on (K092)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.forms.outlets import ParameterForm
from accounts.models import ProfileParameter
from accounts.services import parameter as parameters
from accounts.views.programme import ProgrammeFormMixin
from accounts.views.target import crumbs
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Programme
from teams.views.common import press


class ParameterListView(ExportMixin, ScopedViewMixin, ListView):
    """What accounts are rated on, with scale and channel (K092)."""

    model = ProfileParameter
    reading = "for_list"
    paginate_by = 200
    paginator_class = CappedPaginator
    template_name = "accounts/parameter_list.html"
    export_layout = exports.PARAMETERS

    def get_queryset(self) -> QuerySet[ProfileParameter]:
        rows = super().get_queryset()
        past = self.request.GET.get("archived") == "1"
        return rows.filter(archived_at__isnull=False) if past else rows.active()  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        run = set(Programme.objects.editable_by(self.request.user).values_list("pk", flat=True))
        context = super().get_context_data(may_add=bool(run), **kwargs)
        rows = list(context["page_obj"].object_list)
        for row in rows:
            row.may_edit = row.programme_id in run
        return context | {"rows": rows, "crumbs": crumbs((_("Parameters"), ""))}


class ParameterFormMixin(ProgrammeFormMixin):
    """A form on what accounts are rated on."""

    model = ProfileParameter
    form_class = ParameterForm
    success_url = reverse_lazy("accounts:parameters")
    success_message = gettext_lazy("Parameter saved.")
    list_title = gettext_lazy("Parameters")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"programme": self.programme}


class ParameterCreateView(ParameterFormMixin, CreateView):
    """A further parameter."""

    form_title = gettext_lazy("New profile parameter")
    submit_label = gettext_lazy("Add parameter")

    def get_initial(self) -> dict[str, Any]:
        return {"lowest": 1, "highest": 5}

    def perform(self, form: ParameterForm) -> ProfileParameter:
        return parameters.create_parameter(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class ParameterUpdateView(ParameterFormMixin, UpdateView):
    """Other words, or a wider scale."""

    form_title = gettext_lazy("Change profile parameter")
    submit_label = gettext_lazy("Save")

    def perform(self, form: ParameterForm) -> ProfileParameter:
        return parameters.update_parameter(
            actor=self.request.user,
            parameter=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponse:
    return press(
        request,
        ProfileParameter.objects,
        pk,
        write=write,
        kind="parameter",
        done=done,
        back=lambda _row: reverse("accounts:parameters"),
    )


@require_POST
def archive_parameter(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a parameter no longer."""
    write, done = parameters.archive_parameter, _("Parameter %(name)s archived.")
    return _press(request, pk, write, done)


@require_POST
def restore_parameter(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for a parameter again."""
    write, done = parameters.restore_parameter, _("Parameter %(name)s is back.")
    return _press(request, pk, write, done)
