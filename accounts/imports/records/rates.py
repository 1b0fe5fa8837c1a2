"""Exchange rates as a file (`design.md` 4.6)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.scope import ProgrammeKind
from accounts.models import ExchangeRate
from kam.imports.kinds import Field
from kam.imports.models import Run
from kam.imports.records import Cells, RecordKind, RecordSession, Wanted
from kam.imports.records.session import differences
from kam.imports.refusal import Refused
from teams.models import Programme


class ExchangeRatesKind(RecordKind, ProgrammeKind):
    """What one unit of a currency is worth in the programme's, from a day on.

    A rate is what it was: a file that says otherwise is refused row by row.
    """

    name: ClassVar = "exchange_rates"
    label: ClassVar = gettext_lazy("Exchange rates")
    seen_at: ClassVar = (gettext_lazy("See the rates"), "accounts:rates")
    model: ClassVar = ExchangeRate
    match_url: ClassVar = ""
    fields: ClassVar = (
        Field("currency", gettext_lazy("Currency"), "currency", ("ccy", "whg", "währung", "code")),
        Field(
            "valid_from",
            gettext_lazy("From"),
            "date",
            ("date", "datum", "from", "rate date", "time period"),
        ),
        Field(
            "rate",
            gettext_lazy("One unit in the programme's currency"),
            "number",
            ("exchange rate", "kurs", "value", "obs value"),
        ),
        Field("source", gettext_lazy("Source"), "text", ("quelle",)),
    )
    blamed: ClassVar = {
        "own": ("currency",),
        "fixed": ("rate",),
        "nothing": ("currency", "valid_from", "rate"),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (gettext_lazy("Currency"), gettext_lazy("From"), gettext_lazy("Rate"))
    previewed: ClassVar = ("currency", "valid_from", "rate")
    numeric: ClassVar = frozenset({2})
    dated: ClassVar = {1: "day"}

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Currency, day and rate."""
        texts = {
            "currency": _("Say which column holds the currency."),
            "valid_from": _("Say which column holds the date."),
            "rate": _("Say which column holds the rate."),
        }
        given = set(mapping)
        return [text for name, text in texts.items() if name not in given]

    def open(self, run: Run) -> RatesSession:
        """Begin a pass over a table of rates."""
        return RatesSession(run)


class RatesSession(RecordSession):
    """One pass over a table of rates."""

    model: ClassVar = ExchangeRate
    reasons: ClassVar = {
        "own": gettext_lazy("gives a rate for the programme's own currency"),
        "nothing": gettext_lazy("lacks currency, date or rate"),
        "fixed": gettext_lazy("gives another rate than the one that is known for this day"),
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.own = Programme.objects.get(pk=run.scope_id).currency
        rates = ExchangeRate.objects.active().filter(programme=run.scope_id)
        self.known = {
            (currency, day): pk
            for currency, day, pk in rates.values_list("currency", "valid_from", "pk")
        }

    def read(self, cells: Cells) -> Wanted:
        """The rate of a row."""
        currency, day, rate = (
            cells.text("currency"),
            cells.date("valid_from"),
            cells.number("rate"),
        )
        if not currency or day is None or rate is None:
            raise Refused("nothing")
        if currency == self.own:
            raise Refused("own")
        if rate <= 0:
            raise Refused("bad_rate", _("has a rate that is not above zero"))
        values: dict[str, Any] = {"programme": self.run.scope_id, "currency": currency}
        values |= {"valid_from": day, "rate": rate}
        if cells.text("source"):
            values["source"] = cells.text("source")
        return Wanted(((currency, day),), values)

    def find(self, wanted: Wanted) -> int | None:
        """The rate of the day."""
        return self.known.get(wanted.keys[0])

    def check(self, wanted: Wanted, obj: models.Model | None) -> None:
        """A rate that is known stays as it is; another source of the same rate is no change."""
        if obj is not None:
            wanted.values.pop("source", None)
            if differences(obj, wanted.values):
                raise Refused("fixed")
