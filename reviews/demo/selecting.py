"""Scores, capacities and a scenario: the handbook's selection as it stands (3.1, 3.2, 3.5)."""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from accounts import services as account_services
from accounts.models import Conflict, Position
from accounts.scoring.criteria import ATTRACTIVENESS, CUSTOMER_SAID, MIDDLE, STRENGTH
from accounts.services.capacity import record_capacity
from accounts.services.decision import Wish, decide
from accounts.services.expectation import record_expectation
from accounts.services.qualification import start_qualification
from accounts.services.scoring import Given, give_scores
from accounts.services.selection import create_selection, solve_selection
from accounts.services.solving import solve
from kam.jobs.progress import InlineJob
from reviews.demo.cast import DATA
from reviews.demo.market import MarketSteps

CAPACITIES = {"kam": 3, "luis": 2}
"""Accounts that managers can take on; the others two (3.5)."""
EXAMPLE = (
    "Alder Foods",
    "Birch Logistics",
    "Cedar Health",
    "Dogwood Energy",
    "Elm Retail",
    "Fir Mobility",
    "Gorse Packaging",
    "Hazel Media",
)
BUDGET = Decimal(1_000_000)
GROOMED = {
    "Ivy Hotels": ("It opens a second region with us.", -5),
    "Yarrow Seeds": ("It asks for a joint forecast.", 120),
    "Xylem Water": ("The pilot in two plants is extended.", 200),
}
"""What has to happen for them to become key, and in how many days they are looked at again."""
MAINTAINED = {"Gorse Packaging": "inside_sales", "Hazel Media": "field_sales"}
DIPLOMATIC = ("Larch Tools", "Fern Textiles")
REVIEWED = {"Thorn Security": "It buys less each year, and no open tender suits us."}
QUALIFIED = {
    "Alder Foods": (40, 50, 15_000, 6_200, "Who decides, and would they give us a trial order?"),
    "Juniper Labs": (95, -5, 8_000, 5_400, "Is there more than price tenders to win?"),
}
"""Days since somebody began to look into them and until the deadline, cap, spending, and what is to
be found out."""
TOLD = (
    "Birch Logistics",
    "Cedar Health",
    "Dogwood Energy",
    "Elm Retail",
    "Fir Mobility",
    "Pine Chemicals",
    "Rowan Rail",
    "Oak Furniture",
    "Violet Pharma",
    "Spruce Paper",
)
"""Key accounts that were told what that means; the others are alerts (K129)."""
COULD_CONTRIBUTE = {
    "Alder Foods": (3_000, ""),
    "Birch Logistics": (3_900, "significant"),
    "Cedar Health": (3_600, "critical"),
    "Dogwood Energy": (1_100, "significant"),
    "Elm Retail": (1_900, "significant"),
    "Fir Mobility": (1_400, ""),
}
"""What customers could contribute a year, in thousands, and what their contribution is (K025)."""
FIRST_FORECAST = {"A1": -1, "A2": 1, "A4": 1, "S3": 2}
"""By how much some scores are expected to differ in three years."""


class SelectionSteps(MarketSteps):
    """What a selection needs, and the handbook's own one."""

    def make_scores(self) -> None:
        """Agreed scores of today and of year 3, what accounts would cost, who can take on more."""
        given: list[Given] = []
        codes = [row.code for row in (*ATTRACTIVENESS, *STRENGTH)]
        with (DATA / "scores.csv").open(newline="", encoding="utf-8") as table:
            for row in csv.DictReader(table):
                account = self.accounts[row["name"]]
                values = {"planned_cost": row["cost"], "planned_effort": row["effort"]}
                changes: dict[str, Any] = {
                    name: Decimal(text) for name, text in values.items() if text
                }
                if "planned_cost" in changes:
                    changes["planned_cost"] *= 1000
                if row["name"] in COULD_CONTRIBUTE:
                    thousands, criticality = COULD_CONTRIBUTE[row["name"]]
                    changes["potential_contribution"] = Decimal(thousands * 1000)
                    changes["criticality"] = criticality
                self.accounts[row["name"]] = account_services.update_account(
                    actor=self.director,
                    account=account,
                    expected_version=None,
                    changes=changes,
                )
                scores = f"{row['attractiveness']} {row['strength']}".split()
                for code, score in zip(codes, map(int, scores), strict=True):
                    given += self._given(account, code, score)
        give_scores(actor=self.director, scores=given, on=self.today)
        for name, accounts in CAPACITIES.items():
            record_capacity(
                actor=self.director,
                programme=self.programme,
                user=self.people[name],
                accounts=accounts,
            )

    def _given(self, account: Any, code: str, score: int) -> list[Given]:
        later = max(0, min(10, score + FIRST_FORECAST.get(code, 0)))
        said: dict[str, Any] = {}
        if code == CUSTOMER_SAID and score > MIDDLE:
            said = {"evidence": "Said at the yearly review.", "customer_said": True}
        return [
            Given(account, code, score, **said),
            Given(account, code, later, horizon="year3", **said),
        ]

    def make_selection(self) -> None:
        """The worked example: eight candidates, Kira and Luis, two conflicts, a million."""
        accounts = [self.accounts[name] for name in EXAMPLE]
        places = Position.objects.in_force().filter(account__in=accounts, horizon="today")
        run = create_selection(
            actor=self.director,
            programme=self.programme,
            changes={"name": "Next year, scenario A", "budget": BUDGET, "max_accounts": 5},
            given={
                "candidates": [self._candidate(place) for place in places],
                "managers": [
                    {"user": self.people[name].pk, "capacity": accounts, "effort": Decimal(1)}
                    for name, accounts in CAPACITIES.items()
                ],
                "conflicts": [
                    self._pair("Alder Foods", "Elm Retail", Conflict.Kind.EXCLUSIVE),
                    self._pair("Birch Logistics", "Fir Mobility", Conflict.Kind.RING_FENCE),
                ],
            },
        )
        solve_selection(actor=self.director, selection=run)
        solve(run.pk, self.director, InlineJob())

    def make_qualifications(self) -> None:
        """Candidates that are looked into: one under way, one past its deadline (K063)."""
        for name, (begun, days, cap, spent, question) in QUALIFIED.items():
            start_qualification(
                actor=self.director,
                account=self.accounts[name],
                changes={
                    "started_on": self.today - datetime.timedelta(days=begun),
                    "deadline": self.today + datetime.timedelta(days=days),
                    "cap": Decimal(cap),
                    "spent": Decimal(spent),
                    "question": question,
                },
            )

    def make_decisions(self) -> None:
        """What was decided about some that are not key, one key account under review, and what key
        accounts were told (K048-K050, K129)."""
        decide(actor=self.director, wishes=list(self._wishes()), on=self.today)
        for name in TOLD:
            told_on = self.today - datetime.timedelta(days=90)
            record_expectation(
                actor=self.director,
                account=self.accounts[name],
                changes={
                    "told": "One team and one plan, agreed each year, and a review each quarter.",
                    "expected": "One contact for all sites, and a say in what we develop.",
                    "differs": "Orders of all sites are handled by their own service desk.",
                    "told_on": told_on,
                    "agreed_on": told_on + datetime.timedelta(days=21),
                },
            )

    def _wishes(self) -> Iterator[Wish]:
        for name, (trigger, days) in GROOMED.items():
            day = self.today + datetime.timedelta(days=days)
            reason = "It grows faster than its market, from a small base."
            account = self.accounts[name]
            yield Wish(account, "groom", reason, trigger=trigger, review_on=day)
        for name, way in MAINTAINED.items():
            reason = "It buys little that we could still win."
            yield Wish(self.accounts[name], "maintain", reason, service_model=way)
        for name in DIPLOMATIC:
            message = "The sales director explains what we do for everybody, and does that well."
            reason = "It asks for key treatment; nothing points to growth."
            yield Wish(self.accounts[name], "handle", reason, message=message, answer="keep")
        for name, reason in REVIEWED.items():
            yield Wish(self.accounts[name], "review", reason)

    def _candidate(self, place: Position) -> dict[str, Any]:
        account = place.account
        return {
            "account": account.pk,
            "attractiveness": place.attractiveness,
            "strength": place.strength,
            "cost": account.planned_cost,
            "effort": account.planned_effort,
            "must_include": account.name == "Cedar Health",
            "barred": False,
        }

    def _pair(self, a: str, b: str, kind: str) -> dict[str, Any]:
        return {"a": self.accounts[a].pk, "b": self.accounts[b].pk, "kind": str(kind)}
