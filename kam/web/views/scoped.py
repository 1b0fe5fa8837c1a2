"""Whose rows a page shows, and when a part of it is enough."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

from kam.access.once import asking_once
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of


class ScopedViewMixin(LoginRequiredMixin):
    """Every row starts from `.visible_to(reader)`: what is not visible is 404.

    A page that changes something names in `needs` the queryset method that says who may
    (`"editable_by"`, `"contributable_by"`): visible but not allowed is 403. `reading` names the
    method that loads what the page shows (`"for_list"`, `"for_detail"`), if the queryset has it.
    """

    needs = ""
    reading = ""
    depends_on_reader_alone = False
    """Whether `get_queryset` asks neither the address nor anything stored: its SQL is then kept."""

    def get_queryset(self) -> Any:
        """Rows that the reader may see, with what the page shows loaded."""
        rows = super().get_queryset().visible_to(self.request.user)  # type: ignore[misc]
        return getattr(rows, self.reading)() if self.reading else rows

    def get_object(self, queryset: models.QuerySet | None = None) -> Any:
        """The row of this page; raises Http404 or PermissionDenied."""
        if queryset is None and self.depends_on_reader_alone:
            obj = self._kept()
        else:
            obj = super().get_object(queryset)  # type: ignore[misc]
        if self.needs:
            manager = type(obj)._default_manager.all()
            allowed = getattr(manager, self.needs)(self.request.user)
            if not allowed.filter(pk=obj.pk).exists():
                raise PermissionDenied
        return obj

    def _kept(self) -> Any:
        pk = int(self.kwargs["pk"])  # type: ignore[attr-defined]

        def one(pk: int) -> models.QuerySet:
            return self.get_queryset().filter(pk=pk)

        with asking_once():
            key = (type(self), sight_of(self.request.user))  # type: ignore[attr-defined]
            found = kept_objects(key, one, pk=pk)
        if not found:
            raise Http404
        return found[0]


class PartialMixin:
    """Returns `partial_template_name` alone to htmx; the same address works as a full page.

    The page's script asks for a form in a dialog with the header `X-Dialog`; then
    `dialog_template_name` is taken, if there is one.
    """

    request: HttpRequest
    partial_template_name = ""
    dialog_template_name = ""

    @property
    def in_dialog(self) -> bool:
        """Whether the page's script shows the answer in its dialog."""
        return bool(self.dialog_template_name and self.request.headers.get("X-Dialog"))

    @property
    def wants_part(self) -> bool:
        """Whether htmx asks for a part of the page, not for the page or its history."""
        htmx = self.request.htmx  # type: ignore[attr-defined]
        return bool(htmx) and not htmx.boosted and not htmx.history_restore_request

    def get_template_names(self) -> list[str]:
        """The part for htmx, else the page."""
        if self.in_dialog:
            return [self.dialog_template_name]
        if self.wants_part and self.partial_template_name:
            return [self.partial_template_name]
        return super().get_template_names()  # type: ignore[misc]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Tell caches that the answer depends on who asks for it."""
        response = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        patch_vary_headers(response, ["HX-Request", "X-Dialog"])
        return response
