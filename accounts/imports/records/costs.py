"""Cost to serve as a file (handbook 4.6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import figures
from accounts.figures import SIX_PLACES
from accounts.imports.directory import plain_name
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    CustomerKind,
    CustomerSession,
    amount_text,
    unknown_option,
)
from accounts.models import Account, Activity, ActivityCost
from kam.imports.kinds import Field, Option
from kam.imports.models import Run, StagedRecord
from kam.imports.records import MODE, Cells, Wanted
from kam.imports.refusal import Refused
from teams.models import Programme

MONTHS_SHOWN = 36
"""Months whose amounts a trial shows."""


class ActivityCostsKind(CustomerKind):
    """What serving an account costs, by activity and month."""

    name: ClassVar = "activity_costs"
    label: ClassVar = gettext_lazy("Costs to serve")
    model: ClassVar = ActivityCost
    fields: ClassVar = (
        *ACCOUNT_FIELDS,
        Field(
            "activity",
            gettext_lazy("Activity, name or code"),
            "text",
            ("cost type", "cost driver", "activity code", "aktivität", "kostenart"),
        ),
        Field(
            "month",
            gettext_lazy("Month"),
            "date",
            ("period", "date", "monat", "posting period"),
            gettext_lazy("a date stands for the month in which it lies"),
        ),
        Field("quantity", gettext_lazy("Quantity"), "number", ("qty", "menge", "units", "hours")),
        Field("rate", gettext_lazy("Rate"), "number", ("unit cost", "cost rate", "satz")),
        Field("amount", gettext_lazy("Amount"), "number", ("cost", "total", "betrag", "value")),
        Field("currency", gettext_lazy("Currency"), "currency", ("ccy", "whg", "währung")),
        Field("source", gettext_lazy("Source"), "text", ("quelle",)),
    )
    options: ClassVar = (
        MODE,
        unknown_option("reject"),
        Option(
            "currency",
            gettext_lazy("Currency where none is named"),
            help=gettext_lazy("Empty: the account's."),
        ),
        SYSTEM_OPTION,
    )
    blamed: ClassVar = {
        **BLAMED,
        "nothing": ("activity", "month", "amount"),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (
        gettext_lazy("Account"),
        gettext_lazy("Activity"),
        gettext_lazy("Month"),
        gettext_lazy("Amount"),
    )
    previewed: ClassVar = ("account_name/account", "activity", "month", "amount")
    numeric: ClassVar = frozenset({3})
    dated: ClassVar = {2: "month"}

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Account, activity, month, and an amount or what it is computed from."""
        given = set(mapping)
        missing = super().problems(given)
        if "activity" not in given:
            missing.append(_("Say which column holds the activity."))
        if "month" not in given:
            missing.append(_("Say which column holds the month."))
        if "amount" not in given and not {"quantity", "rate"} <= given:
            missing.append(_("Say which column holds the amount, or quantity and rate."))
        return missing

    def publish(self, run: Run) -> None:
        """Costs count; the sums of their accounts follow."""
        super().publish(run)
        figures.refresh(_accounts_of(run))

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Costs count no longer, or as before."""
        touched = list(_accounts_of(run))
        super().withdraw(run, actor_id)
        figures.refresh(touched)

    def open(self, run: Run) -> CostsSession:
        """Begin a pass over costs."""
        return CostsSession(run)


def _accounts_of(run: Run) -> Iterable[int]:
    """Accounts of the costs that the run has made or changed."""
    records = StagedRecord.objects.filter(run=run).order_by().values("object_id")
    costs = ActivityCost.objects.filter(pk__in=records).order_by("account").distinct()
    return costs.values_list("account", flat=True)


class CostsSession(CustomerSession):
    """One pass over costs."""

    model: ClassVar = ActivityCost
    reasons: ClassVar = {
        **REASONS,
        "nothing": gettext_lazy("lacks activity, month or amount"),
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        programme = Programme.objects.get(pk=run.scope_id)
        self.activities: dict[str, int] = {}
        activities = Activity.objects.active().filter(programme=programme)
        for pk, code, name in activities.values_list("pk", "code", "name"):
            self.activities |= {plain_name(code): pk, plain_name(name): pk}
        accounts = Account.objects.filter(programme=programme)
        self.money = {
            pk: currency or programme.currency
            for pk, currency in accounts.values_list("pk", "currency")
        }
        self.default = run.option("currency")
        self.own = programme.currency
        costs = ActivityCost.objects.filter(account__programme=programme)
        columns = ("account_id", "activity_id", "month", "currency", "source")
        self.known = {tuple(key): pk for pk, *key in costs.values_list("pk", *columns)}
        self.sums: dict[str, Decimal] = defaultdict(Decimal)
        self.months: dict[tuple[str, str], Decimal] = defaultdict(Decimal)

    def read(self, cells: Cells) -> Wanted:
        """The cost of a row; `amount` where it is given, else quantity × rate."""
        account: Any = self.account(cells)
        activity = cells.choice("activity", self.activities)
        month = cells.month("month")
        values: dict[str, Any] = {
            name: number
            for name in ("quantity", "rate", "amount")
            if (number := cells.number(name)) is not None
        }
        if "amount" not in values and {"quantity", "rate"} <= values.keys():
            values["amount"] = (values["quantity"] * values["rate"]).quantize(SIX_PLACES)
        if activity is None or month is None or "amount" not in values:
            raise Refused("nothing")
        currency = cells.text("currency") or self.default or self.money.get(account, self.own)
        source = cells.text("source")
        values |= {"account": account, "activity": activity, "month": month}
        values |= {"currency": currency, "source": source}
        called = self.called.get(account, account)
        return Wanted(((called, activity, month, currency, source),), values)

    def find(self, wanted: Wanted) -> int | None:
        """The cost of this account, activity, month, currency and source."""
        return self.known.get(wanted.keys[0])

    def note(self, wanted: Wanted) -> None:
        """Add up what is taken, for the totals."""
        currency, month = wanted.values["currency"], f"{wanted.values['month']:%Y-%m}"
        self.sums[currency] += wanted.values["amount"]
        self.months[month, currency] += wanted.values["amount"]

    def totals(self) -> list[dict[str, str]]:
        """Amounts by currency, and by month."""
        shown = [(_("Amount"), total, currency) for currency, total in sorted(self.sums.items())]
        for (month, currency), total in sorted(self.months.items())[-MONTHS_SHOWN:]:
            shown.append((_("Amount, %(month)s") % {"month": month}, total, currency))
        return super().totals() + [
            {"label": label, "value": amount_text(total), "unit": currency}
            for label, total, currency in shown
        ]
