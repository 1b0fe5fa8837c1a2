"""Category purchases of customers as a kind of file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.channels import (
    Channels,
    Listed,
    codes_in,
    give_channels,
    refuse_archived,
    take_channels,
)
from accounts.imports.records.customers import BLAMED, CustomerKind
from accounts.imports.records.purchases.categories import by_name, made
from accounts.imports.records.purchases.fields import FIELDS, OPTIONS, PREVIEWED
from accounts.imports.records.purchases.session import PurchasesSession
from accounts.imports.records.purchases.wide import headings_of_categories
from accounts.models import CategoryPurchase
from kam.imports.kinds import ROW_NUMBER, name_in
from kam.imports.models import Run, StagedRecord


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
    previewed: ClassVar = PREVIEWED
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
        known = by_name(scope_id) if scope_id else {}
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
        categories = by_name(run.scope_id)
        for item in part:
            for values in (item.after, item.extra):
                if isinstance(values.get("channel"), str):
                    values["channel"] = channels.made(run.owner, values["channel"])
            name = item.after.get("category")
            if isinstance(name, str):
                item.after["category"] = categories.get(name) or made(run, name, categories)
        give_channels(run, {item.after.get("account"): item.extra for item in part})

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Purchases go, customers leave the channels, unused channels and categories go."""
        take_channels(run, actor_id)
        super().withdraw(run, actor_id)
        Listed(run, actor_id).remove_unused()
