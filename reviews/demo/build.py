"""Builds the demonstration programme through the same services that pages and API use."""

from __future__ import annotations

import datetime

from django.db import transaction

from accounts.models import Account
from accounts.services import create_contact
from accounts.services.duplicate import keep_found
from kam.access.once import asking_once
from kam.changes.context import source
from kam.jobs.progress import InlineJob
from reviews.demo import cast, papers, planning
from reviews.demo.assessments import ReviewSteps
from reviews.demo.exchange import exchange
from reviews.demo.outlets import OutletSteps
from reviews.demo.people import PROGRAMME
from reviews.demo.running import RunningSteps
from reviews.demo.steps import deputy_of
from teams.models import Programme

PLANS = {
    "Birch Logistics": "birch",
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
"""Customers with a plan, the one decided last first, and what state it is in."""


DOUBLES = (
    ("Umbra Optics", ("Ines Duarte", "Duarte, Ines"), "i.duarte@umbra.example"),
    ("Cedar Health", ("Nadia Osei", "Osei, Nadia"), "n.osei@cedar.example"),
)
"""Customers, who is recorded twice there, and their mail."""
SECOND = {"job_title": "Head of procurement", "phone": "+44 20 7946 0123"}
"""What the second record knows and the first does not."""


def is_built() -> bool:
    """Whether the demonstration programme is there."""
    return Programme.objects.filter(name=PROGRAMME).exists()


def build(today: datetime.date) -> None:
    """Make everything, as of `today`; does nothing when it is there."""
    if is_built():
        return
    with transaction.atomic(), source("command", "seed_demo"):
        Builder(today).run()


class Builder(OutletSteps, RunningSteps, ReviewSteps):
    """Everything, step by step."""

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
                self.make_market()
                self.make_scores()
                self.make_selection()
                self.make_qualifications()
                self.make_decisions()
                self.make_running()
                self.make_profiles()
                self.make_contacts()
                self.make_double()
            self.review()
            for age, name in reversed([*enumerate(PLANS)]):
                with self.on_day(1 + 3 * age) as day:
                    self.make_plan(name, day)
            with self.on_day(1) as day:
                papers.file_papers(self.accounts["Birch Logistics"], self.people, day)
            with self.on_day(1):
                exchange(self.programme, self.people, self.today)

    def make_double(self) -> None:
        """People recorded twice, for the list of possible duplicates."""
        for customer, names, email in DOUBLES:
            account = self.accounts[customer]
            for name, more in zip(names, ({}, SECOND), strict=True):
                values = {"name": name, "email": email, **more}
                create_contact(actor=self.director, account=account, changes=values)
            keep_found(accounts=Account.objects.filter(pk=account.pk), job=InlineJob())

    def make_plan(self, name: str, day: datetime.date) -> None:
        """The plan of a customer, in its state since `day`."""
        customer = next(row for row in cast.CUSTOMERS if row.name == name)
        manager = customer.manager or ""
        crew = planning.Crew(
            manager=self.people[manager],
            sponsor=self.people["sponsor"],
            deputy=self.people["deputy" if manager == "kam" else deputy_of(manager)],
            member=self.people["member" if manager == "kam" else deputy_of(manager)],
            decided_on=day,
        )
        account = self.accounts[name]
        account.refresh_from_db()
        if PLANS[name] == "birch":
            planning.birch(account, crew, self.director, self.today)
        else:
            planning.ordinary(account, crew, self.today, PLANS[name])
