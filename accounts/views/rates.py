"""Exchange rates, under settings: what foreign amounts are worth in a programme's currency."""

from __future__ import annotations

from typing import Any

import django_filters
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView

from accounts import exports
from accounts.forms import ExchangeRateForm
from accounts.models import ExchangeRate
from accounts.services import ledger
from kam.changes.models import Change
from kam.web.fields import OpenSelect
from kam.web.views import ScopedViewMixin, TableMixin
from kam.web.views.tables import Column
from teams.models import Programme
from teams.views.common import (
    Crumbs,
    RowFormMixin,
    history,
    press,
    settings_crumbs,
)


def _programmes(request: HttpRequest | None) -> QuerySet[Programme]:
    rows = Programme.objects.all()
    return rows.none() if request is None else rows.visible_to(request.user)


class RateFilter(django_filters.FilterSet):
    """Of which programme, which currency, and whether those out of use are meant."""

    programme = django_filters.ModelChoiceFilter(
        queryset=_programmes, label=gettext_lazy("Programme")
    )
    currency = django_filters.CharFilter(lookup_expr="iexact", label=gettext_lazy("Currency"))
    archived = django_filters.BooleanFilter(
        field_name="archived_at",
        lookup_expr="isnull",
        exclude=True,
        label=gettext_lazy("Out of use"),
        widget=OpenSelect,
    )

    class Meta:
        model = ExchangeRate
        fields = ()


class RateListView(TableMixin, ScopedViewMixin, ListView):
    """Rates by currency, the latest first, with what was changed about them."""

    model = ExchangeRate
    template_name = "accounts/rate_list.html"
    filterset_class = RateFilter
    export_layout = exports.RATES
    page_name = "exchange-rates"
    columns = (
        Column("currency", gettext_lazy("Currency"), sort="currency", optional=False),
        Column("from", gettext_lazy("From"), sort="valid_from", optional=False),
        Column("rate", gettext_lazy("One is worth"), numeric=True, optional=False),
        Column("source", gettext_lazy("Source"), sort="source", phone=False),
        Column("act", gettext_lazy("Action"), optional=False, numeric=True),
    )

    def get_queryset(self) -> Any:
        rows = super().get_queryset().select_related("programme")
        return rows if self.request.GET.get("archived") else rows.active()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        reader = self.request.user
        own = Change.objects.visible_to(reader).filter(object_type=ExchangeRate._meta.label_lower)
        run_here = list(Programme.objects.editable_by(reader).active().order_by("name", "pk"))
        if not run_here and not self.request.GET.get("archived"):
            self.columns = [column for column in self.columns if column.name != "act"]
        return super().get_context_data(
            crumbs=settings_crumbs((_("Exchange rates"), "")),
            programmes=run_here,
            lines=history(own, reader),
            **kwargs,
        )


class RateCreateView(RowFormMixin, CreateView):
    """Enter a rate of a programme."""

    rows = Programme.objects
    model = ExchangeRate
    form_class = ExchangeRateForm
    form_title = gettext_lazy("New exchange rate")
    submit_label = gettext_lazy("Add rate")
    success_message = gettext_lazy("Rate added.")

    def get_crumbs(self) -> Crumbs:
        return settings_crumbs((_("Exchange rates"), reverse("accounts:rates")))

    def get_form(self, form_class: Any = None) -> Any:
        """The field of the rate says in which currency it counts."""
        form = super().get_form(form_class)
        form.fields["rate"].label = _("One unit in %(currency)s") % {"currency": self.row.currency}
        return form

    def perform(self, form: ExchangeRateForm) -> ExchangeRate:
        return ledger.enter_exchange_rate(
            actor=self.request.user, programme=self.row, changes=form.values
        )


@require_POST
@login_required
def archive(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a rate out of use."""
    return press(
        request,
        ExchangeRate.objects,
        pk,
        write=ledger.archive_exchange_rate,
        kind="rate",
        done=_("%(name)s is out of use."),
        back=lambda _rate: reverse("accounts:rates"),
    )


@require_POST
@login_required
def restore(request: HttpRequest, pk: int) -> HttpResponse:
    """Bring a rate back."""
    return press(
        request,
        ExchangeRate.objects,
        pk,
        write=ledger.restore_exchange_rate,
        kind="rate",
        done=_("%(name)s is in use again."),
        back=lambda _rate: reverse("accounts:rates"),
    )
