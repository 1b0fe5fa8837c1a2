"""What customers buy in our categories, as a file (K086; handbook 3.4)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import PurchaseConfidence, UseType
from accounts.imports.channels import (
    Channels,
    Listed,
    codes_in,
    give_channels,
    refuse_archived,
    take_channels,
)
from accounts.imports.directory import plain_name, spoken
from accounts.imports.records.customers import (
    BLAMED,
    REASONS,
    CustomerKind,
    CustomerSession,
    amount_text,
)
from accounts.imports.records.periods import period_of
from accounts.imports.records.purchase_fields import FIELDS, OPTIONS
from accounts.imports.records.wide import headings_of_categories
from accounts.models import Account, CategoryPurchase, ProductLine, Site
from accounts.services.product import LINE_FIELDS
from kam.changes import editing
from kam.imports.kinds import ROW_NUMBER, Row, name_in
from kam.imports.models import Run, StagedRecord
from kam.imports.records import Cells, Wanted
from kam.imports.records.session import Pending
from kam.imports.refusal import Refused
from kam.imports.totals import is_total
from teams.models import Programme

SHOWN_CATEGORIES = 40
"""Categories whose amounts a trial shows."""


class CategoryPurchasesKind(CustomerKind):
    """Category purchases of customers, of their sites, and of whole channels."""

    name: ClassVar = "category_purchases"
    label: ClassVar = gettext_lazy("Category purchases")
    seen_at: ClassVar = (gettext_lazy("See the category purchases"), "accounts:purchases")
    model: ClassVar = CategoryPurchase
    by_parts: ClassVar = True
    fields: ClassVar = FIELDS
    options: ClassVar = OPTIONS
    blamed: ClassVar = {
        **BLAMED,
        "nothing": ("amount", "volume"),
        "no_period": ("period", "period_from", "period_until"),
        "order": ("period_until",),
        "site_without": ("site",),
        "channel_of": ("channel",),
        **{f"bad_{field.name}": (field.name,) for field in FIELDS},
    }
    shown: ClassVar = (
        gettext_lazy("Account or channel"),
        gettext_lazy("Category"),
        gettext_lazy("Period"),
        gettext_lazy("Volume"),
        gettext_lazy("Amount"),
    )
    previewed: ClassVar = (
        "account_name/account/channel",
        "category",
        "period/period_from",
        "volume",
        "amount",
    )
    numeric: ClassVar = frozenset({3, 4})

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Whose purchases, and how much; the period may be that of the whole file."""
        given = set(mapping)
        missing = []
        if not {"account", "account_name", "channel"} & given:
            missing.append(
                _("Say which column holds the customer, number or name, or the channel.")
            )
        one, wide = {"amount", "volume", "category"} & given, any(map(name_in, given))
        if wide and one:
            missing.append(
                _("A row holds one purchase or several: leave out the columns of one of them.")
            )
        elif not wide and not {"amount", "volume"} & given:
            missing.append(_("Say which column holds the amount or the volume."))
        if len({"period_from", "period_until"} & given) == 1:
            missing.append(_("Say which columns hold the first and the last day, both of them."))
        return missing

    def doubts(self, run: Run) -> list[tuple[str, str]]:
        """Of which period the rows are, and of whom where they name a channel again and again.

        Raises ValidationError for codes of channels that stand for nothing.
        """
        open_ones = []
        codes_in(run.option("channel_codes"))
        if not {"period", "period_from"} & set(run.mapping) and not run.option("period"):
            text = _("Say which column holds the period, or name that of the whole file below.")
            open_ones.append((text, "period"))
        if run.is_wide and not {"account", "account_name"} & set(run.mapping):
            rest = ("channel", "period", "period_from", "period_until", "use_type")
            places = [run.columns[name] for name in rest if name in run.mapping]
            keys = [tuple(row[place] for place in places) for row in run.sample]
            if len(set(keys)) < len(keys):
                text = _(
                    "The rows name no customer, and the same channel several times. Say which"
                    " column holds the customer, or let the number of the row stand for it."
                )
                open_ones.append((text, ROW_NUMBER))
        return open_ones

    def found_besides(
        self,
        columns: Sequence[str],
        sample: Sequence[Sequence[Any]],
        found: Mapping[str, dict[str, Any]],
        scope_id: int | None,
    ) -> dict[str, dict[str, Any]]:
        """Columns of which each is a category, where none holds what was bought."""
        if {"amount", "volume", "category"} & set(found):
            return {}
        taken = {entry["column"] for entry in found.values()}
        known = _categories(scope_id) if scope_id else {}
        return headings_of_categories(columns, sample, taken, known)

    def further(self, run: Run) -> list[tuple[Any, str]]:
        """Besides: where customers are ranked by what they buy."""
        return [*super().further(run), (_("Market map"), reverse("accounts:market_map"))]

    def open(self, run: Run) -> PurchasesSession:
        """Begin a pass over category purchases."""
        return PurchasesSession(run)

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """Make channels and categories that are missing; customers come into their channels."""
        placed = [values.get("channel") for item in part for values in (item.after, item.extra)]
        refuse_archived({pk for pk in placed if isinstance(pk, int)})
        channels = Channels(run.scope_id, codes_in(run.option("channel_codes")))
        categories = _categories(run.scope_id)
        for item in part:
            for values in (item.after, item.extra):
                if isinstance(values.get("channel"), str):
                    values["channel"] = channels.made(run.owner, values["channel"])
            name = item.after.get("category")
            if isinstance(name, str):
                item.after["category"] = categories.get(name) or _made(run, name, categories)
        give_channels(run, {item.after.get("account"): item.extra for item in part})

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Purchases go, customers leave the channels, unused channels and categories go."""
        take_channels(run, actor_id)
        super().withdraw(run, actor_id)
        Listed(run, actor_id).remove_unused()


def _categories(programme: int) -> dict[str, int]:
    """Product lines in use by their name; where two differ in case only, by that exactly."""
    rows = ProductLine.objects.active().filter(programme=programme).order_by("-pk")
    found = list(rows.values_list("name", "pk"))
    return {plain_name(name): pk for name, pk in found} | dict(found)


def _made(run: Run, name: str, categories: dict[str, int]) -> int:
    line = ProductLine(programme_id=run.scope_id, name=name)
    fields = ("programme", *LINE_FIELDS)
    categories[name] = editing.create(actor=run.owner, obj=line, fields=fields).pk
    return categories[name]


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
        self.channels = Channels(programme.pk, codes_in(run.option("channel_codes")))
        self.categories = _categories(programme.pk)
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
        gone = ProductLine.objects.filter(programme=programme).exclude(archived_at=None)
        self.gone = set(gone.values_list("name", flat=True))
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
                    category = self._category(name)
                    yield self._bought(whose, category, {"amount": amount}, field)
            except Refused as refused:
                empty = False
                yield self.of_cell(field, refused)
        if empty:
            raise Refused("nothing")

    def read(self, cells: Cells) -> Wanted:
        """The purchases of a row that tells of one category, or of all."""
        whose = self._whose(cells)
        category = self._category(cells.text("category"))
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
        category = self._named(values["category"])
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
        place = CategoryPurchasesKind.previewed.index("category")
        return (*cells[:place], self._named(values["category"]), *cells[place + 1 :])

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
            (_("Categories not known: they are made"), self._new_categories()),
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

    def _category(self, name: str) -> int | str | None:
        if not name:
            return None
        found = self.categories.get(name) or self.categories.get(plain_name(name))
        if found is None and is_total(name):
            raise Refused("total")
        if found is None and name in self.gone:
            raise Refused("archived")
        if found is None and not self.makes:
            raise Refused("bad_category", _("names “%(name)s”: no category") % {"name": name[:80]})
        if found is None and len(name) > (ProductLine._meta.get_field("name").max_length or 0):
            raise Refused("bad_category", _("has the name of a category that is too long"))
        if found is None:
            found = self.categories[plain_name(name)] = Pending(name)  # type: ignore[assignment]
        return found

    def _new_categories(self) -> set[str]:
        return {name for name in self.categories.values() if isinstance(name, str)}

    def _named(self, category: Any) -> str:
        if category is None:
            return _("all categories")
        if isinstance(category, str):
            return category
        if not hasattr(self, "_names"):
            lines = ProductLine.objects.filter(programme=self.run.scope_id)
            self._names = dict(lines.values_list("pk", "name"))
        return self._names[category]

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
