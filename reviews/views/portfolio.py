"""The portfolio page: what all accounts together are worth, and where they stand."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView, TemplateView

from accounts import figures
from accounts.choices import LADDER, Stage, Status
from accounts.models import Account
from accounts.views.listing import RankedMixin
from kam.access.dates import business_today
from kam.access.querysets import sight_of
from kam.documents import tables as files
from kam.web import formatting
from kam.web.views import PartialMixin, ScopedViewMixin
from kam.web.views.tables import Column
from reviews import alerts, portfolio
from reviews.forms.portfolio import ScopeForm
from teams.models import Programme

UNASSESSED = "none"
"""How the list of accounts is asked for those without a stage."""


MONEY = ("stage", "manager", "revenue", "margin", "cost", "contribution")
"""Columns of the list behind margin and cost to serve."""

RATIO_PLACES = 6
"""Places of a ratio in a file."""
SHOWN_ALERTS = 6
"""Matters that a panel shows."""


class StageRow(NamedTuple):
    """One line of the stage table; `url` opens the accounts behind the count."""

    stage: str | None
    now: int
    year_ago: int
    target: int
    url: str


def _change(row: Any) -> Decimal | None:
    return _rounded(figures.change_ratio(row.revenue, row.revenue_before))


def _share(row: Any) -> Decimal | None:
    return _rounded(figures.ratio(row.contribution, row.revenue))


def _rounded(ratio: Decimal | None) -> Decimal | None:
    """To what a spreadsheet still takes as a number."""
    return None if ratio is None else round(ratio, RATIO_PLACES)


EXPORTED = (
    files.Column("Account id", "pk", 10),
    files.Column("Account", "name", 30),
    files.Column("Status", lambda row: row.get_status_display()),
    files.Column("Stage", lambda row: row.get_stage_display() or ""),
    files.Column("Target stage", lambda row: row.get_target_stage_display() or ""),
    files.Column("Manager", "manager_name", 24),
    files.Column("Revenue", "revenue"),
    files.Column("Revenue a year ago", "revenue_before"),
    files.Column("On a year ago (ratio)", _change),
    files.Column("Contribution", "contribution"),
    files.Column("Contribution (ratio)", _share),
    files.Column("Index", "relationship_index"),
    files.Column("Next review", "review_due_on"),
)


class ScopeMixin:
    """A page about what `ScopeForm` asks for."""

    request: HttpRequest

    @cached_property
    def form(self) -> ScopeForm:
        """What is asked for, as typed."""
        form = ScopeForm(self.request.GET or None, user=self.request.user, today=business_today())
        form.is_valid()
        return form

    @cached_property
    def programme(self) -> Programme:
        """The programme asked for, else the reader's first."""
        asked = self.form.cleaned_data.get("programme") if self.form.is_valid() else None
        programme = asked or Programme.objects.first_for(self.request.user)
        if programme is None:
            raise Http404
        return programme

    @cached_property
    def scope(self) -> portfolio.Scope:
        """Key accounts over the last twelve whole months unless asked otherwise."""
        if self.form.is_valid():
            scope = self.form.scope(self.programme)
        else:
            scope = portfolio.Scope(
                self.programme, figures.Period(None, None), self.programme.today()
            )
        if "status" not in self.request.GET:
            scope = scope._replace(statuses=(Status.KEY,))
        if not scope.period.first and not scope.period.last:
            year = figures.trailing_year(scope.as_of)
            scope = scope._replace(period=year._replace(known_on=scope.period.known_on))
        return scope


class PortfolioView(ScopeMixin, PartialMixin, ScopedViewMixin, RankedMixin, ListView):
    """Six figures, value by account, stages, months and the list behind them (design.md 7)."""

    model = Account
    template_name = "reviews/portfolio.html"
    partial_template_name = "reviews/_portfolio_table.html"
    page_name = "portfolio"
    export_title = gettext_lazy("Portfolio")
    default_sort = "-revenue"
    columns = (
        Column("name", gettext_lazy("Account"), sort="name", optional=False),
        Column("stage", gettext_lazy("Stage"), sort="stage"),
        Column("manager", gettext_lazy("Manager"), sort="manager_name", phone=False),
        Column("revenue", gettext_lazy("Revenue"), sort="revenue", numeric=True),
        Column("change", gettext_lazy("On a year ago"), numeric=True, phone=False),
        Column(
            "contribution",
            gettext_lazy("Contribution"),
            sort="contribution",
            numeric=True,
            phone=False,
        ),
        Column("share", gettext_lazy("%"), numeric=True, phone=False),
        Column(
            "index", gettext_lazy("Index"), sort="relationship_index", numeric=True, phone=False
        ),
        Column("review", gettext_lazy("Next review"), sort="review_due_on", phone=False),
    )

    @property
    def export_columns(self) -> Sequence[files.Column]:  # type: ignore[override]
        """The columns of the table with the numbers behind them, and the currency."""
        currency = self.programme.currency
        return (*EXPORTED, files.Column("Currency", lambda _row: currency, 10))

    @property
    def export_notes(self) -> Sequence[str]:  # type: ignore[override]
        """What the amounts cover."""
        first, last = self.scope.period.first, self.scope.period.last
        return (
            _("Period: %(first)s – %(last)s")
            % {"first": formatting.short_day(first), "last": formatting.short_day(last)},
            _("Rates of %(day)s") % {"day": formatting.short_day(self.rates.on)},
            _("Totals cover the accounts you may see."),
        )

    @cached_property
    def rates(self) -> figures.Rates:
        return portfolio.rates_for(self.scope)

    def kept_under(self) -> Hashable | None:
        scope = self.scope
        if scope.as_of < self.programme.today():  # then it asks what had been recorded by then
            return None
        unit = scope.unit.path if scope.unit is not None else None
        asked = (self.programme.pk, scope.period, scope.as_of, scope.statuses, unit)
        return sight_of(self.request.user), asked, self.rates.key, self.compares

    @cached_property
    def begins(self) -> datetime.date | None:
        """The month in which the ledger begins."""
        return portfolio.begins(self.request.user, self.scope)

    @cached_property
    def compares(self) -> bool:
        """Whether the ledger holds all of the year before."""
        return self.scope.period.year_before().is_covered_from(self.begins)

    @cached_property
    def whole(self) -> portfolio.Portfolio:
        """What the portfolio is worth."""
        return portfolio.build(
            self.request.user, self.scope, compare=True, rates=self.rates, begins=self.begins
        )

    def get_paginator(self, *args: Any, **kwargs: Any) -> Paginator:
        """Pages of the accounts that have been counted for the figures."""
        paginator = super().get_paginator(*args, **kwargs)
        paginator.found = self.whole.accounts
        return paginator

    def get_queryset(self) -> QuerySet[Account]:
        mine = portfolio.accounts_of(self.request.user, self.scope).with_manager()
        self.queryset = figures.with_figures(
            mine,
            self.scope.period,
            self.rates,
            compare=self.compares,
            ranked=self.is_ranked,
        )
        return super().get_queryset()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        scope, whole = self.scope, self.whole
        context = super().get_context_data(
            scope_form=self.form,
            scope=scope,
            portfolio=whole,
            figures=self.strip(whole),
            stages=self.stage_rows(whole.census),
            months=portfolio.month_pairs(whole, scope),
            largest=max((row.revenue for row in whole.top), default=None),
            rate_day=self.rates.on,
            today=self.programme.today(),
            **kwargs,
        )
        for account in context["object_list"]:
            account.change = _change(account)
            account.contribution_ratio = _share(account)
        context["rest"] = len(context["table"].shown) - 1
        return context

    def strip(self, whole: portfolio.Portfolio) -> list[dict[str, Any]]:
        """The six figures, each with the address of the records behind it."""
        now, before = whole.now, whole.before
        margin_before = before.contribution_ratio if before else None
        overdue = self.list_url(overdue="true")
        missing = ", ".join(now.missing)
        makers = whole.pareto.accounts
        on_a_year_ago = _("%(change)s on a year ago")
        change = whole.revenue_change
        return [
            {
                "label": _("Net revenue"),
                "value": formatting.kilo(now.revenue),
                "unit": f"k {now.currency}",
                "detail": on_a_year_ago % {"change": _signed_percent(change)}
                if change is not None
                else _no_comparison(before),
                "url": self.list_url(sort="-revenue"),
            },
            {
                "label": _("Contribution"),
                "value": formatting.kilo(now.contribution),
                "unit": formatting.percent(now.contribution_ratio) if now.contribution else "",
                "detail": (missing and _("missing: %(inputs)s") % {"inputs": missing})
                or _points(now.contribution_ratio, margin_before),
                "url": self.list_url(sort="-contribution"),
            },
            {
                "label": _("Gross margin"),
                "value": formatting.percent(now.margin_ratio),
                "detail": _("%(amount)s k") % {"amount": formatting.kilo(now.gross_margin)}
                if now.gross_margin is not None
                else _("cost of goods is not known"),
                "url": self.list_url(sort="-margin", columns=MONEY),
            },
            {
                "label": _("Cost to serve"),
                "value": formatting.percent(now.cost_to_serve_ratio),
                "detail": _("%(amount)s k") % {"amount": formatting.kilo(now.cost_to_serve)}
                if now.cost_to_serve is not None
                else _("not recorded for all"),
                "url": self.list_url(sort="-cost", columns=MONEY),
            },
            {
                "label": _("80 % of revenue"),
                "value": formatting.number(makers),
                "unit": _("of %(count)s") % {"count": formatting.number(whole.accounts)},
                "detail": ngettext(
                    "largest account makes it",
                    "largest accounts make it",
                    whole.pareto.accounts or 0,
                ),
                "url": "#value",
            },
            {
                "label": _("Reviews overdue"),
                "value": formatting.number(whole.census.overdue),
                "unit": _("of %(count)s") % {"count": formatting.number(whole.accounts)},
                "detail": _("stage reviews past their day"),
                "url": overdue,
            },
        ]

    def stage_rows(self, census: portfolio.Census) -> list[StageRow]:
        """Accounts by stage today, a year ago and as aimed at."""
        rows = [
            StageRow(
                stage,
                census.stages[stage],
                census.year_ago[stage],
                census.targets[stage],
                self.list_url(stage=stage),
            )
            for stage in (*LADDER, Stage.UNCOUPLING)
        ]
        unknown = census.stages[portfolio.NOT_ASSESSED]
        formerly = census.year_ago[portfolio.NOT_ASSESSED]
        if unknown or formerly:
            url = self.list_url(stage=UNASSESSED)
            rows.append(StageRow(None, unknown, formerly, 0, url))
        return rows

    def list_url(self, **filters: str | Sequence[str]) -> str:
        """The list of accounts with this page's statuses and unit, and `filters` besides."""
        parameters: list[tuple[str, Any]] = [("status", item) for item in self.scope.statuses]
        if self.scope.unit is not None:
            parameters.append(("business_unit", self.scope.unit.pk))
        parameters += filters.items()
        return f"{reverse('accounts:list')}?{urlencode(parameters, doseq=True)}"


class DecisionsView(ScopeMixin, LoginRequiredMixin, TemplateView):
    """What the portfolio asks of the reader today, whatever day it shows; loaded when seen."""

    template_name = "reviews/decisions.html"

    def get_template_names(self) -> list[str]:
        return ["reviews/_decisions.html" if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        today = self.programme.today()
        scope = self.scope._replace(statuses=(), as_of=today)
        user = self.request.user
        chosen = portfolio.chosen_by(user, scope)
        found = []
        if scope.unit is None:
            found = alerts.of_programme(user, self.programme, chosen, today)
        found += alerts.qualifications(user, chosen, today) + alerts.decisions(chosen, today)
        if self.request.htmx:
            more = {**shown(found), "more_url": self.request.get_full_path()}
            return super().get_context_data(**more, **kwargs)
        return super().get_context_data(alerts=found, **kwargs)


def shown(found: list[alerts.Alert]) -> dict[str, Any]:
    """The first of `found`, and how many follow."""
    return {"alerts": found[:SHOWN_ALERTS], "more": max(0, len(found) - SHOWN_ALERTS)}


def _signed_percent(ratio: Any) -> str:
    return f"{formatting.signed(ratio * 100, 1)} %"


def _no_comparison(before: Any) -> str:
    if before is None:
        return _("no full year to compare with")
    return _("no sales a year ago to compare with")


def _points(now: Any, before: Any) -> str:
    if now is None or before is None:
        return _("no contribution a year ago to compare with")
    change = formatting.signed((now - before) * 100, 1)
    return _("%(change)s points on a year ago") % {"change": change}
