"""Trade channels, under settings: a tree that whoever runs the programme keeps (K086, K095)."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView, UpdateView

from accounts import exports
from accounts.forms import ChannelForm
from accounts.models import Account, Channel
from accounts.services import channel as services
from accounts.views.programme import ProgrammeFormMixin
from kam.web.views import ScopedViewMixin
from kam.web.views.tables import CappedPaginator, ExportMixin
from teams.models import Programme
from teams.views.common import press, settings_crumbs


class ChannelListView(ExportMixin, ScopedViewMixin, ListView):
    """The tree, each channel with the accounts in it that the reader may see."""

    model = Channel
    reading = "for_list"
    paginate_by = 200
    paginator_class = CappedPaginator
    template_name = "accounts/channel_list.html"
    export_layout = exports.CHANNELS
    page_name = "channels"

    def get_queryset(self) -> QuerySet[Channel]:
        rows = super().get_queryset()
        past = self.request.GET.get("archived") == "1"
        rows = rows.filter(archived_at__isnull=False) if past else rows.active()
        return rows.order_by("programme", "full_name", "pk")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        user = self.request.user
        rows = list(context["page_obj"].object_list)
        shown = Account.objects.visible_to(user).active().order_by()
        inside = Count("accounts", filter=Q(accounts__in=shown.values("pk")))
        found = Channel.objects.filter(pk__in=[row.pk for row in rows]).order_by()
        counts = dict(found.annotate(inside=inside).values_list("pk", "inside"))
        run = set(Programme.objects.editable_by(user).values_list("pk", flat=True))
        for row in rows:
            row.inside = counts[row.pk]
            row.indent = min(row.depth, 5)
            row.may_edit = row.programme_id in run
        return context | {
            "rows": rows,
            "may_add": bool(run),
            "crumbs": settings_crumbs((_("Trade channels"), "")),
        }


class ChannelFormMixin(ProgrammeFormMixin):
    """A form on the tree of channels."""

    model = Channel
    form_class = ChannelForm
    success_url = reverse_lazy("accounts:channels")
    success_message = gettext_lazy("Channel saved.")
    list_title = gettext_lazy("Trade channels")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"programme": self.programme}


class ChannelCreateView(ChannelFormMixin, CreateView):
    """A further channel."""

    form_title = gettext_lazy("New trade channel")
    submit_label = gettext_lazy("Add channel")

    def perform(self, form: ChannelForm) -> Channel:
        return services.create_channel(
            actor=self.request.user, programme=self.programme, changes=form.values
        )


class ChannelUpdateView(ChannelFormMixin, UpdateView):
    """Another name, or another place in the tree."""

    form_title = gettext_lazy("Change trade channel")
    submit_label = gettext_lazy("Save")

    def perform(self, form: ChannelForm) -> Channel:
        return services.update_channel(
            actor=self.request.user,
            channel=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponse:
    def back(_row: Channel) -> str:
        return reverse("accounts:channels")

    return press(request, Channel.objects, pk, write=write, kind="channel", done=done, back=back)


@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a channel off the lists."""
    return _press(request, pk, services.archive_channel, _("Channel %(name)s archived."))


@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a channel back."""
    return _press(request, pk, services.restore_channel, _("Channel %(name)s is back."))
