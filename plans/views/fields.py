"""One text field edited in place: shown, opened, saved, in conflict, kept as a draft.

Every answer is a fragment for htmx and a page or redirect without script.
"""

from __future__ import annotations

import json
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.views import View
from django.views.decorators.http import require_POST

from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from kam.web.addresses import key_in
from kam.web.forms import word_differences
from kam.web.models import Draft
from kam.web.services import drop_drafts, save_draft
from kam.web.views.forms import CONFLICT, UNPROCESSABLE
from plans import policies, services
from plans.kinds import IN_PLACE
from plans.models import Action, Plan
from plans.reading import as_read

LONGEST = 20_000
"""Characters of a text field without a limit of its own."""


class Place:
    """A field of a row, found for a reader; 404 when they may not see it."""

    def __init__(self, request: HttpRequest, kind: str, pk: int, field: str) -> None:
        if kind not in IN_PLACE or field not in IN_PLACE[kind][1]:
            raise Http404
        model, fields = IN_PLACE[kind]
        rows = model.objects.visible_to(request.user)
        rows = rows.for_detail() if model is Plan else rows.for_list()
        row = get_object_or_404(rows, pk=pk)
        self.row = row if isinstance(row, Action) else as_read(row)
        self.request, self.kind, self.field, self.multiline = request, kind, field, fields[field]
        self.model_field = model._meta.get_field(field)

    @property
    def plan(self) -> Plan | None:
        """The plan that the row belongs to; an action may have none."""
        if isinstance(self.row, Plan):
            return self.row
        if isinstance(self.row, Action):
            return self.row.objective.plan if self.row.objective else None
        return self.row.plan

    @property
    def may_edit(self) -> bool:
        """Whether the reader may change the row; what is locked the service says."""
        if isinstance(self.row, Action):
            return policies.can_change_action(self.request.user, self.row)
        plan = self.row if isinstance(self.row, Plan) else self.row.plan
        return policies.can_edit(self.request.user, plan.account)

    @property
    def url(self) -> str:
        return reverse("plans:field", args=[self.kind, self.row.pk, self.field])

    @property
    def page(self) -> str:
        """The page on which the field stands."""
        return self.plan.get_absolute_url() if self.plan else self.row.get_absolute_url()

    def context(self, **more: Any) -> dict[str, Any]:
        """What the fragments show."""
        return {
            "kind": self.kind,
            "row": self.row,
            "field": self.field,
            "label": self.model_field.verbose_name,
            "hint": self.model_field.help_text,
            "limit": self.model_field.max_length or LONGEST,
            "multiline": self.multiline,
            "value": getattr(self.row, self.field),
            "id": f"f-{self.kind}-{self.row.pk}-{self.field}",
            "url": self.url,
            "draft_url": reverse("plans:draft", args=[self.kind, self.row.pk, self.field]),
            "discard_url": reverse(
                "plans:discard_draft", args=[self.kind, self.row.pk, self.field]
            ),
            "writes": True,
            "back": self.page,
            "plan": self.plan,
            **more,
        }

    def answer(self, name: str, status: int = 200, **more: Any) -> HttpResponse:
        """The fragment alone to htmx, a page around it else."""
        context = self.context(**more)
        if not self.request.htmx:  # type: ignore[attr-defined]
            context["fragment"] = f"plans/{name}"
            name = "field_page.html"
        response = render(self.request, f"plans/{name}", context, status=status)
        response["Vary"] = "HX-Request"
        return response


class FieldView(LoginRequiredMixin, View):
    """Shows one field, opens it, saves it."""

    def get(self, request: HttpRequest, kind: str, pk: int, field: str) -> HttpResponse:
        """The field as it stands (`?show`), else opened for writing, with a draft if asked."""
        place = Place(request, kind, pk, field)
        if "show" in request.GET:
            return place.answer("_field.html", writes=place.may_edit)
        if not place.may_edit:
            raise PermissionDenied
        draft = Draft.objects.visible_to(request.user).about(place.row).filter(field=field).first()
        if draft is not None and "draft" in request.GET:
            same = draft.base_version == place.row.version
            read = getattr(place.row, field) if same else None
            return place.answer(
                "_field_form.html",
                typed=draft.text,
                version=draft.base_version,
                read=read,
                draft=draft,
            )
        return place.answer(
            "_field_form.html",
            typed=getattr(place.row, field),
            version=place.row.version,
            read=getattr(place.row, field),
            draft=None,
        )

    def post(self, request: HttpRequest, kind: str, pk: int, field: str) -> HttpResponse:
        """Save what was typed: 204 when it was sent in passing, else the field; 409, 422."""
        place = Place(request, kind, pk, field)
        typed = _text(request.POST.get("value", ""))
        version = key_in(request.POST.get("version", ""))
        read = {field: _text(request.POST["read"])} if "read" in request.POST else None
        try:
            if len(typed) > (place.model_field.max_length or LONGEST):
                raise ValidationError(_("That is too long."), code="max_length")
            saved = _save(request, place, {field: typed}, version, read)
        except ValidationError as error:
            _keep(request, place, typed, version)
            return place.answer(
                "_field_form.html",
                UNPROCESSABLE,
                typed=typed,
                version=version,
                read=read and read[field],
                errors=error.messages,
            )
        except VersionConflict as conflict:
            _keep(request, place, typed, version)
            return _conflict(place, conflict.current, typed)
        drop_drafts(actor=request.user, obj=place.row, fields=[field])
        place.row = saved
        return _saved(request, place)


def _save(
    request: HttpRequest,
    place: Place,
    changes: dict[str, Any],
    version: int | None,
    read: dict[str, Any] | None,
) -> Any:
    common: dict[str, Any] = {
        "actor": request.user,
        "changes": changes,
        "expected_version": version,
        "read": read,
    }
    if isinstance(place.row, Plan):
        return services.update_plan(plan=place.row, **common)
    if isinstance(place.row, Action):
        today = place.row.account.programme.today()
        return services.update_action(action=place.row, today=today, **common)
    return services.update_content(row=place.row, **common)


def _saved(request: HttpRequest, place: Place) -> HttpResponse:
    context = place.context()
    at = dateformat.format(timezone.localtime(), "H:i")
    told = {"field-saved": {"id": context["id"], "version": place.row.version, "at": at}}
    if request.headers.get("X-Idle"):
        return HttpResponse(status=204, headers={"HX-Trigger": json.dumps(told)})
    if not request.htmx:  # type: ignore[attr-defined]
        messages.success(request, _("Saved %(time)s.") % {"time": at})
        return redirect(place.page)
    response = place.answer("_field.html")
    response["HX-Trigger"] = json.dumps(told)
    return response


def _conflict(place: Place, current: Any, typed: str) -> HttpResponse:
    """Both texts at the field, the differing words underlined; the choice is the reader's."""
    stored = getattr(current, place.field)
    theirs, mine = word_differences(stored, typed)
    rows = Change.objects.of(current).select_related("actor")
    last = next((row for row in rows[:20] if place.field in row.after), None)
    return place.answer(
        "_field_conflict.html",
        CONFLICT,
        theirs=theirs,
        mine=mine,
        typed=typed,
        version=current.version,
        last=last,
        now=timezone.now(),
    )


def _keep(request: HttpRequest, place: Place, typed: str, version: int | None) -> None:
    """What could not be saved stays as a draft until it is."""
    save_draft(
        actor=request.user,
        obj=place.row,
        field=place.field,
        text=typed,
        base_version=version,
    )


@login_required
@require_POST
def keep_draft(request: HttpRequest, kind: str, pk: int, field: str) -> HttpResponse:
    """Keep what is being typed, for its author alone."""
    place = Place(request, kind, pk, field)
    if not place.may_edit:
        raise PermissionDenied
    version = key_in(request.POST.get("version", ""))
    _keep(request, place, _text(request.POST.get("value", "")), version)
    return HttpResponse(status=204)


@login_required
@require_POST
def discard_draft(request: HttpRequest, kind: str, pk: int, field: str) -> HttpResponse:
    """Take what is stored; forget what was typed."""
    place = Place(request, kind, pk, field)
    drop_drafts(actor=request.user, obj=place.row, fields=[field])
    if not request.htmx:  # type: ignore[attr-defined]
        return redirect(place.page)
    return place.answer("_field.html", writes=place.may_edit)


def _text(raw: str) -> str:
    return raw.replace("\r\n", "\n")
