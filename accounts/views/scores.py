"""Scores of all candidates on one grid, saved together (K062; handbook 3.1, 3.2)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView

from accounts import exports, figures
from accounts.choices import Horizon, Status
from accounts.market.potential import with_own_sales, with_spend
from accounts.models import Account
from accounts.scoring import grid
from accounts.scoring.criteria import Kind
from accounts.scoring.evidence import with_span
from accounts.selection.gathering import CONSIDERED
from accounts.services.refusals import RefusalsError
from accounts.services.scoring import give_scores
from accounts.views.programme import ProgrammePageMixin
from kam.access.dates import business_today
from kam.documents import tables as files
from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin

PAGE = 50
AGREED, MINE = "agreed", "mine"
BY_NAME, BY_PURCHASES, BY_SALES = "name", "purchases", "sales"
ORDERS = [
    (BY_NAME, gettext_lazy("by name")),
    (BY_PURCHASES, gettext_lazy("largest purchases first")),
    (BY_SALES, gettext_lazy("largest sales first")),
]


class ScoresView(ProgrammePageMixin, ExportMixin, ScopedViewMixin, ListView):
    """Candidates, groomed and key accounts with a field for each score."""

    model = Account
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/scores.html"
    export_layout = exports.SCORES

    @cached_property
    def wanted(self) -> grid.Wanted:
        """What the address asks for; what it does not know is the usual."""
        kind = self.request.GET.get("kind", "")
        horizon = self.request.GET.get("horizon", "")
        return grid.Wanted(
            kind if kind in Kind.values else Kind.ATTRACTIVENESS.value,
            horizon if horizon in Horizon.values else Horizon.TODAY.value,
            self.request.GET.get("whose") != MINE,
        )

    def seen(self) -> Any:
        """All accounts of the programme that the reader may see, with what they may do."""
        seen = super().get_queryset().filter(programme=self.programme)
        rows = with_span(seen.with_rights_of(self.request.user), among=seen)
        return rows.order_by("name", "pk")

    def get_queryset(self) -> QuerySet[Account]:
        rows = self.seen().active()
        status = self.request.GET.get("status", "")
        rows = rows.of_status(*((status,) if status in CONSIDERED else CONSIDERED))
        if text := self.request.GET.get("search", "").strip():
            rows = rows.found_by(text)
        return self.arranged(rows)

    @property
    def arrangement(self) -> str:
        """The order that the address asks for; by name unless it names another."""
        asked = self.request.GET.get("order", "")
        return asked if asked in dict(ORDERS) else BY_NAME

    def arranged(self, rows: Any) -> QuerySet[Account]:
        """`rows` in the order that is asked for; what is not known comes last."""
        if self.arrangement == BY_NAME:
            return rows
        today = business_today()
        rates = figures.rates_on(self.programme, today)
        if self.arrangement == BY_PURCHASES:
            sized, by = with_spend(rows, rates, today), "spend"
        else:
            seen = Account.objects.visible_to(self.request.user).filter(programme=self.programme)
            year = figures.year_of_sales(seen, today)
            sized, by = with_own_sales(rows, rates, year), "own_sales"
        return sized.order_by(F(by).desc(nulls_last=True), "name", "pk")

    def get_export_rows(self, layout: files.Layout) -> Any:
        return exports.ScoreSheet(
            self.get_queryset(), self.request.user, self.programme, business_today()
        )

    def get_context_data(
        self,
        *,
        refused: grid.Refused | None = None,
        accounts: list[Account] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        shown = list(context["page_obj"].object_list) if accounts is None else accounts
        found = grid.grid_of(
            shown,
            programme=self.programme,
            reader=self.request.user,
            wanted=self.wanted,
            on=business_today(),
            refused=refused,
        )
        whose = AGREED if self.wanted.is_agreed else MINE
        return context | {
            "grid": found,
            "wanted": self.wanted,
            "whose": whose,
            "form_id": f"scores-{self.wanted.kind}-{self.wanted.horizon}-{whose}",
            "errors": sum(map(len, refused.errors.values())) if refused else 0,
            "may_save": any(row.may_write for row in found.rows),
            "kinds": Kind.choices,
            "horizons": Horizon.choices,
            "whoses": [(AGREED, _("agreed")), (MINE, _("mine"))],
            "statuses": [(value, Status(value).label) for value in CONSIDERED],
            "searched": self.request.GET.get("search", ""),
            "status": self.request.GET.get("status", ""),
            "orders": ORDERS,
            "order": self.arrangement,
            "may_take": any(
                cell.suggestion and cell.is_open and not cell.was
                for row in found.rows
                if row.may_write
                for cell in row.cells
            ),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store what was changed, with `take` also what the data suggest for empty cells, all or
        none; what is refused stands beside its field."""
        keys = (key_in(name[4:]) for name in request.POST if name.startswith("was-"))
        pks = [pk for pk in keys if pk is not None][: 2 * PAGE]
        accounts = list(self.seen().filter(pk__in=pks))
        sent = grid.read(accounts, request.POST, self.wanted)
        if "take" in request.POST and not sent.errors:
            sent = grid.suggested(
                accounts,
                sent,
                programme=self.programme,
                reader=request.user,
                wanted=self.wanted,
                on=business_today(),
            )
        errors = sent.errors
        if not errors:
            try:
                made = give_scores(actor=request.user, scores=sent.given)
            except RefusalsError as refused:
                errors = grid.errors_of(sent, refused.refusals)
            else:
                words = ngettext("%(count)d score saved.", "%(count)d scores saved.", len(made))
                said = words % {"count": len(made)} if made else _("Nothing was changed.")
                messages.success(request, said)
                return HttpResponseRedirect(request.get_full_path())
        self.object_list = self.get_queryset()
        typed = {name: str(text) for name, text in request.POST.items() if name.startswith("s-")}
        context = self.get_context_data(refused=grid.Refused(typed, errors), accounts=accounts)
        return self.render_to_response(context, status=UNPROCESSABLE)
