"""The trade-channel map: who buys how much of a category, and what to do about it (3.4)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST
from django.views.generic import TemplateView

from accounts import exports
from accounts.choices import PurchaseConfidence, Status
from accounts.figures import ratio
from accounts.forms.market_map import MapForm
from accounts.market.actions import RowAction, row_actions
from accounts.market.mapping import market_map
from accounts.market.ranking import MarketMap, Place
from accounts.market.sentences import place_words
from accounts.models import Account
from accounts.services.status import make_candidates, set_status
from accounts.views.parts import Figure
from kam.access.dates import business_today
from kam.documents.tables import Table
from kam.web.formatting import number, percent, thousands
from kam.web.views.tables import ExportMixin
from teams.models import User
from teams.views.common import act, reach

PAGE = 50
DRAWN = 40
"""Customers in the curve: more names than that nobody can read."""
SHOWN_GROUPS = 20
CONSIDERED = (Status.CANDIDATE, Status.GROOMED, Status.KEY)
"""Who is weighed already (K048)."""

LEFT_OUT = {
    "unmeasured": gettext_lazy("figures without this measure are left out."),
    "unrated": gettext_lazy("figures in a currency without a rate are left out."),
    "other_unit": gettext_lazy("figures in another unit are left out."),
}
"""Why figures are not in the map."""


class Row(NamedTuple):
    """A place as the page shows it."""

    place: Place
    account: Account
    confidence: str
    may_propose: bool
    actions: Sequence[RowAction]


class MarketMapView(LoginRequiredMixin, ExportMixin, TemplateView):
    """The ranked customers of a category, the curve, and what is left to gain."""

    template_name = "accounts/market_map.html"

    @cached_property
    def form(self) -> MapForm:
        """What is asked for."""
        return MapForm(self.request.GET, reader=self.request.user)  # type: ignore[arg-type]

    @cached_property
    def map(self) -> MarketMap | None:
        """The map; None without figures, or where the address cannot be understood."""
        asked = self.form.asked if self.form.is_valid() else None
        return None if asked is None else market_map(self.request.user, asked)  # type: ignore[arg-type]

    @classmethod
    def is_handed_out(cls) -> bool:
        return True

    def get_table(self) -> Table | None:
        """All places with the names of their accounts."""
        found = self.map
        return None if found is None else exports.MAP.of(map_rows(self.request.user, found))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = self.map
        if found is None:
            return super().get_context_data(form=self.form, map=None, **kwargs)
        page = Paginator(found.places, PAGE).get_page(self.request.GET.get("page"))
        groups = found.groups[:SHOWN_GROUPS]
        drawn = found.places[:DRAWN]
        shown = {row.account for row in (*page.object_list, *drawn, *found.candidates)}
        accounts = _accounts(self.request.user, {*shown, *(row.account for row in groups)})
        return super().get_context_data(
            form=self.form,
            map=found,
            page_obj=page,
            rows=[_row(place, accounts) for place in page.object_list if place.account in accounts],
            unweighed=sum(
                may_propose(accounts[row.account])
                for row in found.candidates
                if row.account in accounts
            ),
            is_last_page=not page.has_next(),
            groups=[(row, accounts[row.account]) for row in groups if row.account in accounts],
            left_out=[(LEFT_OUT[reason], count) for reason, count in found.left_out.items()],
            more_groups=len(found.groups) - len(groups),
            figures=figures_of(found),
            finding=finding_of(found),
            curve=curve_of(found, drawn, accounts),
            drawn=[(row, accounts[row.account]) for row in drawn if row.account in accounts],
            drawn_part=_("the %(count)s largest") % {"count": number(len(drawn))}
            if len(drawn) < len(found.places)
            else "",
            over=_("over %(share)s") % {"share": percent(found.threshold, 2)},
            asked_query=self.request.GET.urlencode(),
            **kwargs,
        )


def _accounts(reader: Any, pks: set[int]) -> dict[int, Account]:
    rows = Account.objects.visible_to(reader).with_rights_of(reader)
    return rows.select_related("programme").in_bulk(pks)


def _row(place: Place, accounts: dict[int, Account]) -> Row:
    account: Any = accounts[place.account]
    return Row(
        place=place,
        account=account,
        confidence=str(PurchaseConfidence(place.confidence).label),
        may_propose=may_propose(account),
        actions=list(row_actions(account.status)) if account.may_edit else [],
    )


class Handed(NamedTuple):
    """A place as a file shows it."""

    place: Place
    account: Account
    unit: str


def map_rows(reader: Any, found: MarketMap) -> list[Handed]:
    """All places with their accounts' names and numbers."""
    rows = Account.objects.visible_to(reader).only("pk", "name", "status")
    accounts = rows.filter(programme=found.asked.programme).in_bulk()
    return [
        Handed(place, accounts[place.account], found.unit)
        for place in found.places
        if place.account in accounts
    ]


def amount_words(found: MarketMap, amount: Any) -> str:
    """A figure of the map with its unit."""
    if found.in_money:
        return thousands(amount, found.unit)
    return f"{number(amount, 0)} {found.unit}".strip()


def figures_of(found: MarketMap) -> list[Figure]:
    """What the map comes to, in six figures; of our sales alone in four."""
    return _figures_of_sales(found) if found.of_sales else _figures_of_market(found)


def _figures_of_sales(found: MarketMap) -> list[Figure]:
    largest = found.places[0] if found.places else None
    reach = found.pareto
    return [
        Figure(_("Our sales"), amount_words(found, found.total), detail=_("returns taken off")),
        _candidates_figure(found),
        Figure(
            _("80 % of our sales"),
            number(reach),
            detail=_("of %(all)s customers, %(part)s")
            % {
                "all": number(len(found.places)),
                "part": percent(ratio(reach, len(found.places)), 2),
            },
        ),
        Figure(_("Largest customer"), percent(largest.share if largest else None, 2)),
    ]


def _candidates_figure(found: MarketMap) -> Figure:
    return Figure(
        _("Candidates"),
        number(len(found.candidates)),
        detail=_("over %(share)s each: %(sum)s, %(part)s")
        % {
            "share": percent(found.threshold, 2),
            "sum": amount_words(found, found.candidate_purchases),
            "part": percent(found.share_of(found.candidate_purchases)),
        },
    )


def _figures_of_market(found: MarketMap) -> list[Figure]:
    strangers = found.non_customers
    return [
        Figure(
            _("Category"),
            amount_words(found, found.total),
            detail=_("whole channels") if found.is_measured else _("sum of what is known"),
        ),
        _candidates_figure(found),
        Figure(_("Our sales there"), thousands(found.candidate_sales, found.sales_currency)),
        Figure(_("Gap"), amount_words(found, found.candidate_gap), detail=_("bought elsewhere")),
        Figure(
            _("Not yet customers"),
            number(len(strangers)) if found.sales is not None else number(None),
            detail=amount_words(found, found.purchases_of(strangers)),
        ),
        Figure(
            _("Our market share"),
            percent(found.market_share),
            detail=thousands(found.sales, found.sales_currency),
        ),
    ]


def finding_of(found: MarketMap) -> str:
    """Where 80 % of the category is reached (K055)."""
    if found.pareto is None:
        if found.of_sales:
            return _("No number of customers makes 80 % of our sales.")
        return _("The customers known do not reach 80 % of the category: it lies in the tail.")
    words = _("%(count)s of %(all)s customers make 80 %% of the category.")
    if found.of_sales:
        words = _("%(count)s of %(all)s customers make 80 %% of our sales.")
    return words % {
        "count": number(found.pareto),
        "all": number(len(found.places)),
    }


def curve_of(
    found: MarketMap, drawn: Sequence[Place], accounts: dict[int, Account]
) -> dict[str, Any]:
    """Shares and their running sum in percent, as the chart takes them."""
    rows = [row for row in drawn if row.account in accounts]
    return {
        "labels": [accounts[row.account].name for row in rows],
        "bars": {"name": _("Share"), "values": [_percent(row.share) for row in rows]},
        "line": {"name": _("Cumulative"), "values": [_percent(row.cumulative) for row in rows]},
        "urls": [reverse("accounts:wallet", args=[row.account]) for row in rows],
        "mark": 80,
        "unit": "%",
    }


def _percent(share: Any) -> float | None:
    return None if share is None else round(float(share) * 100, 4)


def may_propose(account: Any) -> bool:
    """Whether the reader may make an account, with their rights to it, a candidate."""
    return account.may_manage and account.status not in CONSIDERED


@require_POST
def propose_all(request: HttpRequest) -> HttpResponse:
    """Make all who are over the threshold candidates, or none; the map's figures are the reasons
    (K089, K090)."""
    user: User = request.user  # type: ignore[assignment]
    back = f"{reverse('accounts:market_map')}?{request.GET.urlencode()}"
    found = map_asked(request)
    places = {place.account: place for place in found.candidates} if found else {}
    rows = [row for row in _accounts(user, set(places)).values() if may_propose(row)]
    if found is None or not rows:
        messages.error(request, _("Nobody in this map is still to become a candidate."))
        return redirect(back)
    reasons = {account: place_words(found, places[account.pk]) for account in rows}

    def write() -> None:
        make_candidates(actor=user, reasons=reasons, decided_on=business_today())

    done = ngettext("%(count)d candidate more.", "%(count)d candidates more.", len(rows))
    return act(request, write, done % {"count": len(rows)}, back)


@require_POST
def propose(request: HttpRequest, pk: int) -> HttpResponse:
    """Make the customer of a row a candidate; the map's figures are the reason (K089, K090)."""
    user: User = request.user  # type: ignore[assignment]
    account = reach(Account.objects.select_related("programme"), user, needs="managed_by", pk=pk)
    words = words_of_place(request, account)
    back = f"{reverse('accounts:market_map')}?{request.GET.urlencode()}"
    if words is None:
        messages.error(request, no_place(account))
        return redirect(back)

    def write() -> None:
        today = business_today()
        set_status(
            actor=user, account=account, status=Status.CANDIDATE, decided_on=today, reason=words
        )

    return act(request, write, _("%(name)s is a candidate.") % {"name": account}, back)


def no_place(account: Account) -> str:
    """Why nothing can start from the row of an account."""
    return _("%(name)s has no place in this map.") % {"name": account}


def map_asked(request: HttpRequest) -> MarketMap | None:
    """The map of the parameters in the address; None where they say nothing."""
    form = MapForm(request.GET, reader=request.user)  # type: ignore[arg-type]
    asked = form.asked if form.is_valid() else None
    return None if asked is None else market_map(request.user, asked)  # type: ignore[arg-type]


def words_of_place(request: HttpRequest, account: Account) -> str | None:
    """What the map in the address says of the account; None where it has no place in it."""
    found = map_asked(request)
    place = None if found is None else found.place_of(account.pk)
    return None if found is None or place is None else place_words(found, place)
