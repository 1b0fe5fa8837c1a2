"""What accounts are rated on, what two product lines look for, and what is known of Birch (K034,
K070, K071, K092, K093, K095, K113)."""

from __future__ import annotations

import csv
import datetime
from decimal import Decimal

from accounts import services as account_services
from accounts.choices import ScaleKind
from accounts.models import Channel, ProductLine, ProfileParameter
from accounts.services.channel import create_channel
from accounts.services.factor import create_factor
from accounts.services.parameter import create_parameter
from accounts.services.profile import Known, create_benefit, record_entries
from accounts.services.rating import Rated, give_ratings
from accounts.services.targeting import Aim, create_target_profile, set_targets
from reviews.demo.cast import DATA
from reviews.demo.selecting import SelectionSteps

LEISURE = "Trade / Retail and leisure"
HOTELS = ("Quince Hotels", "Iris Catering")
SHOPS = ("Damson Jewels",)
"""Customers that lie deeper in the tree, in channels of their own."""
PARAMETERS = (
    {
        "code": "location",
        "name": "Location",
        "kind": "choice",
        "options": ["city centre", "station or airport", "shopping mall", "out of town"],
    },
    {"code": "footfall", "name": "Footfall", "low": "quiet", "high": "always busy"},
    {
        "code": "age_18_34",
        "name": "Shoppers of 18 to 34 years",
        "area": "audience",
        "kind": "number",
        "lowest": Decimal(0),
        "highest": Decimal(100),
        "unit": "%",
    },
    {
        "code": "women",
        "name": "Women among shoppers",
        "area": "audience",
        "kind": "number",
        "lowest": Decimal(0),
        "highest": Decimal(100),
        "unit": "%",
    },
    {
        "code": "income",
        "name": "Income of shoppers",
        "area": "audience",
        "low": "lowest fifth",
        "high": "highest fifth",
    },
)
"""Of outlets in retail and leisure."""
OF_ALL = (
    {
        "code": "recycling",
        "name": "Recycling target",
        "area": "purchasing",
        "kind": "choice",
        "options": ["no target", "target without a date", "target with a date"],
    },
    {
        "code": "growth",
        "name": "Growth of its volume",
        "area": "purchasing",
        "kind": "number",
        "unit": "% a year",
    },
    {
        "code": "automation",
        "name": "Automation of its packing",
        "low": "by hand",
        "high": "lights out",
    },
)
"""Of every account."""
SCALE = {"kind": "scale", "lowest": Decimal(1), "highest": Decimal(5)}
LABELS = (
    {"parameter": "location", "weight": 40, "wanted": ["city centre", "station or airport"]},
    {"parameter": "footfall", "weight": 35, "at_least": 4},
    {"parameter": "age_18_34", "weight": 25, "at_least": 30},
)
PACKAGING = (
    {"parameter": "recycling", "weight": 50, "wanted": ["target with a date"]},
    {"parameter": "growth", "weight": 30, "at_least": 3},
    {"parameter": "automation", "weight": 20, "at_least": 3},
)
STEPS = (
    ("Elm Retail", "Labels", "displayed", "At the tills of all city shops"),
    ("Hazel Media", "Labels", "listed", "Since the spring range"),
    ("Ivy Hotels", "Labels", "targeted", ""),
    ("Birch Logistics", "Packaging", "listed", "In the catalogue of all hubs"),
    ("Alder Foods", "Packaging", "targeted", ""),
)
KNOWN = {
    "strategy": ("Leading carrier of fresh goods in the Nordics by 2030", "annual report", True),
    "finance": ("Sales of 900m, margin 4 %, family owns 60 %", "annual report", True),
    "markets": ("Grocers and pharmacies; rivals cut prices on rail", "Olsen, in March", False),
    "operations": ("Three divisions, eleven hubs, own IT", "tour of the Aarhus hub", True),
    "motives": ("Wants one partner who takes waste off its hands", "Olsen, in March", True),
    "behaviour": ("Asks for open books, keeps its word", "three years of talks", False),
    "culture": ("Engineers decide; punctual, plain, little hierarchy", "visits", False),
    "strengths": ("Hubs, own software, loyal drivers", "visits", False),
    "weaknesses": ("Divisions buy apart; little data on packaging", "their purchasing", True),
    "merging_buying": ("some", "their purchasing", True),
    "professional_buying": ("strong", "their purchasing", True),
    "cost_pressure": ("strong", "annual report", True),
    "globalisation": ("none", "annual report", True),
    "centralisation": ("framework", "their purchasing", True),
    "buying_points": ("12", "their purchasing", True),
    "supplier_reduction": ("running", "their purchasing", True),
    "supplier_reduction_aim": ("From 40 packaging suppliers to 12", "their purchasing", True),
}
"""What is known of Birch, from where, and whether it is confirmed."""
INSIGHT = {"motives": "Wants to look modern to young guests", "culture": "Marketing decides"}
"""What is known of Ivy Hotels."""
BENEFITS = (
    ("First call on the new returnable crates", 40, "Would sign for two hubs"),
    ("One monthly invoice for all divisions", 40, ""),
    ("A seat in our packaging council", None, ""),
)
"""What Birch would gain, how many days ago it was told, and what it said."""


FACTORS = (
    ("Delivery on time", 30, 7, 8, "Second hub from spring"),
    ("Technical help", 25, 8, 6, ""),
    ("Total cost", 20, 6, 6, ""),
    ("Digital ordering", 15, 5, 7, ""),
    ("Sustainability proof", 10, 7, 6, ""),
)
"""What decides for Birch: weight, we, the best other supplier, and what we do (handbook 4.9)."""


class OutletSteps(SelectionSteps):
    """Profiles, once accounts have their channels."""

    def make_profiles(self) -> None:
        """Parameters, ratings, target profiles and lists, and what is known of two customers."""
        channels = {row.full_name: row for row in Channel.objects.filter(programme=self.programme)}
        top = channels[LEISURE]
        self._move(HOTELS, self._below(top, "Hotels and catering"))
        self._move(SHOPS, self._below(top, "Shops"))
        self.parameters = {
            **self._parameters(PARAMETERS, top),
            **self._parameters(OF_ALL, None),
        }
        self._rate()
        lines = {row.name: row for row in ProductLine.objects.filter(programme=self.programme)}
        self._look_for(lines["Labels"], top, LABELS, "Places where young people buy on the way")
        self._look_for(lines["Packaging"], None, PACKAGING, "Growing shippers that have to recycle")
        aims = [
            Aim(self.accounts[name], lines[line], "targeted", self.today - self.days(60))
            for name, line, _status, _note in STEPS
        ]
        set_targets(actor=self.director, targets=aims)
        further = [
            Aim(self.accounts[name], lines[line], status, self.today - self.days(20), note)
            for name, line, status, note in STEPS
            if status != "targeted"
        ]
        set_targets(actor=self.director, targets=further)
        self._tell()

    def _below(self, top: Channel, name: str) -> Channel:
        changes = {"name": name, "parent": top}
        return create_channel(actor=self.director, programme=self.programme, changes=changes)

    def _move(self, names: tuple[str, ...], channel: Channel) -> None:
        for name in names:
            self.accounts[name] = account_services.update_account(
                actor=self.director,
                account=self.accounts[name],
                expected_version=None,
                changes={"channel": channel},
            )

    def _parameters(
        self, rows: tuple[dict, ...], channel: Channel | None
    ) -> dict[str, ProfileParameter]:
        return {
            row["code"]: create_parameter(
                actor=self.director,
                programme=self.programme,
                changes={**({} if "kind" in row else SCALE), **row, "channel": channel},
            )
            for row in rows
        }

    def _rate(self) -> None:
        given = []
        with (DATA / "ratings.csv").open(newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                parameter = self.parameters[row["parameter"]]
                is_choice = parameter.kind == ScaleKind.CHOICE
                rating = row["rating"]
                given.append(
                    Rated(
                        self.accounts[row["name"]],
                        parameter,
                        None if is_choice else Decimal(rating),
                        rating if is_choice else "",
                        int(row["people"]) if row["people"] else None,
                        row["source"],
                        row["confidence"],
                        self.today - self.days(30),
                    )
                )
        give_ratings(actor=self.director, ratings=given)

    def _look_for(
        self, brand: ProductLine, channel: Channel | None, rows: tuple[dict, ...], note: str
    ) -> None:
        ranges = [
            {
                **row,
                "parameter": self.parameters[row["parameter"]],
                "weight": Decimal(row["weight"]),
                **({"at_least": Decimal(row["at_least"])} if "at_least" in row else {}),
            }
            for row in rows
        ]
        create_target_profile(
            actor=self.director,
            programme=self.programme,
            changes={"brand": brand, "channel": channel, "note": note},
            ranges=ranges,
        )

    def _tell(self) -> None:
        birch, ivy = self.accounts["Birch Logistics"], self.accounts["Ivy Hotels"]
        day = self.today - self.days(25)
        entries = [
            Known(birch, name, value, source, "confirmed" if sure else "assumed", day)
            for name, (value, source, sure) in KNOWN.items()
        ]
        entries += [Known(ivy, name, value, "visit", as_of=day) for name, value in INSIGHT.items()]
        record_entries(actor=self.director, entries=entries)
        for name, weight, ours, other, answer in FACTORS:
            create_factor(
                actor=self.director,
                account=birch,
                changes={
                    "name": name,
                    "weight": Decimal(weight),
                    "ours": ours,
                    "best_other": other,
                    "rival": "Norrpack",
                    "answer": answer,
                    "source": "supplier rating of their purchasing",
                    "confidence": "confirmed",
                    "as_of": day,
                },
            )
        for text, ago, reaction in BENEFITS:
            told_on = None if ago is None else self.today - self.days(ago)
            create_benefit(
                actor=self.director,
                account=birch,
                changes={"text": text, "told_on": told_on, "reaction": reaction},
            )

    @staticmethod
    def days(count: int) -> datetime.timedelta:
        """So many days."""
        return datetime.timedelta(days=count)
