"""The team that a list of customers names: found by name, checked as `assign_team` checks it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.choices import Status
from accounts.imports.directory import Directory, plain_name
from accounts.imports.groups import Groups, Member
from accounts.models import Account, Conflict
from accounts.services.team import COUNTED, counted, managed_rows
from kam.access.dates import business_today
from kam.changes import record
from kam.changes.models import Change
from kam.imports import policies
from kam.imports.models import Run
from kam.imports.refusal import Refused
from teams.models import Membership, Programme, Team, TeamRole
from teams.programme_settings import setting
from teams.services.teams import TEAM_FIELDS


class Teams:
    """Teams of a programme by name: those that the run's owner may give to accounts. With `create`
    unknown ones are made, empty, in the transaction that stores the first row of theirs."""

    def __init__(self, run: Run, programme: Programme, *, create: bool) -> None:
        self.run = run
        self.programme = programme
        self.create = create
        teams = Team.objects.active().filter(programme=programme)
        if not policies.is_system(run.owner):
            teams = teams.editable_by(run.owner)
        self.by_name = {plain_name(name): pk for pk, name in teams.values_list("pk", "name")}
        self.taken = {
            plain_name(name)
            for name in Team.objects.filter(programme=programme).values_list("name", flat=True)
        }

    def find(self, name: str) -> int | str:
        """Primary key of the team, or the name of one that will be made. Raises `Refused`."""
        found = self.by_name.get(plain_name(name))
        if found is not None:
            return found
        if not self.create or plain_name(name) in self.taken:
            text = _("names the team “%(team)s”: there is none that you may use")
            raise Refused("bad_team", text % {"team": name})
        return name

    def made(self, team: int | str) -> int:
        """Primary key of what `find` gave; makes the team where it is not there yet."""
        if isinstance(team, int):
            return team
        plain = plain_name(team)
        if plain not in self.by_name:
            made = Team(programme=self.programme, name=team)
            made.full_clean()
            made.save(force_insert=True)
            record.created(
                actor=self.run.owner,
                obj=made,
                fields=TEAM_FIELDS,
                audience=Change.Audience.TEAM,
                audience_id=made.pk,
            )
            self.by_name[plain] = made.pk
        return self.by_name[plain]


def delete_made(run: Run) -> int:
    """Delete teams that `run`, which does not count, has made and nobody has used since."""
    made = Change.objects.filter(
        object_type=Team._meta.label_lower,
        verb="created",
        source=Change.Source.IMPORT,
        source_reference=str(run.pk),
    )
    unused = Team.objects.filter(pk__in=made.values("object_id"), accounts=None, memberships=None)
    found = list(unused.filter(version=1))
    for team in found:
        record.change(
            actor=run.owner,
            obj=team,
            verb="import_undone",
            before={"name": team.name},
            after={},
            audience=Change.Audience.TEAM,
            audience_id=team.pk,
        )
    Team.objects.filter(pk__in=[team.pk for team in found]).delete()
    return len(found)


class Places:
    """Where the accounts of a file stand: paths of primary keys, of keys for new accounts."""

    def __init__(self, found: Groups, directory: Directory) -> None:
        self.found = found
        self.own = {key: Groups.pk_of(key, directory) for key in found.members}
        ids = {pk for pk in self.own.values() if pk}
        ids |= {int(item.above[1:]) for item in found.members.values() if item.above[:1] == "@"}
        self.paths = dict(Account.objects.filter(pk__in=ids).values_list("pk", "path"))

    def path(self, member: Member) -> str:
        """The member's path from the top of its group."""
        pk = self.own[member.key]
        token = str(pk or member.key.replace("/", " "))
        if not member.above:
            return self.paths.get(pk or 0, f"/{token}/")
        if member.above[0] == "@":
            return f"{self.paths[int(member.above[1:])]}{token}/"
        return f"{self.path(self.found.members[member.above])}{token}/"


def check(found: Groups, directory: Directory, programme: Programme) -> None:
    """Note a problem at each row whose account may not get the team that the row names: a team
    looks after one customer group, its manager after so many accounts, and nobody is on both sides
    of a barrier (`design.md` 3, 4.1, 11)."""
    named = [item for item in found.members.values() if item.team and not item.problem]
    if not named:
        return
    places = Places(found, directory)
    paths = {item.key: places.path(item) for item in named}
    _check_groups(named, paths, places)
    _check_people([item for item in named if not item.problem], paths, programme)


def _check_groups(named: Iterable[Member], paths: dict[str, str], places: Places) -> None:
    """Accounts that the file names are judged by what it says of them, all others as they are."""
    teams = {item.team for item in named if isinstance(item.team, int)}
    holders: dict[Any, set[str]] = defaultdict(set)
    others = Account.objects.active().filter(team__in=teams)
    own = {places.own[item.key] for item in named}
    for pk, team, group in others.values_list("pk", "team_id", "root_id"):
        if pk not in own:
            holders[team].add(str(group))
    for item in named:
        root = paths[item.key].split("/")[1]
        if holders[item.team] - {root}:
            item.problem = "team_shared"
        else:
            holders[item.team].add(root)


def _check_people(named: list[Member], paths: dict[str, str], programme: Programme) -> None:
    today = business_today()
    teams = {item.team for item in named if isinstance(item.team, int)}
    present = Membership.objects.filter(team__in=teams).valid_on(today).select_related("user")
    members: dict[Any, list[Membership]] = defaultdict(list)
    for person in present:
        members[person.team_id].append(person)
    fences = _fences(programme)
    most = int(setting(programme, "max_accounts_per_manager", today))
    loads: dict[int, dict[str, str]] = {}
    for item in named:
        path = paths[item.key]
        joining = {person.user_id for person in members[item.team]}
        if any(fence.crossed_by(path, joining) for fence in fences):
            item.problem = "team_barrier"
            continue
        for fence in fences:
            fence.join(path, joining)
        if (item.status or Status.CANDIDATE) not in COUNTED:
            continue
        for person in members[item.team]:
            if person.role != TeamRole.KAM:
                continue
            rows = loads.get(person.user_id)
            if rows is None:
                rows = loads[person.user_id] = dict(managed_rows(person.user, on=today))
            joined = rows | {path: item.status or Status.CANDIDATE}
            if counted(joined) > most:
                item.problem = "team_load"
                break
            loads[person.user_id] = joined


@dataclass
class Fence:
    """A barrier: the two paths, who is in a team below each, and to whom it does not apply."""

    paths: tuple[str, str]
    people: tuple[set[int], set[int]]
    excepted: set[int]

    def crossed_by(self, path: str, people: set[int]) -> bool:
        """Whether one of `people` would get an account at `path` from behind the barrier."""
        far = reversed(self.people)
        return any(
            path.startswith(near) and (people - self.excepted) & behind
            for near, behind in zip(self.paths, far, strict=True)
        )

    def join(self, path: str, people: set[int]) -> None:
        """Count `people` as being in a team at `path`."""
        for near, inside in zip(self.paths, self.people, strict=True):
            if path.startswith(near):
                inside.update(people)


def _fences(programme: Programme) -> list[Fence]:
    """The barriers of a programme with the people on both sides."""
    today = business_today()
    present = Membership.objects.filter(Q(valid_until=None) | Q(valid_until__gte=today))
    found = []
    conflicts = Conflict.objects.fences(today).filter(a__programme=programme)
    for fence in conflicts.select_related("a", "b").prefetch_related("exceptions"):
        sides = []
        for side in (fence.a, fence.b):
            teams = Account.objects.under(side).filter(team__isnull=False).order_by()
            inside = present.filter(team__in=teams.values("team"))
            sides.append(set(inside.values_list("user_id", flat=True)))
        excepted = {item.user_id for item in fence.exceptions.all() if item.is_valid_on(today)}
        found.append(Fence((fence.a.path, fence.b.path), (sides[0], sides[1]), excepted))
    return found
