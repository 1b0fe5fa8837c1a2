"""Lists of accounts: filters, order and columns live in the address."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.views.generic import ListView, TemplateView

from accounts import exports, figures, policies
from accounts.filters import AccountFilter, chips
from accounts.models import Account
from accounts.views.panels import first_accounts
from kam.access.dates import business_today
from kam.access.prepared import kept_among
from kam.access.querysets import sight_of
from kam.documents.tables import Table
from kam.web.views import PartialMixin, ScopedViewMixin, TableMixin
from kam.web.views.tables import (
    CappedPaginator,
    Column,
    KeptListMixin,
    Rows,
    is_filtered,
    is_of_choices,
)

UNLISTED = {"search", "group", "parent"}
"""Filters that have a field or a link of their own: a list of 10,000 accounts is no choice."""

PICKED = 12
"""Suggestions of a picker."""

COLUMNS = (
    Column("name", _("Account"), sort="name", optional=False),
    Column("stage", _("Stage"), sort="stage_order"),
    Column("manager", _("Manager"), sort="manager_name", phone=False),
    Column("revenue", _("Revenue"), sort="revenue", numeric=True, phone=False),
    Column("contribution", _("Contrib."), sort="contribution", numeric=True, phone=False),
    Column("ratio", _("%"), numeric=True, phone=False),
    Column(
        "margin",
        _("Gross margin"),
        sort="gross_margin",
        numeric=True,
        default=False,
        phone=False,
    ),
    Column(
        "cost",
        _("Cost to serve"),
        sort="cost_to_serve",
        numeric=True,
        default=False,
        phone=False,
    ),
    Column("index", _("Index"), sort="relationship_index", numeric=True, phone=False),
    Column("review", _("Next review"), sort="review_due_on"),
    Column("target", _("Target by"), sort="target_stage_by", default=False, phone=False),
    Column("unit", _("Unit"), sort="business_unit__name", default=False, phone=False),
    Column("country", _("Country"), sort="country", default=False, phone=False),
    Column("industry", _("Industry"), sort="industry", default=False, phone=False),
    Column("parent", _("Part of"), default=False, phone=False),
    Column("since", _("Status since"), sort="status_since", default=False, phone=False),
)
FIGURE_COLUMNS = {"revenue", "contribution", "ratio", "margin", "cost"}


class AccountRows:
    """Accounts that the reader may see, with what a row shows; archived ones if asked for."""

    request: HttpRequest
    is_ranked = False
    """Whether the rows are sorted by revenue."""

    @cached_property
    def today(self) -> Any:
        return business_today()

    @cached_property
    def period(self) -> figures.Period:
        """The last twelve whole months."""
        return figures.trailing_year(self.today)

    @cached_property
    def rates(self) -> figures.Rates | None:
        """Rates to the currency of the reader's first programme on the last day of the period."""
        return figures.rates_for(self.request.user, self.period.last or self.today)

    def get_queryset(self) -> QuerySet[Account]:
        rows = super().get_queryset()  # type: ignore[misc]
        asks = self.request.GET.get("archived")
        return self.with_columns(rows if asks else rows.active())

    def with_columns(self, accounts: QuerySet[Account]) -> QuerySet[Account]:
        """`accounts` with all that a row shows."""
        rows = accounts.for_page(self.request.user)  # type: ignore[attr-defined]
        if self.rates is not None and self.shows_figures:
            rows = figures.with_figures(rows, self.period, self.rates, ranked=self.is_ranked)
        return rows

    @property
    def rows_key(self) -> Hashable:
        """What a list of them depends on besides the address."""
        rates = self.rates.key if self.rates is not None else None
        return sight_of(self.request.user), self.period, rates

    @property
    def shows_figures(self) -> bool:
        """Whether the address asks for a column of figures, or sorts by one."""
        named = set(self.request.GET.getlist("columns")) or FIGURE_COLUMNS
        if "export" in self.request.GET:
            return True
        return bool(FIGURE_COLUMNS & (named | {self.request.GET.get("sort", "").strip("-")}))


class RankedMixin(TableMixin):
    """A table of accounts which, sorted by revenue, is read from the index of kept sums
    (`figures.with_figures`); for the number of rows that index is not looked at."""

    @cached_property
    def is_ranked(self) -> bool:
        """Whether the rows are sorted by revenue."""
        return self.sorting[0] == "revenue"

    def get_counted_queryset(self) -> QuerySet[Account]:
        ranked, self.is_ranked = self.is_ranked, False
        try:
            return super().get_counted_queryset()
        finally:
            self.is_ranked = ranked


class AccountListView(RankedMixin, AccountRows, PartialMixin, ScopedViewMixin, ListView):
    """Accounts that the reader may see, as a table."""

    model = Account
    columns = COLUMNS
    default_sort = "name"
    page_name = "accounts"
    sizes = (50, 100, 200)
    filterset_class = AccountFilter
    export_layout = exports.ACCOUNTS
    template_name = "accounts/account_list.html"
    partial_template_name = "accounts/_account_table.html"

    def kept_under(self) -> Hashable:
        return self.rows_key

    @cached_property
    def sorting(self) -> tuple[str, bool]:
        name, descending = super().sorting
        known = name not in FIGURE_COLUMNS or self.rates is not None
        return (name, descending) if known else ("name", False)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = list(context["page_obj"].object_list)
        for row in rows:
            known = hasattr(row, "contribution")
            row.ratio = figures.ratio(row.contribution, row.revenue) if known else None
        return context | {
            "rows": rows,
            "chips": list(chips(self.filterset, self.request.GET)),
            "today": self.today,
            "may_create": policies.can_run_programme(self.request.user),
            "period": self.period,
            "currency": self.rates.home if self.rates else "",
        }


class AccountGroupsView(KeptListMixin, AccountRows, ScopedViewMixin, ListView):
    """Accounts as groups of companies, what is below rolled up, nothing counted twice."""

    model = Account
    paginate_by = 50
    paginator_class = CappedPaginator
    template_name = "accounts/account_groups.html"

    @cached_property
    def filterset(self) -> AccountFilter:
        """The bound filters over what the reader may see."""
        shown = Account.objects.visible_to(self.request.user)
        if not self.request.GET.get("archived"):
            shown = shown.active()
        return AccountFilter(self.request.GET, queryset=shown, request=self.request)

    @property
    def found(self) -> QuerySet[Account]:
        """Accounts that the address asks for."""
        bound = self.filterset
        if not is_filtered(bound, self.request.GET):
            return bound.queryset
        return bound.qs if bound.is_valid() else bound.queryset.none()

    def kept_under(self) -> Hashable:
        return self.rows_key

    def is_kept(self) -> bool:
        return super().is_kept() and is_of_choices(self.filterset, self.request.GET)

    @property
    def above(self) -> QuerySet[Account]:
        """The account that one of them is part of, if it is found too."""
        return self.found.filter(pk=OuterRef("parent")).order_by()

    def get_queryset(self) -> QuerySet[Account]:
        if not self.is_kept():
            return self.with_columns(self.found.filter(~Exists(self.above)))
        # Asked one by one, in the order of names, until a page is full.
        above = Subquery(self.above.values("pk")[:1])
        return self.with_columns(self.found.alias(above=above).filter(above=None))

    def get_counted_queryset(self) -> QuerySet:
        # What is part of nothing comes first: in large programmes that is as many as are counted.
        found = self.found.order_by()
        parts = found.filter(~Exists(self.above), parent__isnull=False)
        return found.filter(parent=None).values("pk").union(parts.values("pk"), all=True)

    def get_table(self) -> Table:
        """All that is found, each account below the one that it is part of."""
        rows = self.with_columns(self.found).order_by("path")
        return exports.ACCOUNTS.table(rows, self.request.user)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        tops = list(context["page_obj"].object_list)
        nodes = roll_up(tops, self.below({top.root_id for top in tops}))
        return context | {
            "nodes": nodes,
            "period": self.period,
            "currency": self.rates.home if self.rates else "",
        }

    def below(self, roots: set[int]) -> list[Account]:
        """All that is found in the groups with these top accounts."""

        def rows(pks: Collection[int]) -> QuerySet[Account]:
            return self.with_columns(self.found.filter(root__in=pks))

        if not isinstance(self.object_list, Rows):
            return list(rows(roots)) if roots else []
        return kept_among((self.object_list.key, "below"), rows, roots)


@dataclass
class Node:
    """An account in its group: `revenue` is its own and that of all shown below it."""

    account: Any
    depth: int
    below: int = 0
    revenue: Decimal | None = None

    @property
    def indent(self) -> int:
        """Steps to the right, no more than fit a phone."""
        return min(self.depth, 5)


def roll_up(tops: Iterable[Account], rows: Iterable[Account]) -> list[Node]:
    """`tops`, each followed by what hangs below it in `rows`, with revenue rolled up.

    Follows parents within `rows` only: an account whose parent is not among them is a top of its
    own, so that nothing is counted twice. A revenue that is not available makes the sums above
    it not available.
    """
    children = defaultdict(list)
    for row in rows:
        children[row.parent_id].append(row)
    own = {row.pk: row for row in rows}
    nodes: list[Node] = []
    for top in tops:
        _add(own.get(top.pk, top), 0, children, nodes)
    return nodes


def _add(account: Any, depth: int, children: Mapping[int, list], nodes: list[Node]) -> Node:
    node = Node(account, depth, revenue=getattr(account, "revenue", None))
    nodes.append(node)
    for child in children[account.pk]:
        lower = _add(child, depth + 1, children, nodes)
        node.below += 1 + lower.below
        if node.revenue is None or lower.revenue is None:
            node.revenue = None
        else:
            node.revenue += lower.revenue
    return node


class AccountFilterView(LoginRequiredMixin, TemplateView):
    """The fields of the filter, loaded when somebody opens it: pickers cost queries."""

    template_name = "accounts/account_filter.html"

    def get_template_names(self) -> list[str]:
        return ["accounts/_account_filter.html" if self.request.htmx else self.template_name]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        bound = AccountFilter(
            self.request.GET, queryset=Account.objects.none(), request=self.request
        )
        names = ("columns", "sort", "size", *UNLISTED)
        kept = [(name, value) for name in names for value in self.request.GET.getlist(name)]
        fields = [field for field in bound.form if field.name not in UNLISTED]
        return super().get_context_data(fields=fields, kept=kept, **kwargs)


class AccountPickView(LoginRequiredMixin, TemplateView):
    """Suggestions while typing the name or number of an account."""

    template_name = "accounts/_pick_options.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        text = self.request.GET.get(self.request.GET.get("field", "q"), "").strip()
        rows = first_accounts(self.request.user, text, PICKED) if text else []
        return super().get_context_data(rows=rows, **kwargs)
