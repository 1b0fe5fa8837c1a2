"""The account's money: statement, months, sales lines and costs behind every figure."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, NamedTuple

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView

from accounts import exports, figures
from accounts.figures.basis import DAY_LIMITS
from accounts.figures.ranking import months_of
from accounts.models import Account, ActivityCost, LedgerEntry
from accounts.views.parts import AccountPartView
from kam.access.dates import business_today
from kam.access.querysets import sight_of
from kam.web.views import PartialMixin, ScopedViewMixin, TableMixin
from kam.web.views.tables import Column


class PeriodForm(forms.Form):
    """The days that figures cover; both ends may stay open."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, label in (("from", _("From")), ("to", _("To"))):  # "from" is no Python name
            look = {"type": "date", "class": "form-control"}
            widget = forms.DateInput(attrs=look, format="%Y-%m-%d")
            self.fields[name] = forms.DateField(
                label=label, required=False, widget=widget, validators=DAY_LIMITS
            )

    def clean(self) -> dict[str, Any]:
        """The period runs forward."""
        data = super().clean() or {}
        first, last = data.get("from"), data.get("to")
        if first and last and last < first:
            self.add_error("to", ValidationError(_("The end is before the beginning."), "order"))
        return data

    def period(self) -> figures.Period:
        """What was asked for; open where nothing was."""
        return figures.Period(self.cleaned_data["from"], self.cleaned_data["to"])


class Line(NamedTuple):
    """A line of the statement; `ratio` is its share of net revenue (0..1)."""

    label: str
    amount: Decimal | None
    ratio: Decimal | None
    strong: bool = False
    url: str = ""


class FiguresView(AccountPartView):
    """Contribution statement from net revenue down, month by month, with what is missing (4.6),
    and what the customer could contribute beside it (K025)."""

    part = "figures"
    part_template_name = "accounts/_figures.html"

    def get_queryset(self) -> QuerySet[Account]:
        """With the first month in which the reader sees sales in the account's programme."""
        known = Account.objects.visible_to(self.request.user)
        known = known.filter(programme=OuterRef(OuterRef("programme")))
        months = months_of(known).values("month")[:1]
        return super().get_queryset().annotate(first_month=Subquery(months))

    @cached_property
    def form(self) -> PeriodForm:
        usual = figures.trailing_year(business_today())
        initial = {"from": usual.first, "to": usual.last}
        form = PeriodForm(self.request.GET or None, initial=initial)
        form.is_valid()
        return form

    @cached_property
    def period(self) -> figures.Period:
        """The days asked for, else the last twelve whole months."""
        usual = figures.trailing_year(business_today())
        if not self.form.is_valid():
            return usual
        asked = self.form.period()
        return usual if asked == (None, None) else asked

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        account = self.object
        rates = figures.rates_on(account.programme, self.period.last or business_today())
        periods = (self.period, self.period.year_before())
        months = figures.Months(self._whole(), periods, rates, own=account.pk)
        now, before = (months.total(period, own=True) for period in periods)
        covered = periods[1].is_covered_from(account.first_month)
        parts = figures.by_activity(account, self.period, rates)
        lines_url = f"{reverse('accounts:lines', args=[account.pk])}?{self._query()}"
        could = account.potential_contribution
        is_year = self.period == figures.trailing_year(business_today())
        known = is_year and could is not None and now.contribution is not None
        return super().get_context_data(
            room=could - now.contribution if known else None,
            is_year=is_year,
            edit_url=reverse("accounts:edit", args=[account.pk]) if account.may_edit else "",
            edit_label=_("Edit"),
            unknown=_("unknown"),
            form=self.form,
            period=self.period,
            rates=rates,
            now=now,
            before=before if covered else None,
            revenue_change=figures.change_ratio(now.revenue, before.revenue) if covered else None,
            statement=list(self.statement(now, parts, lines_url)),
            months=months.by_month(self.period, own=True)[-24:],
            below=months.total(self.period) if self.has_children else None,
            lines_url=lines_url,
            **kwargs,
        )

    def statement(
        self, now: figures.Figures, parts: list[figures.ActivityTotal], lines_url: str
    ) -> Any:
        """The lines of handbook 4.6, the programme's own cost apart."""

        def line(label: Any, amount: Decimal | None, **more: Any) -> Line:
            return Line(str(label), amount, figures.ratio(amount, now.revenue), **more)

        yield line(_("Net revenue"), now.revenue, strong=True, url=lines_url)
        yield line(_("Cost of goods"), None if now.cost is None else -now.cost)
        yield line(_("Gross margin"), now.gross_margin, strong=True)
        ordinary = [part for part in parts if not part.programme_cost]
        programme = [part for part in parts if part.programme_cost]
        for part in ordinary:
            yield line(part.name, -part.amount)
        if programme:
            so_far = now.gross_margin
            spent = sum((part.amount for part in ordinary), Decimal(0))
            yield line(
                _("Contribution before programme"),
                None if so_far is None else so_far - spent,
                strong=True,
            )
        for part in programme:
            yield line(part.name, -part.amount)
        yield line(_("Customer contribution"), now.contribution, strong=True)

    def _whole(self) -> figures.Chosen:
        """The account with all below it that the reader sees."""
        account, user = self.object, self.request.user
        if not self.has_children:
            return figures.just(account)

        def group(account: int, path: str) -> QuerySet[Account]:
            rows = Account.objects.in_group_of(Account(path=path), user)
            return rows.filter(Q(pk=account) | Q(archived_at=None))

        given = {"account": account.pk, "path": account.path}
        return figures.Chosen(group, ("group", sight_of(user)), given)

    def _query(self) -> str:
        days = (("from", self.period.first), ("to", self.period.last))
        return "&".join(f"{name}={day:%Y-%m-%d}" for name, day in days if day)


class HangingRows(TableMixin, PartialMixin, ScopedViewMixin, ListView):
    """Rows of one account that the reader sees, over the days in the address."""

    day_field = ""
    reading = "for_list"

    @cached_property
    def account(self) -> Account:
        """The account in the address; 404 unless visible."""
        visible = Account.objects.visible_to(self.request.user).select_related("programme")
        return get_object_or_404(visible, pk=self.kwargs["pk"])

    @cached_property
    def period(self) -> figures.Period:
        form = PeriodForm(self.request.GET)
        if not form.is_valid():
            raise Http404
        return form.period()

    def get_queryset(self) -> QuerySet:
        self.queryset = self.model.objects.filter(account=self.account).filter(
            figures.between(self.day_field, self.period)
        )
        return super().get_queryset()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            account=self.account,
            period=self.period,
            crumbs=[
                (_("Accounts"), reverse("accounts:list")),
                (self.account.name, self.account.get_absolute_url()),
                (_("Figures"), reverse("accounts:figures", args=[self.account.pk])),
                (self.title, ""),
            ],
            title=self.title,
            **kwargs,
        )


class LinesView(HangingRows):
    """Sales lines behind a figure."""

    model = LedgerEntry
    template_name = "accounts/ledger_lines.html"
    partial_template_name = "accounts/_ledger_lines.html"
    page_name = "ledger"
    default_sort = "-day"
    day_field = "booked_on"
    title = gettext_lazy("Sales lines")
    columns = (
        Column("day", gettext_lazy("Booked on"), sort="booked_on", optional=False),
        Column("product", gettext_lazy("Product"), sort="product__code"),
        Column("quantity", gettext_lazy("Quantity"), sort="quantity", numeric=True),
        Column("amount", gettext_lazy("Net amount"), sort="amount", numeric=True),
        Column("cost", gettext_lazy("Cost of goods"), sort="cost", numeric=True),
        Column("document", gettext_lazy("Document"), sort="document"),
        Column("source", gettext_lazy("Source"), default=False),
    )
    export_layout = exports.LEDGER

    def get_queryset(self) -> QuerySet[LedgerEntry]:
        return super().get_queryset().live()


class CostsView(HangingRows):
    """Costs to serve behind a figure."""

    model = ActivityCost
    template_name = "accounts/activity_costs.html"
    partial_template_name = "accounts/_activity_costs.html"
    page_name = "costs"
    default_sort = "-month"
    day_field = "month"
    title = gettext_lazy("Cost to serve")
    columns = (
        Column("month", gettext_lazy("Month"), sort="month", optional=False),
        Column("activity", gettext_lazy("Activity"), sort="activity__name"),
        Column("quantity", gettext_lazy("Quantity"), sort="quantity", numeric=True),
        Column("rate", gettext_lazy("Rate"), sort="rate", numeric=True),
        Column("amount", gettext_lazy("Amount"), sort="amount", numeric=True),
        Column("source", gettext_lazy("Source")),
    )
    export_layout = exports.COSTS

    def get_queryset(self) -> QuerySet[ActivityCost]:
        return super().get_queryset().active()
