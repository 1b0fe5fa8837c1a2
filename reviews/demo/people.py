"""People, roles, units, and the lists that everything else names."""

from __future__ import annotations

import datetime
from decimal import Decimal

from accounts.models import (
    Activity,
    Product,
    ProductLine,
)
from accounts.services import ledger
from accounts.services.product import create_product, create_product_line
from kam.changes import editing
from reviews.demo import cast
from reviews.demo.cast import SIGN_INS
from reviews.demo.steps import Steps
from teams import services as team_services
from teams.models import BusinessUnit, Function, RoleGrant, User

PROGRAMME = "Key accounts of Hartwell Supply"


class PeopleSteps(Steps):
    """Who works here, and with what."""

    def make_people(self) -> None:
        """The ten sign-ins, eleven managers, their roles and the units."""
        names = {name: words[:2] for name, words in SIGN_INS.items()} | cast.MANAGERS
        admin = self._person("admin", names["admin"])
        RoleGrant.objects.create(user=admin, role="administrator")
        self.director_zero = admin
        for name, words in names.items():
            if name != "admin":
                self._person(name, words)
        self.programme = team_services.create_programme(
            actor=admin,
            values={
                "name": PROGRAMME,
                "supplier_name": "Hartwell Supply",
                "definition": "A customer is key when losing it, or winning it, changes our "
                "plan of three years. Its team serves it across functions, for the profit of both.",
                "currency": "GBP",
                "fiscal_year_start": 1,
                "time_zone": "Europe/London",
            },
        )
        self.units: dict[str, BusinessUnit] = {}
        for name, parent in cast.UNITS.items():
            self.units[name] = team_services.create_unit(
                actor=admin,
                programme=self.programme,
                name=name,
                parent=self.units[parent] if parent else None,
            )
        for name, role in (
            ("programme", "programme_manager"),
            ("finance", "finance"),
            ("auditor", "auditor"),
        ):
            team_services.grant_role(
                actor=admin,
                user=self.people[name],
                role=role,
                programme=self.programme,
                valid_from=None,
            )
        team_services.grant_role(
            actor=admin,
            user=self.people["senior"],
            role="senior_manager",
            business_unit=self.units["Europe"],
            valid_from=None,
        )
        self.director = self.people["programme"]
        self.functions = {
            row.code: row for row in Function.objects.filter(programme=self.programme)
        }

    def _person(self, username: str, names: tuple[str, ...]) -> User:
        user = User(
            username=username,
            email=f"{username}@hartwell.example",
            first_name=names[0],
            last_name=names[1],
        )
        user.password = self.password
        user.full_clean()
        user.save()
        self.people[username] = user
        return user

    def make_lists(self) -> None:
        """Products, activities, exchange rates."""
        self.products: dict[str, Product] = {}
        for line, products in cast.LINES.items():
            row: ProductLine = create_product_line(
                actor=self.director, programme=self.programme, changes={"name": line}
            )
            for code, name in products:
                self.products[code] = create_product(
                    actor=self.director,
                    programme=self.programme,
                    changes={"code": code, "name": name, "line": row},
                )
        self.activities: dict[str, Activity] = {}
        for code, name, of_programme in cast.ACTIVITIES:
            activity = Activity(
                programme=self.programme, code=code, name=name, programme_cost=of_programme
            )
            self.activities[code] = editing.create(
                actor=self.director, obj=activity, fields=("code", "name", "programme_cost")
            )
        first = self.today - datetime.timedelta(days=800)
        for currency, rate in (("EUR", "0.86"), ("USD", "0.79")):
            ledger.enter_exchange_rate(
                actor=self.director,
                programme=self.programme,
                changes={
                    "currency": currency,
                    "valid_from": first,
                    "rate": Decimal(rate),
                    "source": "treasury",
                },
            )
