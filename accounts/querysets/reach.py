"""How far a person's roles carry, and before which information barriers they stand."""

from __future__ import annotations

import datetime
from collections.abc import Collection
from typing import Any, NamedTuple

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField
from django.db import connection, models
from django.db.models import Case, Exists, F, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce

from kam.access.once import once
from kam.access.prepared import kept_rows
from kam.access.querysets import AnyOf, Reader
from teams.models import BusinessUnit, Membership, Role, RoleGrant, TeamRole

READERS = frozenset([*Role, *TeamRole])
EDITORS = frozenset([Role.ADMINISTRATOR, Role.PROGRAMME_MANAGER, TeamRole.KAM, TeamRole.DEPUTY])
CONTRIBUTORS = EDITORS | {TeamRole.MEMBER, TeamRole.SPONSOR}
MANAGERS = frozenset([Role.ADMINISTRATOR, Role.PROGRAMME_MANAGER])
CONFIRMERS = MANAGERS | {Role.SENIOR_MANAGER}
LARGE = 300
"""Accounts from which on a unit is large."""
KEYS = ArrayField(models.BigIntegerField())
NOTHING = Value("", output_field=models.TextField())


class Reach(NamedTuple):
    """How far a person's roles carry on one day, before and after barriers.

    `programmes` pairs a role with its programme (None: the installation), `units` with the path of
    its unit, `teams` with its team; `fenced` are paths of accounts behind barriers; `homes` are
    the programmes of all but the last, `team_homes` and `fenced_homes` those of teams and of
    barriers. Whether one of the units is large is told on SQLite alone, the keys of the units and
    all below them (`inside`, each a PostgreSQL array as text) on PostgreSQL alone.
    """

    programmes: tuple[tuple[str, int | None], ...]
    units: tuple[tuple[str, str], ...]
    teams: tuple[tuple[str, int], ...]
    fenced: tuple[str, ...]
    homes: frozenset[int]
    team_homes: frozenset[int]
    fenced_homes: frozenset[int]
    has_large_unit: bool
    inside: tuple[str, ...]

    @property
    def administers(self) -> bool:
        """Whether they are administrator of the installation."""
        return (Role.ADMINISTRATOR, None) in self.programmes

    @property
    def is_wide(self) -> bool:
        """Whether any role is held for more than a team."""
        return bool(self.programmes or self.units)

    @property
    def reaches_many(self) -> bool:
        """Whether any role is held for a programme or a large unit (SQLite)."""
        return bool(self.programmes or self.has_large_unit)

    def led_with(self, roles: Collection[str], *, by_key: bool) -> list[Q]:
        """Accounts of the units for which one of `roles` is held and of all below them, a
        condition for each unit; `by_key` by the keys of those units (PostgreSQL)."""
        if by_key and connection.vendor == "postgresql":
            units = zip(self.units, self.inside, strict=True)
            keys = [keys for (role, _path), keys in units if role in roles]
            return [Q(AnyOf(F("business_unit"), Cast(Value(text), KEYS))) for text in keys]
        paths = [path for role, path in self.units if role in roles]
        return [Q(business_unit__path__startswith=path) for path in paths]

    def whole_units(self, programme: int) -> tuple[str, ...] | None:
        """Paths of the units in which all accounts of `programme` are seen, and none elsewhere;
        the empty one is all units and what is in none. None where single accounts decide: those of
        teams, those behind barriers."""
        if programme in self.fenced_homes:
            return None
        if any(home in (None, programme) for _role, home in self.programmes):
            return ("",)
        if programme in self.team_homes:
            return None
        return tuple(path for _role, path in self.units)

    def programmes_of(self, *roles: str) -> list[int]:
        """Programmes for which one of `roles` is held."""
        return [home for role, home in self.programmes if role in roles and home is not None]


def reach_of(user: Reader, on: datetime.date) -> Reach:
    """Roles of `user` on the day `on`, and the barriers before which they stand: one query.

    A barrier keeps whoever is in a team of one account, or of any below it, from the other with
    all below that; people excepted by name do not stand before it.
    """
    return once(("reach", user.pk, on), lambda: _reach(user, on))


def _reach(user: Reader, on: datetime.date) -> Reach:
    found = kept_rows("reach", _held, user=int(user.pk or 0), on=on)
    return Reach(
        programmes=tuple((row[1], row[2]) for row in found if row[0] == "grant" and not row[3]),
        units=tuple((row[1], row[3]) for row in found if row[0] == "grant" and row[3]),
        teams=tuple((row[1], row[2]) for row in found if row[0] == "team"),
        fenced=tuple(row[3] for row in found if row[0] == "fence"),
        homes=frozenset(row[4] for row in found if row[0] != "fence" and row[4] is not None),
        team_homes=frozenset(row[4] for row in found if row[0] == "team"),
        fenced_homes=frozenset(row[4] for row in found if row[0] == "fence"),
        has_large_unit=any(row[0] == "grant" and row[3] and row[2] for row in found),
        inside=tuple(row[5] for row in found if row[5]),
    )


def _held(user: int, on: datetime.date) -> models.QuerySet:
    """Kind, role, what it is held for (of units: whether they are large), its path, its programme
    and (of units) the keys of all below it, itself included."""
    accounts = RoleGrant._meta.apps.get_model("accounts.Account").objects
    held_for: Any = F("programme")
    keys: Any = NOTHING
    if connection.vendor == "sqlite":
        inside = accounts.filter(business_unit__path__startswith=OuterRef("business_unit__path"))
        held_for = Coalesce(
            "programme", Subquery(inside.order_by().values("pk")[LARGE : LARGE + 1])
        )
    else:
        below = BusinessUnit.objects.filter(path__startswith=OuterRef("business_unit__path"))
        listed = Cast(ArraySubquery(below.order_by("pk").values("pk")), models.TextField())
        keys = Case(When(business_unit__isnull=False, then=listed), default=NOTHING)
    grants = RoleGrant.objects.filter(user=user).valid_on(on).order_by()
    members = Membership.objects.filter(user=user).valid_on(on).order_by()
    rows = grants.values_list(
        Value("grant"),
        "role",
        held_for,
        Coalesce("business_unit__path", NOTHING),
        Coalesce("programme", "business_unit__programme"),
        keys,
    )
    parts: list[Any] = [
        members.values_list(Value("team"), "role", "team", NOTHING, "team__programme", NOTHING)
    ]
    conflicts = RoleGrant._meta.apps.get_model("accounts.Conflict").objects
    for mine, theirs in (("a", "b"), ("b", "a")):
        # paths by subquery, not by join: few conflicts lead, whatever a planner thinks of them
        paths = {
            side: Subquery(accounts.filter(pk=OuterRef(side)).order_by().values("path"))
            for side in (mine, theirs)
        }
        home = Subquery(accounts.filter(pk=OuterRef(mine)).order_by().values("programme"))
        inside = accounts.filter(
            team__in=members.values("team"), path__startswith=OuterRef("own_path")
        )
        fences = conflicts.fences(on).not_excepted(user, on).alias(own_path=paths[mine])
        parts.append(
            fences.filter(Exists(inside.order_by()))
            .order_by()
            .values_list(Value("fence"), NOTHING, "pk", paths[theirs], home, NOTHING)
        )
    return rows.union(*parts, all=True)
