"""Settings: programmes, values of Appendix B, units and functions."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import UserPassesTestMixin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import dates
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, FormView, TemplateView, UpdateView

from kam.changes.models import Change
from kam.web.views import ScopedViewMixin
from teams import forms, policies, services
from teams.models import BusinessUnit, Function, Programme, ProgrammeSetting, Team
from teams.programme_settings import DEFINITIONS, Group, Unit, settings_on, size_warnings
from teams.views.common import (
    Crumbs,
    PageFormMixin,
    RowFormMixin,
    history,
    press,
    settings_crumbs,
)


class IndexView(TemplateView):
    """What can be set, and by whom."""

    template_name = "teams/settings.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader = self.request.user
        programmes = list(Programme.objects.visible_to(reader).active().order_by("name"))
        is_administrator = policies.is_administrator(reader)
        is_new = is_administrator and programmes and not Team.objects.visible_to(reader).exists()
        return super().get_context_data(
            programmes=programmes,
            is_administrator=is_administrator,
            first_steps=first_steps(programmes[0]) if is_new else [],
            **kwargs,
        )


def first_steps(programme: Programme) -> list[tuple[str, str, str]]:
    """The way from an empty installation to a team at work: what, why, where."""
    home = reverse("settings:programme", args=[programme.pk])
    files, teams = reverse("imports:list"), reverse("teams:list")
    return [
        (_("Add people"), _("A mail lets each set a password."), reverse("settings:people")),
        (_("Describe the programme"), _("Business units, functions and limits."), home),
        (_("Import customers"), _("A customer list, a sales ledger, or both."), files),
        (_("Make teams"), _("Who looks after which customer, in which role."), teams),
    ]


class ProgrammeDetailView(ScopedViewMixin, DetailView):
    """A programme: its terms, values with their history, units and functions."""

    model = Programme
    template_name = "teams/programme_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader, programme = self.request.user, self.object
        units = list(BusinessUnit.objects.visible_to(reader).filter(programme=programme))
        functions = list(Function.objects.visible_to(reader).filter(programme=programme))
        own = Change.objects.visible_to(reader).of(programme)
        return super().get_context_data(
            groups=_values(programme, programme.today()),
            units=[unit for unit in units if not unit.is_archived],
            functions=[function for function in functions if not function.is_archived],
            archived=[
                *(("settings:unit_restore", unit) for unit in units if unit.is_archived),
                *(
                    ("settings:function_restore", function)
                    for function in functions
                    if function.is_archived
                ),
            ],
            may_edit=policies.can_edit_programme(reader, programme),
            fiscal_month=dates.MONTHS[programme.fiscal_year_start],
            lines=history(own, reader),
            crumbs=settings_crumbs((programme.name, "")),
            **kwargs,
        )


def _values(programme: Programme, on: datetime.date) -> list[dict[str, Any]]:
    """Settings by group with their value on a day and all dated values, in two queries."""
    standing = settings_on(programme, on)
    dated: dict[str, list[ProgrammeSetting]] = {}
    for row in ProgrammeSetting.objects.filter(programme=programme).for_list():
        dated.setdefault(row.name, []).append(row)
    groups = []
    for group in Group:
        items = [
            {
                "definition": item,
                "value": standing[name],
                "is_ratio": item.unit == Unit.RATIO,
                "is_default": standing[name] == item.default,
                "dated": dated.get(name, []),
            }
            for name, item in DEFINITIONS.items()
            if item.group == group
        ]
        groups.append({"group": group, "items": items})
    return groups


def programme_crumbs(programme: Programme) -> Crumbs:
    """The way to a part of a programme."""
    return settings_crumbs((programme.name, reverse("settings:programme", args=[programme.pk])))


class ProgrammeCreateView(UserPassesTestMixin, PageFormMixin, CreateView):
    """A further programme."""

    raise_exception = True
    model = Programme
    form_class = forms.ProgrammeForm
    form_title = gettext_lazy("New programme")
    submit_label = gettext_lazy("Add programme")

    def test_func(self) -> bool:
        return policies.can_create_programme(self.request.user)

    def perform(self, form: Any) -> Programme:
        return services.create_programme(actor=self.request.user, values=form.values)

    def get_success_url(self) -> str:
        return reverse("settings:programme", args=[self.object.pk])


class _OfProgrammeMixin(RowFormMixin):
    """A form on a programme that the caller runs, or on a row of one."""

    rows = Programme.objects

    @property
    def programme(self) -> Programme:
        return self.row if isinstance(self.row, Programme) else self.row.programme

    def get_crumbs(self) -> Crumbs:
        return programme_crumbs(self.programme)


class ProgrammeUpdateView(_OfProgrammeMixin, UpdateView):
    """Terms of a programme."""

    form_class = forms.ProgrammeForm
    form_title = gettext_lazy("Change programme")

    def perform(self, form: Any) -> Programme:
        return services.update_programme(
            actor=self.request.user,
            programme=self.programme,
            expected_version=form.version,
            changes=form.changes,
        )


class SettingsUpdateView(_OfProgrammeMixin, FormView):
    """Values of one group from a day on."""

    form_class = forms.SettingsForm
    submit_label = gettext_lazy("Set values")
    success_message = gettext_lazy("Values set.")

    @property
    def form_title(self) -> Any:
        return self.group.label

    @cached_property
    def group(self) -> Group:
        if self.kwargs["group"] not in Group.values:
            raise Http404
        return Group(self.kwargs["group"])

    def get_form_kwargs(self) -> dict[str, Any]:
        on = self.programme.today()
        extra = {"programme": self.programme, "group": self.group, "on": on}
        return {**super().get_form_kwargs(), **extra}

    def perform(self, form: Any) -> None:
        rows = services.change_settings(
            actor=self.request.user,
            programme=self.programme,
            values=form.values,
            valid_from=form.cleaned_data["valid_from"],
            reason=form.cleaned_data["reason"],
        )
        for text in size_warnings(rows):
            messages.warning(self.request, text)


class UnitCreateView(_OfProgrammeMixin, CreateView):
    """A further unit."""

    model = BusinessUnit
    form_class = forms.UnitForm
    form_title = gettext_lazy("New business unit")
    submit_label = gettext_lazy("Add unit")

    def get_form_kwargs(self) -> dict[str, Any]:
        extra = {"programme": self.programme, "reader": self.request.user}
        return {**super().get_form_kwargs(), **extra}

    def perform(self, form: Any) -> BusinessUnit:
        return services.create_unit(
            actor=self.request.user, programme=self.programme, **form.values
        )


class UnitUpdateView(_OfProgrammeMixin, UpdateView):
    """Another name, or another place in the tree."""

    rows = BusinessUnit.objects.select_related("programme")
    form_class = forms.UnitForm
    form_title = gettext_lazy("Change business unit")

    def get_form_kwargs(self) -> dict[str, Any]:
        extra = {"programme": self.programme, "reader": self.request.user}
        return {**super().get_form_kwargs(), **extra}

    def perform(self, form: Any) -> BusinessUnit:
        return services.update_unit(
            actor=self.request.user,
            unit=self.row,
            expected_version=form.version,
            changes=form.changes,
        )


class FunctionCreateView(_OfProgrammeMixin, CreateView):
    """A further function."""

    model = Function
    form_class = forms.FunctionForm
    form_title = gettext_lazy("New function")
    submit_label = gettext_lazy("Add function")

    def perform(self, form: Any) -> Function:
        return services.create_function(
            actor=self.request.user, programme=self.programme, **form.values
        )


class FunctionUpdateView(_OfProgrammeMixin, UpdateView):
    """Another name for a function."""

    rows = Function.objects.select_related("programme")
    form_class = forms.FunctionNameForm
    form_title = gettext_lazy("Rename function")

    def perform(self, form: Any) -> Function:
        return services.update_function(
            actor=self.request.user,
            function=self.row,
            expected_version=form.version,
            name=form.values["name"],
        )


def _press(request: HttpRequest, rows: Any, pk: int, write: Any, kind: str, done: str) -> Any:
    def back(row: Any) -> str:
        return reverse("settings:programme", args=[row.programme_id])

    return press(request, rows, pk, write=write, kind=kind, done=done, back=back)


@require_POST
def archive_unit(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a unit off the lists."""
    done = _("Unit %(name)s archived.")
    return _press(request, BusinessUnit.objects, pk, services.archive_unit, "unit", done)


@require_POST
def restore_unit(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a unit back."""
    done = _("Unit %(name)s is back.")
    return _press(request, BusinessUnit.objects, pk, services.restore_unit, "unit", done)


@require_POST
def archive_function(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a function off the list."""
    done = _("Function %(name)s archived.")
    return _press(request, Function.objects, pk, services.archive_function, "function", done)


@require_POST
def restore_function(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a function back."""
    done = _("Function %(name)s is back.")
    return _press(request, Function.objects, pk, services.restore_function, "function", done)
