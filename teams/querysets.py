"""Who sees which person, unit and team."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Self

from django.apps import apps
from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import (
    Case,
    Count,
    Exists,
    ExpressionWrapper,
    F,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.db.models.lookups import IsNull

from kam.access.dates import business_today
from kam.access.once import once
from kam.access.prepared import kept_objects
from kam.access.querysets import DatedQuerySet, Reader, roles_of, scope_model, sight_of
from kam.access.tree import PathField
from kam.changes.querysets import TrackedQuerySet

PROGRAMME_WIDE = ("programme_manager", "finance", "auditor")
"""Roles that see the whole of their programme."""


def grants_today() -> RoleGrantQuerySet:
    """Roles of active people in force today."""
    grants = apps.get_model("teams.RoleGrant")._default_manager.filter(user__is_active=True)
    return grants.valid_on(business_today())


def memberships_today() -> MembershipQuerySet:
    """Memberships in force today."""
    return apps.get_model("teams.Membership")._default_manager.valid_on(business_today())


def _of_somebody_in(rows: models.QuerySet) -> Q:
    """Whether somebody has one of `rows`, asked person by person: in an OR databases work a list
    of people out as a whole, from every membership there is."""
    own = rows.filter(user=OuterRef("pk")).order_by().values("pk")[:1]
    return Q(IsNull(Subquery(own), False))  # noqa: FBT003  (a look-up's right side)


class UserQuerySet(models.QuerySet):
    """People who sign in, and `system`, which never does."""

    def people(self) -> Self:
        """Everybody but `system`, in whose name commands and imports write."""
        return self.exclude(username="system")

    def active(self) -> Self:
        """People who may sign in."""
        return self.filter(is_active=True)

    def holding(self, *roles: str) -> Self:
        """People who hold one of the programme, unit or installation `roles` today."""
        return self.filter(Exists(grants_today().filter(user=OuterRef("pk"), role__in=roles)))

    def running_programme(self) -> Self:
        """People who administer, manage or audit the programme."""
        return self.holding("administrator", "programme_manager", "auditor")

    def in_programmes(self, programmes: models.QuerySet | Collection[int]) -> Self:
        """People who hold a role of any kind in one of `programmes` today."""
        return self.filter(self._in_programmes(programmes))

    def _in_programmes(self, programmes: models.QuerySet | Collection[int]) -> Q:
        held = grants_today().filter(
            Q(programme__in=programmes) | Q(business_unit__programme__in=programmes)
        )
        teams = memberships_today().filter(team__programme__in=programmes)
        return _of_somebody_in(held) | _of_somebody_in(teams)

    def visible_to(self, user: Reader) -> Self:
        """Everybody for an administrator; the people of one's own programmes, and oneself; for
        those who appoint also whoever is in no programme yet."""
        if not user.is_active:
            return self.none()
        held = roles_of(user)
        if held.administers:
            return self.people()
        known = self._in_programmes(held.homes)
        if held.programmes_of("programme_manager"):
            programmes = apps.get_model("teams.Programme")._default_manager.order_by().values("pk")
            known |= ~self._in_programmes(programmes)
        return self.people().filter(Q(pk=user.pk) | (Q(is_active=True) & known))

    def colleagues_of(self, user: Reader) -> Self:
        """People as names to choose from: the active ones whom `user` may see."""
        return self.visible_to(user).active()

    def editable_by(self, user: Reader) -> Self:
        """People whom `user` may change: everybody for an administrator, else nobody."""
        if not user.is_active:
            return self.none()
        return self.people() if roles_of(user).administers else self.none()

    def with_name(self) -> Self:
        """In the order in which lists show people."""
        return self.order_by("first_name", "last_name", "pk")

    def for_list(self) -> Self:
        """People with the roles that they hold today."""
        current = grants_today().select_related("programme", "business_unit").order_by("role")
        return self.prefetch_related(
            models.Prefetch("grants", current, to_attr="current_grants")
        ).with_name()


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates people; looks them up by user name, whatever its case."""

    def get_by_natural_key(self, username: str):
        return self.get(username__iexact=username)


def _programmes_of(user: Reader, *roles: str) -> Collection[int] | None:
    """Programmes for which `user` holds one of `roles`; None: all, as administrator."""
    if not user.is_active:
        return ()
    held = roles_of(user)
    return None if held.administers else held.programmes_of(*roles)


def _is_held(user: Reader, programme: int, *roles: str) -> bool:
    held = _programmes_of(user, *roles)
    return held is None or programme in held


class ProgrammeQuerySet(TrackedQuerySet):
    """Programmes."""

    def visible_to(self, user: Reader) -> Self:
        """Programmes in which `user` holds a role of any kind."""
        if not user.is_active:
            return self.none()
        held = roles_of(user)
        return self.all() if held.administers else self.filter(pk__in=held.homes)

    def read_whole_by(self, user: Reader) -> Self:
        """Programmes of which `user` sees everything, barriers apart."""
        return self._run_with(user, *PROGRAMME_WIDE)

    def editable_by(self, user: Reader) -> Self:
        """Programmes that `user` runs: settings, units, functions, teams."""
        return self._run_with(user, "programme_manager")

    def is_read_whole_by(self, user: Reader, programme: int) -> bool:
        """Whether the programme with this key is one of `read_whole_by`; of one that is known to
        exist roles alone say so, without another query."""
        return _is_held(user, programme, *PROGRAMME_WIDE)

    def is_editable_by(self, user: Reader, programme: int) -> bool:
        """Whether it is one of `editable_by`, likewise."""
        return _is_held(user, programme, "programme_manager")

    def _run_with(self, user: Reader, *roles: str) -> Self:
        held = _programmes_of(user, *roles)
        if held is None:
            return self.all()
        return self.filter(pk__in=held) if held else self.none()

    def first_for(self, user: Reader) -> Any:
        """The first active programme that `user` belongs to: theirs, unless they say otherwise."""

        def mine() -> models.QuerySet:
            return self.visible_to(user).active().order_by("pk")[:1]

        def first() -> Any:
            return next(iter(kept_objects(("first programme", sight_of(user)), mine)), None)

        return once(("programme", user.pk), first)


class ProgrammeScopedQuerySet(models.QuerySet):
    """Things that belong to a programme and are known to all its people."""

    def _of(self, method: str, user: Reader) -> Self:
        programmes = apps.get_model("teams.Programme")._default_manager.all()
        return self.filter(programme__in=getattr(programmes, method)(user).order_by().values("pk"))

    def visible_to(self, user: Reader) -> Self:
        """Rows of programmes that `user` belongs to."""
        return self._of("visible_to", user)

    def editable_by(self, user: Reader) -> Self:
        """Rows of programmes that `user` runs."""
        return self._of("editable_by", user)


class FunctionQuerySet(TrackedQuerySet, ProgrammeScopedQuerySet):
    """Functions that people serve in."""

    def for_list(self) -> Self:
        """Everything that a list of functions shows."""
        return self.select_related("programme").order_by("programme", "name", "pk")


class ProgrammeSettingQuerySet(ProgrammeScopedQuerySet):
    """Dated values of settings."""

    def for_list(self) -> Self:
        """History of settings, the youngest first."""
        return self.select_related("set_by").order_by("-valid_from", "-pk")


class BusinessUnitQuerySet(TrackedQuerySet, ProgrammeScopedQuerySet):
    """Units of the supplier, a tree; `path` holds the primary keys from the root down."""

    def below(self, grants: models.QuerySet) -> Self:
        """Units named by `grants`, and all under them."""
        inner = ExpressionWrapper(OuterRef("path"), output_field=PathField())
        above = grants.alias(inner=inner).filter(
            business_unit__isnull=False, inner__startswith=F("business_unit__path")
        )
        return self.filter(Exists(above))

    def under(self, unit: models.Model) -> Self:
        """`unit` and everything below it."""
        return self.filter(path__startswith=unit.path)  # type: ignore[attr-defined]

    def for_list(self) -> Self:
        """The tree, every unit behind the one above it."""
        return self.select_related("parent", "programme").order_by("programme", "path")


class RoleGrantQuerySet(DatedQuerySet):
    """Roles held for the installation, a programme or a unit."""

    def visible_to(self, user: Reader) -> Self:
        """All for an administrator; else one's own and those of programmes one reads whole."""
        if not user.is_active:
            return self.none()
        held = roles_of(user)
        rows = self.exclude(user__username="system")
        if held.administers:
            return rows
        whole = held.programmes_of(*PROGRAMME_WIDE)
        return rows.filter(
            Q(user=user) | Q(programme__in=whole) | Q(business_unit__programme__in=whole)
        )

    def editable_by(self, user: Reader) -> Self:
        """All for an administrator, none for anybody else."""
        if not user.is_active:
            return self.none()
        if not roles_of(user).administers:
            return self.none()
        return self.exclude(user__username="system")

    def permanent_administrators(self) -> Self:
        """Grants that keep the installation in somebody's hands: begun, open-ended, of an active
        person."""
        return self.valid_on(business_today()).filter(
            ~Q(user__username="system"),
            role="administrator",
            valid_until=None,
            user__is_active=True,
        )

    def for_list(self) -> Self:
        """Everything that a list of roles shows."""
        return self.select_related("user", "programme", "business_unit").order_by(
            "user_id", "role", "pk"
        )


class TeamQuerySet(TrackedQuerySet):
    """Account teams."""

    def visible_to(self, user: Reader) -> Self:
        """Teams of which `user` is a member, and teams of accounts that `user` may see.

        Whoever reads the whole programme also sees teams that have no account yet.
        """
        if not user.is_active:
            return self.none()
        own = [team for _role, team in roles_of(user).teams]
        accounts = scope_model()._default_manager.all()
        shown = accounts.visible_to(user, by_key=True).order_by()
        held = roles_of(user)
        stands_alone = not own and not held.administers and not held.programmes_of(*PROGRAMME_WIDE)
        if held.is_wide and not stands_alone:  # see `kam.access.querysets.at_one_of`
            served = shown.filter(team=OuterRef("pk")).values("pk")[:1]
            seen = Q(IsNull(Subquery(served), False))  # noqa: FBT003  (a look-up's right side)
        else:
            seen = Q(pk__in=shown.filter(team__isnull=False).values("team"))
        programmes = apps.get_model("teams.Programme")._default_manager.all()
        whole = programmes.read_whole_by(user).order_by().values("pk")
        using = accounts.filter(team=OuterRef("pk")).order_by().values("pk")[:1]
        unused = Q(IsNull(Subquery(using), True))  # noqa: FBT003  (a look-up's right side)
        return self.filter(Q(pk__in=own) | seen | (unused & Q(programme__in=whole)))

    def editable_by(self, user: Reader) -> Self:
        """Visible teams of programmes that `user` runs."""
        programmes = apps.get_model("teams.Programme")._default_manager.all()
        run = programmes.editable_by(user).order_by().values("pk")
        return self.visible_to(user).filter(programme__in=run)

    def for_list(self) -> Self:
        """Teams with the people of today, for files and other systems."""
        current = memberships_today().select_related("user", "function").by_role()
        return (
            self.select_related("programme")
            .prefetch_related(
                models.Prefetch("memberships", queryset=current, to_attr="current_members")
            )
            .order_by("name", "pk")
        )

    def for_page(self) -> Self:
        """All that the page of teams shows of a row, in one query: the manager's name, empty
        without one, and how many `people` there are today."""
        present = memberships_today().filter(team=OuterRef("pk")).order_by()
        managers = present.filter(role="kam").order_by("-valid_from")
        full = Trim(Concat("user__first_name", Value(" "), "user__last_name"))
        shown = managers.annotate(shown=Coalesce(NullIf(full, Value("")), "user__username"))
        count = present.values("team").annotate(count=Count("pk")).values("count")
        return self.annotate(
            manager_name=Coalesce(Subquery(shown.values("shown")[:1]), Value("")),
            people=Coalesce(Subquery(count), Value(0)),
            programme_name=F("programme__name"),
        ).order_by("name", "pk")


IN_ORDER = ("kam", "deputy", "sponsor", "member", "observer")
"""Team roles as lists show them: who answers first."""


class MembershipQuerySet(DatedQuerySet):
    """Who is in which team, in which role, from when to when."""

    def visible_to(self, user: Reader) -> Self:
        """Memberships of teams that `user` may see."""
        return self._of("visible_to", user)

    def editable_by(self, user: Reader) -> Self:
        """Memberships of teams that `user` may staff."""
        return self._of("editable_by", user)

    def _of(self, method: str, user: Reader) -> Self:
        teams = getattr(apps.get_model("teams.Team")._default_manager.all(), method)(user)
        return self.filter(team__in=teams.order_by().values("pk"))

    def for_list(self) -> Self:
        """Everything that a list of members shows."""
        members = self.select_related("team", "user", "function").by_role()
        return members.order_by("team_id", "place", "pk")

    def by_role(self) -> Self:
        """In the order of roles, the manager first; annotates `place`."""
        places = [When(role=role, then=Value(place)) for place, role in enumerate(IN_ORDER)]
        return self.annotate(place=Case(*places, default=Value(9))).order_by("place", "pk")
