"""What the pages of people, programmes and teams share."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from kam.changes.errors import VersionConflict
from kam.changes.history import Line, describe
from kam.web.addresses import posted_version
from kam.web.forms import ServiceForm
from kam.web.views import ServiceFormMixin
from kam.web.views.forms import CONFLICT

HISTORY = 20
"""Rows of history that a page shows."""

Crumbs = list[tuple[Any, str]]


def settings_crumbs(*more: tuple[Any, str]) -> Crumbs:
    """The way from the settings to a page."""
    return [(_("Settings"), reverse("settings:index")), *more]


def reach(rows: models.QuerySet, user: Any, *, needs: str = "", **keys: Any) -> Any:
    """The row that `user` may see, else 404; one that `needs` does not give to them is 403."""
    obj = get_object_or_404(rows.visible_to(user), **keys)  # type: ignore[attr-defined]
    if needs and not getattr(rows, needs)(user).filter(pk=obj.pk).exists():
        raise PermissionDenied
    return obj


def act(request: HttpRequest, write: Any, done: str, url: str) -> HttpResponse:
    """Call the service `write` for a plain button, say what came of it, and go to `url`."""
    try:
        write()
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except VersionConflict:
        messages.error(request, _("Somebody else changed it in the meantime. Look again."))
    else:
        messages.success(request, done)
    return redirect(url)


def press(
    request: HttpRequest, rows: Any, pk: int, *, write: Any, kind: str, done: str, back: Any
) -> HttpResponse:
    """A plain button on one of `rows`: call the service `write` with the row as its `kind`, say
    `done` and go to what `back` makes of the row."""
    obj = reach(rows, request.user, needs="editable_by", pk=pk)
    version = posted_version(request)
    return act(
        request,
        lambda: write(actor=request.user, expected_version=version, **{kind: obj}),
        done % {"name": obj},
        back(obj),
    )


def history(changes: Any, reader: Any) -> list[Line]:
    """The newest of `changes` (already visible to `reader`) in words."""
    return describe(changes.for_list()[:HISTORY], reader)


class PageFormMixin(ServiceFormMixin):
    """A form page: title, way to it, and where saving and cancelling lead."""

    template_name = "teams/form.html"

    def get_crumbs(self) -> Crumbs:
        """The way to this page."""
        return settings_crumbs()

    def get_back_url(self) -> str:
        """Where saving and cancelling lead."""
        return self.get_crumbs()[-1][1]

    def get_success_url(self) -> str:
        return self.get_back_url()

    def conflict(self, form: Any, current: models.Model) -> HttpResponse:
        """Forms of a row show both texts; those that only name a day or a role say what to do."""
        if isinstance(form, ServiceForm):
            return super().conflict(form, current)
        form.add_error(None, _("Somebody else changed it in the meantime. Look at it again."))
        response = self.form_invalid(form)
        response.status_code = CONFLICT
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        kwargs.setdefault("crumbs", [*self.get_crumbs(), (self.form_title, "")])
        kwargs.setdefault("cancel_url", self.get_back_url())
        return super().get_context_data(**kwargs)


class RowFormMixin(PageFormMixin):
    """A form page of a row that the caller may change: 404 and 403 come before everything else."""

    rows: Any = None
    """Manager or queryset that the row is looked for in."""

    @cached_property
    def row(self) -> Any:
        """The row that the address names."""
        return reach(self.rows, self.request.user, needs="editable_by", pk=self.kwargs["pk"])  # type: ignore[attr-defined]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.row  # noqa: B018  (404 and 403 come before everything else)
        return super().dispatch(request, *args, **kwargs)  # type: ignore[misc]

    def get_object(self, queryset: Any = None) -> Any:
        return self.row
