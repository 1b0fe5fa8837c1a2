"""Builds the demonstration programme through the same services that pages and API use."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import services as account_services
from accounts.choices import Stage
from accounts.models import (
    Account,
    Activity,
    Contact,
    Product,
    ProductLine,
    StageChange,
    StatusChange,
)
from accounts.services import ledger
from accounts.services.interaction import log_contact
from accounts.services.people import create_contact
from accounts.services.product import create_product, create_product_line
from accounts.services.site import create_site
from kam.access.once import asking_once
from kam.changes import editing
from kam.changes.context import source
from kam.changes.models import Change
from reviews import services as review_services
from reviews.demo import cast, evidence, figures, planning
from reviews.demo.cast import SIGN_INS, Customer
from teams import services as team_services
from teams.models import BusinessUnit, Function, Programme, RoleGrant, Team, User

PASSWORD = "key-accounts-demo"  # noqa: S105  (printed at every start, refused outside the demonstration)
PROGRAMME = "Key accounts of Hartwell Supply"
FUNCTIONS = {"deputy": "engineering", "member": "logistics"}
LATER_REVIEWS = {
    "Birch Logistics": 82,
    "Cedar Health": 73,
    "Pine Chemicals": 40,
    "Rowan Rail": 60,
    "Violet Pharma": 20,
    "Elm Retail": 45,
    "Umbra Optics": 33,
}
"""Customers reviewed a second time, and how many days ago."""

PLANS = {
    "Cedar Health": "in_review",
    "Elm Retail": "active",
    "Dogwood Energy": "active",
    "Fir Mobility": "sent_back",
    "Pine Chemicals": "active",
    "Rowan Rail": "approved",
    "Oak Furniture": "active",
    "Umbra Optics": "draft",
    "Violet Pharma": "active",
    "Spruce Paper": "draft",
    "Yarrow Seeds": "draft",
}


def is_built() -> bool:
    """Whether the demonstration programme is there."""
    return Programme.objects.filter(name=PROGRAMME).exists()


def build(today: datetime.date) -> None:
    """Make everything, as of `today`; does nothing when it is there."""
    if is_built():
        return
    with transaction.atomic(), source("command", "seed_demo"):
        Builder(today).run()


class Builder:
    """Holds what the steps share."""

    def __init__(self, today: datetime.date) -> None:
        self.today = today
        self.password = make_password(PASSWORD)
        self.people: dict[str, User] = {}
        self.accounts: dict[str, Account] = {}

    def run(self) -> None:
        """All steps, in the order of their days."""
        with self.on_day(540):
            self.make_people()
            self.make_lists()
        with self.on_day(500):
            for customer in cast.CUSTOMERS:
                self.make_account(customer)
        with self.on_day(400):
            self.appoint()
        with asking_once():  # nobody's rights change from here on
            with self.on_day(0):
                self.make_money()
                self.make_contacts()
            self.review()
            with self.on_day(1):
                self.make_plans()

    @contextmanager
    def on_day(self, days_ago: int) -> Iterator[datetime.date]:
        """What is written inside is logged as of that many days ago."""
        day = self.today - datetime.timedelta(days=days_ago)
        marks = {model: self._last(model) for model in (Change, StageChange, StatusChange)}
        yield day
        if days_ago == 0:
            return
        noon = datetime.datetime.combine(day, datetime.time(9, 30), timezone.get_default_timezone())
        Change.objects.filter(pk__gt=marks[Change]).update(at=noon)
        for model in (StageChange, StatusChange):
            model.objects.filter(pk__gt=marks[model]).update(created_at=noon)

    @staticmethod
    def _last(model: type) -> int:
        return model.objects.order_by("-pk").values_list("pk", flat=True).first() or 0  # type: ignore[attr-defined]

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

    def make_account(self, customer: Customer) -> None:
        """An account in its group, with its number in the ERP and its team."""
        parent = self.accounts[customer.parent] if customer.parent else None
        account = account_services.create_account(
            actor=self.director,
            programme=self.programme,
            changes={
                "name": customer.name,
                "parent": parent,
                "country": customer.country,
                "industry": customer.industry,
                "currency": customer.currency,
                "business_unit": self.units[customer.unit],
            },
            external_ids=[("erp", str(100_400 + 41 * (len(self.accounts) + 1)))],
        )
        if customer.manager:
            account = self._give_team(account, customer)
        self.accounts[customer.name] = account

    def _give_team(self, account: Account, customer: Customer) -> Account:
        shared = parent_team(account)
        if shared is None:
            shared = team_services.create_team(
                actor=self.director, programme=self.programme, name=f"Team {customer.name}"
            )
            crew = {customer.manager: "kam", "sponsor": "sponsor"}
            if customer.manager == "kam":
                crew |= {"deputy": "deputy", "member": "member"}
            else:
                crew |= {deputy_of(customer.manager or ""): "deputy"}
            for name, role in crew.items():
                team_services.add_membership(
                    actor=self.director,
                    team=shared,
                    user=self.people[name or ""],
                    role=role,
                    function=self.functions.get(FUNCTIONS.get(name or "", "sales")),
                    valid_from=self.today - datetime.timedelta(days=500),
                )
        return account_services.assign_team(
            actor=self.director, account=account, team=shared, expected_version=None
        )

    def appoint(self) -> None:
        """Status of every customer with reason and decider, targets, sites."""
        day = self.today - datetime.timedelta(days=400)
        for customer in cast.CUSTOMERS:
            account = self.accounts[customer.name]
            if customer.status != "candidate":
                account = account_services.set_status(
                    actor=self.director,
                    account=account,
                    status=customer.status,
                    decided_on=day,
                    reason=f"{customer.industry}: wins or losses here change our three-year plan."
                    if customer.status == "key"
                    else "",
                    rationale_types=["revenue_today", "growth_potential"]
                    if customer.status == "key"
                    else [],
                )
            if customer.target:
                account = account_services.update_account(
                    actor=self.director,
                    account=account,
                    expected_version=None,
                    changes={
                        "target_stage": customer.target,
                        "target_stage_by": self.today + datetime.timedelta(days=390),
                    },
                )
            self.accounts[customer.name] = account
        for unit in ("Road", "Rail", "Warehousing"):
            create_site(
                actor=self.director,
                account=self.accounts["Birch Logistics"],
                changes={"name": unit, "city": "Aarhus", "country": "Denmark"},
            )
        account_services.create_conflict(
            actor=self.director,
            a=self.accounts["Alder Foods"],
            b=self.accounts["Elm Retail"],
            kind="exclusive",
        )

    def make_money(self) -> None:
        """Ledger and costs to serve."""
        for customer in cast.CUSTOMERS:
            figures.record(
                self.director,
                self.accounts[customer.name],
                customer,
                self.today,
                self.products,
                self.activities,
            )

    def make_contacts(self) -> None:
        """The buying centre of Birch, and two people at every other account with a team."""
        for person in cast.BIRCH_PEOPLE:
            self._contact(self.accounts["Birch Logistics"], person)
        number = 0
        for customer in cast.CUSTOMERS:
            if customer.manager is None or customer.name == "Birch Logistics":
                continue
            for title, function, level, roles, influence, interval in (
                ("Head of purchasing", "Purchasing", "management", ("buyer",), 4, 30),
                ("Managing director", "Board", "executive", ("decider",), 5, 90),
            ):
                first = cast.FIRST_NAMES[number % len(cast.FIRST_NAMES)]
                last = cast.LAST_NAMES[number * 5 % len(cast.LAST_NAMES)]
                days = (number * 13 + 4) % 70
                person = cast.Person(
                    f"{first} {last}",
                    title,
                    function,
                    level,
                    roles,
                    influence,
                    0,
                    interval,
                    days,
                    number % 3 != 0,
                    customer.manager,
                )
                self._contact(self.accounts[customer.name], person)
                number += 1

    def _contact(self, account: Account, person: cast.Person) -> Contact:
        contact = create_contact(
            actor=self.director,
            account=account,
            changes={
                "name": person.name,
                "job_title": person.title,
                "function": person.function,
                "level": person.level,
                "buying_roles": list(person.roles),
                "influence": person.influence,
                "attitude": person.attitude,
                "interval_days": person.interval,
                "confidence": "confirmed" if person.confirmed else "assumed",
                "source": "account team",
            },
        )
        if person.days is not None:
            log_contact(
                actor=self.people[person.speaker],
                account=account,
                changes={
                    "happened_on": self.today - datetime.timedelta(days=person.days),
                    "kind": "meeting" if person.level == "executive" else "call",
                    "text": f"Talked with {person.name} about the plans of the quarter.",
                    "contacts": [contact],
                },
                today=self.today,
            )
        return contact

    def review(self) -> None:
        """First assessments, later reviews, and reviews in every state."""
        for place, customer in enumerate(cast.CUSTOMERS):
            if customer.stage is None:
                continue
            first = Stage.MID if customer.stage == Stage.UNCOUPLING else customer.stage
            days = 380 + place if customer.name in LATER_REVIEWS else 30 + 3 * (place % 12)
            if customer.stage == Stage.UNCOUPLING:
                days = 230
            scores, share = evidence.BY_STAGE[first]
            if customer.name in evidence.HANDBOOK:
                scores, share = evidence.HANDBOOK[customer.name], evidence.SHARES[customer.name]
            if customer.name == "Dogwood Energy":
                days, scores, share = 360, evidence.DOGWOOD_BEFORE, "0.62"
            self._confirmed(customer, scores, share, days, first, "First assessment by the team.")
            if customer.name in LATER_REVIEWS:
                days = LATER_REVIEWS[customer.name]
                self._confirmed(customer, scores, share, days, first, "Stands where it stood.")
        self._leave("Thorn Security", "unprofitable", "supplier", 24)
        self._leave("Quince Hotels", "competitor_won", "customer", 9)
        self._pending()

    def _people_of(self, customer: Customer) -> evidence.Decision:
        author = self.people[customer.manager] if customer.manager else self.director_zero
        return evidence.Decision(author, self.director)

    def _confirmed(
        self, customer: Customer, scores: str, share: str, days: int, stage: str, reason: str
    ) -> None:
        with self.on_day(days) as day:
            evidence.confirmed(
                self.accounts[customer.name],
                self._people_of(customer),
                scores,
                share,
                day,
                stage,
                reason,
            )

    def _leave(self, name: str, reason: str, initiator: str, days: int) -> None:
        customer = next(row for row in cast.CUSTOMERS if row.name == name)
        author, director = self._people_of(customer)
        with self.on_day(days) as day:
            scores, share = evidence.BY_STAGE["early"]
            review = evidence.draft(self.accounts[name], author, scores, share, day)
            review = evidence.propose(
                review,
                author,
                {
                    "decided_stage": "uncoupling",
                    "reason": "Contribution is negative and no plan brings it back.",
                    "uncoupling_reason": reason,
                    "initiator": initiator,
                },
            )
            review_services.confirm(actor=director, review=review, on=day, expected_version=None)

    def _pending(self) -> None:
        """One proposed (Dogwood: uncoupling advised), one rejected, two drafts."""
        luis, kira = self.people["luis"], self.people["kam"]
        with self.on_day(2) as day:
            dogwood = self.accounts["Dogwood Energy"]
            review = review_services.start_review(
                actor=luis,
                account=dogwood,
                reviewed_on=day,
                on=day,
                participants="Luis, Raj",
                share_of_wallet=Decimal(evidence.SHARES["Dogwood Energy"]),
                answers=evidence.answers("Dogwood Energy", evidence.HANDBOOK["Dogwood Energy"]),
                signals={
                    "U3": "Tender published, first in nine years",
                    "U4": "Sponsor left in March, nobody named yet",
                },
            )
            evidence.propose(
                review,
                luis,
                {
                    "decided_stage": "uncoupling",
                    "reason": "Four signals: tender, sponsor gone, wallet and index down.",
                    "uncoupling_reason": "customer_strategy",
                    "initiator": "mutual",
                },
            )
        with self.on_day(5) as day:
            fir = self.accounts["Fir Mobility"]
            review = evidence.draft(fir, luis, *evidence.BY_STAGE["early"], day)
            review = evidence.propose(
                review, luis, {"decided_stage": "early", "reason": "Trial order is promised."}
            )
            review_services.reject(
                actor=self.director,
                review=review,
                reason="Promised is not ordered. Propose again when the trial runs.",
                on=day,
                expected_version=None,
            )
        with self.on_day(0) as day:
            birch = self.accounts["Birch Logistics"]
            evidence.draft(birch, kira, evidence.HANDBOOK["Birch Logistics"], "0.40", day)

    def make_plans(self) -> None:
        """Plans in every state."""
        for name, state in {"Birch Logistics": "birch", **PLANS}.items():
            customer = next(row for row in cast.CUSTOMERS if row.name == name)
            manager = customer.manager or ""
            crew = planning.Crew(
                manager=self.people[manager],
                sponsor=self.people["sponsor"],
                deputy=self.people["deputy" if manager == "kam" else deputy_of(manager)],
                member=self.people["member" if manager == "kam" else deputy_of(manager)],
            )
            account = self.accounts[name]
            account.refresh_from_db()
            if state == "birch":
                planning.birch(account, crew, self.director, self.today)
            else:
                planning.ordinary(account, crew, self.today, state)


def deputy_of(manager: str) -> str:
    """The next manager on the list stands in."""
    names = list(cast.MANAGERS)
    return names[(names.index(manager) + 1) % len(names)]


def parent_team(account: Account) -> Team | None:
    """A child is looked after by the team of the account above it, if that has one."""
    return account.parent.team if account.parent else None
