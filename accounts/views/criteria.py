"""Criteria of attractiveness and strength: what holds, what held, and a new version (K120;
handbook 3.1, 3.2)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import TemplateView

from accounts import policies
from accounts.forms.criteria import CriteriaForm
from accounts.models import Account, CriteriaSet
from accounts.scoring.criteria import Kind
from accounts.scoring.holding import InForce, criteria_on
from accounts.services.criteria import publish_criteria
from accounts.views.programme import ProgrammePageMixin, read_programmes
from kam.web import formatting
from kam.web.views.forms import UNPROCESSABLE
from teams import policies as programme_policies
from teams.models import Programme
from teams.views.common import reach

SHOWN_VERSIONS = 50
SHOWN_OWN = 100


class CriteriaView(LoginRequiredMixin, ProgrammePageMixin, TemplateView):
    """The sets in force with weights and anchors, those to come and those that held before."""

    template_name = "accounts/criteria.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        programme = self.programme
        today = programme.today()
        held = criteria_on(programme.pk, today)
        sets = CriteriaSet.objects.visible_to(self.request.user).filter(programme=programme)
        versions = list(sets.filter(account=None).for_list()[:SHOWN_VERSIONS])
        own = sets.exclude(account=None).order_by("account__name", "-valid_from", "-number")
        return super().get_context_data(
            programme=programme,
            sets=[_shown(held.attractiveness, versions), _shown(held.strength, versions)],
            own=own.select_related("account")[:SHOWN_OWN],
            today=today,
            may_publish=programme_policies.can_edit_programme(self.request.user, programme),
            **kwargs,
        )


def _shown(held: InForce, versions: list[CriteriaSet]) -> dict[str, Any]:
    """A kind with its set in force and all other versions, the latest first."""
    return {
        "kind": held.kind,
        "label": Kind(held.kind).label,
        "held": held,
        "criteria": [row._replace(weight=Decimal(row.weight)) for row in held.criteria],
        "whole": sum(held.weights.values(), Decimal(0)),
        "others": [row for row in versions if row.kind == held.kind and row.pk != held.pk],
    }


def publish(request: HttpRequest) -> HttpResponse:
    """A new version of the set of a kind, which `?kind=` names."""
    kind = request.GET.get("kind", Kind.ATTRACTIVENESS)
    if kind not in Kind.values:
        raise Http404
    programmes = read_programmes(request)
    programme = programmes.chosen
    if programme is None:
        raise Http404
    if not programme_policies.can_edit_programme(request.user, programme):
        raise PermissionDenied
    held = criteria_on(programme.pk, programme.today())
    present = held.attractiveness if kind == Kind.ATTRACTIVENESS else held.strength
    keep = f"?programme={programme.pk}" if programmes.context["picked"] else ""
    return _published(request, programme, present, back=reverse("accounts:criteria") + keep)


def publish_own(request: HttpRequest, pk: int) -> HttpResponse:
    """Weights of strength of one customer: its critical success factors (handbook 3.2)."""
    rows = Account.objects.select_related("programme")
    account = reach(rows, request.user, pk=pk)
    if not policies.can_manage(request.user, account):
        raise PermissionDenied
    held = criteria_on(account.programme_id, account.programme.today(), [account.pk])
    return _published(
        request,
        account.programme,
        held.strength_of(account.pk),
        account=account,
        back=reverse("accounts:scores_of", args=[account.pk]),
    )


def _published(
    request: HttpRequest,
    programme: Programme,
    present: InForce,
    *,
    back: str,
    account: Account | None = None,
) -> HttpResponse:
    today = programme.today()
    rows = [row._asdict() for row in present.criteria]
    form = CriteriaForm(request.POST or None, present=rows, today=today)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = publish_criteria(
                    actor=request.user,
                    programme=programme,
                    kind=present.kind,
                    criteria=form.criteria,
                    account=account,
                    valid_from=form.cleaned_data["valid_from"],
                    reason=form.cleaned_data["reason"],
                )
            except ValidationError as error:
                form.refuse(error)
            else:
                day = formatting.short_day(made.valid_from)
                words = _("Version %(number)d of %(kind)s is in force from %(day)s.")
                said = {"number": made.number, "kind": made.get_kind_display(), "day": day}
                messages.success(request, words % said)
                return redirect(back)
        status = UNPROCESSABLE
    label = Kind(present.kind).label
    title = (
        _("Own weights of %(name)s") % {"name": account.name}
        if account
        else _("New version: %(kind)s") % {"kind": label}
    )
    context = {
        "form": form,
        "form_title": title,
        "account": account,
        "is_attractiveness": present.kind == Kind.ATTRACTIVENESS,
        "cancel_url": back,
        "crumbs": [(_("Criteria"), reverse("accounts:criteria")), (title, "")],
    }
    return render(request, "accounts/criteria_publish.html", context, status=status)
