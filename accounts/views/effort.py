"""Effort against potential (K027)."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView

from accounts import exports
from accounts.choices import REVIEWED_STATUSES
from accounts.filters import AccountFilter
from accounts.market import effort as efforts
from accounts.models import Account
from accounts.views.weighing import WeighedTable
from kam.web.fields import OpenSelect
from kam.web.formatting import number
from kam.web.views.tables import Column

COMPARED = 12
"""Accounts that the bars of effort and potential show."""


class EffortFilter(AccountFilter):
    """Filters of the accounts' list, and whether effort is out of proportion."""

    over = django_filters.BooleanFilter(
        label=gettext_lazy("Over twice its share"), method="by_over", widget=OpenSelect
    )

    def by_over(self, accounts: QuerySet, name: str, value: bool) -> QuerySet:  # noqa: FBT001  (django-filter's signature)
        return efforts.out_of_proportion(accounts, over=value)


class EffortView(WeighedTable, ListView):
    """Each account's share of effort against its share of potential (K027)."""

    template_name = "accounts/effort.html"
    page_name = "effort"
    default_sort = "-excess"
    filterset_class = EffortFilter
    export_title = gettext_lazy("Effort against potential")
    export_columns = exports.EFFORT_COLUMNS
    export_notes = (gettext_lazy("Totals cover the accounts you may see."),)
    columns = (
        Column("name", gettext_lazy("Account"), sort="name", optional=False),
        Column("effort", gettext_lazy("Effort"), sort="effort", numeric=True, phone=False),
        Column(
            "effort_share",
            gettext_lazy("Share of effort"),
            sort="effort",
            numeric=True,
            optional=False,
        ),
        Column("potential", gettext_lazy("Potential"), sort="potential", numeric=True, phone=False),
        Column(
            "potential_share",
            gettext_lazy("Share of potential"),
            sort="potential",
            numeric=True,
            optional=False,
        ),
        Column("excess", gettext_lazy("Times its share"), sort="excess", numeric=True),
    )

    def served(self) -> QuerySet[Account]:
        """Accounts that managers work for."""
        rows = self.everybody()
        if not self.request.GET.get("status"):
            rows = rows.of_status(*REVIEWED_STATUSES)
        return efforts.with_effort(self.weighed(rows))

    @cached_property
    def totals(self) -> efforts.Totals:
        """Effort and potential of what the filters find."""
        return efforts.totals(self.found(self.served()))

    def shown(self) -> QuerySet[Account]:
        return self.compared()

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = [efforts.share(row, self.totals) for row in context["page_obj"].object_list]
        top = [row for row in rows if row.potential is not None][:COMPARED]
        over = efforts.out_of_proportion(self.found(self.compared()), over=True).count()
        return context | {
            "rows": rows,
            "totals": self.totals,
            "over": over,
            "chart": {
                "labels": [row.account.name for row in top],
                "series": [
                    _series(_("Share of effort, %"), top, "effort"),
                    _series(_("Share of potential, %"), top, "potential"),
                ],
            },
            "finding": _out_of_proportion(over),
        }

    def compared(self) -> QuerySet[Account]:
        """All of them with what they have of the whole."""
        return efforts.with_excess(self.served(), self.totals)


def _out_of_proportion(count: int) -> str:
    if not count:
        return _("No account takes more than twice its share of potential.")
    text = ngettext(
        "%(count)s account takes more than twice its share of potential.",
        "%(count)s accounts take more than twice their share of potential.",
        count,
    )
    return text % {"count": number(count)}


def _series(name: str, rows: Iterable[Any], measure: str) -> dict[str, Any]:
    shares = [(getattr(row, measure), row.account.get_absolute_url()) for row in rows]
    return {
        "name": name,
        "values": [None if share is None else round(float(share) * 100, 1) for share, _ in shares],
        "urls": [url for _share, url in shares],
    }
