"""Steps of a plan's life, each a POST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kam.changes.errors import VersionConflict
from kam.web.addresses import posted_version
from plans import services
from plans.models import Plan


def _submit(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    return services.submit_plan(**common, comment=request.POST.get("reason", ""))


def _request_changes(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    return services.request_changes(**common, comment=request.POST.get("reason", ""))


def _check_finance(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    return services.check_finance(**common, comment=request.POST.get("reason", ""))


def _approve(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    today = plan.account.programme.today()
    return services.approve_plan(**common, today=today, comment=request.POST.get("reason", ""))


def _activate(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    return services.activate_plan(**common, today=plan.account.programme.today())


def _revise(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    return services.revise_plan(**common, comment=request.POST.get("reason", ""))


def _close(request: HttpRequest, plan: Plan, common: dict[str, Any]) -> Plan:
    today = plan.account.programme.today()
    return services.close_plan(**common, today=today, result=request.POST.get("reason", ""))


Perform = Callable[[HttpRequest, Plan, dict[str, Any]], Plan]
STEPS: dict[str, tuple[Perform, Any]] = {
    "submit": (_submit, gettext_lazy("Submitted for approval.")),
    "request_changes": (_request_changes, gettext_lazy("Sent back.")),
    "check_finance": (_check_finance, gettext_lazy("Figures checked.")),
    "approve": (_approve, gettext_lazy("Approved.")),
    "activate": (_activate, gettext_lazy("The plan is active.")),
    "revise": (_revise, gettext_lazy("Open for revision. Others read the approved version.")),
    "close": (_close, gettext_lazy("Closed.")),
}


@login_required
@require_POST
def take(request: HttpRequest, pk: int, step: str) -> HttpResponse:
    """Take one step; a refusal is said on the plan's page."""
    plan = get_object_or_404(Plan.objects.visible_to(request.user).for_detail(), pk=pk)
    perform, done = STEPS[step]
    try:
        common = {"actor": request.user, "plan": plan, "expected_version": posted_version(request)}
        perform(request, plan, common)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    except VersionConflict:
        messages.error(request, _("The plan was changed in the meantime: look again, then decide."))
    else:
        messages.success(request, done)
    return redirect(plan)
