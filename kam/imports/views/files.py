"""Pages of imports: list with upload, one file from columns to result."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse, reverse_lazy
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django.views.generic import DetailView, FormView, ListView, UpdateView

from kam.access.querysets import sight_of
from kam.documents import uploads
from kam.documents.tables import Column as FileColumn
from kam.documents.tables import Layout
from kam.imports import policies, rejects, services
from kam.imports.forms import MappingForm, RememberedMappingForm, UploadForm
from kam.imports.models import RememberedMapping, Run
from kam.imports.presenting import (
    asked,
    facts,
    found_line,
    nothing_new,
    preview,
    refused_rows,
    shown_problems,
    stage,
    steps,
)
from kam.imports.reading import UnreadableFile
from kam.web.formatting import number
from kam.web.views import ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column

BROUGHT = 12
"""Links to what came in that the page of a result shows."""
ACTIONS: dict[str, Callable[..., Run]] = {
    "check": services.check_run,
    "start": services.start_run,
    "stop": services.stop_run,
    "resume": services.resume_run,
    "undo": services.undo_run,
    "cancel": services.cancel_run,
}

RUNS = Layout(
    "imports",
    gettext_lazy("Imports"),
    (
        FileColumn("Import id", "pk", 10),
        FileColumn("File", "file_name", 30),
        FileColumn("Kind", "import_kind.label"),
        FileColumn("Status", lambda row: row.get_status_display()),
        FileColumn("Rows read", "rows_read"),
        FileColumn("Created", "created"),
        FileColumn("Updated", "updated"),
        FileColumn("Unchanged", "unchanged"),
        FileColumn("Rejected", "rejected"),
        FileColumn("Started by id", "owner_id", 10),
        FileColumn("Started by", lambda row: str(row.owner), 24),
        FileColumn("Uploaded", "created_at", 20),
        FileColumn("Imported", "published_at", 20),
        FileColumn("Undone", "undone_at", 20),
    ),
)
MAPPINGS = Layout(
    "import-mappings",
    gettext_lazy("Saved mappings"),
    (
        FileColumn("Mapping id", "pk", 10),
        FileColumn("Name", str, 30),
        FileColumn("Kind", "import_kind.label"),
        FileColumn("Columns", lambda row: "; ".join(row.columns), 60),
        FileColumn("Last used", "used_at", 20),
    ),
)


class RunListView(ScopedViewMixin, TableMixin, ListView):
    """All imports that the reader may see; the latest first."""

    model = Run
    template_name = "imports/run_list.html"
    reading = "for_list"
    page_name = "imports"
    export_layout = RUNS
    default_sort = "-uploaded"
    columns = (
        Column("file", gettext_lazy("File"), sort="file_name", optional=False),
        Column("kind", gettext_lazy("Kind"), sort="kind", phone=False),
        Column("status", gettext_lazy("Status"), sort="status", optional=False),
        Column("taken", gettext_lazy("Rows taken"), sort="created", numeric=True, phone=False),
        Column("rejected", gettext_lazy("Rejected"), sort="rejected", numeric=True, phone=False),
        Column("owner", gettext_lazy("Started by"), sort="owner__username", phone=False),
        Column("uploaded", gettext_lazy("Uploaded"), sort="created_at", phone=False),
    )

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list, and whether the reader may bring a file."""
        context = super().get_context_data(**kwargs)
        may_upload = policies.can_import_anything(self.request.user)
        return context | {
            "crumbs": [(_("Imports"), "")],
            "form": UploadForm(user=self.request.user) if may_upload else None,
            "action": reverse("imports:upload"),
        }


class UploadView(ServiceFormMixin, ScopedViewMixin, FormView):
    """Takes a file; what is understood of it is the next page."""

    form_class = UploadForm
    template_name = "imports/upload.html"
    form_title = gettext_lazy("Import a file")
    submit_label = gettext_lazy("Read the file")
    upload_setting = "IMPORT_MAX_BYTES"

    def get_form_kwargs(self) -> dict[str, Any]:
        if not policies.can_import_anything(self.request.user):
            raise PermissionDenied
        return super().get_form_kwargs() | {"user": self.request.user}

    def form_invalid(self, form: UploadForm) -> HttpResponse:
        """Say of a file that was not read to its end why."""
        if uploads.was_stopped(self.request):
            form.errors.pop("file", None)
            form.add_error(None, uploads.too_large(self.upload_setting))
        return super().form_invalid(form)

    def perform(self, form: UploadForm) -> Run:
        """Keep and understand the file, then try it at once if nothing has to be asked."""
        file = form.cleaned_data["file"]
        try:
            run = services.upload_file(
                actor=self.request.user,
                kind=form.cleaned_data["kind"],
                scope_id=form.cleaned_data["scope"].pk,
                file=file,
                file_name=file.name,
            )
        except UnreadableFile as error:
            raise ValidationError({"file": error.messages}) from error
        return _try(self.request, run)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


class RunDetailView(ScopedViewMixin, DetailView):
    """One file: columns and problems, progress, result."""

    model = Run
    template_name = "imports/run_detail.html"

    def get_queryset(self) -> Any:
        return super().get_queryset().select_related("owner")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the present state of the run needs."""
        context = super().get_context_data(**kwargs)
        context.setdefault("form", None)
        if self.object.status in Run.EDITABLE and context["form"] is None:
            context["form"] = MappingForm(run=self.object, user=self.request.user)
        return context | page_of(self.object, self.request)


class RunMappingView(ServiceFormMixin, RunDetailView, FormView):
    """Corrects columns and reading, then tries again."""

    form_class = MappingForm
    needs = "editable_by"
    http_method_names = ["post"]

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.object = self.get_object()
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"run": self.object, "user": self.request.user}

    def perform(self, form: MappingForm) -> Run:
        """Correct what was understood."""
        try:
            run = services.configure_run(
                actor=self.request.user,
                run=self.object,
                wanted=form.wanted,
                chosen=form.chosen,
                options=form.options,
                decisions=form.decisions,
                remember=form.cleaned_data["remember"],
                remember_as=form.cleaned_data["remember_as"],
            )
        except ValidationError as error:
            raise form.at_fields(error) from None
        return _try(self.request, run)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


def _try(request: HttpRequest, run: Run) -> Run:
    """Begin a trial where nothing has to be asked first."""
    if run.status == Run.Status.MAPPED:
        return services.check_run(actor=request.user, run=run)
    return run


def page_of(run: Run, request: HttpRequest) -> dict[str, Any]:
    """Everything besides the form that the page of `run` shows."""
    kind = run.import_kind
    editable = Run.objects.editable_by(request.user).filter(pk=run.pk).exists()
    taken = run.created + run.updated
    known = run.status == Run.Status.READY
    rows = ngettext("Import %(count)s row", "Import %(count)s rows", taken)
    if run.is_wide:
        rows = ngettext("Import %(count)s figure", "Import %(count)s figures", taken)
    return {
        "run": run,
        "kind": kind,
        "crumbs": [(_("Imports"), reverse("imports:list")), (str(kind.label), "")],
        "found_line": found_line(run),
        "steps": steps(run),
        "stage": stage(run),
        "questions": asked(run),
        "problems": shown_problems(run),
        "facts": facts(run),
        "nothing_new": nothing_new(run),
        "further": kind.further(run) if run.is_live else [],
        "preview": preview(run),
        "refused": refused_rows(run),
        "editable": editable,
        "silent": services.is_silent(run),
        "import_label": rows % {"count": number(taken)} if known else _("Import"),
        "undo_days": services.UNDO_DAYS,
        **_brought(run, request),
    }


def _brought(run: Run, request: HttpRequest) -> dict[str, Any]:
    """The first things that came in, and how many follow; nothing while none of it counts."""
    rows = run.import_kind.brought(run, request.user) if run.is_live else None
    if rows is None:
        return {"brought": [], "brought_more": 0}
    return {"brought": list(rows[:BROUGHT]), "brought_more": max(0, rows.count() - BROUGHT)}


@login_required
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """How far the run is; asks htmx to load the page again when it has come to rest."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    if not run.is_moving:
        return HttpResponse(headers={"HX-Refresh": "true"})
    view = RunDetailView(template_name="imports/_progress.html")
    view.setup(request, pk=pk)
    return view.get(request, pk=pk)


@require_POST
@login_required
def act(request: HttpRequest, pk: int, action: str) -> HttpResponseRedirect:
    """One step of a run: check, start, stop, resume, undo, cancel."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    try:
        ACTIONS[action](actor=request.user, run=run)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(run)


@login_required
def rejected(request: HttpRequest, pk: int) -> StreamingHttpResponse:
    """The refused rows with their reasons, as CSV."""
    run = get_object_or_404(Run.objects.visible_to(request.user), pk=pk)
    response = StreamingHttpResponse(rejects.as_csv(run), content_type="text/csv; charset=utf-8")
    name = content_disposition_header(True, rejects.file_name(run))  # noqa: FBT003  (Django's signature)
    response["Content-Disposition"] = name or "attachment"
    return response


class MappingListView(ScopedViewMixin, TableMixin, ListView):
    """How files with known columns are read; the last used first."""

    model = RememberedMapping
    template_name = "imports/mapping_list.html"
    reading = "for_list"
    page_name = "import-mappings"
    export_layout = MAPPINGS
    default_sort = "-used"
    columns = (
        Column("name", gettext_lazy("Name or columns"), sort="name", optional=False),
        Column("kind", gettext_lazy("Kind"), sort="kind", optional=False),
        Column("used", gettext_lazy("Last used"), sort="used_at", phone=False),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list below the page of imports."""
        crumbs = [(_("Imports"), reverse("imports:list")), (_("Saved mappings"), "")]
        return super().get_context_data(**kwargs) | {"crumbs": crumbs}


class MappingRenameView(ServiceFormMixin, ScopedViewMixin, UpdateView):
    """One kept mapping: its columns, and what it is called."""

    model = RememberedMapping
    form_class = RememberedMappingForm
    template_name = "imports/mapping_form.html"
    needs = "editable_by"
    success_url = reverse_lazy("imports:mappings")
    form_title = gettext_lazy("Saved mapping")
    submit_label = gettext_lazy("Save")

    def perform(self, form: RememberedMappingForm) -> RememberedMapping:
        """Rename it."""
        return services.rename_mapping(
            actor=self.request.user,
            mapping=self.object,
            expected_version=form.version,
            changes=form.changes,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and the way back."""
        crumbs = [
            (_("Imports"), reverse("imports:list")),
            (_("Saved mappings"), reverse("imports:mappings")),
            (str(self.object), ""),
        ]
        return super().get_context_data(cancel_url=self.success_url, crumbs=crumbs, **kwargs)


@require_POST
@login_required
def drop_mapping(request: HttpRequest, pk: int) -> HttpResponseRedirect:
    """Forget a kept mapping."""
    mapping = get_object_or_404(RememberedMapping.objects.visible_to(request.user), pk=pk)
    services.drop_mapping(actor=request.user, mapping=mapping)
    messages.success(request, _("The mapping is forgotten."))
    return redirect("imports:mappings")
