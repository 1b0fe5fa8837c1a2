"""Who sees which person, unit and team."""

from __future__ import annotations

from typing import Self

from django.contrib.auth.models import UserManager as DjangoUserManager
from django.db import models
from django.db.models import Exists, F, OuterRef, Q

from kam.access.dates import business_today
from kam.access.querysets import DatedQuerySet, Reader, scope_model
from kam.changes.querysets import TrackedQuerySet


class UserQuerySet(models.QuerySet):
    """People who sign in."""

    def holding(self, *roles: str) -> Self:
        """People who hold one of the programme, unit or installation `roles` today."""
        grants = RoleGrantQuerySet.of_today(self.model).filter(user=OuterRef("pk"), role__in=roles)
        return self.filter(Exists(grants))

    def running_programme(self) -> Self:
        """People who administer, manage or audit the programme."""
        return self.holding("administrator", "programme_manager", "auditor")

    def colleagues_of(self, user: Reader) -> Self:
        """People as names to choose from: everybody active, for whoever is active."""
        return (
            self.filter(is_active=True).exclude(username="system")
            if user.is_active
            else self.none()
        )

    def with_name(self) -> Self:
        """In the order in which lists show people."""
        return self.order_by("first_name", "last_name", "pk")


class UserManager(DjangoUserManager.from_queryset(UserQuerySet)):  # type: ignore[misc]
    """Creates people; looks them up by user name, whatever its case."""

    def get_by_natural_key(self, username: str):
        return self.get(username__iexact=username)


class ProgrammeQuerySet(TrackedQuerySet):
    """Programmes."""

    def visible_to(self, user: Reader) -> Self:
        """Programmes in which `user` holds a role of any kind."""
        if not user.is_active:
            return self.none()
        grants = RoleGrantQuerySet.of_today(type(user)).filter(user=user)
        if_admin = Exists(grants.filter(role="administrator"))
        memberships = self.model._meta.apps.get_model("teams.Membership").objects
        teams = memberships.filter(user=user).valid_on(business_today()).values("team__programme")
        units = grants.values("business_unit__programme")
        return self.filter(
            Q(if_admin) | Q(pk__in=grants.values("programme")) | Q(pk__in=units) | Q(pk__in=teams)
        )


class ProgrammeScopedQuerySet(models.QuerySet):
    """Things that belong to a programme and are known to all its people."""

    def visible_to(self, user: Reader) -> Self:
        """Rows of programmes that `user` belongs to."""
        programmes = self.model._meta.apps.get_model("teams.Programme").objects
        return self.filter(programme__in=programmes.visible_to(user).values("pk"))


class BusinessUnitQuerySet(TrackedQuerySet, ProgrammeScopedQuerySet):
    """Units of the supplier, a tree; `path` holds the primary keys from the root down."""

    def below(self, grants: models.QuerySet) -> Self:
        """Units named by `grants`, and all under them."""
        above = grants.annotate(inner=OuterRef("path")).filter(
            business_unit__isnull=False, inner__startswith=F("business_unit__path")
        )
        return self.filter(Exists(above))

    def under(self, unit: models.Model) -> Self:
        """`unit` and everything below it."""
        return self.filter(path__startswith=unit.path)  # type: ignore[attr-defined]


class RoleGrantQuerySet(DatedQuerySet):
    """Roles held for the installation, a programme or a unit."""

    @staticmethod
    def of_today(user_model: type) -> RoleGrantQuerySet:
        """Grants in force today."""
        grants = user_model._meta.apps.get_model("teams.RoleGrant").objects
        return grants.filter(user__is_active=True).valid_on(business_today())


class TeamQuerySet(TrackedQuerySet):
    """Account teams."""

    def visible_to(self, user: Reader) -> Self:
        """Teams of which `user` is a member, and teams of accounts that `user` may see.

        Whoever runs the programme also sees teams that have no account yet.
        """
        if not user.is_active:
            return self.none()
        memberships = self.model._meta.apps.get_model("teams.Membership").objects
        own = memberships.filter(user=user).valid_on(business_today()).values("team")
        accounts = scope_model()._default_manager.all().visible_to(user).order_by()
        grants = RoleGrantQuerySet.of_today(type(user)).filter(user=user)
        programme_wide = grants.filter(role__in=("programme_manager", "finance", "auditor"))
        unused = ~Exists(scope_model()._default_manager.filter(team=OuterRef("pk")))
        mine_to_run = Q(programme__in=programme_wide.values("programme")) | Q(
            Exists(grants.filter(role="administrator"))
        )
        return self.filter(
            Q(pk__in=own)
            | Q(pk__in=accounts.filter(team__isnull=False).values("team"))
            | (Q(unused) & mine_to_run)
        )

    def for_list(self) -> Self:
        """Everything that the list of teams shows."""
        members = self.model._meta.apps.get_model("teams.Membership").objects
        current = members.valid_on(business_today()).select_related("user", "function")
        return self.prefetch_related(
            models.Prefetch("memberships", queryset=current, to_attr="current_members")
        ).order_by("name", "pk")


class MembershipQuerySet(DatedQuerySet):
    """Who is in which team, in which role, from when to when."""

    def visible_to(self, user: Reader) -> Self:
        """Memberships of teams that `user` may see."""
        teams = self.model._meta.apps.get_model("teams.Team").objects
        return self.filter(team__in=teams.visible_to(user).values("pk"))

    def for_list(self) -> Self:
        """Everything that a list of members shows."""
        return self.select_related("team", "user", "function").order_by("team_id", "role", "pk")
