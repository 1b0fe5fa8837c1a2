"""Pages of folders from which files come by themselves."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, DetailView, ListView, UpdateView

from kam.documents.tables import Column as FileColumn
from kam.documents.tables import Layout
from kam.imports import policies, services
from kam.imports.forms import FolderForm, NewFolderForm
from kam.imports.models import Folder, FolderFile
from kam.web.views import ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column

FILES = 50
"""Files that a page of a folder shows."""
FOLDERS = Layout(
    "import-folders",
    gettext_lazy("Import folders"),
    (
        FileColumn("Folder id", "pk", 10),
        FileColumn("Name", "name", 30),
        FileColumn("What the files hold", "import_kind.label", 24),
        FileColumn("On", "is_on", 10),
        FileColumn("Runs as id", "owner_id", 10),
        FileColumn("Runs as", lambda row: str(row.owner), 24),
        FileColumn("Last look", "looked_at", 20),
    ),
)


def _crumbs(*more: tuple[Any, str]) -> list[tuple[Any, str]]:
    return [
        (_("Imports"), reverse("imports:list")),
        (_("Folders"), reverse("imports:folders")),
        *more,
    ]


class ActiveFolders(ScopedViewMixin):
    """Folders that are not removed."""

    model = Folder

    def get_queryset(self) -> Any:
        return super().get_queryset().active()


class FolderListView(ActiveFolders, TableMixin, ListView):
    """Folders, what they did last, and what waits."""

    template_name = "imports/folder_list.html"
    reading = "for_list"
    page_name = "import-folders"
    export_layout = FOLDERS
    default_sort = "name"
    columns = (
        Column("name", gettext_lazy("Name"), sort="name", optional=False),
        Column("kind", gettext_lazy("What the files hold"), sort="kind", phone=False),
        Column("state", gettext_lazy("State"), sort="is_on", optional=False),
        Column("asking", gettext_lazy("Files that need you"), sort="asking", numeric=True),
        Column("owner", gettext_lazy("Runs as"), sort="owner__username", phone=False),
        Column("looked", gettext_lazy("Last look"), sort="looked_at", phone=False),
    )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The list below the page of imports."""
        crumbs = [(_("Imports"), reverse("imports:list")), (_("Folders"), "")]
        may_make = policies.can_import_anything(self.request.user)
        return super().get_context_data(**kwargs) | {"crumbs": crumbs, "may_make": may_make}


class FolderDetailView(ActiveFolders, DetailView):
    """One folder: how it is read, and every file that was seen in it."""

    template_name = "imports/folder_detail.html"
    reading = "for_list"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The folder, its files and the way back."""
        files = FolderFile.objects.filter(folder=self.object).for_list()
        page = Paginator(files, FILES).get_page(self.request.GET.get("page"))
        return super().get_context_data(**kwargs) | {
            "crumbs": _crumbs((str(self.object), "")),
            "page_obj": page,
            "chosen": _chosen(self.object),
            "editable": self._is_editable(),
        }

    def _is_editable(self) -> bool:
        rows = Folder.objects.editable_by(self.request.user)
        return rows.filter(pk=self.object.pk).exists()


def _chosen(folder: Folder) -> list[tuple[Any, Any]]:
    """Options of the folder in words."""
    found = []
    for option in folder.import_kind.options:
        value = folder.options.get(option.name)
        if value:
            found.append((option.label, dict(option.choices).get(value, value)))
    return found


class FolderCreateView(ServiceFormMixin, ScopedViewMixin, CreateView):
    """A new folder."""

    model = Folder
    form_class = NewFolderForm
    template_name = "imports/folder_form.html"
    form_title = gettext_lazy("Import from a folder")
    submit_label = gettext_lazy("Set it up")

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Only for whoever may import."""
        if request.user.is_authenticated and not policies.can_import_anything(request.user):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def perform(self, form: NewFolderForm) -> Folder:
        """Set it up."""
        return services.create_folder(
            actor=self.request.user,
            kind=form.cleaned_data["kind"],
            scope_id=form.cleaned_data["scope"].pk,
            values=form.folder,
        )

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and the way back."""
        kwargs |= {
            "crumbs": _crumbs((self.form_title, "")),
            "cancel_url": reverse("imports:folders"),
        }
        return super().get_context_data(**kwargs)


class FolderUpdateView(ServiceFormMixin, ActiveFolders, UpdateView):
    """Changes a folder, which runs with the rights of whoever does so from then on."""

    form_class = FolderForm
    template_name = "imports/folder_form.html"
    needs = "editable_by"
    form_title = gettext_lazy("Change the folder")
    submit_label = gettext_lazy("Save")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"user": self.request.user}

    def perform(self, form: FolderForm) -> Folder:
        """Change it."""
        return services.update_folder(
            actor=self.request.user,
            folder=self.object,
            expected_version=form.version,
            changes=form.changes,
        )

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """The form, and the way back."""
        here = self.object.get_absolute_url()
        kwargs |= {
            "cancel_url": here,
            "crumbs": _crumbs((str(self.object), here), (_("Change"), "")),
        }
        return super().get_context_data(**kwargs)


def _press(request: HttpRequest, pk: int, write: Any, done: str) -> HttpResponseRedirect:
    """A button of a folder: call `write` with it, say `done`, show the folder."""
    folder = get_object_or_404(Folder.objects.visible_to(request.user).active(), pk=pk)
    try:
        write(folder)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, done)
    return redirect(folder)


@require_POST
@login_required
def look(request: HttpRequest, pk: int) -> HttpResponse:
    """Look into the folder now."""
    return _press(
        request,
        pk,
        lambda folder: services.look_now(actor=request.user, folder=folder),
        _("The folder is being looked into."),
    )


@require_POST
@login_required
def switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On or off."""
    return _press(
        request,
        pk,
        lambda folder: services.update_folder(
            actor=request.user,
            folder=folder,
            expected_version=None,
            changes={"is_on": not folder.is_on},
        ),
        _("Done."),
    )


@require_POST
@login_required
def remove(request: HttpRequest, pk: int) -> HttpResponse:
    """Look into the folder no more."""
    folder = get_object_or_404(Folder.objects.visible_to(request.user).active(), pk=pk)
    services.archive_folder(actor=request.user, folder=folder)
    messages.success(request, _("The folder is no longer looked into. What came from it stays."))
    return redirect("imports:folders")


FILE_ACTIONS: dict[str, Any] = {"dismiss": services.dismiss_file, "retry": services.retry_file}


@require_POST
@login_required
def act_on_file(request: HttpRequest, pk: int, action: str) -> HttpResponseRedirect:
    """Set a file aside, or take it again."""
    rows = FolderFile.objects.visible_to(request.user).select_related("folder")
    file = get_object_or_404(rows, pk=pk)
    try:
        FILE_ACTIONS[action](actor=request.user, file=file)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    return redirect(file.folder)
