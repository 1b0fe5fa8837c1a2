"""Who looks after an account: teams, and the limits of a manager's load (handbook 5.3)."""

from __future__ import annotations

import datetime
from collections.abc import Container, Mapping
from typing import NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.choices import Status
from accounts.models import Account
from accounts.services import barriers
from accounts.services.account import follow_survivors
from kam.access.dates import business_today
from kam.changes import access, editing
from kam.changes.errors import field_error
from teams.models import Membership, Team, TeamRole, User
from teams.programme_settings import setting

COUNTED = (Status.KEY, Status.GROOMED, Status.CANDIDATE)
"""Statuses whose accounts load their manager; the others are served in another way (K049)."""


class Load(NamedTuple):
    """Accounts that a manager answers for: `accounts` counted, warned of, at most `maximum`."""

    accounts: int
    warn_from: int
    maximum: int

    @property
    def warns(self) -> bool:
        return self.accounts >= self.warn_from

    @property
    def exceeds(self) -> bool:
        return self.accounts > self.maximum


def manager_load(user: User, *, on: datetime.date, joining: Account | None = None) -> int:
    """Accounts counted for `user` as manager on a day (K033): a group counts once unless an
    account in it is itself key. `joining` is counted in as if it were theirs already."""
    rows = managed_rows(user, on=on)
    if joining is not None:
        rows[joining.path] = joining.status
    return counted(rows)


def managed_rows(user: User, *, on: datetime.date) -> dict[str, str]:
    """Path -> status of the accounts that load `user` as manager on a day."""
    teams = Membership.objects.filter(user=user, role=TeamRole.KAM).valid_on(on).values("team")
    managed = Account.objects.active().of_status(*COUNTED).filter(team__in=teams, staged_by=None)
    return dict(managed.values_list("path", "status"))


def counted(rows: Mapping[str, str]) -> int:
    """How many of the accounts (path -> status) count: one below another only if it is key."""
    return sum(status == Status.KEY or not _has_above(path, rows) for path, status in rows.items())


def refuse_overload(user: User, account: Account, *, on: datetime.date) -> Load:
    """Raise ValidationError when `account` would be more than `user` may manage; else the load.

    Five at most, no override (`design.md` 11); the setting can lower it (K022).
    """
    load = Load(
        accounts=manager_load(user, on=on, joining=account),
        warn_from=int(setting(account.programme, "warn_accounts_per_manager", on)),
        maximum=int(setting(account.programme, "max_accounts_per_manager", on)),
    )
    if load.exceeds:
        raise ValidationError(
            _("%(person)s already manages %(count)d accounts; %(maximum)d is the most.")
            % {"person": user, "count": load.accounts - 1, "maximum": load.maximum},
            code="load",
        )
    return load


def lock_people(team: Team) -> Team:
    """Keep others from giving the team's people accounts or teams until the transaction ends.

    Locks are taken in the order people, team, account, as `teams.services` does. Returns a fresh
    copy of the team.
    """
    people = Membership.objects.filter(team=team).order_by().values("user")
    list(User.objects.select_for_update(no_key=True).filter(pk__in=people).order_by("pk"))
    return editing.locked(team)


@transaction.atomic
def assign_team(
    *, actor: User, account: Account, team: Team | None, expected_version: int | None
) -> Account:
    """Put `team` in charge of the account, or nobody.

    Raises PermissionDenied, VersionConflict, or ValidationError: another programme, a team of
    another customer group, a person on both sides of a barrier, a manager with too many accounts.
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    if team is not None:
        team = lock_people(team)
    account = editing.locked(account)
    editing.expect(account, expected_version)
    if team is not None and team.pk != account.team_id:
        check_team(actor, account, team)
    concerned = [pk for pk in (account.team_id, team and team.pk) if pk is not None]
    people = User.objects.filter(memberships__team__in=concerned).distinct()
    merged = Account.objects.filter(merged_into=account)
    here = Account.objects.filter(pk=account.pk) | merged
    with access.noticing(actor=actor, users=people, accounts=here):
        account = editing.save(
            actor=actor, obj=account, changes={"team": team}, expected_version=expected_version
        )
        follow_survivors(merged)
    return account


def check_membership(
    *,
    actor: User,
    team: Team,
    user: User,
    role: str,
    valid_from: datetime.date | None,
    valid_until: datetime.date | None,
) -> list[str]:
    """Refuse somebody who would be on both sides of a barrier or manage too many accounts.

    Registered with `teams`, which knows no account. Returns warnings in words (K033).
    """
    today = business_today()
    if valid_until is not None and valid_until < today:
        return []
    accounts = Account.objects.active().filter(team=team)
    barriers.refuse_violations(actor=actor, accounts=accounts, users=[user])
    if role != TeamRole.KAM:
        return []
    day = max(today, valid_from or today)
    counted = accounts.of_status(*COUNTED).select_related("programme")
    loads = [refuse_overload(user, counted_in, on=day) for counted_in in counted]
    heaviest = max(loads, key=lambda load: load.accounts, default=None)
    return [load_words(user, heaviest)] if heaviest is not None and heaviest.warns else []


def load_words(user: User, load: Load) -> str:
    """A load that warns, in words (handbook 5.3)."""
    words = _("%(person)s will manage %(count)d accounts; one or two is normal.")
    return words % {"person": user, "count": load.accounts}


def load_warnings(account: Account, *, on: datetime.date) -> list[str]:
    """What the load of the account's managers warns of on a day, in words; from three accounts on
    (K033)."""
    if account.team_id is None or account.status not in COUNTED:
        return []
    managers = Membership.objects.filter(team=account.team_id, role=TeamRole.KAM).valid_on(on)
    warn_from = int(setting(account.programme, "warn_accounts_per_manager", on))
    maximum = int(setting(account.programme, "max_accounts_per_manager", on))
    loads = [
        (member.user, Load(manager_load(member.user, on=on), warn_from, maximum))
        for member in managers.select_related("user")
    ]
    return [load_words(user, load) for user, load in loads if load.warns]


def check_team(actor: User, account: Account, team: Team) -> None:
    """Raise ValidationError unless `team` may be in charge of `account`, see `assign_team`."""
    if team.programme_id != account.programme_id:
        raise field_error("team", _("It belongs to another programme."), "foreign")
    if Account.objects.active().filter(team=team).exclude(root=account.root_id).exists():
        raise field_error("team", _("This team looks after another customer group."), "shared")
    today = business_today()
    current = Membership.objects.filter(team=team).valid_on(today).select_related("user")
    people = [member.user for member in current]
    barriers.refuse_violations(
        actor=actor, accounts=Account.objects.filter(pk=account.pk), users=people
    )
    if account.status in COUNTED:
        for member in current:
            if member.role == TeamRole.KAM:
                refuse_overload(member.user, account, on=today)


def _has_above(path: str, paths: Container[str]) -> bool:
    parts = path.strip("/").split("/")
    return any(f"/{'/'.join(parts[:depth])}/" in paths for depth in range(1, len(parts)))
