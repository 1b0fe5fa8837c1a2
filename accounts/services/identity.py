"""Accounts by their number in another system, and forms that change account and numbers at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import policies
from accounts.models import Account, ExternalId
from accounts.services.account import create_account, set_external_ids, update_account
from accounts.services.team import assign_team, lock_people
from teams.models import Programme, Team, User


class Unset(Enum):
    """Says that an argument was left out, where None means nobody."""

    UNSET = 0


UNSET = Unset.UNSET


class Put(NamedTuple):
    """An account that was written, and whether it is new."""

    account: Account
    created: bool


@transaction.atomic
def save_account(
    *,
    actor: User,
    account: Account,
    expected_version: int | None,
    changes: Mapping[str, Any],
    external_ids: Sequence[tuple[str, str]] | None = None,
    team: Team | Unset | None = UNSET,
) -> Account:
    """Change columns, numbers in other systems (unless None) and team (unless left out) at once.

    Raises what `update_account`, `set_external_ids` and `assign_team` raise; then nothing is done.
    """
    if isinstance(team, Team):
        lock_people(team)  # people and team before the account, as `assign_team` does
    account = update_account(
        actor=actor, account=account, expected_version=expected_version, changes=changes
    )
    if external_ids is not None:
        account = set_external_ids(actor=actor, account=account, external_ids=external_ids)
    if not isinstance(team, Unset) and team != account.team:
        account = assign_team(actor=actor, account=account, team=team, expected_version=None)
    return account


@transaction.atomic
def register_account(
    *,
    actor: User,
    programme: Programme,
    changes: Mapping[str, Any],
    external_ids: Sequence[tuple[str, str]] = (),
    team: Team | None = None,
) -> Account:
    """Create an account with its team. Raises what `create_account` and `assign_team` raise."""
    if team is not None:
        lock_people(team)
    account = create_account(
        actor=actor, programme=programme, changes=changes, external_ids=external_ids
    )
    if team is None:
        return account
    return assign_team(actor=actor, account=account, team=team, expected_version=None)


@transaction.atomic
def put_account(
    *, actor: User, programme: Programme, system: str, value: str, changes: Mapping[str, Any]
) -> Put:
    """Create or update the account that has the number `value` in `system` (`design.md` 6).

    The number of an account that `actor` may not see is refused like any other that they may not
    create. Raises PermissionDenied or ValidationError.
    """
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)  # one after the other
    known = (
        ExternalId.objects.filter(programme=programme, system=system, value=value)
        .select_related("account")
        .first()
    )
    if known is None:
        account = create_account(
            actor=actor, programme=programme, changes=changes, external_ids=[(system, value)]
        )
        return Put(account, created=True)
    if not policies.can_see(actor, known.account):
        raise PermissionDenied
    account = update_account(
        actor=actor, account=known.account, expected_version=None, changes=changes
    )
    return Put(account, created=False)
