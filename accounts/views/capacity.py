"""Managers of selections: what each can take on, and who takes part in a scenario (3.5, 5.3)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.forms.selection import CapacityForm
from accounts.models import ManagerCapacity, Selection
from accounts.selection.gathering import stored_managers
from accounts.selection.problem import MOST_ACCOUNTS, Manager
from accounts.services import capacity as services
from accounts.services import selection as runs
from accounts.views.programme import ProgrammeFormMixin
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.web.addresses import posted_version
from kam.web.forms import ShapeForm
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Membership, Programme, Team, TeamRole, User
from teams.views.common import press, reach


class CapacityListView(ExportMixin, ScopedViewMixin, ListView):
    """What managers can take on; who has nothing recorded takes two accounts and one FTE."""

    model = ManagerCapacity
    paginate_by = 100
    paginator_class = CappedPaginator
    template_name = "accounts/capacity_list.html"
    export_layout = exports.CAPACITIES

    def get_queryset(self) -> QuerySet[ManagerCapacity]:
        return super().get_queryset().active().select_related("user", "programme")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runs_one = Programme.objects.editable_by(self.request.user).exists()
        crumbs = [(_("Selection"), reverse("accounts:selections")), (_("Managers"), "")]
        return super().get_context_data(
            may_edit=runs_one, crumbs=crumbs, usual=self.usual(), **kwargs
        )

    def usual(self) -> QuerySet[User]:
        """Who leads a team of a programme that the reader runs, and has nothing recorded."""
        mine = Programme.objects.read_whole_by(self.request.user).active().order_by()
        teams = Team.objects.visible_to(self.request.user).active().filter(programme__in=mine)
        leads = Membership.objects.filter(role=TeamRole.KAM, team__in=teams.order_by())
        leads = leads.valid_on(business_today()).order_by()
        recorded = self.get_queryset().order_by().values("user")
        people = User.objects.active().filter(pk__in=leads.values("user"))
        return people.exclude(pk__in=recorded).with_name()


class CapacityFormMixin(ProgrammeFormMixin):
    """A form on what a manager can take on."""

    model = ManagerCapacity
    form_class = CapacityForm
    success_url = reverse_lazy("accounts:capacities")
    success_message = gettext_lazy("Saved.")
    list_title = gettext_lazy("What managers can take on")

    def get_form_kwargs(self) -> dict[str, Any]:
        people = User.objects.colleagues_of(self.request.user).with_name()
        recorded = ManagerCapacity.objects.active().filter(programme=self.programme)
        return super().get_form_kwargs() | {
            "people": people.exclude(pk__in=recorded.values("user"))
        }


class CapacityCreateView(CapacityFormMixin, CreateView):
    """What a further manager can take on."""

    form_title = gettext_lazy("What a manager can take on")
    submit_label = gettext_lazy("Record")

    def perform(self, form: CapacityForm) -> ManagerCapacity:
        return services.record_capacity(
            actor=self.request.user, programme=self.programme, **form.values
        )


class CapacityUpdateView(CapacityFormMixin, UpdateView):
    """More or less than before."""

    @property
    def form_title(self) -> str:  # type: ignore[override]
        """Of whom."""
        return _("What %(manager)s can take on") % {"manager": self.object.user}

    submit_label = gettext_lazy("Save")

    def perform(self, form: CapacityForm) -> ManagerCapacity:
        return services.update_capacity(
            actor=self.request.user,
            capacity=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget it: the usual capacity holds again."""
    return press(
        request,
        ManagerCapacity.objects,
        pk,
        write=services.archive_capacity,
        kind="capacity",
        done=_("The usual capacity of %(name)s holds again."),
        back=lambda _row: reverse("accounts:capacities"),
    )


class TakingPartForm(ShapeForm):
    """Whether a manager takes part in a scenario, and with what."""

    takes_part = forms.BooleanField(label=gettext_lazy("takes part"), required=False)
    capacity = forms.IntegerField(
        label=gettext_lazy("accounts"), min_value=0, max_value=MOST_ACCOUNTS
    )
    effort = forms.DecimalField(
        label=gettext_lazy("FTE"), min_value=0, max_digits=5, decimal_places=2
    )

    def __init__(self, *args: Any, manager: Manager, **kwargs: Any) -> None:
        super().__init__(*args, prefix=str(manager.user), **kwargs)
        self.manager = manager
        self.fields["takes_part"].widget.attrs["class"] = "form-check-input"
        for name in ("capacity", "effort"):
            attrs = self.fields[name].widget.attrs
            attrs["class"] = "form-control form-control-sm"
            attrs["aria-label"] = f"{manager.name}: {self.fields[name].label}"

    @property
    def row(self) -> dict[str, Any]:
        """The manager as the service takes it; accounts for which alone they stand stay."""
        eligible = self.manager.eligible
        return {
            "user": self.manager.user,
            "capacity": self.cleaned_data["capacity"],
            "effort": self.cleaned_data["effort"],
            "eligible": None if eligible is None else sorted(eligible),
        }


def choose(request: HttpRequest, pk: int) -> HttpResponse:
    """Which managers take part in a scenario, and what each can take on in it."""
    rows = Selection.objects.select_related("programme")
    run = reach(rows, request.user, needs="editable_by", pk=pk)
    forms_of = _forms(request, run)
    status = 200
    if request.method == "POST":
        if "usual" in request.POST:
            return _chosen(request, run, None)
        chosen = [form for form in forms_of if form.is_valid() and form.cleaned_data["takes_part"]]
        if all(form.is_valid() for form in forms_of):
            return _chosen(request, run, [form.row for form in chosen])
        status = UNPROCESSABLE
    context = {
        "run": run,
        "forms": forms_of,
        "version": run.version,
        "has_errors": status == UNPROCESSABLE,
        "crumbs": [
            (_("Selection"), reverse("accounts:selections")),
            (run.name, reverse("accounts:selection", args=[pk])),
            (_("Managers"), ""),
        ],
    }
    return render(request, "accounts/selection_managers.html", context, status=status)


def _forms(request: HttpRequest, run: Selection) -> list[TakingPartForm]:
    """Managers of the scenario, then the others of the programme."""
    usual = {manager.user: manager for manager in stored_managers(run)}
    given = run.given.get("managers")
    known = User.objects.visible_to(request.user).in_bulk([row["user"] for row in given or ()])
    mine = {
        row["user"]: Manager(
            row["user"],
            str(known[row["user"]]),
            row["capacity"],
            Decimal(row["effort"]),
            None if row.get("eligible") is None else frozenset(row["eligible"]),
        )
        for row in given or ()
        if row["user"] in known
    }
    return [
        TakingPartForm(
            request.POST or None,
            manager=manager,
            initial={
                "takes_part": given is None or manager.user in mine,
                "capacity": manager.capacity,
                "effort": manager.effort,
            },
        )
        for manager in (usual | mine).values()
    ]


def _chosen(request: HttpRequest, run: Selection, managers: Any) -> HttpResponse:
    try:
        run = runs.choose_managers(
            actor=request.user,
            selection=run,
            expected_version=posted_version(request),
            managers=managers,
        )
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime. Look again."))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, _("Managers set: solve it to see what they make possible."))
    return redirect("accounts:selection", pk=run.pk)
