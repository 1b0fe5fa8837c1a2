"""Pages of exports: one's files, and asking for another one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView

from kam.documents import tables as files
from kam.exports import making, services
from kam.exports.forms import StartForm, WholeListForm
from kam.exports.lists import table_at
from kam.exports.models import Export
from kam.web.views import PartialMixin, ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column

LAYOUT = files.Layout(
    "exports",
    gettext_lazy("Exports"),
    (
        files.Column(gettext_lazy("Export id"), "pk", 10),
        files.Column(gettext_lazy("Title"), "title", 30),
        files.Column(gettext_lazy("Format"), "format", 10),
        files.Column(gettext_lazy("Address of the list"), "address", 40),
        files.Column(gettext_lazy("State"), "status_name"),
        files.Column(gettext_lazy("Rows"), "rows"),
        files.Column(gettext_lazy("Bytes"), "size"),
        files.Column(gettext_lazy("Asked for"), "created_at", 20),
        files.Column(gettext_lazy("Kept until"), "expires_at", 20),
    ),
)


class ExportListView(ScopedViewMixin, TableMixin, PartialMixin, ListView):
    """One's own files, the latest first, and the lists that can be had whole."""

    model = Export
    template_name = "exports/export_list.html"
    partial_template_name = "exports/_export_table.html"
    reading = "for_list"
    page_name = "exports"
    export_layout = LAYOUT
    columns = (
        Column("title", gettext_lazy("List"), sort="title", optional=False),
        Column("status", gettext_lazy("State"), optional=False),
        Column("rows", gettext_lazy("Rows"), sort="rows", numeric=True, phone=False),
        Column("created", gettext_lazy("Asked for"), sort="created_at", phone=False),
        Column("expires", gettext_lazy("Kept until"), sort="expires_at", phone=False),
        Column("act", gettext_lazy("Action"), optional=False, numeric=True),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The table, whether it changes by itself, and the form of whole lists."""
        context = super().get_context_data(**kwargs)
        rows = context["page_obj"].object_list
        return context | {
            "crumbs": [(_("Exports"), "")],
            "form": WholeListForm(),
            "action": reverse("exports:new"),
            "moving": any(export.is_moving for export in rows),
            "kept_days": making.KEPT.days,
        }


class StartView(ServiceFormMixin, ScopedViewMixin, FormView):
    """A list too long to wait for: its file is made in the background."""

    model = Export
    form_class = StartForm
    template_name = "exports/start.html"
    submit_label = gettext_lazy("Make the file")
    success_url = reverse_lazy("exports:list")
    success_message = gettext_lazy("The file is being made.")

    def get_initial(self) -> dict[str, Any]:
        """The list from which it was asked."""
        return {name: self.request.GET.get(name, "") for name in ("address", "format")}

    @cached_property
    def title(self) -> str:
        """The list in words; 404 where there is none for this person."""
        given = self.request.POST if self.request.method == "POST" else self.request.GET
        try:
            return str(table_at(given.get("address", ""), self.request.user).title)  # type: ignore[arg-type]
        except ValidationError as error:
            raise Http404 from error

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        crumbs = [(_("Exports"), reverse("exports:list")), (self.title, "")]
        return super().get_context_data(
            form_title=_("%(list)s as a file") % {"list": self.title},
            cancel_url=reverse("exports:list"),
            crumbs=crumbs,
            long=files.LONG,
            **kwargs,
        )

    def perform(self, form: StartForm) -> Export:
        return services.start_export(actor=self.request.user, **form.cleaned_data)


@login_required
def download(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file, for whoever asked for it."""
    export = _own(request, pk)
    return as_download(export, services.open_export(actor=request.user, export=export))


def as_download(export: Export, file: Any) -> FileResponse:
    """The answer that hands `file` out."""
    response = FileResponse(file, content_type=files.TYPES[export.format])
    response["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    response["Cache-Control"] = "private, no-store"
    return response


@require_POST
@login_required
def stop(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """Give up a file that is being made."""
    services.stop_export(actor=request.user, export=_own(request, pk))
    return redirect("exports:list")


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Throw a file away."""
    services.remove_export(actor=request.user, export=_own(request, pk))
    messages.success(request, _("The file is gone."))
    return redirect("exports:list")


def _own(request: HttpRequest, pk: int) -> Export:
    return get_object_or_404(Export.objects.visible_to(request.user).for_list(), pk=pk)
