"""Selection runs: scenarios, what came of them, and which limits bind (handbook 3.5, 3.6)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, ListView

from accounts import exports
from accounts.forms.selection import LimitsForm, SelectionForm
from accounts.models import Account, Decision, Selection
from accounts.selection import keeping
from accounts.selection.comparing import MOST_COMPARED, differing
from accounts.selection.gathering import gather
from accounts.selection.presenting import PAGE, Shown, shown
from accounts.selection.readiness import Step, steps_of
from accounts.selection.sight import all_as_seen, as_seen
from accounts.services import selection as services
from accounts.views.programme import ProgrammeFormMixin, Programmes
from kam.changes.errors import VersionConflict
from kam.web.addresses import key_in
from kam.web.formatting import kilo, number, thousands
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams import policies
from teams.models import Programme
from teams.views.common import act, posted_version, press, reach

FEW_BARS = 5
"""Steps of the budget up to which their chart is low."""
LONGEST_PAGE = 7


class SelectionListView(ExportMixin, ScopedViewMixin, ListView):
    """Scenarios, the latest first."""

    model = Selection
    reading = "for_list"
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/selection_list.html"
    export_layout = exports.SELECTIONS

    @cached_property
    def programmes(self) -> Programmes:
        """Those whose scenarios the reader sees; all of them unless the address names one."""
        rows = Programme.objects.read_whole_by(self.request.user)
        return Programmes(self.request, rows, or_all=True)

    def get_queryset(self) -> QuerySet[Selection]:
        rows = super().get_queryset()
        if self.programmes.is_named:
            rows = rows.filter(programme=self.programmes.chosen)
        past = self.request.GET.get("archived") == "1"
        return rows.filter(archived_at__isnull=False) if past else rows.active()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = self.request.user
        return context | {
            "way": [] if context["page_obj"].object_list else self.way(),
            "runs": all_as_seen(context["page_obj"].object_list, user),
            "may_add": Programme.objects.editable_by(user).exists(),
            **self.programmes.context,
        }

    def way(self) -> list[Step]:
        """The steps to the first scenario of the programme."""
        programme = self.programmes.chosen
        return [] if programme is None else steps_of(programme, self.request.user)


class SelectionCreateView(ProgrammeFormMixin, CreateView):
    """A further scenario."""

    model = Selection
    form_class = SelectionForm
    form_title = gettext_lazy("New scenario")
    list_title = gettext_lazy("Selection")
    submit_label = gettext_lazy("Set up")
    cancel_url = reverse_lazy("accounts:selections")

    def get_initial(self) -> dict[str, Any]:
        return services.usual_limits(self.programme)

    def perform(self, form: SelectionForm) -> Selection:
        return services.create_selection(
            actor=self.request.user, programme=self.programme, changes=form.values
        )

    def get_success_url(self) -> str:
        return reverse("accounts:selection", args=[self.object.pk])


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
    first = page_of(request) * PAGE
    run = as_seen(run, request.user)
    result = shown(run, request.user, first=first)
    whole = result.whole
    decided = Decision.objects.visible_to(request.user).filter(selection=run.pk).for_list()
    return {
        "run": run,
        "shown": result,
        "decided": decided[:PAGE],
        "curve": _curve(result, run),
        "form": form or LimitsForm(instance=run),
        "may_edit": policies.can_edit_programme(request.user, run.programme),
        "is_solved": run.status in Selection.SOLVED,
        "is_under_way": run.status in Selection.UNDER_WAY,
        "has_no_manager": not run.problem.get("managers"),
        "next_page": first // PAGE + 2 if first + PAGE < whole else None,
        "previous_page": first // PAGE if first else None,
        "candidates": whole,
        "crumbs": [(_("Selection"), reverse("accounts:selections")), (run.name, "")],
    }


def page_of(request: HttpRequest) -> int:
    """The page asked for, counted from 0."""
    page = request.GET.get("page", "1")
    return max(1, int(page)) - 1 if page.isdecimal() and len(page) < LONGEST_PAGE else 0


def _curve(result: Shown, run: Selection) -> dict[str, Any]:
    """The budget curve as chart: the best value at each budget."""
    if not result.curve:
        return {}
    told = _("%(budget)s k %(currency)s")
    labels = [
        told % {"budget": kilo(budget), "currency": run.currency}
        for budget, _value, _differs in result.curve
    ]
    values = [float(value) for _budget, value, _differs in result.curve]
    top, bottom = result.curve[1], result.curve[0]
    words = {
        "more": thousands(top[0] - bottom[0], run.currency),
        "gain": number(top[1] - bottom[1], 3),
    }
    is_least = run.result["budget_curve"][0]["is_least"]
    finding = (
        _("With %(more)s more a year, a programme worth %(gain)s more was found.")
        if is_least
        else _("The next step up costs %(more)s more a year and gains %(gain)s.")
    )
    name = _("Best found") if is_least else _("Best value")
    return {
        "finding": finding % words,
        "data": {
            "labels": labels,
            "series": [{"name": name, "values": values}],
            "digits": 3,
        },
        "height": "h-180" if len(labels) <= FEW_BARS else "h-300",
    }


def compare(request: HttpRequest) -> HttpResponse:
    """Scenarios side by side: what each was asked, what came of it, and who differs."""
    keys = map(key_in, request.GET.getlist("run"))
    asked = [pk for pk in keys if pk is not None][:MOST_COMPARED]
    seen = Selection.objects.visible_to(request.user).select_related("programme").in_bulk(asked)
    if len(seen) < len(set(asked)):
        raise Http404
    runs = [as_seen(seen[pk], request.user) for pk in dict.fromkeys(asked)]
    rows = Selection.objects.visible_to(request.user).active().for_list()
    context = {
        "runs": runs,
        "differing": list(differing(runs, request.user)),
        "others": [row for row in rows[:PAGE] if row.pk not in seen],
        "asked": asked,
        "is_full": len(runs) >= MOST_COMPARED,
        "crumbs": [(_("Selection"), reverse("accounts:selections")), (_("Compare"), "")],
    }
    return render(request, "accounts/selection_compare.html", context)


def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far solving is; asks htmx to load the page again when it has ended."""
    run = reach(Selection.objects.select_related("programme", "job"), request.user, pk=pk)
    if run.status not in Selection.UNDER_WAY:
        return HttpResponse(headers={"HX-Refresh": "true"})
    may_edit = policies.can_edit_programme(request.user, run.programme)
    context = {"run": run, "may_edit": may_edit}
    return render(request, "accounts/_selection_progress.html", context)


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
    seen = Account.objects.visible_to(request.user)
    account = get_object_or_404(seen, pk=key_in(request.POST.get("account", "")))
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
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an archived scenario back."""
    return press(
        request,
        Selection.objects,
        pk,
        write=services.restore_selection,
        kind="selection",
        done=_("Scenario %(name)s is back."),
        back=lambda row: reverse("accounts:selection", args=[row.pk]),
    )


@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Delete a scenario that was never solved."""
    return press(
        request,
        Selection.objects,
        pk,
        write=services.delete_draft,
        kind="selection",
        done=_("Scenario %(name)s deleted."),
        back=lambda _row: reverse("accounts:selections"),
    )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a scenario off the list."""
    run, version = _mine(request, pk), posted_version(request)

    def write() -> None:
        services.archive_selection(actor=request.user, selection=run, expected_version=version)

    done = _("Scenario %(name)s archived.") % {"name": run}
    return act(request, write, done, reverse("accounts:selections"))
