"""Forms whose writes are services: one mapping of their errors to what the page shows."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.forms import BaseForm
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render

from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from kam.web.views.scoped import PartialMixin

UNPROCESSABLE = 422
CONFLICT = 409


def attach(form: BaseForm, error: ValidationError) -> None:
    """Put what a service refused at the fields it names; the rest on top of the form."""
    if not hasattr(error, "error_dict"):
        form.add_error(None, error)
        return
    for name, problems in error.error_dict.items():
        known = name if name in form.fields and name != NON_FIELD_ERRORS else None
        form.add_error(known, problems)


class ServiceFormMixin(PartialMixin):
    """A form view that writes through `perform(form)`, a call of one service.

    `ValidationError` goes to the fields (422, what was typed stays), `VersionConflict` to the
    page with both texts (409), `PermissionDenied` is 403. `success_message` becomes a toast.
    """

    success_message: Any = ""
    dialog_template_name = "web/_form_dialog.html"
    form_title: Any = ""
    submit_label: Any = ""
    list_title: Any = ""
    """The page that the form returns to, `cancel_url`: the way back above the title."""

    def perform(self, form: Any) -> models.Model | None:
        """Write; returns the object that the page goes on with."""
        raise NotImplementedError

    def form_valid(self, form: Any) -> HttpResponse:
        """Call the service and answer by what it does."""
        try:
            self.object = self.perform(form)
        except ValidationError as error:
            attach(form, error)
            return self.form_invalid(form)
        except VersionConflict as conflict:
            return self.conflict(form, conflict.current)
        if message := self.get_success_message(form):
            messages.success(self.request, message)
        return self.succeed(form)

    def succeed(self, form: Any) -> HttpResponse:
        """Go on: a redirect, which htmx follows as a whole page."""
        url = self.get_success_url()  # type: ignore[attr-defined]
        if self.request.htmx:  # type: ignore[attr-defined]
            return HttpResponse(status=204, headers={"HX-Redirect": str(url)})
        return HttpResponseRedirect(url)

    def get_success_message(self, form: Any) -> str:
        """What the toast says; nothing if empty."""
        return str(self.success_message)

    def form_invalid(self, form: Any) -> HttpResponse:
        """The form again, with what was typed and what is wrong."""
        response = super().form_invalid(form)  # type: ignore[misc]
        response.status_code = UNPROCESSABLE
        return response

    def conflict(self, form: Any, current: models.Model) -> HttpResponse:
        """Somebody else was faster: both texts, and the choice."""
        last = Change.objects.of(current).select_related("actor").first()
        context = {
            "form": form,
            "current": current,
            "last": last,
            "differences": form.differences(current),
            "object": current,
            "whole_page": not self.request.htmx,  # type: ignore[attr-defined]
        }
        form.take_version(current)
        part = self.request.htmx  # type: ignore[attr-defined]
        name = "web/_conflict.html" if part else "web/conflict.html"
        return render(self.request, name, context, status=CONFLICT)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What the form templates show besides the form."""
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        context.setdefault("form_title", self.form_title)
        context.setdefault("submit_label", self.submit_label)
        context.setdefault("list_title", self.list_title)
        context["in_dialog"] = self.in_dialog
        return context
