"""A plan that starts from a row of the trade-channel map (K091)."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.models import Account
from accounts.views.market_map import no_place, words_of_place
from plans import services
from plans.services.plan import fiscal_year
from teams.models import User
from teams.views.common import act, reach


@require_POST
def start_from_map(request: HttpRequest, pk: int) -> HttpResponse:
    """Start a draft for the fiscal year that runs now; what the map in the address says of the
    account is its rationale so far."""
    user: User = request.user  # type: ignore[assignment]
    rows = Account.objects.select_related("programme")
    account = reach(rows, user, needs="editable_by", pk=pk)
    back = f"{reverse('accounts:market_map')}?{request.GET.urlencode()}"
    words = words_of_place(request, account)
    if words is None:
        messages.error(request, no_place(account))
        return redirect(back)
    programme = account.programme
    first, last = fiscal_year(programme.fiscal_year_start, programme.today())
    title = _("Plan %(year)s") % {"year": first.year}
    values = {"title": title, "starts_on": first, "ends_on": last, "rationale": words}

    def write() -> None:
        services.create_plan(actor=user, account=account, values=values)

    done = _("Plan for %(name)s started from the map.") % {"name": account}
    return act(request, write, done, reverse("plans:of_account", args=[account.pk]))
