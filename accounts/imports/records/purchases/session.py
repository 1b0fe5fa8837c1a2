"""One pass over category purchases: whose they are, of when, in what, and how much."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import PurchaseConfidence, UseType
from accounts.imports.channels import Channels, codes_in
from accounts.imports.directory import plain_name, spoken
from accounts.imports.records.customers import REASONS, CustomerSession, amount_text
from accounts.imports.records.purchases.categories import Categories
from accounts.imports.records.purchases.fields import PREVIEWED
from accounts.imports.records.purchases.periods import period_of
from accounts.models import Account, CategoryPurchase, Site
from kam.imports.kinds import Row, name_in
from kam.imports.models import Run
from kam.imports.records import Cells, Wanted
from kam.imports.refusal import Refused
from kam.imports.totals import is_total
from teams.models import Programme

SHOWN_CATEGORIES = 40
"""Categories whose amounts a trial shows."""


class Whose(NamedTuple):
    """Whose purchases a row tells of: an account (`called`: by what it is known again), a site of
    it or a channel; of when and for what; `given` are further values, `extra` is stored beside."""

    account: Any
    called: Any
    site: int | None
    channel: int | str | None
    first: datetime.date
    last: datetime.date
    use: str
    currency: str
    given: dict[str, Any]
    extra: dict[str, Any]


class PurchasesSession(CustomerSession):
    """One pass over category purchases."""

    model: ClassVar = CategoryPurchase
    reasons: ClassVar = {
        **REASONS,
        "no_account": gettext_lazy("names neither a customer nor a channel"),
        "nothing": gettext_lazy("has neither amount nor volume"),
        "no_period": gettext_lazy("names no period, or not both of its days"),
        "order": gettext_lazy("ends before it begins"),
        "site_without": gettext_lazy("names a site without the customer whose it is"),
        "channel_of": gettext_lazy(
            "names another channel than the one in which the customer is: move it there first"
        ),
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        programme = Programme.objects.get(pk=run.scope_id)
        self.own, self.default = programme.currency, run.option("currency")
        self.period = run.option("period")
        self.makes = run.option("lists") != "reject"
        self.categories = Categories(programme.pk, makes=self.makes)
        self.channels = Channels(programme.pk, codes_in(run.option("channel_codes")))
        in_order = sorted(run.columns, key=run.columns.__getitem__)
        self.wide = {name: name_in(name) for name in in_order if name_in(name)}
        accounts = Account.objects.filter(programme=programme)
        columns = accounts.values_list("pk", "currency", "channel")
        self.money, self.placed = {}, {}
        for pk, currency, channel in columns:
            self.money[pk] = currency or self.own
            if channel:
                self.placed[pk] = channel
        self.wants: dict[Any, Any] = {}
        sites = Site.objects.active().filter(account__programme=programme)
        self.sites = {
            (account, plain_name(name)): pk
            for account, name, pk in sites.values_list("account", "name", "pk")
        }
        known = CategoryPurchase.objects.active().filter(programme=programme)
        key = (
            "account_id",
            "site_id",
            "channel_id",
            "category_id",
            "period_from",
            "period_until",
            "use_type",
        )
        self.known = {
            tuple(rest): (pk, currency)
            for pk, currency, *rest in known.values_list("pk", "currency", *key)
        }
        self.uses = spoken(UseType) | {"own": UseType.OWN_INPUT.value}
        self.sure = spoken(PurchaseConfidence)
        self.sums: dict[str, Decimal] = defaultdict(Decimal)
        self.parts: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        self.volumes: dict[str, Decimal] = defaultdict(Decimal)

    def read_each(self, cells: Cells) -> Iterator[Wanted | Refused]:
        """The purchases of a row: one, or one in each column that is a category."""
        if not self.wide:
            yield self.read(cells)
            return
        whose, empty = self._whose(cells), True
        for field, name in self.wide.items():
            try:
                cells.check(field)
                amount = cells.number(field)
                if amount is not None:
                    empty = False
                    category = self.categories.find(name)
                    yield self._bought(whose, category, {"amount": amount}, field)
            except Refused as refused:
                empty = False
                yield self.of_cell(field, refused)
        if empty:
            raise Refused("nothing")

    def read(self, cells: Cells) -> Wanted:
        """The purchases of a row that tells of one category, or of all."""
        whose = self._whose(cells)
        category = self.categories.find(cells.text("category"))
        measures = {
            name: number
            for name in ("volume", "amount")
            if (number := cells.number(name)) is not None
        }
        if not measures:
            raise Refused("nothing")
        return self._bought(whose, category, measures)

    def _whose(self, cells: Cells) -> Whose:
        """Of its customer, or of the channel where it names none."""
        channel, account = self._channel(cells), self._account(cells)
        called = self.called.get(account, account)
        extra = {}
        if account is not None and channel is not None:
            extra = self._placing(account, called, channel)
            channel = None
        site = self._site(cells, account)
        first, last = self._period(cells)
        use = cells.choice("use_type", self.uses) or ""
        given = {
            "volume_unit": cells.text("volume_unit"),
            "source": cells.text("source"),
            "as_of": cells.date("as_of"),
            "confidence": cells.choice("confidence", self.sure),
        }
        given = {name: value for name, value in given.items() if value}
        currency = cells.text("currency")
        return Whose(account, called, site, channel, first, last, use, currency, given, extra)

    def _bought(
        self,
        whose: Whose,
        category: int | str | None,
        measures: dict[str, Decimal],
        field: str = "",
    ) -> Wanted:
        key = (
            whose.called,
            whose.site,
            whose.channel,
            category,
            whose.first,
            whose.last,
            whose.use,
        )
        values: dict[str, Any] = {
            "programme": self.run.scope_id,
            "account": whose.account,
            "site": whose.site,
            "channel": whose.channel,
            "category": category,
            "period_from": whose.first,
            "period_until": whose.last,
            "use_type": whose.use,
            **measures,
            "currency": self._currency(whose, key),
            **whose.given,
        }
        if key not in self.known:
            values["recorded_by"] = self.run.owner_id
        return Wanted((key,), values, whose.extra, field)

    def find(self, wanted: Wanted) -> int | None:
        """The purchases of the same holder, category, period and use."""
        return self.known.get(wanted.keys[0], (None, ""))[0]

    def note(self, wanted: Wanted) -> None:
        """Add up what is taken, for the totals."""
        values = wanted.values
        category = self.categories.label(values["category"])
        if "amount" in values:
            self.sums[values["currency"]] += values["amount"]
            self.parts[category, values["currency"]] += values["amount"]
        if "volume" in values:
            self.volumes[values.get("volume_unit", "")] += values["volume"]

    def _cells(
        self, number: int, row: Row, values: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """With the category of a figure that stands in a column of its own."""
        cells = super()._cells(number, row, values)
        if not self.wide or values is None:
            return cells
        place = PREVIEWED.index("category")
        return (*cells[:place], self.categories.label(values["category"]), *cells[place + 1 :])

    def totals(self) -> list[dict[str, str]]:
        """Amounts by currency and by category, volumes by unit, and what would be made."""
        shown = [
            (_("Amount"), amount_text(total), currency)
            for currency, total in sorted(self.sums.items())
        ]
        ranked = sorted(self.parts.items(), key=lambda item: (-item[1], item[0]))
        for (category, currency), total in ranked[:SHOWN_CATEGORIES]:
            label = _("Amount, %(category)s") % {"category": category}
            shown.append((label, amount_text(total), currency))
        for unit, total in sorted(self.volumes.items()):
            shown.append((_("Volume"), format(total.normalize(), "f"), unit))
        rows = [{"label": label, "value": text, "unit": unit} for label, text, unit in shown]
        made = (
            (_("Channels not known: they are made"), self.channels.missing),
            (_("Categories not known: they are made"), self.categories.missing),
        )
        rows += [{"label": text, "value": str(len(new)), "unit": ""} for text, new in made if new]
        return super().totals() + rows

    def _account(self, cells: Cells) -> Any:
        if cells.text("channel") and not cells.text("account") and not cells.text("account_name"):
            return None
        return self.account(cells)

    def _channel(self, cells: Cells) -> int | str | None:
        text = cells.text("channel")
        if not text:
            return None
        found = self.channels.find(text)
        if found is None and is_total(text):
            raise Refused("total")
        if found is None and self.channels.is_archived(text):
            raise Refused("archived")
        if found is None and not self.makes:
            raise Refused("bad_channel", _("names “%(name)s”: no channel") % {"name": text[:80]})
        return self.channels.pending(text) if found is None else found

    def _placing(self, account: Any, called: Any, channel: int | str) -> dict[str, Any]:
        """What is stored beside the row so that its customer comes into the channel."""
        if account in self.placed:
            if self.placed[account] != channel:
                raise Refused("channel_of")
            return {}
        if self.wants.setdefault(called, channel) != channel:
            raise Refused("channel_of")
        return {"channel": channel}

    def _site(self, cells: Cells, account: Any) -> int | None:
        name = cells.text("site")
        if not name:
            return None
        if account is None:
            raise Refused("site_without")
        found = self.sites.get((account, plain_name(name)))
        if found is None:
            text = _("names “%(name)s”: the customer has no such site")
            raise Refused("bad_site", text % {"name": name[:80]})
        return found

    def _period(self, cells: Cells) -> tuple[datetime.date, datetime.date]:
        first, last = cells.date("period_from"), cells.date("period_until")
        named = cells.text("period")
        if (first is None) != (last is None):
            raise Refused("no_period")
        if first is not None and last is not None:
            if last < first:
                raise Refused("order")
            return first, last
        text = named or self.period
        if not text:
            raise Refused("no_period")
        found = period_of(text)
        if found is None:
            message = _("has “%(text)s”, which is no year, half-year, quarter or month")
            raise Refused("bad_period", message % {"text": text[:40]})
        return found

    def _currency(self, whose: Whose, key: Any) -> str:
        """What the row names, else the one of the file, of the known figure, of the account."""
        known = self.known.get(key, (None, ""))[1]
        own = self.money.get(whose.account, self.own)
        return whose.currency or self.default or known or own
