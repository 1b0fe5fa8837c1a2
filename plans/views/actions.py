"""Actions: capture from anywhere, edit, tick off, open again."""

from __future__ import annotations

import json
from collections.abc import Hashable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import FormView, ListView, UpdateView

from accounts.models import Account
from kam.access.dates import business_today
from kam.access.querysets import sight_of
from kam.changes.errors import VersionConflict
from kam.web import toasts
from kam.web.views import PartialMixin, ScopedViewMixin, ServiceFormMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, KeptListMixin
from plans import exports, policies, services
from plans.forms import ActionForm, CaptureForm
from plans.models import Action, Objective, Strategy


class ActionListView(KeptListMixin, PartialMixin, ScopedViewMixin, ListView):
    """Actions that the reader sees: their own open ones, or all of an account."""

    model = Action
    reading = "for_list"
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "plans/action_list.html"
    partial_template_name = "plans/_action_list.html"
    export_layout = exports.ACTIONS
    typed = ("account",)

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def get_queryset(self) -> Any:
        """`?account=` all of one account; `?whose=all` of everybody; else one's own open ones."""
        rows = super().get_queryset().active()
        account = self.request.GET.get("account", "")
        if account.isdecimal():
            rows = rows.filter(account=int(account))
        elif self.request.GET.get("whose") != "all":
            rows = rows.of(self.request.user)
        return rows if self.request.GET.get("state") == "all" else rows.open()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(today=business_today(), **kwargs)


class ActionUpdateView(ServiceFormMixin, ScopedViewMixin, UpdateView):
    """One action: everybody who sees the account reads it, who may change it writes."""

    model = Action
    form_class = ActionForm
    reading = "for_list"
    template_name = "plans/action_form.html"
    form_title = gettext_lazy("Action")
    success_message = gettext_lazy("Saved.")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """403 for whoever only reads it."""
        self.needs = "changeable_by"
        return super().post(request, *args, **kwargs)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {
            **super().get_form_kwargs(),
            "account": self.object.account,
            "user": self.request.user,
        }

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        may_change = policies.can_change_action(self.request.user, self.object)
        return super().get_context_data(may_change=may_change, **kwargs)

    def perform(self, form: ActionForm) -> Action:
        return services.update_action(
            actor=self.request.user,
            action=self.object,
            changes=form.changes,
            today=self.object.account.programme.today(),
            expected_version=form.version,
        )

    def get_success_url(self) -> str:
        return _back(self.request, self.object)


class CaptureView(ServiceFormMixin, PartialMixin, FormView):
    """One line makes an action; the dialog of the key A, from every page."""

    form_class = CaptureForm
    template_name = "web/form.html"
    form_title = gettext_lazy("New action")
    submit_label = gettext_lazy("Add action")

    @classmethod
    def as_view(cls, **kwargs: Any) -> Any:
        return login_required(super().as_view(**kwargs))

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def get_initial(self) -> dict[str, Any]:
        """The account of the page from which it was asked, else the reader's only one."""
        account = self.request.GET.get("account", "")
        if account.isdecimal():
            return {"account": int(account)}
        served = Account.objects.contributable_by(self.request.user).active()
        served = list(served.filter(team__memberships__user=self.request.user).distinct()[:2])
        return {"account": served[0]} if len(served) == 1 else {}

    def perform(self, form: CaptureForm) -> Action:
        account = form.cleaned_data["account"]
        try:
            return services.capture_action(
                actor=self.request.user,
                account=account,
                line=form.cleaned_data["line"],
                today=account.programme.today(),
            )
        except ValidationError as error:
            raise _at_line(error) from error

    def get_success_message(self, form: CaptureForm) -> str:
        return _("Added: %(text)s") % {"text": self.object}

    def get_success_url(self) -> str:
        return _back(self.request, self.object)


def _at_line(error: ValidationError) -> ValidationError:
    """Refusals of the text belong to the line that was typed."""
    if hasattr(error, "error_dict") and "text" in error.error_dict:
        return ValidationError({"line": error.error_dict["text"]})
    return error


@login_required
@require_POST
def capture_under(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Add an action from one line under an objective or a strategy of a plan."""
    model: Any = {"objective": Objective, "strategy": Strategy}[kind]
    row = get_object_or_404(model.objects.visible_to(request.user).current().for_list(), pk=pk)
    account = row.plan.account
    line = request.POST.get("line", "")
    try:
        action = services.capture_action(
            actor=request.user,
            account=account,
            line=line,
            today=account.programme.today(),
            **{kind: row},
        )
    except ValidationError as error:
        context = {"kind": kind, "row": row, "line": line, "errors": error.messages}
        if request.htmx:  # type: ignore[attr-defined]
            return render(request, "plans/_action_new.html", context, status=UNPROCESSABLE)
        messages.error(request, " ".join(error.messages))
        return redirect(row.plan)
    if request.htmx:  # type: ignore[attr-defined]
        context = {"kind": kind, "row": row, "action": action, "today": business_today()}
        return render(request, "plans/_action_added.html", context)
    return redirect(f"{row.plan.get_absolute_url()}#action-{action.pk}")


def _tick(request: HttpRequest, pk: int, perform: Any) -> HttpResponse:
    rows = Action.objects.visible_to(request.user).for_list()
    action = get_object_or_404(rows, pk=pk)
    today = action.account.programme.today()
    try:
        perform(actor=request.user, action=action, today=today)
    except (ValidationError, VersionConflict) as error:
        messages.error(request, " ".join(getattr(error, "messages", [str(error)])))
        return redirect(_back(request, action))
    if not request.htmx:  # type: ignore[attr-defined]
        if perform is services.close_action:
            undo = reverse("plans:reopen", args=[pk])
            toasts.done(request, _("Done: %(text)s") % {"text": action}, undo=undo)
        return redirect(_back(request, action))
    context = {"action": rows.get(pk=pk), "today": today, "may_change": True}
    template = {
        "row": "plans/_action_row.html",
        "item": "plans/_action_item.html",
    }.get(request.POST.get("as", ""), "plans/_action_item.html")
    response = render(request, template, context)
    response["HX-Trigger"] = json.dumps({"action-changed": {"id": pk}})
    return response


@login_required
@require_POST
def close(request: HttpRequest, pk: int) -> HttpResponse:
    """Tick an action off; its row stays, struck, with Undo."""
    return _tick(request, pk, services.close_action)


@login_required
@require_POST
def reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Undo of ticking it off."""
    return _tick(request, pk, services.reopen_action)


def _put(request: HttpRequest, pk: int, perform: Any, words: str, undo: str = "") -> HttpResponse:
    action = get_object_or_404(Action.objects.visible_to(request.user).for_list(), pk=pk)
    try:
        perform(actor=request.user, action=action)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        address = reverse(undo, args=[pk]) if undo else ""
        toasts.done(request, words % {"text": action}, undo=address)
    return redirect(_back(request, action))


@login_required
@require_POST
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Put an action away."""
    words = _("Put away: %(text)s")
    return _put(request, pk, services.archive_action, words, "plans:restore_action")


@login_required
@require_POST
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring an action back."""
    return _put(request, pk, services.restore_action, _("Brought back: %(text)s"))


def _back(request: HttpRequest, action: Action) -> str:
    """The page that was named as the way back, else the plan or the action itself."""
    target = request.POST.get("next") or request.GET.get("next", "")
    if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        return target
    if action.objective_id:
        return f"{reverse('plans:detail', args=[action.objective.plan_id])}#action-{action.pk}"
    return reverse("plans:action", args=[action.pk])
