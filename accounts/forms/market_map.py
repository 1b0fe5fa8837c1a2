"""What a trade-channel map is asked for: by the page, the file, the API and whatever starts from
one of its rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.choices import Measure, UseType
from accounts.figures import Period, latest_month, year_of_sales
from accounts.market.ranking import Asked
from accounts.market.spans import Span, spans, usual
from accounts.models import Account, CategoryPurchase, Channel, ProductLine
from kam.access.dates import business_today
from kam.web.formatting import short_day
from kam.web.forms import ShapeForm
from teams.models import Programme, User


def programmes_mapped_for(reader: User) -> Any:
    """Programmes whose map `reader` may see: those that they read as a whole, since every place
    of the ranking tells of all others."""
    return Programme.objects.read_whole_by(reader).active().order_by("pk")


class MapForm(ShapeForm):
    """Which map. What is left out: the first programme, all that we could sell, the last whole
    year with figures, amounts, both uses, all channels. As long as nothing is known of what
    customers buy, they are ranked by our sales of the last year in the ledger."""

    programme = forms.ModelChoiceField(
        label=_("Programme"), queryset=Programme.objects.none(), required=False
    )
    category = forms.ModelChoiceField(
        label=_("Category"),
        queryset=ProductLine.objects.none(),
        required=False,
        empty_label=_("all that we could sell"),
    )
    period = forms.ChoiceField(label=_("Period"), required=False)
    measure = forms.ChoiceField(label=_("Rank by"), choices=Measure.choices, required=False)
    unit = forms.ChoiceField(label=_("Unit of volume"), required=False)
    use_type = forms.ChoiceField(label=_("Bought for"), choices=[("", _("both"))], required=False)
    channel = forms.ModelChoiceField(
        label=_("Channel, with all below"),
        queryset=Channel.objects.none(),
        required=False,
        empty_label=_("all"),
    )

    def __init__(self, data: Any, *, reader: User) -> None:
        super().__init__(data)
        self.reader = reader
        self.today = business_today()
        self.programmes = list(programmes_mapped_for(reader))
        fields: Any = self.fields
        fields["programme"].queryset = programmes_mapped_for(reader)
        if len(self.programmes) < 2:
            fields["programme"].widget = forms.HiddenInput()
        fields["use_type"].choices = [("", _("both")), *UseType.choices]
        programme = self.shown_programme
        if programme is None:
            return
        of_it = {"programme": programme}
        fields["category"].queryset = ProductLine.objects.active().filter(**of_it)
        fields["channel"].queryset = Channel.objects.active().filter(**of_it)
        fields["period"].choices = [
            ("", _("the last whole year")),
            *((_code(row), _words(row)) for row in self.spans),
        ]
        if not data.get("measure"):
            self.data = {name: data.get(name) for name in data} | {"measure": self.usual_measure}
        if self.ranked_by == Measure.VOLUME:
            fields["unit"].choices = [
                ("", _("the most frequent")),
                *((unit, unit) for unit in self.units if unit),
            ]
        else:
            del fields["unit"]
        for field in fields.values():
            field.widget.attrs["class"] = "form-select"

    @cached_property
    def shown_programme(self) -> Programme | None:
        """The programme that is asked for, else the first one."""
        wanted = str(self.data.get("programme") or "")
        known = (row for row in self.programmes if not wanted or str(row.pk) == wanted)
        return next(known, None)

    @cached_property
    def spans(self) -> list[Span]:
        """Periods with figures, the latest first."""
        programme = self.shown_programme
        return [] if programme is None else spans(self.reader, programme)

    @cached_property
    def units(self) -> list[str]:
        """Units of the volumes recorded, the most frequent first; the empty one counts too."""
        rows = CategoryPurchase.objects.visible_to(self.reader).active()
        rows = rows.filter(programme=self.shown_programme, volume__isnull=False)
        counted = rows.order_by().values("volume_unit").annotate(count=Count("pk"))
        return list(counted.order_by("-count", "volume_unit").values_list("volume_unit", flat=True))

    @cached_property
    def ranked_by(self) -> str:
        """What is ranked by: as asked, else amounts where any purchases are known."""
        asked = self.data.get("measure")
        return asked if asked in Measure.values else self.usual_measure

    @cached_property
    def usual_measure(self) -> str:
        """Our sales as long as no purchases are known, else amounts."""
        return Measure.AMOUNT if self.spans or not self.has_sales else Measure.SALES

    @cached_property
    def has_sales(self) -> bool:
        """Whether the ledger holds anything."""
        return latest_month(self._seen) is not None

    @cached_property
    def usual_span(self) -> Span | None:
        """The last whole year with figures; of sales the last twelve whole months in the ledger."""
        if self.ranked_by != Measure.SALES:
            return usual(self.spans, self.today)
        year = year_of_sales(self._seen, self.today)
        return Span(year.first, year.last) if year.first and year.last and self.has_sales else None

    @property
    def _seen(self) -> Any:
        rows = Account.objects.visible_to(self.reader).active()
        return rows.filter(programme=self.shown_programme)

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if self.ranked_by == Measure.SALES and given.get("use_type"):
            self.add_error("use_type", _("The ledger does not say what goods are bought for."))
        return given

    @property
    def asked(self) -> Asked | None:
        """The map of a valid form; None where the programme has no figures."""
        programme, given = self.shown_programme, self.cleaned_data
        chosen = given.get("period")
        span = next((row for row in self.spans if _code(row) == chosen), None)
        span = span or self.usual_span
        if programme is None or span is None:
            return None
        unit = ""
        if self.ranked_by == Measure.VOLUME:
            unit = given.get("unit") or next(iter(self.units), "")
        return Asked(
            programme=programme,
            period=Period(span.first, span.last),
            category=given.get("category"),
            measure=self.ranked_by,
            use_type=given.get("use_type") or "",
            channel=given.get("channel"),
            unit=unit,
        )


def _code(span: Span) -> str:
    return f"{span.first.isoformat()}/{span.last.isoformat()}"


def _words(span: Span) -> str:
    if span.is_year and span.first.month == 1:
        return str(span.first.year)
    return f"{short_day(span.first)} – {short_day(span.last)}"
