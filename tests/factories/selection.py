"""The handbook's example programme: eight candidates scored, two managers, two conflicts (3.1,
3.2, 3.5)."""

from decimal import Decimal
from typing import NamedTuple

from accounts.models import Account, Conflict, ManagerCapacity
from accounts.scoring.criteria import ATTRACTIVENESS, STRENGTH
from accounts.services.scoring import Given, give_scores
from teams.models import Programme, User
from tests.factories.accounts import AccountFactory
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory, UserFactory

CANDIDATES = {
    "Alder Foods": ("9,10,0,6,6,7,9,7,6,4", "6,5,1,5,6,6", 420, "0.60"),
    "Birch Logistics": ("7,8,7,7,6,6,5,6,8,7", "7,7,4,6,6,7", 260, "0.40"),
    "Cedar Health": ("6,7,8,8,7,4,8,8,8,9", "8,8,7,6,8,8", 300, "0.50"),
    "Dogwood Energy": ("3,6,6,5,3,5,6,3,4,4", "7,7,6,6,6,7", 150, "0.30"),
    "Elm Retail": ("6,5,5,5,5,8,7,4,6,6", "6,6,6,5,5,6", 150, "0.35"),
    "Fir Mobility": ("10,5,0,7,6,6,7,10,7,5", "6,4,1,5,7,5", 280, "0.50"),
    "Gorse Packaging": ("5,3,2,4,5,4,3,3,6,5", "5,5,4,6,4,5", 90, "0.20"),
    "Hazel Media": ("2,2,4,6,6,2,5,2,4,5", "6,7,6,5,5,6", 70, "0.15"),
}
"""Scores A1..A10 and S1..S6, cost in thousands a year, effort in FTE."""
BUDGET = Decimal(1_000_000)


class Example(NamedTuple):
    """Programme, its manager, accounts by first word, and the two key account managers."""

    programme: Programme
    director: User
    accounts: dict[str, Account]
    kira: User
    luis: User

    def names(self, pks) -> set[str]:
        """First words of accounts by key."""
        return {name for name, account in self.accounts.items() if account.pk in pks}


def handbook_programme(**programme) -> Example:
    """The example as it is stored before its first run."""
    programme = ProgrammeFactory(**programme)
    director = UserFactory(username="director")
    RoleGrantFactory(user=director, programme_manager=True, programme=programme)
    accounts, given = {}, []
    for name, (worth, rank, cost, effort) in CANDIDATES.items():
        account = AccountFactory(
            programme=programme,
            name=name,
            planned_cost=Decimal(cost * 1000),
            planned_effort=Decimal(effort),
        )
        accounts[name.split()[0]] = account
        criteria = [row.code for row in (*ATTRACTIVENESS, *STRENGTH)]
        for code, score in zip(criteria, f"{worth},{rank}".split(","), strict=True):
            said = {"evidence": "Said at the review.", "customer_said": True}
            extra = said if code == "A10" and int(score) > 5 else {}
            given.append(Given(account, code, int(score), **extra))
    give_scores(actor=director, scores=given)
    kira = UserFactory(first_name="Kira", last_name="")
    luis = UserFactory(first_name="Luis", last_name="")
    for user, most in ((kira, 3), (luis, 2)):
        ManagerCapacity.objects.create(programme=programme, user=user, accounts=most)
    for a, b, kind in (("Alder", "Elm", "exclusive"), ("Birch", "Fir", "ring_fence")):
        Conflict.objects.create(a=accounts[a], b=accounts[b], kind=kind)
    return Example(programme, director, accounts, kira, luis)
