"""Teams: list, one team with its members and history, and who joins or leaves."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, FormView, ListView, UpdateView

from kam.access.dates import business_today
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.changes.history import describe
from kam.changes.models import Change
from kam.web.views import PartialMixin, ScopedViewMixin, TableMixin
from kam.web.views.tables import Column
from teams import exports, forms, policies, services
from teams.models import Membership, Team
from teams.views.common import HISTORY, Crumbs, PageFormMixin, RowFormMixin, press


class TeamListView(ScopedViewMixin, TableMixin, PartialMixin, ListView):
    """Teams that the reader may see."""

    model = Team
    reading = "for_page"
    template_name = "teams/team_list.html"
    partial_template_name = "teams/_team_table.html"
    page_name = "teams"
    default_sort = "name"
    columns = (
        Column("name", gettext_lazy("Team"), sort="name", optional=False),
        Column("manager", gettext_lazy("Manager")),
        Column("members", gettext_lazy("People"), numeric=True),
        Column("programme", gettext_lazy("Programme"), sort="programme__name", default=False),
    )
    export_layout = exports.TEAMS

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        is_past = self.request.GET.get("archived") == "1"
        rows = rows.filter(archived_at__isnull=False) if is_past else rows.active()
        text = self.request.GET.get("q", "").strip()
        if text:
            rows = rows.filter(
                Q(name__icontains=text)
                | Q(memberships__user__first_name__icontains=text)
                | Q(memberships__user__last_name__icontains=text)
            ).distinct()
        return rows

    def get_export_rows(self, layout: Any) -> Any:
        """All of them, with the names of all people."""
        self.reading = "for_list"
        return super().get_export_rows(layout)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_add = policies.appoints(self.request.user)
        return super().get_context_data(may_add=may_add, **kwargs)


class TeamDetailView(ScopedViewMixin, DetailView):
    """One team: who is in it in which role, the accounts it looks after, and its history."""

    model = Team
    depends_on_reader_alone = True
    template_name = "teams/team_detail.html"

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("programme")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        today = business_today()
        user = self.request.user

        def members(team: int) -> Any:
            return Membership.objects.filter(team=team).for_list()

        rows = kept_objects("team members", members, team=self.object.pk)

        def changes(team: int) -> Any:
            mine = Change.objects.visible_to(user).filter(
                audience=Change.Audience.TEAM, audience_id=team
            )
            return mine.for_list()[:HISTORY]

        latest = kept_objects(("team changes", sight_of(user)), changes, team=self.object.pk)
        return super().get_context_data(
            present=[row for row in rows if row.is_valid_on(today)],
            coming=[row for row in rows if row.valid_from and row.valid_from > today],
            gone=[row for row in rows if row.valid_until and row.valid_until < today],
            may_edit=policies.can_edit_team(self.request.user, self.object),
            lines=describe(latest, user),
            crumbs=[(_("Teams"), reverse("teams:list")), (self.object.name, "")],
            today=today,
            **kwargs,
        )


class TeamCreateView(PageFormMixin, CreateView):
    """A new team."""

    model = Team
    form_class = forms.TeamForm
    form_title = gettext_lazy("New team")
    submit_label = gettext_lazy("Add team")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "reader": self.request.user}

    def get_crumbs(self) -> Crumbs:
        return [(_("Teams"), reverse("teams:list"))]

    def perform(self, form: Any) -> Team:
        return services.create_team(actor=self.request.user, **form.values)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()

    def get_success_message(self, form: Any) -> str:
        return _("%(name)s added.") % {"name": self.object.name}


class _OfTeamMixin(RowFormMixin):
    """A form on a team that the caller may staff, or on a member of one."""

    rows = Team.objects

    @property
    def team(self) -> Team:
        return self.row if isinstance(self.row, Team) else self.row.team

    def get_crumbs(self) -> Crumbs:
        return [
            (_("Teams"), reverse("teams:list")),
            (self.team.name, self.team.get_absolute_url()),
        ]

    def warn(self, warnings: list[str]) -> None:
        """Show what rules remarked without refusing."""
        for text in warnings:
            messages.warning(self.request, text)


class TeamUpdateView(_OfTeamMixin, UpdateView):
    """Another name."""

    form_class = forms.TeamNameForm
    form_title = gettext_lazy("Rename team")

    def perform(self, form: Any) -> Team:
        return services.update_team(
            actor=self.request.user,
            team=self.team,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive_team(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a team off the list."""
    return press(
        request,
        Team.objects,
        pk,
        write=services.archive_team,
        kind="team",
        done=_("%(name)s archived."),
        back=lambda _team: reverse("teams:list"),
    )


@require_POST
def restore_team(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a team back to the list."""
    return press(
        request,
        Team.objects,
        pk,
        write=services.restore_team,
        kind="team",
        done=_("%(name)s is back."),
        back=Team.get_absolute_url,
    )


class MemberAddView(_OfTeamMixin, CreateView):
    """Somebody joins."""

    model = Membership
    form_class = forms.MembershipForm
    form_title = gettext_lazy("Add to team")
    submit_label = gettext_lazy("Add to team")

    def get_form_kwargs(self) -> dict[str, Any]:
        extra = {"team": self.team, "reader": self.request.user}
        return {**super().get_form_kwargs(), **extra}

    def get_initial(self) -> dict[str, Any]:
        return {"valid_from": business_today()}

    def perform(self, form: Any) -> Membership:
        membership, warnings = services.add_membership(
            actor=self.request.user, team=self.team, **form.values
        )
        self.warn(warnings)
        return membership

    def get_success_message(self, form: Any) -> str:
        return _("%(name)s added.") % {"name": self.object}


class _OfMembershipMixin(_OfTeamMixin):
    """A form on a member of a team that the caller may staff."""

    rows = Membership.objects.select_related("team", "user")

    def get_initial(self) -> dict[str, Any]:
        return {"version": self.row.version}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form_lead=str(self.row), **kwargs)


class MemberUpdateView(_OfMembershipMixin, UpdateView):
    """Function, effort and days of a member."""

    form_class = forms.MembershipUpdateForm
    form_title = gettext_lazy("Change member")

    def get_form_kwargs(self) -> dict[str, Any]:
        extra = {"team": self.team, "reader": self.request.user}
        return {**super().get_form_kwargs(), **extra}

    def perform(self, form: Any) -> Membership:
        membership, warnings = services.update_membership(
            actor=self.request.user,
            membership=self.row,
            expected_version=form.version,
            changes=form.changes,
        )
        self.warn(warnings)
        return membership


class MemberRoleView(_OfMembershipMixin, FormView):
    """Another role from a day on."""

    form_class = forms.RoleChangeForm
    form_title = gettext_lazy("Change role")

    def get_initial(self) -> dict[str, Any]:
        day = {"role": self.row.role, "valid_from": business_today()}
        return {**super().get_initial(), **day}

    def perform(self, form: Any) -> Membership:
        values = dict(form.cleaned_data)
        membership, warnings = services.change_membership_role(
            actor=self.request.user,
            membership=self.row,
            expected_version=values.pop("version"),
            **values,
        )
        self.warn(warnings)
        return membership


class MemberEndView(_OfMembershipMixin, FormView):
    """Somebody leaves."""

    form_class = forms.EndMembershipForm
    form_title = gettext_lazy("End membership")
    submit_label = gettext_lazy("End membership")

    def get_initial(self) -> dict[str, Any]:
        return {**super().get_initial(), "valid_until": business_today()}

    def perform(self, form: Any) -> Membership | None:
        return services.end_membership(
            actor=self.request.user,
            membership=self.row,
            valid_until=form.cleaned_data["valid_until"],
            expected_version=form.cleaned_data["version"],
        )
