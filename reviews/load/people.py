"""Users, units and teams of the synthetic programme."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, make_password
from django.db.models import TextField, Value
from django.db.models.functions import Cast, Concat

from teams.models import (
    BusinessUnit,
    Function,
    Membership,
    Programme,
    RoleGrant,
    Team,
    TeamRole,
    User,
)
from teams.services.programmes import FUNCTIONS

HALVES = ("Load North", "Load South")
REGIONS = 4
TEAMS_A_MANAGER = 3


@dataclass
class Crew:
    """Who works in the programme; lists are indexed by number of the manager and of the unit."""

    programme: Programme
    director: User
    senior: User
    managers: list[User]
    units: list[BusinessUnit]
    functions: list[Function]
    teams: list[Team] = field(default_factory=list)

    def manager_of(self, team: int) -> User:
        """The manager of the team number `team`."""
        return self.managers[team // TEAMS_A_MANAGER % len(self.managers)]


def hire(programme: Programme, teams: int, password: str) -> Crew:
    """The three sign-ins, a manager for every three teams, the units."""
    hashed = make_password(password)
    named = User.objects.bulk_create(
        User(username=f"load_{name}", first_name="Load", last_name=name, password=hashed)
        for name in ("programme", "senior", "kam")
    )
    others = User.objects.bulk_create(
        [
            User(
                username=f"load_kam_{number:05}",
                first_name="Manager",
                last_name=f"{number:05}",
                password=f"{UNUSABLE_PASSWORD_PREFIX}load",
            )
            for number in range(1, teams // TEAMS_A_MANAGER + 2)
        ],
        batch_size=500,
    )
    functions = Function.objects.bulk_create(
        Function(programme=programme, code=code, name=name) for code, name in FUNCTIONS.items()
    )
    units = _units(programme)
    half = units[0].parent
    RoleGrant.objects.bulk_create(
        [
            RoleGrant(user=named[0], role="programme_manager", programme=programme),
            RoleGrant(user=named[1], role="senior_manager", business_unit=half),
        ]
    )
    return Crew(programme, named[0], named[1], [named[2], *others], units, functions)


def _units(programme: Programme) -> list[BusinessUnit]:
    """Two halves with four regions each; the regions of the first half come first."""
    halves = BusinessUnit.objects.bulk_create(
        BusinessUnit(programme=programme, name=name) for name in HALVES
    )
    regions = BusinessUnit.objects.bulk_create(
        BusinessUnit(programme=programme, name=f"{half.name} {number}", parent=half)
        for half in halves
        for number in range(1, REGIONS + 1)
    )
    slash = Value("/", TextField())
    own = Concat(slash, Cast("pk", TextField()), slash)
    rows = BusinessUnit.objects.filter(programme=programme)
    rows.filter(parent=None).update(path=own)
    below = Concat(slash, Cast("parent_id", TextField()), own)
    rows.filter(parent__isnull=False).update(path=below)
    return regions


def form_teams(crew: Crew, numbers: range, today: datetime.date) -> list[Team]:
    """Teams of these numbers: a manager, a deputy and a member each."""
    teams = Team.objects.bulk_create(
        Team(programme=crew.programme, name=f"Load team {number:06}") for number in numbers
    )
    since = today - datetime.timedelta(days=400)
    rows = []
    for number, team in zip(numbers, teams, strict=True):
        places = ((TeamRole.KAM, 0), (TeamRole.DEPUTY, 1), (TeamRole.MEMBER, 2))
        rows += [
            Membership(
                team=team,
                user=crew.manager_of(number + step * TEAMS_A_MANAGER),
                role=role,
                function=crew.functions[step],
                valid_from=since,
            )
            for role, step in places
        ]
    Membership.objects.bulk_create(rows, batch_size=1000)
    return teams
