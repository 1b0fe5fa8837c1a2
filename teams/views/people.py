"""People and their roles, for administrators."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import UserPassesTestMixin
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, FormView, ListView, UpdateView

from kam.access.dates import business_today
from kam.changes.models import Change
from kam.web.views import PartialMixin, ScopedViewMixin, TableMixin
from kam.web.views.tables import Column
from teams import exports, forms, policies, services
from teams.models import Membership, RoleGrant, User
from teams.views.common import (
    Crumbs,
    PageFormMixin,
    RowFormMixin,
    act,
    history,
    press,
    reach,
    settings_crumbs,
)


class AdministratorMixin(UserPassesTestMixin):
    """For administrators; 403 for everybody else."""

    raise_exception = True

    def test_func(self) -> bool:
        return policies.can_manage_people(self.request.user)  # type: ignore[attr-defined]


def people_crumbs(*more: tuple[Any, str]) -> Crumbs:
    """The way to a page about a person."""
    return settings_crumbs((_("People"), reverse("settings:people")), *more)


class PersonListView(AdministratorMixin, ScopedViewMixin, TableMixin, PartialMixin, ListView):
    """Everybody who may sign in, or might once."""

    model = User
    reading = "for_list"
    template_name = "teams/person_list.html"
    partial_template_name = "teams/_person_table.html"
    page_name = "people"
    columns = (
        Column("name", gettext_lazy("Name"), sort="first_name", optional=False),
        Column("username", gettext_lazy("User name"), sort="username", phone=False),
        Column("email", gettext_lazy("E-mail"), sort="email", phone=False),
        Column("roles", gettext_lazy("Roles")),
        Column("seen", gettext_lazy("Last sign-in"), sort="last_login", phone=False),
        Column("status", gettext_lazy("Status"), sort="is_active"),
    )
    export_layout = exports.USERS

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        text = self.request.GET.get("q", "").strip()
        for word in text.split():
            rows = rows.filter(
                Q(first_name__icontains=word)
                | Q(last_name__icontains=word)
                | Q(username__icontains=word)
                | Q(email__icontains=word)
            )
        return rows

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = settings_crumbs((_("People"), ""))
        return super().get_context_data(crumbs=crumbs, **kwargs)


class PersonDetailView(ScopedViewMixin, DetailView):
    """One person: whether they sign in, their roles and teams, what was changed."""

    model = User
    needs = "editable_by"
    template_name = "teams/person_detail.html"
    context_object_name = "person"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader, person, today = self.request.user, self.object, business_today()
        grants = RoleGrant.objects.visible_to(reader).filter(user=person).for_list()
        teams = Membership.objects.visible_to(reader).filter(user=person).for_list()
        about = Q(object_type="teams.user", object_id=person.pk) | Q(
            object_type="teams.rolegrant", object_id__in=grants.order_by().values("pk")
        )
        changes = Change.objects.visible_to(reader).filter(about)
        return super().get_context_data(
            grants=[(grant, grant.is_valid_on(today)) for grant in grants],
            memberships=[row for row in teams if row.is_valid_on(today)],
            lines=history(changes, reader),
            crumbs=people_crumbs((str(person), "")),
            invited=not person.has_usable_password(),
            **kwargs,
        )


class PersonCreateView(AdministratorMixin, PageFormMixin, CreateView):
    """Invite somebody."""

    model = User
    form_class = forms.PersonForm
    form_title = gettext_lazy("New person")
    submit_label = gettext_lazy("Add and invite")

    def get_crumbs(self) -> Crumbs:
        return people_crumbs()

    def perform(self, form: Any) -> User:
        return services.create_user(
            actor=self.request.user,
            values=form.values,
            site_url=self.request.build_absolute_uri("/"),
        )

    def get_success_url(self) -> str:
        return reverse("settings:person", args=[self.object.pk])

    def get_success_message(self, form: Any) -> str:
        text = _("%(name)s added. The link to set a password is on its way.")
        if not self.object.email:
            text = _("%(name)s added. Without an address no link was sent.")
        return text % {"name": self.object}


def _page(person: User) -> str:
    return reverse("settings:person", args=[person.pk])


class _OfPersonMixin(RowFormMixin):
    """A form about a person, for administrators."""

    rows = User.objects

    def get_crumbs(self) -> Crumbs:
        return people_crumbs((str(self.row), _page(self.row)))


class PersonUpdateView(_OfPersonMixin, UpdateView):
    """Name and addresses of a person."""

    form_class = forms.PersonForm
    form_title = gettext_lazy("Change person")

    def perform(self, form: Any) -> User:
        return services.update_user(
            actor=self.request.user,
            user=self.row,
            expected_version=form.version,
            changes=form.changes,
        )


class RoleGrantView(_OfPersonMixin, FormView):
    """Give a person a role."""

    form_class = forms.RoleForm
    form_title = gettext_lazy("Give a role")
    submit_label = gettext_lazy("Give role")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "reader": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        return {"valid_from": business_today()}

    def perform(self, form: Any) -> RoleGrant:
        return services.grant_role(actor=self.request.user, user=self.row, **form.cleaned_data)

    def get_success_message(self, form: Any) -> str:
        return _("Role given: %(role)s.") % {"role": self.object}


class RoleEndView(RowFormMixin, FormView):
    """End a role."""

    rows = RoleGrant.objects.select_related("user", "programme", "business_unit")
    form_class = forms.EndForm
    form_title = gettext_lazy("End role")
    submit_label = gettext_lazy("End role")

    def get_crumbs(self) -> Crumbs:
        person = self.row.user
        return people_crumbs((str(person), _page(person)))

    def get_initial(self) -> dict[str, Any]:
        return {"valid_until": business_today(), "version": self.row.version}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(form_lead=str(self.row), **kwargs)

    def perform(self, form: Any) -> RoleGrant | None:
        return services.end_role(
            actor=self.request.user,
            grant=self.row,
            valid_until=form.cleaned_data["valid_until"],
            expected_version=form.cleaned_data["version"],
        )


@require_POST
def deactivate_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Bar somebody from signing in."""
    done = _("%(name)s cannot sign in any more; open sessions have ended.")
    return press(
        request,
        User.objects,
        pk,
        write=services.deactivate_user,
        kind="user",
        done=done,
        back=_page,
    )


@require_POST
def activate_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Let somebody in again."""
    done = _("%(name)s may sign in again.")
    return press(
        request, User.objects, pk, write=services.activate_user, kind="user", done=done, back=_page
    )


@require_POST
def invite_person(request: HttpRequest, pk: int) -> HttpResponse:
    """Send the link to set a password again."""
    person = reach(User.objects, request.user, needs="editable_by", pk=pk)
    site_url = request.build_absolute_uri("/")
    return act(
        request,
        lambda: services.send_invitation(actor=request.user, user=person, site_url=site_url),
        _("Link sent to %(email)s.") % {"email": person.email},
        _page(person),
    )
