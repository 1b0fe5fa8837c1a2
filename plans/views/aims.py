"""What our own company wants, present and future, and which accounts serve it (K026)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts.views.programme import ProgrammeFormMixin
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from plans import exports, services
from plans.forms import AimForm
from plans.models import CorporateObjective, Objective
from teams.models import Programme
from teams.policies import reads_whole
from teams.views.common import press


class AimListView(ExportMixin, ScopedViewMixin, ListView):
    """Objectives of our own company with how many objectives of accounts serve each; with
    `?archived=1` those that were taken out."""

    model = CorporateObjective
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "plans/aim_list.html"
    export_layout = exports.AIMS
    context_object_name = "rows"

    def get_queryset(self) -> QuerySet[CorporateObjective]:
        rows: Any = super().get_queryset()
        past = self.request.GET.get("archived") == "1"
        rows = rows.filter(archived_at__isnull=False) if past else rows.active()
        mine = Objective.objects.visible_to(self.request.user).current().filter(dropped_on=None)
        mine = mine.filter(corporate_objective=OuterRef("pk")).order_by()
        counts = mine.values("corporate_objective").annotate(count=Count("pk")).values("count")
        served = Coalesce(Subquery(counts), 0)
        return rows.annotate(served=served).order_by("-horizon", "text", "pk")  # type: ignore[no-any-return]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.request.user
        return super().get_context_data(
            may_edit=Programme.objects.editable_by(user).exists(),
            reads_whole=reads_whole(user),
            past=self.request.GET.get("archived") == "1",
            **kwargs,
        )


class AimFormMixin(ProgrammeFormMixin):
    """An aim of our own company, for who runs the programme."""

    model = CorporateObjective
    form_class = AimForm
    form_title = gettext_lazy("Objective of our company")
    success_url = reverse_lazy("plans:aims")
    success_message = gettext_lazy("Saved.")


class AimCreateView(AimFormMixin, CreateView):
    """A further aim."""

    submit_label = gettext_lazy("Add")

    def perform(self, form: AimForm) -> CorporateObjective:
        return services.create_corporate_objective(
            actor=self.request.user, programme=self.programme, values=form.values
        )


class AimUpdateView(AimFormMixin, UpdateView):
    """Other words, another horizon."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: AimForm) -> CorporateObjective:
        return services.update_corporate_objective(
            actor=self.request.user,
            aim=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it out of the list; objectives that serve it keep their link."""
    return _press(request, pk, services.archive_goal, _("%(name)s is archived."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return _press(request, pk, services.restore_goal, _("%(name)s is back."))


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponse:
    return press(
        request,
        CorporateObjective.objects,
        pk,
        write=write,
        kind="goal",
        done=done,
        back=lambda _row: reverse("plans:aims"),
    )
