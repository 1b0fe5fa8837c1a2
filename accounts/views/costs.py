"""What candidates would cost as key accounts, on one grid: a run weighs nobody without (3.5)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Exists, F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.generic import ListView

from accounts import exports
from accounts.choices import Horizon
from accounts.forms.costs import CostForm, FillForm
from accounts.models import Account, Position
from accounts.selection.gathering import CONSIDERED
from accounts.services.costing import plan_costs
from accounts.views.programme import ProgrammePageMixin
from kam.changes.errors import VersionConflict
from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin
from kam.web.views.forms import UNPROCESSABLE
from kam.web.views.tables import CappedPaginator, ExportMixin

PAGE = 50


class CostsView(ProgrammePageMixin, ExportMixin, ScopedViewMixin, ListView):
    """Candidates, groomed and key accounts, those that are worth most first, with fields for cost
    and effort."""

    model = Account
    paginate_by = PAGE
    paginator_class = CappedPaginator
    template_name = "accounts/costs.html"
    export_layout = exports.PLANNED_COSTS

    def seen(self) -> Any:
        """Accounts of the programme that a run weighs, with where they stand and what the reader
        may do; those that are scored first."""
        rows = super().get_queryset().filter(programme=self.programme).active()
        places = Position.objects.in_force().filter(account=OuterRef("pk"), horizon=Horizon.TODAY)
        names = ("attractiveness", "strength")
        worth = {name: Subquery(places.order_by().values(name)[:1]) for name in names}
        enough = Exists(Position.objects.weighable().filter(account=OuterRef("pk")))
        rows = rows.of_status(*CONSIDERED).with_rights_of(self.request.user)
        rows = rows.annotate(**worth, is_scored=enough)
        return rows.order_by("-is_scored", F("attractiveness").desc(nulls_last=True), "name", "pk")

    def get_queryset(self) -> QuerySet[Account]:
        rows = self.seen()
        if text := self.request.GET.get("search", "").strip():
            rows = rows.found_by(text)
        if self.request.GET.get("missing"):
            rows = rows.filter(planned_cost=None, is_scored=True)
        return rows

    def get_context_data(
        self, *, sent: list[CostForm] | None = None, fill: FillForm | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        shown = sent or [CostForm(None, account=row) for row in context["page_obj"].object_list]
        return context | {
            "forms": shown,
            "fill": fill or FillForm(),
            "may_save": any(form.account.may_edit for form in shown),  # type: ignore[attr-defined]
            "errors": sum(len(form.errors) for form in sent or () if form.is_bound),
            "currency": self.programme.currency,
            "searched": self.request.GET.get("search", ""),
            "missing": self.request.GET.get("missing", ""),
        }

    def post(self, request: HttpRequest) -> HttpResponse:
        """Store what was changed, and with an amount to fill in all that has none; all or none."""
        keys = [name.removesuffix("-version") for name in request.POST if name.endswith("-version")]
        pks = [pk for pk in map(key_in, keys) if pk is not None][: 2 * PAGE]
        sent = [
            CostForm(request.POST if row.may_edit else None, account=row)
            for row in self.seen().filter(pk__in=pks)
        ]
        fill = FillForm(request.POST)
        open_ones = [form for form in sent if form.is_bound]
        valid = [form.is_valid() for form in (*open_ones, fill)]  # each, so that all errors show
        if all(valid):
            amount = fill.cleaned_data["fill"] if "take" in request.POST else None
            plans = [plan for form in open_ones if (plan := form.planned(amount)) is not None]
            try:
                plan_costs(actor=request.user, plans=plans)
            except VersionConflict as conflict:
                words = _("Somebody else changed %(name)s in the meantime: nothing is saved.")
                messages.error(request, words % {"name": conflict.current})
            else:
                done = ngettext("%(count)d account saved.", "%(count)d accounts saved.", len(plans))
                said = done % {"count": len(plans)} if plans else _("Nothing was changed.")
                messages.success(request, said)
                return HttpResponseRedirect(request.get_full_path())
        self.object_list = self.get_queryset()
        context = self.get_context_data(sent=sent, fill=fill)
        return self.render_to_response(context, status=UNPROCESSABLE)
