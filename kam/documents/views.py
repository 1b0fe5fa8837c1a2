"""Pages of files: what hangs on a thing, one file, its earlier versions, the content itself."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import DetailView, FormView, ListView, UpdateView

from kam.changes.errors import VersionConflict
from kam.documents import holders, policies, services, uploads
from kam.documents.forms import AttachmentForm, ReplaceForm, UploadForm
from kam.documents.models import Attachment
from kam.documents.serving import download
from kam.documents.tables import Column as FileColumn
from kam.documents.tables import Layout
from kam.web.addresses import posted_version
from kam.web.views import PartialMixin, ScopedViewMixin, ServiceFormMixin, TableMixin
from kam.web.views.tables import Column


def _kind_of_holder(row: Attachment) -> str:
    holder = holders.named(row.object_type)
    return holder.slug if holder else row.object_type


FILES = Layout(
    "files",
    gettext_lazy("Files"),
    (
        FileColumn("File id", "pk", 10),
        FileColumn("File", "name", 40),
        FileColumn("Type", "media_type", 24),
        FileColumn("Bytes", "size"),
        FileColumn("Stored by id", "stored_by_id", 10),
        FileColumn("Stored by", lambda row: str(row.stored_by), 24),
        FileColumn("When", "stored_at", 20),
        FileColumn("Who sees it", lambda row: row.get_confidentiality_display(), 20),
        FileColumn("Account id", "account_id", 10),
        FileColumn("Hangs on", _kind_of_holder, 16),
        FileColumn("Hangs on id", "object_id", 10),
    ),
)


class OfHolderMixin:
    """The thing in the address, as the reader reads it; 404 unless they do."""

    request: HttpRequest
    kwargs: dict[str, Any]

    @cached_property
    def holder(self) -> holders.Holder:
        """Its kind."""
        found = holders.by_slug(self.kwargs["kind"])
        if found is None:
            raise Http404
        return found

    @cached_property
    def held(self) -> Any:
        """The thing itself."""
        rows = self.holder.rows(self.request.user)
        return self.holder.as_read(get_object_or_404(rows, pk=self.kwargs["pk"]))

    @property
    def page(self) -> str:
        """Where its files are shown."""
        return self.holder.page(self.held)


class HeldListView(OfHolderMixin, TableMixin, PartialMixin, ScopedViewMixin, ListView):
    """All files that hang on one thing."""

    model = Attachment
    reading = "for_list"
    page_name = "files"
    export_layout = FILES
    template_name = "documents/held_list.html"
    default_sort = "-stored"
    columns = (
        Column("name", gettext_lazy("File"), sort="name", optional=False),
        Column("type", gettext_lazy("Type"), sort="media_type", phone=False),
        Column("size", gettext_lazy("Size"), sort="size", numeric=True, phone=False),
        Column("by", gettext_lazy("Stored by"), phone=False),
        Column("stored", gettext_lazy("When"), sort="stored_at", phone=False),
        Column("sees", gettext_lazy("Who sees it"), sort="confidentiality", phone=False),
    )

    def get_queryset(self) -> Any:
        self.queryset = Attachment.objects.of(self.held).active()
        return super().get_queryset()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        archived = Attachment.objects.visible_to(self.request.user).of(self.held)
        return super().get_context_data(
            held=self.held,
            kind=self.holder.slug,
            may_add=policies.can_add(self.request.user, self.held),
            archived=list(archived.filter(archived_at__isnull=False).for_list()[:50]),
            crumbs=[(str(self.held), self.page), (_("Files"), "")],
            **kwargs,
        )


class UploadView(OfHolderMixin, ServiceFormMixin, ScopedViewMixin, FormView):
    """Brings files to a thing."""

    form_class = UploadForm
    template_name = "documents/form.html"
    form_title = gettext_lazy("Add files")
    submit_label = gettext_lazy("Add")
    upload_setting = services.LIMIT
    most_files = services.MOST_FILES

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated and not policies.can_add(request.user, self.held):
            raise PermissionDenied
        return super().dispatch(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {
            "account_id": holders.account_id_of(self.held),
            "stopped": uploads.was_stopped(self.request),
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = _("Add files to %(what)s") % {"what": self.held}
        crumbs = [(str(self.held), self.page), (_("Add files"), "")]
        return super().get_context_data(
            form_title=title, cancel_url=self.page, crumbs=crumbs, **kwargs
        )

    def perform(self, form: UploadForm) -> None:
        values = dict(form.cleaned_data)
        files = values.pop("file")
        services.add_attachments(actor=self.request.user, obj=self.held, files=files, **values)
        said = ngettext("%(n)d file added.", "%(n)d files added.", len(files))
        messages.success(self.request, said % {"n": len(files)})

    def get_success_url(self) -> str:
        return self.page


class AttachmentMixin(ScopedViewMixin):
    """A file that the reader may see, and on what it hangs."""

    model = Attachment
    reading = "for_list"
    context_object_name = "attachment"
    object: Attachment

    @cached_property
    def held(self) -> Any:
        """The thing; None when it is not to be read any more."""
        key = (self.object.object_type, self.object.object_id)
        return holders.named_for(self.request.user, [key]).get(key)  # type: ignore[attr-defined]


class AttachmentView(AttachmentMixin, DetailView):
    """One file: what it is, who sees it, what it was before."""

    template_name = "documents/attachment_detail.html"

    def crumbs(self, page: str) -> list[tuple[str, str]]:
        """Account, what the file hangs on, the file."""
        account, held = self.object.account, self.held
        way = [(str(account), account.get_absolute_url())]
        if held is not None:
            way.append((_("Files") if held == account else str(held), page))
        return [*way, (self.object.name, "")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        attachment, held = self.object, self.held
        holder = holders.named(attachment.object_type)
        page = holder.page(held) if holder and held is not None else ""
        return super().get_context_data(
            held=held,
            page=page,
            may_change=policies.can_change(self.request.user, attachment),
            people=list(attachment.people.with_name()) if attachment.is_for_people else [],
            earlier=list(attachment.earlier.for_list()),
            crumbs=self.crumbs(page),
            **kwargs,
        )


class AttachmentFormMixin(ServiceFormMixin, AttachmentMixin):
    """A form about one file, for who may change it."""

    needs = "editable_by"
    template_name = "documents/form.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        page = self.object.get_absolute_url()
        crumbs = [(self.object.name, page), (str(self.form_title), "")]
        return super().get_context_data(cancel_url=page, crumbs=crumbs, **kwargs)

    def get_success_url(self) -> str:
        return self.object.get_absolute_url()


class AttachmentUpdateView(AttachmentFormMixin, UpdateView):
    """Name, description and who may see it."""

    form_class = AttachmentForm
    form_title = gettext_lazy("Edit file")
    submit_label = gettext_lazy("Save")

    def perform(self, form: AttachmentForm) -> Attachment:
        return services.update_attachment(
            actor=self.request.user,
            attachment=self.object,
            expected_version=form.version,
            changes=form.changes,
        )


class ReplaceView(AttachmentFormMixin, UpdateView):
    """Another file in its place."""

    form_class = ReplaceForm
    form_title = gettext_lazy("Replace file")
    submit_label = gettext_lazy("Replace")
    success_message = gettext_lazy("Replaced; the file from before stays as an earlier version.")
    upload_setting = services.LIMIT

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"stopped": uploads.was_stopped(self.request)}

    def perform(self, form: ReplaceForm) -> Attachment:
        return services.replace_file(
            actor=self.request.user,
            attachment=self.object,
            file=form.cleaned_data["file"][0],
            expected_version=form.version,
        )


def _seen(request: HttpRequest, pk: int) -> Attachment:
    return get_object_or_404(Attachment.objects.visible_to(request.user), pk=pk)


@login_required
@require_safe
def content(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The file itself, to be saved."""
    return download(request, _seen(request, pk))


@login_required
@require_safe
def earlier_content(request: HttpRequest, pk: int, number: int) -> HttpResponseBase:
    """What it was before."""
    return download(request, get_object_or_404(_seen(request, pk).earlier, number=number))


def _put_away(request: HttpRequest, pk: int, service: Any, said: str) -> HttpResponse:
    attachment, expected = _seen(request, pk), posted_version(request)
    try:
        service(actor=request.user, attachment=attachment, expected_version=expected)
        messages.success(request, said)
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime: look again."))
    return redirect(attachment)


@login_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a file out of lists."""
    return _put_away(request, pk, services.archive_attachment, _("Archived: it can be restored."))


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a file back."""
    return _put_away(request, pk, services.restore_attachment, _("Restored."))
