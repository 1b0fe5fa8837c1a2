"""What a trade-channel map is asked for: by the page, the file, the API and whatever starts from
one of its rows."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Count
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from accounts.choices import Measure, UseType
from accounts.figures import Period
from accounts.market.mapping import Asked, Span, spans, usual
from accounts.models import CategoryPurchase, Channel, ProductLine
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
    year with figures, amounts, both uses, all channels."""

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
        if data.get("measure") == Measure.VOLUME:
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

    @property
    def asked(self) -> Asked | None:
        """The map of a valid form; None where the programme has no figures."""
        programme, given = self.shown_programme, self.cleaned_data
        chosen = given.get("period")
        span = next((row for row in self.spans if _code(row) == chosen), None)
        span = span or usual(self.spans, self.today)
        if programme is None or span is None:
            return None
        measure = given.get("measure") or Measure.AMOUNT
        unit = ""
        if measure == Measure.VOLUME:
            unit = given.get("unit") or next(iter(self.units), "")
        return Asked(
            programme=programme,
            period=Period(span.first, span.last),
            category=given.get("category"),
            measure=measure,
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
