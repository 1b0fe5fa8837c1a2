"""Changes of the organisation, with what they do to accounts (K132)."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.forms.running import OrganisationChangeForm
from accounts.models import OrganisationChange
from accounts.services import organisation as services
from accounts.views.programme import ProgrammeFormMixin
from kam.access.dates import business_today
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Programme
from teams.policies import reads_whole
from teams.views.common import press

SHOWN_ARCHIVED = 50
"""Archived changes that the page offers to restore; all of them are in REST."""


class ChangeListView(ExportMixin, ScopedViewMixin, ListView):
    """What changes and changed, the latest first; what nobody has assessed warns."""

    model = OrganisationChange
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/organisation_list.html"
    export_layout = exports.ORGANISATION
    context_object_name = "rows"

    def get_queryset(self) -> QuerySet[OrganisationChange]:
        if not reads_whole(self.request.user):
            raise Http404
        return super().get_queryset().active().for_list()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        runs_one = Programme.objects.editable_by(self.request.user).exists()
        return super().get_context_data(
            may_edit=runs_one,
            today=business_today(),
            archived=self.archived() if runs_one else (),
            archived_restore="accounts:organisation_restore",
            **kwargs,
        )

    def archived(self) -> QuerySet[OrganisationChange]:
        """Changes that were taken out and can be restored, the latest first."""
        rows = OrganisationChange.objects.editable_by(self.request.user)
        rows = rows.filter(archived_at__isnull=False)
        return rows.order_by("-archived_at", "-pk")[:SHOWN_ARCHIVED]


class ChangeFormMixin(ProgrammeFormMixin):
    """A change, for who runs the programme."""

    model = OrganisationChange
    form_class = OrganisationChangeForm
    form_title = gettext_lazy("Change of the organisation")
    list_title = gettext_lazy("Changes of the organisation")
    success_url = reverse_lazy("accounts:organisation")

    def get_success_message(self, form: OrganisationChangeForm) -> str:
        """Saved; without an assessment it says so (`design.md` 11)."""
        if self.object.is_assessed:
            return _("Saved.")
        return _("Saved, but nobody has said yet what it does to accounts, and how risky that is.")


class ChangeCreateView(ChangeFormMixin, CreateView):
    """A further change."""

    submit_label = gettext_lazy("Record")

    def perform(self, form: OrganisationChangeForm) -> OrganisationChange:
        return services.record_change(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class ChangeUpdateView(ChangeFormMixin, UpdateView):
    """Correct or assess it."""

    submit_label = gettext_lazy("Save")

    def perform(self, form: OrganisationChangeForm) -> OrganisationChange:
        return services.update_change(
            actor=self.request.user,
            change=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take it out of the list."""
    return press(
        request,
        OrganisationChange.objects,
        pk,
        write=services.archive_change,
        kind="change",
        done=_("%(name)s is archived."),
        back=lambda _row: reverse("accounts:organisation"),
    )


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring it back."""
    return press(
        request,
        OrganisationChange.objects,
        pk,
        write=services.restore_change,
        kind="change",
        done=_("%(name)s is back."),
        back=lambda _row: reverse("accounts:organisation"),
    )
