"""The portfolio matrix (handbook 3.3; K024, K139)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, NamedTuple

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.forms import CheckboxSelectMultiple
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.generic import ListView

from accounts import exports
from accounts.choices import Status
from accounts.filters import AccountFilter
from accounts.market import share_of_wallet
from accounts.models import Account
from accounts.scoring import matrix
from accounts.scoring.index import STANCES, Cuts, Stance
from accounts.scoring.matrix import Tier
from accounts.views.weighing import WeighedTable
from kam.web.fields import DayField
from kam.web.formatting import number, percent
from kam.web.views.tables import Column, changed
from teams import programme_settings

NAMED = 40
"""Points up to which each carries its name in the chart."""


class MatrixForm(forms.Form):
    """Where the matrix is cut, and since when movement is shown."""

    cut = forms.ChoiceField(
        label=gettext_lazy("Cut at"),
        required=False,
        choices=[("", gettext_lazy("the setting")), ("medians", gettext_lazy("the medians"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )
    since = DayField(label=gettext_lazy("Movement since"), required=False)

    def __init__(self, *args: Any, today: datetime.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        self.fields["since"].widget.attrs["class"] = "form-control"

    def clean_since(self) -> datetime.date | None:
        """Movement is from a day in the past."""
        since = self.cleaned_data["since"]
        if since is not None and since >= self.today:
            raise ValidationError(_("Choose a day before today."), code="future")
        return since


class MatrixFilter(AccountFilter):
    """Filters of the accounts' list, and the tier."""

    tier = django_filters.MultipleChoiceFilter(
        label=gettext_lazy("Tier"),
        choices=Tier.choices,
        widget=CheckboxSelectMultiple,
        distinct=False,
    )


class MatrixRow(NamedTuple):
    """An account in the table: `stance` is None without a place, `before` where it stood on the
    day compared with, `bond` what Krapfel and others call the relationship."""

    account: Any
    tier: str
    tier_then: str
    stance: Stance | None
    before: tuple[Decimal, Decimal] | None
    share: Decimal | None
    bond: Any


class MatrixView(WeighedTable, ListView):
    """Where accounts stand, as a chart and as a table of the same rows."""

    template_name = "accounts/matrix.html"
    page_name = "matrix"
    default_sort = "-spend"
    filterset_class = MatrixFilter
    export_title = gettext_lazy("Portfolio matrix")
    export_columns = exports.MATRIX_COLUMNS
    export_notes = (gettext_lazy("Totals cover the accounts you may see."),)
    columns = (
        Column("name", gettext_lazy("Account"), sort="name", optional=False),
        Column("tier", gettext_lazy("Tier"), sort="tier", optional=False),
        Column("attractiveness", gettext_lazy("Attr."), sort="attractiveness", numeric=True),
        Column("strength", gettext_lazy("Strength"), sort="strength", numeric=True),
        Column("then", gettext_lazy("Year 3"), sort="attractiveness_then", phone=False),
        Column("before", gettext_lazy("Was"), phone=False),
        Column("spend", gettext_lazy("Spend"), sort="spend", numeric=True, phone=False),
        Column("share", gettext_lazy("Our share"), numeric=True, phone=False),
        Column("stance", gettext_lazy("Stance"), phone=False),
        Column("objective", gettext_lazy("Usual objective"), phone=False),
        Column("resources", gettext_lazy("Resources"), default=False, phone=False),
        Column("models", gettext_lazy("Other models say"), default=False, phone=False),
    )

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        if self.since is None:
            self.columns = [item for item in self.columns if item.name != "before"]

    @cached_property
    def form(self) -> MatrixForm:
        """The switch and the day of the address."""
        return MatrixForm(self.request.GET, today=self.today)

    @cached_property
    def since(self) -> datetime.date | None:
        """Since when movement is shown; None: arrows lead to year 3."""
        return self.form.cleaned_data.get("since") if self.form.is_valid() else None

    @cached_property
    def setting(self) -> Cuts:
        """The programme's cut."""
        if self.programme is None:
            return Cuts(*2 * [programme_settings.DEFINITIONS["matrix_cut"].default])
        return Cuts(*2 * [programme_settings.setting(self.programme, "matrix_cut", self.today)])

    @cached_property
    def cuts(self) -> Cuts:
        """Where the matrix is cut here."""
        medians = self.form.is_valid() and self.form.cleaned_data["cut"] == "medians"
        return (matrix.cuts_at_medians(self.portfolio) if medians else None) or self.setting

    def shown(self) -> QuerySet[Account]:
        return self.weighed(matrix.with_places(self.everybody(), self.cuts))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        page = list(context["page_obj"].object_list)
        drawn = self.drawn()
        shown = {row.pk: row.attractiveness for row in page}
        before = {}
        if self.since is not None:
            before = matrix.known_before({*shown, *(row.pk for row in drawn)}, self.since)
        bonds = matrix.bonds(shown)
        everybody = matrix.with_places(self.everybody(), self.cuts)
        counts = matrix.tally(self.found(everybody))
        return context | {
            "rows": [_row(account, before, bonds) for account in page],
            "form": self.form,
            "since": self.since,
            "cuts": self.cuts,
            "balance": matrix.balance(matrix.with_places(self.portfolio, self.setting)),
            "figures": self.figures(counts),
            "counts": counts,
            "chart": self.chart(drawn, before),
            "finding": _finding(counts),
            "is_cut_off": sum(counts.values()) - counts[Tier.NONE] > len(drawn) == matrix.DRAWN,
            "drawn": len(drawn),
            "stances": [(Tier(name).label, stance) for name, stance in STANCES.items()],
        }

    def drawn(self) -> list[Any]:
        """Accounts that are drawn: the largest by accessible spend, unknown ones last."""
        order = F("spend").desc(nulls_last=True), "pk"
        ranked = matrix.placed(self.get_queryset()).order_by(*order)
        # Looked up before their sales are added up, which databases do for all that they sort.
        largest = ranked.values("pk")[: matrix.DRAWN]
        return list(self.shown().filter(pk__in=largest).order_by(*order))

    def chart(self, drawn: Iterable[Any], before: Mapping[int, Any]) -> dict[str, Any]:
        """What the chart draws; arrows lead to year 3, or from where an account stood."""
        points = [self._point(row, before.get(row.pk)) for row in drawn]
        corners = (Tier.STAR, Tier.STRATEGIC, Tier.STREAMLINE, Tier.STATUS)
        return {
            "points": points,
            "x": _("Our strength"),
            "y": _("Attractiveness"),
            "cut": [float(self.cuts.strength), float(self.cuts.attractiveness)],
            "named": len(points) <= NAMED,
            "quadrants": [f"{tier.label}: {STANCES[tier].stance}" for tier in corners],
        }

    def _point(self, row: Any, before: tuple[Decimal, Decimal] | None) -> dict[str, Any]:
        point: dict[str, Any] = {
            "name": row.name,
            "x": float(row.strength),
            "y": float(row.attractiveness),
            "size": None if row.spend is None else float(row.spend),
            "part": None if None in (row.spend, row.sales) else _part(row.sales, row.spend),
            "key": row.status == Status.KEY,
            "url": row.get_absolute_url(),
            "words": _words(row),
        }
        if self.since is None:
            if row.tier_then != Tier.NONE:
                point["after"] = [float(row.strength_then), float(row.attractiveness_then)]
        elif before is not None:
            point["before"] = [float(before[1]), float(before[0])]
        return point

    def figures(self, counts: Mapping[str, int]) -> list[dict[str, Any]]:
        """Accounts of each tier, each number opening its list."""
        return [
            {
                "label": tier.label,
                "value": number(counts[tier]),
                "detail": STANCES[tier].stance if tier in STANCES else _("not scored yet"),
                "url": changed(self.request.GET, tier=tier.value, sort="-spend"),
            }
            for tier in Tier
        ]


def _row(account: Any, before: Mapping[int, Any], bonds: Mapping[int, Any]) -> MatrixRow:
    return MatrixRow(
        account,
        Tier(account.tier).label,
        "" if account.tier_then == Tier.NONE else Tier(account.tier_then).label,
        STANCES.get(account.tier),
        before.get(account.pk),
        share_of_wallet(account.sales, account.spend),
        bonds.get(account.pk),
    )


def _part(sales: Decimal, spend: Decimal) -> float:
    """What of the bubble is filled: no more than all of it, nothing where more went back."""
    return float(max(Decimal(0), min(sales, spend)))


def _words(row: Any) -> str:
    share = share_of_wallet(row.sales, row.spend)
    return _("%(tier)s, attractiveness %(worth)s, strength %(rank)s, our share %(share)s") % {
        "tier": Tier(row.tier).label,
        "worth": number(row.attractiveness, 2),
        "rank": number(row.strength, 2),
        "share": percent(share),
    }


def _finding(counts: Mapping[str, int]) -> str:
    """What the chart shows, in a sentence."""
    whole = sum(counts.values())
    scored = whole - counts[Tier.NONE]
    text = ngettext(
        "%(scored)s of %(whole)s account has a place: %(tiers)s.",
        "%(scored)s of %(whole)s accounts have a place: %(tiers)s.",
        whole,
    )
    tiers = ", ".join(f"{number(counts[tier])} {tier.label}" for tier in Tier if tier in STANCES)
    return text % {"scored": number(scored), "whole": number(whole), "tiers": tiers}
