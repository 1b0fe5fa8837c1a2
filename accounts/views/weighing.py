"""Accounts of one programme weighed against each other: what the matrix and its like share."""

from __future__ import annotations

import datetime
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from accounts import figures
from accounts.choices import Status
from accounts.filters import AccountFilter
from accounts.market import potential
from accounts.models import Account
from accounts.views.listing import UNLISTED
from kam.access.dates import business_today
from kam.web.addresses import key_in
from kam.web.views import ScopedViewMixin, TableMixin
from kam.web.views.tables import FIELDS_ONLY, is_filtered
from teams import policies
from teams.models import Programme


class WeighedAccounts(ScopedViewMixin):
    """Accounts of one programme, with what they may buy and what they buy from us."""

    model = Account

    @cached_property
    def today(self) -> datetime.date:
        return business_today()

    @cached_property
    def programme(self) -> Programme | None:
        """The one that the address names, else the reader's first; None without any."""
        named = self.request.GET.get("programme", "")
        if not named:
            return Programme.objects.first_for(self.request.user)
        seen = Programme.objects.visible_to(self.request.user)
        return seen.filter(pk=key_in(named)).first()

    @cached_property
    def rates(self) -> figures.Rates:
        """Rates to the programme's currency today."""
        return figures.rates_on(self.programme, self.today)

    @cached_property
    def months(self) -> tuple[datetime.date | None, datetime.date | None]:
        """The first and the last month with sales."""
        return figures.months_of_sales(self.seen)

    @cached_property
    def year(self) -> figures.Period:
        """The last twelve whole months; of a ledger that ended before, its own last ones."""
        return figures.year_until(self.months[1], self.today)

    @cached_property
    def is_covered(self) -> bool:
        """Whether the ledger holds all of the year."""
        return self.year.is_covered_from(self.months[0])

    def get_queryset(self) -> QuerySet[Account]:
        return self.shown()

    def shown(self) -> QuerySet[Account]:
        """Those that the page is about, with all that a row says."""
        raise NotImplementedError

    def everybody(self) -> QuerySet[Account]:
        """All accounts of the programme that the reader may see; former customers if asked for."""
        asked = self.request.GET
        rows = self.seen if asked.get("archived") else self.seen.active()
        return rows if asked.get("status") else rows.exclude(status=Status.EXITED)

    @property
    def seen(self) -> QuerySet[Account]:
        """Accounts of the programme that the reader may see."""
        rows = Account.objects.visible_to(self.request.user)
        return rows.filter(programme=self.programme) if self.programme else rows.none()

    @property
    def portfolio(self) -> QuerySet[Account]:
        """Today's customers and candidates among them, whatever the page shows."""
        return self.seen.active().exclude(status=Status.EXITED)

    def found(self, rows: QuerySet[Account]) -> QuerySet[Account]:
        """Those of `rows` that the filters of the accounts' list find, this page's own apart."""
        bound = AccountFilter(self.request.GET, queryset=rows, request=self.request)
        if not is_filtered(bound, self.request.GET):
            return rows
        return bound.qs if bound.is_valid() else rows.none()

    def weighed(self, rows: QuerySet[Account]) -> QuerySet[Account]:
        """`rows` with `spend` and `sales` of three years."""
        if self.programme is None:
            return rows.annotate(spend=potential.UNKNOWN, sales=potential.UNKNOWN)
        return potential.with_sales(
            potential.with_spend(rows, self.rates, self.today),
            self.request.user,
            self.rates,
            self.year,
            is_covered=self.is_covered,
        )

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            programme=self.programme,
            currency=self.rates.home if self.programme else "",
            year=self.year,
            as_table=bool({"sort", "page", "size", "over"} & set(self.request.GET)),
            reads_whole=policies.reads_whole(self.request.user),
            **kwargs,
        )


class WeighedTable(TableMixin, WeighedAccounts):
    """A table of them."""

    sizes = (50, 100, 200)

    @cached_property
    def filterset(self) -> Any:
        bound = super().filterset
        if FIELDS_ONLY in self.request.GET:  # no choice among 10,000 accounts
            for name in UNLISTED:
                bound.filters.pop(name, None)
        return bound
