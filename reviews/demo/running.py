"""What the programme is given, measured against, and how it changes (K023, K128-K133)."""

from __future__ import annotations

import datetime
from decimal import Decimal

from accounts.running.budgeting import year_of
from accounts.running.earning import months_after
from accounts.services.budget import add_budget_line
from accounts.services.earning import give_verdict, record_case
from accounts.services.organisation import record_change
from reviews.demo.selecting import SelectionSteps

OF_ACCOUNTS = {
    "Birch Logistics": (
        ("people", "Manager, team and executive time", 228, "0.40"),
        ("systems", "Portal for orders of all sites", 20, None),
        ("training", "Negotiating with professional buyers", 12, None),
    ),
    "Cedar Health": (
        ("people", "Manager and clinical specialists", 262, "0.50"),
        ("equipment", "Stock cabinets in four clinics", 38, None),
    ),
    "Elm Retail": (
        ("people", "Manager and category analyst", 118, "0.35"),
        ("process", "Joint forecast each month", 32, None),
    ),
}
"""Lines of this year's budget in thousands, with FTE; Birch's come to its planned 260k, as Cedar's
to 300k and Elm's to 150k (3.5)."""
OF_PROGRAMME = (
    ("systems", "This application, and time to run it", 18, "0.10"),
    ("training", "Key account skills, two days for all managers", 24, None),
)
BASES = {
    "Birch Logistics": (24, 2_300, 0, "0.03"),
    "Cedar Health": (24, 3_300, 0, "0.03"),
    "Elm Retail": (15, 960, 0, "0.02"),
}
"""Months as a key account, contribution and programme cost in the year before in thousands, and
growth of accounts that are not key; Birch's are those of 4.7."""
CHANGES = (
    (
        "structure",
        "Europe and UK share one inside-sales desk",
        -30,
        "Orders of Birch and Elm; contacts at the desk change for twelve buyers.",
        "low",
        "Each buyer is called before the change, and the old desk forwards for a month.",
    ),
    ("pay", "Half of the bonus follows the account's contribution", 45, "", "", ""),
)


class RunningSteps(SelectionSteps):
    """Budget, returns, and changes of the organisation."""

    def make_running(self) -> None:
        """This year's budget, three bases of the return, an assessed change and one that is not."""
        year = year_of(self.programme, self.today)
        lines = [(None, *line) for line in OF_PROGRAMME]
        lines += [(name, *line) for name, rows in OF_ACCOUNTS.items() for line in rows]
        for name, kind, text, thousands, effort in lines:
            add_budget_line(
                actor=self.director,
                programme=self.programme,
                changes={
                    "account": self.accounts[name] if name else None,
                    "year": year,
                    "cost_type": kind,
                    "text": text,
                    "amount": Decimal(1000 * thousands),
                    "effort": effort and Decimal(effort),
                },
            )
        for name, (months, before, cost, growth) in BASES.items():
            case = record_case(
                actor=self.director,
                account=self.accounts[name],
                changes={
                    "started_on": months_after(self.today.replace(day=1), -months),
                    "contribution_before": Decimal(1000 * before),
                    "cost_before": Decimal(1000 * cost),
                    "growth_ratio": Decimal(growth),
                    "growth_source": "maintained accounts, three years",
                },
            )
            if name == "Cedar Health":
                give_verdict(
                    actor=self.director,
                    case=case,
                    verdict="adapt",
                    reason="Specialists cost more than they bring: two instead of four.",
                    on=self.today,
                )
        for kind, text, days, impact, risk, care in CHANGES:
            record_change(
                actor=self.director,
                programme=self.programme,
                changes={
                    "kind": kind,
                    "text": text,
                    "effective_on": self.today + datetime.timedelta(days=days),
                    "impact": impact,
                    "risk": risk,
                    "care": care,
                },
            )
