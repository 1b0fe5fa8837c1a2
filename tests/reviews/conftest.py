"""One account with everybody who has a part in its review."""

from dataclasses import dataclass

import pytest

from accounts.models import Account
from reviews import scoring
from teams.models import Programme, User
from tests.factories.accounts import AccountFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)

EXAMPLES = {
    "alder": ("1100 1001 0000 0000 0000 1000", "0"),
    "birch": ("2221 2222 2121 2231 1111 2222", "0.4"),
    "cedar": ("1121 3334 3332 3443 2322 3333", "0.5"),
    "elm": ("3332 3332 3322 2333 2222 3322", "0.3"),
    "dogwood": ("3322 2232 2322 3222 3343 3223", "0.5"),
    "top": ("4444 4444 4444 4444 4444 4444", "0.9"),
}


@dataclass
class People:
    """The account's world: who writes, who confirms, who sees nothing."""

    programme: Programme
    account: Account
    kam: User
    deputy: User
    member: User
    senior: User
    director: User
    outsider: User


@pytest.fixture
def people(db):
    programme = ProgrammeFactory()
    unit = BusinessUnitFactory(programme=programme)
    team = TeamFactory(programme=programme)
    account = AccountFactory(
        programme=programme, business_unit=unit, team=team, status="key", name="Birch Logistics"
    )
    members = {
        role: MembershipFactory(team=team, role=role).user for role in ("kam", "deputy", "member")
    }
    senior = RoleGrantFactory(senior_manager=True, business_unit=unit).user
    director = RoleGrantFactory(programme_manager=True, programme=programme).user
    return People(
        programme=programme,
        account=account,
        kam=members["kam"],
        deputy=members["deputy"],
        member=members["member"],
        senior=senior,
        director=director,
        outsider=UserFactory(),
    )


def answers_of(text, *, without_evidence=()):
    """Answers of a worked example in the form that services and API take; D1 is left out."""
    digits = text.replace(" ", "")
    return {
        item: {
            "score": int(digit),
            "evidence": "" if item in without_evidence else "Minutes of 12 May",
        }
        for item, digit in zip(scoring.ITEMS, digits, strict=True)
        if item != scoring.COMPUTED_ITEM
    }
