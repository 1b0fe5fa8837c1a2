"""The trade-channel map of the handbook: channels, what customers buy, and the whole market (3.4,
4.10)."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal
from typing import Any

from accounts import services as account_services
from accounts.models import Channel, ProductLine, Site
from accounts.services.channel import SEPARATOR, create_channel
from accounts.services.purchase import record_purchase
from reviews.demo.cast import DATA
from reviews.demo.customers import CustomerSteps
from reviews.demo.figures import months_before

MARKET = 200_000
"""Thousands that all customers of the category buy in a year."""
BIRCH = {
    "Packaging": {"Road": 8000, "Rail": 4000, "Warehousing": 3000},
    "Labels": {"Road": 3000, "Rail": 1500, "Warehousing": 1000},
    "Services": {"Road": 2000, "Rail": 1500, "Warehousing": 1000},
    "Software": {"Road": 600, "Warehousing": 400},
}
"""Thousands that Birch could buy from us, by line and unit (4.10)."""


class MarketSteps(CustomerSteps):
    """Channels and category purchases over the last twelve whole months."""

    def make_market(self) -> None:
        """Everybody's purchases, those of Birch by line and site, and of the whole market."""
        self.year = {
            "period_from": months_before(self.today, 12)[0],
            "period_until": self.today.replace(day=1) - datetime.timedelta(days=1),
            "currency": self.programme.currency,
            "use_type": "own_input",
            "as_of": self.today,
        }
        channels: dict[str, Channel] = {}
        with (DATA / "purchases.csv").open(newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                channel = self._channel(row["channel"], channels)
                account = account_services.update_account(
                    actor=self.director,
                    account=self.accounts[row["name"]],
                    expected_version=None,
                    changes={"channel": channel},
                )
                self.accounts[row["name"]] = account
                known = {name: row[name] for name in ("confidence", "source")}
                self._buys(row["purchases"], account=account, **known)
        whole = {"confidence": "estimated", "source": "market study"}
        self._buys(MARKET, channel=channels["Trade"], **whole)
        self._break_down_birch()

    def _break_down_birch(self) -> None:
        birch = self.accounts["Birch Logistics"]
        sites = {site.name: site for site in Site.objects.filter(account=birch)}
        lines = {line.name: line for line in ProductLine.objects.filter(programme=self.programme)}
        known: dict[str, Any] = {"confidence": "reported", "source": "their purchasing"}
        for name, parts in BIRCH.items():
            category = lines[name]
            self._buys(sum(parts.values()), account=birch, category=category, **known)
            for unit, amount in parts.items():
                self._buys(amount, account=birch, category=category, site=sites[unit], **known)

    def _channel(self, names: str, channels: dict[str, Channel]) -> Channel:
        """The channel with these names from the top, with all above it."""
        if names not in channels:
            above, _gap, name = names.rpartition(SEPARATOR)
            parent = self._channel(above, channels) if above else None
            channels[names] = create_channel(
                actor=self.director,
                programme=self.programme,
                changes={"name": name, "parent": parent},
            )
        return channels[names]

    def _buys(
        self, thousands: int | str, *, account: Any = None, channel: Any = None, **values: Any
    ) -> None:
        record_purchase(
            actor=self.director,
            account=account,
            channel=channel,
            changes={**self.year, **values, "amount": Decimal(thousands) * 1000},
        )
