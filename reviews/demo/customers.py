"""The customers with their teams, figures and people."""

from __future__ import annotations

import datetime

from accounts import services as account_services
from accounts.models import (
    Account,
    Contact,
)
from accounts.services.interaction import log_contact
from accounts.services.people import create_contact
from accounts.services.site import create_site
from reviews.demo import cast, figures
from reviews.demo.cast import Customer
from reviews.demo.people import PeopleSteps
from reviews.demo.steps import deputy_of
from teams import services as team_services
from teams.models import Team

FUNCTIONS = {"deputy": "engineering", "member": "logistics"}


class CustomerSteps(PeopleSteps):
    """The customers."""

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


def parent_team(account: Account) -> Team | None:
    """A child is looked after by the team of the account above it, if that has one."""
    return account.parent.team if account.parent else None
