"""People and customers of the demonstration programme."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

DATA = Path(__file__).parent / "data"

SIGN_INS = {
    "admin": ("Nora", "Field", "administrator"),
    "programme": ("Pia", "Novak", "programme manager"),
    "senior": ("Sven", "Aalto", "senior manager, Europe"),
    "sponsor": ("Raj", "Mehta", "executive sponsor"),
    "kam": ("Kira", "Lund", "key account manager"),
    "deputy": ("Tom", "Becker", "deputy, engineering"),
    "member": ("Ana", "Duarte", "team member, logistics"),
    "finance": ("Mei", "Tan", "finance"),
    "auditor": ("Olu", "Bello", "auditor"),
    "outsider": ("Ida", "Stone", "no role: sees nothing"),
}
"""User name -> first name, last name, what they are; all with one password."""

MANAGERS = {
    "luis": ("Luis", "Ortega"),
    "greta": ("Greta", "Holm"),
    "amir": ("Amir", "Haddad"),
    "beth": ("Beth", "Owens"),
    "chen": ("Chen", "Wei"),
    "dora": ("Dora", "Varga"),
    "emil": ("Emil", "Krause"),
    "fatou": ("Fatou", "Diallo"),
    "gino": ("Gino", "Ferri"),
    "hana": ("Hana", "Mori"),
    "ivan": ("Ivan", "Petrov"),
}
"""Eleven more managers; with Kira there are twelve."""


class Customer(NamedTuple):
    """A customer: money in thousands of its currency a year, ratios 0..1.

    `sales` and `before` are net revenue of the last twelve whole months and of the twelve before;
    `goods` is cost of goods over revenue, None where it is not known; `serve` is cost to serve.
    """

    name: str
    status: str
    stage: str | None
    target: str | None
    manager: str | None
    sales: int
    before: int
    goods: Decimal | None
    serve: int | None
    industry: str
    country: str
    unit: str = "Europe"
    parent: str | None = None
    currency: str = ""


def _customers() -> tuple[Customer, ...]:
    """The table `data/customers.csv`: the handbook's (3.4, 4.6), what it lacks made up, and 3,600
    thousand of all others, several at every stage."""
    rows = []
    with (DATA / "customers.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            values: dict[str, Any] = {name: text or None for name, text in row.items()}
            values["sales"], values["before"] = int(row["sales"]), int(row["before"])
            values["goods"] = Decimal(row["goods"]) if row["goods"] else None
            values["serve"] = int(row["serve"]) if row["serve"] else None
            values["currency"] = row["currency"]
            rows.append(Customer(**values))
    return tuple(rows)


CUSTOMERS = _customers()

UNITS = {
    "Europe": None,
    "UK and Ireland": "Europe",
    "Continental Europe": "Europe",
    "International": None,
}
"""Business unit -> the one above it."""

LINES = {
    "Packaging": (("PKG-210", "Folding box 210"), ("PKG-340", "Transport box 340")),
    "Labels": (("LBL-R-40", "Rail label 40"), ("LBL-W-25", "Warehouse label 25")),
    "Services": (("SRV-10", "Packing service"),),
    "Software": (("SW-1", "Label design, yearly"),),
}
"""Product line -> products."""

MIX = {
    "Packaging": Decimal("0.55"),
    "Labels": Decimal("0.30"),
    "Services": Decimal("0.10"),
    "Software": Decimal("0.05"),
}
"""Share of each line in sales, where the handbook gives none."""

BIRCH_MIX = {
    "Packaging": Decimal(84) / 104,
    "Labels": Decimal(15) / 104,
    "Services": Decimal(5) / 104,
}
"""Birch: 8.4, 1.5, 0.5 of 10.4 m (handbook 4.10)."""

ACTIVITIES = (
    ("logistics", "Logistics", False),
    ("service", "Service", False),
    ("order-handling", "Order handling", False),
    ("sales-coverage", "Sales coverage", False),
    ("manager", "Key account manager", True),
    ("team-time", "Team time", True),
    ("executive-time", "Executive time", True),
    ("tools", "Tools", True),
    ("training", "Training", True),
)

BIRCH_COSTS = (500, 340, 90, 150, 140, 180, 24, 20, 12)
"""Thousands a year by activity, in the order of `ACTIVITIES` (handbook 4.6); 1,456 in all."""


class Person(NamedTuple):
    """A contact; `days` since the last talk, `interval` agreed."""

    name: str
    title: str
    function: str
    level: str
    roles: tuple[str, ...]
    influence: int
    attitude: int
    interval: int | None
    days: int | None
    confirmed: bool
    speaker: str


def _birch_people() -> tuple[Person, ...]:
    """The buying centre of Birch (handbook 5.6)."""
    rows = []
    with (DATA / "birch_people.csv").open(newline="", encoding="utf-8") as table:
        for row in csv.DictReader(table):
            values: dict[str, Any] = dict(row)
            for name in ("influence", "attitude", "interval", "days"):
                values[name] = int(row[name])
            values["roles"] = tuple(row["roles"].split())
            values["confirmed"] = row["confirmed"] == "yes"
            rows.append(Person(**values))
    return tuple(rows)


BIRCH_PEOPLE = _birch_people()

FIRST_NAMES = (
    "Lena",
    "Otto",
    "Ruth",
    "Saul",
    "Tess",
    "Uwe",
    "Vita",
    "Wim",
    "Yara",
    "Zeno",
    "Cora",
    "Dirk",
    "Elsa",
)
LAST_NAMES = (
    "Berg",
    "Costa",
    "Dahl",
    "Egan",
    "Frei",
    "Gray",
    "Hale",
    "Ivers",
    "Jonas",
    "Kerr",
    "Lang",
    "Moss",
)
