"""Kept mail, for administrators."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import DetailView, ListView

from kam.documents.tables import Column as FileColumn
from kam.documents.tables import Layout
from kam.mail import policies
from kam.mail.models import Mail
from kam.web.views.scoped import ScopedViewMixin
from kam.web.views.tables import Column, TableMixin

LAYOUT = Layout(
    "mail",
    gettext_lazy("Mail"),
    (
        FileColumn("Mail id", "pk", 10),
        FileColumn("Subject", "subject", 40),
        FileColumn("From", "sender", 30),
        FileColumn("To", lambda row: ", ".join(row.recipients), 40),
        FileColumn("Written", "kept_at", 20),
    ),
)


class MailViewMixin(ScopedViewMixin):
    """Refuses everybody who is no administrator."""

    model = Mail

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated and not policies.can_read_mail(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)  # type: ignore[return-value]


class MailListView(MailViewMixin, TableMixin, ListView):
    """What would have been sent, the newest first."""

    reading = "for_list"
    template_name = "mail/mail_list.html"
    export_layout = LAYOUT
    default_sort = "-kept_at"
    columns = (
        Column("subject", gettext_lazy("Subject"), sort="subject", optional=False),
        Column("recipients", gettext_lazy("To"), optional=False),
        Column("kept_at", gettext_lazy("Written"), sort="kept_at", optional=False),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        keeps = settings.EMAIL_BACKEND == "kam.mail.backend.KeepingBackend"
        return context | {
            "keeps": keeps,
            "crumbs": [(_("Settings"), reverse("settings:index")), (_("Mail"), "")],
        }


class MailDetailView(MailViewMixin, DetailView):
    """One message; its HTML form is not shown, so that nothing in it runs or loads."""

    template_name = "mail/mail_detail.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = [
            (_("Settings"), reverse("settings:index")),
            (_("Mail"), reverse("mail:list")),
            (str(self.object), ""),
        ]
        return super().get_context_data(**kwargs) | {"crumbs": crumbs}
