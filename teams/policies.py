"""Who may do what to people, programmes, units and teams (`design.md` 4.1)."""

from __future__ import annotations

from django.db.models import Q

from kam.access.querysets import Reader, is_one_of, roles_of
from teams.models import BusinessUnit, Function, Programme, RoleGrant, Team, User
from teams.querysets import PROGRAMME_WIDE


def is_administrator(user: Reader) -> bool:
    """Whether `user` administers the installation today."""
    return user.is_active and roles_of(user).administers


def can_manage_people(user: Reader) -> bool:
    """Users, sign-on and roles are the administrator's."""
    return is_administrator(user)


def can_create_programme(user: Reader) -> bool:
    """A further programme is the administrator's to open."""
    return is_administrator(user)


def can_read_programme_whole(user: Reader, programme: Programme) -> bool:
    """Whether `user` reads everything of `programme`, barriers apart."""
    return Programme.objects.read_whole_by(user).filter(pk=programme.pk).exists()


def reads_whole(user: Reader) -> bool:
    """Whether `user` reads all of some programme: what weighs its customers against each other."""
    if not user.is_active:
        return False
    held = roles_of(user)
    return bool(held.administers or held.programmes_of(*PROGRAMME_WIDE))


def can_edit_programme(user: Reader, programme: Programme) -> bool:
    """Settings, units, functions and teams are run by programme managers and administrators."""
    return Programme.objects.is_editable_by(user, programme.pk)


def can_edit_unit(user: Reader, unit: BusinessUnit) -> bool:
    """Whether `user` may rename or move `unit`."""
    return BusinessUnit.objects.editable_by(user).filter(pk=unit.pk).exists()


def can_edit_function(user: Reader, function: Function) -> bool:
    """Whether `user` may rename or archive `function`."""
    return Function.objects.editable_by(user).filter(pk=function.pk).exists()


def can_edit_team(user: Reader, team: Team) -> bool:
    """Whether `user` appoints the people of `team`."""
    return is_one_of(Team.objects.editable_by, user, team.pk)


def appoints(user: Reader) -> bool:
    """Whether `user` manages people or the teams of some programme."""
    if not user.is_active:
        return False
    held = roles_of(user)
    return bool(held.administers or held.programmes_of("programme_manager"))


def can_see_details(user: Reader, person: User) -> bool:
    """E-mail and roles of `person`: their own, and for whoever manages people or teams."""
    if user.pk == person.pk:
        return True
    return appoints(user)


def can_edit_person(user: Reader, person: User) -> bool:
    """Whether `user` may change `person`'s name, address and whether they may sign in."""
    return User.objects.editable_by(user).filter(pk=person.pk).exists()


def can_edit_grant(user: Reader, grant: RoleGrant) -> bool:
    """Whether `user` may end `grant`."""
    return RoleGrant.objects.editable_by(user).filter(pk=grant.pk).exists()


def readers_of_programme(user: Reader) -> Q:
    """Condition on the change log: matters of the programmes that `user` manages or audits; those
    of the installation for administrators."""
    held = roles_of(user)
    everything = ~Q(pk=None) if held.administers else Q(pk__in=())
    return everything | Q(audience_id__in=held.programmes_of("programme_manager", "auditor"))


def readers_of_team(user: Reader) -> Q:
    """Condition on the change log: matters of the teams that `user` may see."""
    return Q(audience_id__in=Team.objects.visible_to(user).order_by().values("pk"))
