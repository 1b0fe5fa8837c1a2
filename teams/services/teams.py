"""Teams, and who is in them from when to when (handbook 5.1, K011)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, Protocol

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kam.access.querysets import scope_model
from kam.changes import access, editing, record
from kam.changes.errors import field_error
from teams import policies
from teams.models import Function, Membership, Programme, Team, TeamRole, User

TEAM_FIELDS = ("name",)
MEMBERSHIP_FIELDS = ("function", "effort_fte", "valid_from", "valid_until")
_LOGGED = ("team", "user", "role", *MEMBERSHIP_FIELDS)


class MembershipRule(Protocol):
    """A rule of an upper app: raises ValidationError to refuse, returns warnings to show."""

    def __call__(
        self,
        *,
        actor: User,
        team: Team,
        user: User,
        role: str,
        valid_from: datetime.date | None,
        valid_until: datetime.date | None,
    ) -> Iterable[str] | None: ...


MEMBERSHIP_RULES: list[MembershipRule] = []


def register_membership_rule(rule: MembershipRule) -> MembershipRule:
    """Ask `rule` before anybody joins a team, changes role or dates.

    It is called inside the transaction, person and team locked; serves as a decorator, too.
    """
    if rule not in MEMBERSHIP_RULES:
        MEMBERSHIP_RULES.append(rule)
    return rule


@transaction.atomic
def create_team(*, actor: User, programme: Programme, name: str) -> Team:
    """Make an empty team in `programme`."""
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    team = Team(programme=programme, name=name)
    team.full_clean()
    team.save(force_insert=True)
    record.created(actor=actor, obj=team, fields=TEAM_FIELDS, audience="team", audience_id=team.pk)
    return team


@transaction.atomic
def update_team(
    *, actor: User, team: Team, expected_version: int | None, changes: dict[str, Any]
) -> Team:
    """Rename a team; raises PermissionDenied, VersionConflict or ValidationError."""
    team = _lock_team(actor, team)
    return editing.save(
        actor=actor,
        obj=team,
        changes=changes,
        expected_version=expected_version,
        audience="team",
        audience_id=team.pk,
    )


@transaction.atomic
def archive_team(*, actor: User, team: Team, expected_version: int | None = None) -> Team:
    """Take a team off the lists; its people keep their roles until these end."""
    team = _lock_team(actor, team)
    return editing.save(
        actor=actor,
        obj=team,
        changes={"archived_at": timezone.now()},
        verb="archived",
        expected_version=expected_version,
        audience="team",
        audience_id=team.pk,
    )


@transaction.atomic
def restore_team(*, actor: User, team: Team, expected_version: int | None = None) -> Team:
    """Bring a team back to the lists."""
    team = _lock_team(actor, team)
    return editing.save(
        actor=actor,
        obj=team,
        changes={"archived_at": None},
        verb="restored",
        expected_version=expected_version,
        audience="team",
        audience_id=team.pk,
    )


@transaction.atomic
def add_membership(
    *,
    actor: User,
    team: Team,
    user: User,
    role: str,
    function: Function | None = None,
    effort_fte: Decimal | None = None,
    valid_from: datetime.date | None,
    valid_until: datetime.date | None = None,
    takes_over: bool = False,
) -> tuple[Membership, list[str]]:
    """Put `user` into `team` in a `TeamRole`, from one day to another, both included.

    `takes_over` ends the present manager's time on the day before. Returns the membership and
    warnings of rules that do not refuse. Raises PermissionDenied or ValidationError: a second
    manager on some day, sponsor and deputy in one person, a person who cannot sign in, or what a
    registered rule refuses.
    """
    user = _lock_person(user)
    team = _lock_team(actor, team)
    membership = Membership(
        team=team,
        user=user,
        role=role,
        function=function,
        effort_fte=effort_fte,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    with _noticing(actor, team, user):
        return _join(actor, membership, takes_over=takes_over)


def _join(
    actor: User, membership: Membership, *, takes_over: bool = False
) -> tuple[Membership, list[str]]:
    """Check and store a new membership; person and team are locked."""
    team = membership.team
    if takes_over and membership.role == TeamRole.KAM:
        _end_managers(actor, team, membership)
    warnings = check_membership(actor=actor, membership=membership)
    editing.create(
        actor=actor, obj=membership, fields=_LOGGED, audience="team", audience_id=team.pk
    )
    return membership, warnings


@transaction.atomic
def update_membership(
    *, actor: User, membership: Membership, expected_version: int | None, changes: dict[str, Any]
) -> tuple[Membership, list[str]]:
    """Change `MEMBERSHIP_FIELDS` of a membership; another role is `change_membership_role`."""
    membership = _lock_membership(actor, membership)
    editing.expect(membership, expected_version)
    before = record.snapshot(membership, changes)
    for name, value in changes.items():
        setattr(membership, name, value)
    moved = {"valid_from", "valid_until"} & changes.keys()
    warnings = check_membership(actor=actor, membership=membership) if moved else []
    if record.snapshot(membership, changes) == before:
        return membership, warnings
    membership.full_clean()
    membership.version += 1
    with _noticing(actor, membership.team, membership.user):
        membership.save(update_fields=[*changes, "version", "updated_at"])
    record.change(
        actor=actor,
        obj=membership,
        before=before,
        audience="team",
        audience_id=membership.team_id,
    )
    return membership, warnings


@transaction.atomic
def change_membership_role(
    *,
    actor: User,
    membership: Membership,
    expected_version: int | None,
    role: str,
    valid_from: datetime.date,
) -> tuple[Membership, list[str]]:
    """Give a member another role from the day `valid_from` on; the old row keeps its days.

    Returns the new membership and warnings.
    """
    membership = _lock_membership(actor, membership)
    editing.expect(membership, expected_version)
    until, function, effort = membership.valid_until, membership.function, membership.effort_fte
    with _noticing(actor, membership.team, membership.user):
        _end(actor, membership, valid_from - datetime.timedelta(days=1))
        follower = Membership(
            team=membership.team,
            user=membership.user,
            role=role,
            function=function,
            effort_fte=effort,
            valid_from=valid_from,
            valid_until=until,
        )
        return _join(actor, follower)


@transaction.atomic
def end_membership(
    *,
    actor: User,
    membership: Membership,
    valid_until: datetime.date,
    expected_version: int | None = None,
) -> Membership | None:
    """End a membership after the day `valid_until`.

    One that would end before it begins is withdrawn: the row goes, the log keeps it, and None is
    returned.
    """
    membership = _lock_membership(actor, membership)
    editing.expect(membership, expected_version)
    with _noticing(actor, membership.team, membership.user):
        return _end(actor, membership, valid_until)


def _noticing(actor: User, team: Team, user: User) -> AbstractContextManager[None]:
    """Log who came to see the team's accounts, or no longer does."""
    people = User.objects.filter(memberships__team=team).distinct()
    accounts = scope_model()._default_manager.filter(team=team)
    return access.noticing(actor=actor, users=[user, *people], accounts=accounts)


def _lock_person(user: User) -> User:
    """People are locked before teams, everywhere, so that two writers never wait for each other."""
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)


def _lock_team(actor: User, team: Team) -> Team:
    """Fresh copy of `team`, locked; raises PermissionDenied unless `actor` may staff it."""
    team = Team.objects.select_for_update(of=("self",), no_key=True).get(pk=team.pk)
    if not policies.can_edit_team(actor, team):
        raise PermissionDenied
    return team


def _lock_membership(actor: User, membership: Membership) -> Membership:
    user = _lock_person(membership.user)
    team = _lock_team(actor, membership.team)
    membership = editing.locked(membership)
    membership.user, membership.team = user, team
    return membership


def _end(actor: User, membership: Membership, valid_until: datetime.date) -> Membership | None:
    """End or withdraw a locked membership."""
    if membership.valid_from and valid_until < membership.valid_from:
        record.change(
            actor=actor,
            obj=membership,
            verb="withdrawn",
            before=record.snapshot(membership, _LOGGED),
            after={},
            audience="team",
            audience_id=membership.team_id,
        )
        membership.delete()
        return None
    return editing.save(
        actor=actor,
        obj=membership,
        changes={"valid_until": valid_until},
        verb="ended",
        audience="team",
        audience_id=membership.team_id,
    )


def _end_managers(actor: User, team: Team, successor: Membership) -> None:
    """End the time of managers whose days reach into those of `successor`."""
    if successor.valid_from is None:
        raise field_error("valid_from", _("Say from which day."), "required")
    for manager in Membership.objects.filter(team=team, role=TeamRole.KAM).select_for_update():
        if successor.overlaps(manager) and manager.user_id != successor.user_id:
            _end(actor, manager, successor.valid_from - datetime.timedelta(days=1))


def check_membership(
    *, actor: User, membership: Membership, beside: Iterable[Membership] = ()
) -> list[str]:
    """Refuse what contradicts another membership or a registered rule; returns warnings.

    `beside` holds memberships that are about to be stored, too, and count instead of their rows.
    A team that is not stored yet has nothing else to contradict. Raises ValidationError.
    """
    team, beside = membership.team, list(beside)
    stored = team.pk is not None
    membership.full_clean(exclude=() if stored else ("team",), validate_constraints=False)
    if not membership.user.is_active:
        raise field_error("user", _("This person cannot sign in."), "inactive")
    if team.is_archived:
        raise ValidationError(_("The team is archived."), code="archived")
    function = membership.function
    if function and function.programme_id != team.programme_id:
        raise field_error("function", _("No such function in this programme."), "invalid")
    others: list[Membership] = []
    if stored:
        replaced = [membership.pk, *(row.pk for row in beside)]
        rows = Membership.objects.filter(team=team).exclude(pk__in=[pk for pk in replaced if pk])
        others = list(rows.select_related("user").order_by("pk"))
    for other in (*others, *beside):
        if membership.overlaps(other):
            _check_pair(membership, other)
    warnings: list[str] = []
    for rule in MEMBERSHIP_RULES if stored else ():
        warnings += (
            rule(
                actor=actor,
                team=team,
                user=membership.user,
                role=membership.role,
                valid_from=membership.valid_from,
                valid_until=membership.valid_until,
            )
            or ()
        )
    return warnings


def _check_pair(membership: Membership, other: Membership) -> None:
    """Refuse two memberships of one team that cannot hold on the same day."""
    roles = {membership.role, other.role}
    if roles == {TeamRole.KAM}:
        names = (
            {"name": other.user, "until": date_format(other.valid_until, "j M Y")}
            if (other.valid_until)
            else {"name": other.user}
        )
        text = (
            _("%(name)s is manager until %(until)s.")
            if other.valid_until
            else _("%(name)s is manager, without an end date.")
        )
        raise field_error("role", text % names, "second_manager")
    if membership.user_id != other.user_id:
        return
    if len(roles) == 1:
        text = _("%(name)s holds this role already in those days.")
        raise field_error("role", text % {"name": other.user}, "held")
    if roles <= {TeamRole.KAM, TeamRole.DEPUTY, TeamRole.SPONSOR}:
        text = _("Manager, deputy and sponsor are different people.")
        raise field_error("role", text, "same_person")
