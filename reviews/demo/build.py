"""Builds the demonstration programme through the same services that pages and API use."""

from __future__ import annotations

import datetime

from django.db import transaction

from kam.access.once import asking_once
from kam.changes.context import source
from reviews.demo import cast, planning
from reviews.demo.assessments import ReviewSteps
from reviews.demo.people import PROGRAMME
from reviews.demo.steps import deputy_of
from teams.models import Programme

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


class Builder(ReviewSteps):
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
                self.make_contacts()
            self.review()
            with self.on_day(1):
                self.make_plans()

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
