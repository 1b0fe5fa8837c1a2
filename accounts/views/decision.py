"""Deciding who is key, beside what a run advises (handbook 3.6)."""

from __future__ import annotations

import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import figures
from accounts.forms.decision import WishForm
from accounts.models import Account, Decision, Selection
from accounts.selection.presenting import Row, shown
from accounts.selection.sight import as_seen
from accounts.services import decision as services
from accounts.services.refusals import RefusalsError
from accounts.views.selection import page_of
from kam.access.dates import business_today
from kam.web.views.forms import UNPROCESSABLE, attach
from teams.models import User
from teams.views.common import reach

GROOMED_FOR = datetime.timedelta(days=182)
"""After how long a groomed account is looked at again, unless people say otherwise (K048)."""
ON_PAGE = 25
"""Accounts decided about on one page."""


def decide(request: HttpRequest, pk: int) -> HttpResponse:
    """The candidates of a solved run with its advice; what is decided is decided together."""
    rows = Selection.objects.select_related("programme")
    run = reach(rows, request.user, needs="editable_by", pk=pk)
    if run.status not in Selection.SOLVED or run.archived_at:
        messages.error(request, _("Solve the scenario first: there is nothing to decide about."))
        return redirect("accounts:selection", pk=pk)
    page = page_of(request)
    done = frozenset(run.decisions.values_list("account", flat=True))
    seen = as_seen(run, request.user)
    result = shown(seen, request.user, first=page * ON_PAGE, size=ON_PAGE, without=done)
    forms = _forms(request, seen, result.rows)
    status = 200
    if request.method == "POST":
        wrong = [form for _row, _advice, form in forms if not form.is_valid()]
        if not wrong and _decided(request, run, forms):
            is_more = result.whole > len(_made(forms))
            return redirect("accounts:selection_decide" if is_more else "accounts:selection", pk=pk)
        status = UNPROCESSABLE
    today = business_today()
    period = figures.trailing_year(today)
    rates = figures.rates_on(run.programme, period.last or today)
    earned = figures.by_account([form.account.pk for _row, _advice, form in forms], period, rates)
    for _row, _advice, form in forms:
        form.contribution = earned[form.account.pk].contribution
    context = {
        "run": run,
        "forms": forms,
        "errors": sum(bool(form.errors) for _row, _advice, form in forms if form.is_bound),
        "whole": result.whole,
        "decided": len(done),
        "next_page": page + 2 if (page + 1) * ON_PAGE < result.whole else None,
        "previous_page": page or None,
        "crumbs": [
            (_("Selection"), reverse("accounts:selections")),
            (run.name, reverse("accounts:selection", args=[pk])),
            (_("Decide"), ""),
        ],
        "cancel_url": reverse("accounts:selection", args=[pk]),
    }
    return render(request, "accounts/selection_decide.html", context, status=status)


def _forms(request: HttpRequest, run: Selection, rows: list[Row]) -> list[Any]:
    """A form for each account on the page, with the run's advice."""
    advised = services.advice_of(run)
    managers = {user.pk: user for user in User.objects.colleagues_of(request.user).with_name()}
    chosen = {row["account"]: row["manager"] for row in run.result["selected"]}
    take_all = request.GET.get("advice") == "1"
    seen = Account.objects.visible_to(request.user).select_related("programme")
    accounts = seen.in_bulk([row.account for row in rows])
    found = []
    for row in rows:
        account, advice = accounts[row.account], advised[row.account]
        initial: dict[str, Any] = {"manager": chosen.get(row.account)}
        if account.rationale:
            initial |= {"reason": account.rationale, "rationale_types": account.rationale_types}
        if take_all:
            initial |= _as_advised(advice, row.why)
        form = WishForm(
            request.POST or None,
            prefix=str(row.account),
            initial=initial,
            managers=managers,
        )
        form.account = account
        found.append((row, Decision.Action(advice), form))
    return found


def _as_advised(advice: str, why: str) -> dict[str, Any]:
    """What the run itself says for its advice: to appoint takes a reason of its own, for the others
    its sentence is one; who is groomed is looked at again in half a year."""
    initial: dict[str, Any] = {"action": advice}
    if advice != Decision.Action.APPOINT:
        initial["reason"] = why
    if advice == Decision.Action.GROOM:
        initial["review_on"] = business_today() + GROOMED_FOR
    return initial


def _made(forms: list[Any]) -> list[Any]:
    """Forms with a decision, each with what is decided."""
    wishes = [(form, form.wish(form.account)) for _row, _advice, form in forms]
    return [(form, wish) for form, wish in wishes if wish is not None]


def _decided(request: HttpRequest, run: Selection, forms: list[Any]) -> bool:
    """Whether all that was decided is stored; else refusals stand beside the fields."""
    made = _made(forms)
    if not made:
        messages.error(request, _("Nothing is decided yet: choose for at least one account."))
        return False
    try:
        services.decide(actor=request.user, wishes=[wish for _form, wish in made], selection=run)
    except RefusalsError as error:
        for place, refusal in error.refusals:
            attach(made[place][0], refusal)
        return False
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return False
    words = ngettext("%(count)d account decided.", "%(count)d accounts decided.", len(made))
    messages.success(request, words % {"count": len(made)})
    return True
