"""Selection runs: scenarios, what came of them, and which limits bind (handbook 3.5, 3.6)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, ListView

from accounts.forms.selection import LimitsForm, SelectionForm
from accounts.models import Account, Selection
from accounts.selection import keeping
from accounts.selection.gathering import gather
from accounts.selection.presenting import PAGE, shown
from accounts.services import selection as services
from kam.changes.errors import VersionConflict
from kam.web.views import ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator
from teams import policies
from teams.models import Programme
from teams.views.common import act, posted_version, reach


class SelectionListView(ScopedViewMixin, ListView):
    """Scenarios, the latest first."""

    model = Selection
    reading = "for_list"
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/selection_list.html"

    def get_queryset(self) -> QuerySet[Selection]:
        rows = super().get_queryset()
        past = self.request.GET.get("archived") == "1"
        return rows.filter(archived_at__isnull=False) if past else rows.active()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runs = Programme.objects.editable_by(self.request.user).exists()
        return super().get_context_data(may_add=runs, **kwargs)


class SelectionCreateView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """A further scenario."""

    model = Selection
    form_class = SelectionForm
    template_name = "web/form.html"
    form_title = gettext_lazy("New scenario")
    submit_label = gettext_lazy("Set up")

    @cached_property
    def programme(self) -> Programme:
        """The first programme that the person runs."""
        programme = Programme.objects.editable_by(self.request.user).order_by("pk").first()
        if programme is None:
            raise PermissionDenied
        return programme

    def get_initial(self) -> dict[str, Any]:
        return services.usual_limits(self.programme)

    def perform(self, form: SelectionForm) -> Selection:
        return services.create_selection(
            actor=self.request.user, programme=self.programme, changes=form.values
        )

    def get_success_url(self) -> str:
        return reverse("accounts:selection", args=[self.object.pk])

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(cancel_url=reverse_lazy("accounts:selections"), **kwargs)


class SelectionView(ScopedViewMixin, DetailView):
    """One scenario: its limits, who is in and out and why, what binds, what else there is."""

    model = Selection
    template_name = "accounts/selection_detail.html"
    context_object_name = "run"

    def get_queryset(self) -> QuerySet[Selection]:
        return super().get_queryset().select_related("programme", "job", "decided_by")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs) | context_of(self.request, self.object)


def context_of(request: HttpRequest, run: Selection, form: LimitsForm | None = None) -> dict:
    """What the page shows of a run; one that was not solved shows what it would weigh."""
    if not run.problem and run.status == Selection.Status.DRAFT:
        gathered = gather(run, request.user)
        run.problem = keeping.packed(gathered.problem)
        run.problem["unready"] = [list(row) for row in gathered.unready]
    page = request.GET.get("page", "1")
    first = (max(1, int(page)) - 1) * PAGE if page.isdecimal() else 0
    result = shown(run, request.user, first=first)
    whole = len(run.problem.get("candidates", ()))
    return {
        "run": run,
        "shown": result,
        "form": form or LimitsForm(instance=run),
        "may_edit": policies.can_edit_programme(request.user, run.programme),
        "is_solved": run.status in Selection.SOLVED,
        "is_under_way": run.status in Selection.UNDER_WAY,
        "next_page": first // PAGE + 2 if first + PAGE < whole else None,
        "previous_page": first // PAGE if first else None,
        "candidates": whole,
        "crumbs": [(_("Selection"), reverse("accounts:selections")), (run.name, "")],
    }


def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far solving is; asks htmx to load the page again when it has ended."""
    run = reach(Selection.objects.select_related("job"), request.user, pk=pk)
    if run.status not in Selection.UNDER_WAY:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return render(request, "accounts/_selection_progress.html", {"run": run, "may_edit": True})


@require_POST
def solve(request: HttpRequest, pk: int) -> HttpResponse:
    """Solve the scenario with the limits of the form; one that was solved stays beside the new."""
    run = _mine(request, pk)
    form = LimitsForm(request.POST, instance=run)
    if form.is_valid():
        try:
            run = services.solve_again(
                actor=request.user,
                selection=run,
                expected_version=form.version,
                changes=form.changes,
            )
        except VersionConflict:
            messages.error(request, _("Somebody else changed it in the meantime. Look again."))
        except ValidationError as error:
            messages.error(request, " ".join(error.messages))
        return redirect("accounts:selection", pk=run.pk)
    fresh = _mine(request, pk)
    context = context_of(request, fresh, form)
    return render(request, "accounts/selection_detail.html", context, status=UNPROCESSABLE)


def _mine(request: HttpRequest, pk: int) -> Selection:
    rows = Selection.objects.select_related("programme", "job", "decided_by")
    return reach(rows, request.user, needs="editable_by", pk=pk)


@require_POST
def mark(request: HttpRequest, pk: int) -> HttpResponse:
    """An account must be in, is barred, or neither."""
    run = _mine(request, pk)
    key = request.POST.get("account", "")
    seen = Account.objects.visible_to(request.user)
    account = get_object_or_404(seen, pk=key if key.isdecimal() else 0)
    try:
        run = services.mark_account(
            actor=request.user, selection=run, account=account, mark=request.POST.get("mark", "")
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect("accounts:selection", pk=run.pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Stop solving."""
    run = _mine(request, pk)

    def write() -> None:
        services.stop_selection(actor=request.user, selection=run)

    return act(request, write, _("Stopped."), reverse("accounts:selection", args=[pk]))


@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """The scenario once more."""
    run = services.copy_selection(actor=request.user, selection=_mine(request, pk))
    messages.success(request, _("Copied: change it, then solve it."))
    return redirect("accounts:selection", pk=run.pk)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a scenario off the list."""
    run, version = _mine(request, pk), posted_version(request)

    def write() -> None:
        services.archive_selection(actor=request.user, selection=run, expected_version=version)

    done = _("Scenario %(name)s archived.") % {"name": run}
    return act(request, write, done, reverse("accounts:selections"))
