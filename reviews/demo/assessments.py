"""Stage reviews in every state."""

from __future__ import annotations

from decimal import Decimal

from accounts.choices import Stage
from reviews import services as review_services
from reviews.demo import cast, evidence
from reviews.demo.cast import Customer
from reviews.demo.customers import CustomerSteps

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


class ReviewSteps(CustomerSteps):
    """Where the customers stand."""

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
