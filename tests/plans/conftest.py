"""A key account with a team of every role, and somebody who has nothing to do with it."""

from dataclasses import dataclass

import pytest

from accounts.models import Account
from teams.models import User
from tests.factories.accounts import AccountFactory
from tests.factories.plans import PlanFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
    UserFactory,
)


@dataclass
class Cast:
    """Who is who around one account."""

    account: Account
    kam: User
    deputy: User
    sponsor: User
    member: User
    observer: User
    senior: User
    programme_manager: User
    finance: User
    auditor: User
    outsider: User

    @property
    def readers(self) -> list[User]:
        """Those who see the account without editing it."""
        return [self.sponsor, self.member, self.observer, self.senior, self.finance, self.auditor]


@pytest.fixture
def people(db) -> Cast:
    """The account "Birch Logistics" (key) with one person in each role."""
    programme = ProgrammeFactory()
    unit = BusinessUnitFactory(programme=programme)
    team = TeamFactory(programme=programme)
    account = AccountFactory(
        programme=programme,
        business_unit=unit,
        team=team,
        name="Birch Logistics",
        status="key",
    )
    roles = ("kam", "deputy", "sponsor", "member", "observer")
    members = {
        role: MembershipFactory(team=team, role=role, user__username=role).user for role in roles
    }
    granted = {
        role: RoleGrantFactory(**{role: True}, programme=programme, user__username=role).user
        for role in ("programme_manager", "finance", "auditor")
    }
    senior = RoleGrantFactory(senior_manager=True, business_unit=unit, user__username="senior").user
    return Cast(
        account=account,
        senior=senior,
        outsider=UserFactory(username="outsider"),
        **members,
        **granted,
    )


@pytest.fixture
def plan(people):
    """A draft of the account's manager for 2026, with a contingency but without objectives."""
    return PlanFactory(
        account=people.account,
        author=people.kam,
        ambition="Preferred supplier in two units",
        defection_contingency="Ana calls the three depots within a day.",
    )
