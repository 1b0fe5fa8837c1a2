"""Accounts: create, change, move in the group, archive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F, OuterRef, Subquery
from django.utils.translation import gettext as _

from accounts import figures, numbers, policies
from accounts.models import Account, Channel, ExternalId
from accounts.querysets import AccountQuerySet
from accounts.services import barriers
from kam.access import tree
from kam.changes import editing, record
from kam.changes.errors import field_error
from teams.models import Programme, User

EDITABLE_FIELDS = (
    "name",
    "parent",
    "channel",
    "country",
    "industry",
    "currency",
    "website",
    "description",
    "business_unit",
    "target_stage",
    "target_stage_by",
    "decision_level",
    "planned_cost",
    "planned_effort",
    "size",
    "reach",
    "intent",
    "criticality",
    "potential_contribution",
)
"""What forms, the API and imports may set; status, stage and team have services of their own."""

MANAGED_FIELDS = frozenset({"parent", "business_unit"})
"""Fields that move the account to other readers: for whoever decides on it."""

LOGGED_FIELDS = (*EDITABLE_FIELDS, "programme", "status")


@transaction.atomic
def create_account(
    *,
    actor: User,
    programme: Programme,
    changes: Mapping[str, Any],
    external_ids: Sequence[tuple[str, str]] = (),
) -> Account:
    """Create a candidate account in `programme` from editable fields `changes`.

    `external_ids` are pairs of system and number. Raises PermissionDenied (not the programme's
    manager) or ValidationError.
    """
    if not policies.can_create_account(actor, programme):
        raise PermissionDenied
    lock_groups(programme)
    account = Account(programme=programme, **_with_fresh_parent(changes))
    _refuse_archived(account.parent)
    _check_shape(account)
    refuse_archived_channel(account.channel)
    account.full_clean()
    account.save(force_insert=True)
    account.path = tree.path_for(account)
    account.root_id = _root_of(account)
    account.save(update_fields=["path", "root"])
    record.created(actor=actor, obj=account, fields=LOGGED_FIELDS)
    if external_ids:
        account = set_external_ids(actor=actor, account=account, external_ids=external_ids)
    figures.refresh([account.pk])
    return account


@transaction.atomic
def update_account(
    *, actor: User, account: Account, expected_version: int | None, changes: Mapping[str, Any]
) -> Account:
    """Change editable fields of an account, its place in the group included.

    A subtree moves as a whole. Raises PermissionDenied, VersionConflict, or ValidationError
    (cycle, archived parent, another programme's unit, a person left on both sides of a barrier, a
    team shared outside the group).
    """
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    if {"parent", "channel"} & set(changes):
        lock_groups(account.programme)
    account = editing.locked(account)
    changes = _with_fresh_parent(_without_invisible_parent(actor, account, changes))
    moves = "parent" in changes and changes["parent"] != account.parent
    delicate = {
        name for name in MANAGED_FIELDS & set(changes) if changes[name] != getattr(account, name)
    }
    if delicate and not policies.can_manage(actor, account):
        raise PermissionDenied
    editing.expect(account, expected_version)
    if moves:
        _refuse_archived(changes["parent"])
        tree.refuse_cycle(account, changes["parent"])
    for name in ("parent", "business_unit", "channel"):
        _same_programme(account, name, changes.get(name))
    if changes.get("channel") != account.channel:
        refuse_archived_channel(changes.get("channel"))
    old_path = account.path
    account = editing.save(
        actor=actor, obj=account, changes=changes, expected_version=expected_version
    )
    if "business_unit" in changes:
        follow_survivors(Account.objects.filter(merged_into=account))
    if moves:
        carry_subtree(account, old_path)
        barriers.refuse_violations(actor=actor, accounts=Account.objects.under(account))
    return account


@transaction.atomic
def set_external_ids(
    *, actor: User, account: Account, external_ids: Sequence[tuple[str, str]]
) -> Account:
    """Replace the account's numbers in other systems by `external_ids` (system, number).

    Raises PermissionDenied or ValidationError (number taken by another account).
    """
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    account = editing.locked(account)
    current = {(item.system, item.value): item for item in account.external_ids.all()}
    wanted = dict.fromkeys(external_ids)
    if set(wanted) == set(current):
        return account
    for key in set(current) - set(wanted):
        current[key].delete()
    for system, value in wanted:
        if (system, value) not in current:
            item = ExternalId(
                account=account, programme=account.programme, system=system, value=value
            )
            item.full_clean()
            item.save(force_insert=True)
    account.version += 1
    account.save(update_fields=["version", "updated_at"])
    record.change(
        actor=actor,
        obj=account,
        before={"external_ids": sorted(map(numbers.told, current))},
        after={"external_ids": sorted(map(numbers.told, wanted))},
    )
    return account


@transaction.atomic
def archive_account(*, actor: User, account: Account, expected_version: int | None) -> Account:
    """Take an account out of lists and totals; it stays readable by its address.

    Raises PermissionDenied, VersionConflict, or ValidationError while accounts below it are
    active: in the same words whether `actor` sees these or not.
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    lock_groups(account.programme)
    account = editing.locked(account)
    if Account.objects.under(account).active().exclude(pk=account.pk).exists():
        raise ValidationError(
            _(
                "It cannot be archived yet: archive or move what is below it, or ask somebody who"
                " sees its whole group."
            ),
            code="children",
        )
    return editing.archive(actor=actor, obj=account, expected_version=expected_version)


@transaction.atomic
def restore_account(*, actor: User, account: Account, expected_version: int | None) -> Account:
    """Bring an archived account back.

    Raises PermissionDenied, VersionConflict, or ValidationError (its parent or its trade channel is
    archived; a parent that `actor` may not see reads as none).
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    lock_groups(account.programme)
    account = editing.locked(account)
    if account.parent is not None and policies.can_see(actor, account.parent):
        _refuse_archived(account.parent)
    refuse_archived_channel(account.channel)
    return editing.restore(actor=actor, obj=account, expected_version=expected_version)


def _without_invisible_parent(
    actor: User, account: Account, changes: Mapping[str, Any]
) -> dict[str, Any]:
    """A parent that `actor` may not see reads as none: sent back as none, it stays as it is."""
    kept = dict(changes)
    hides = account.parent is not None and not policies.can_see(actor, account.parent)
    if hides and "parent" in kept and kept["parent"] is None:
        del kept["parent"]
    return kept


def _with_fresh_parent(changes: Mapping[str, Any]) -> dict[str, Any]:
    """`changes` with the parent as it stands now, group trees locked: it may have been moved since
    the caller read it."""
    kept = dict(changes)
    if kept.get("parent") is not None:
        kept["parent"] = Account.objects.get(pk=kept["parent"].pk)
    return kept


def _refuse_archived(parent: Account | None) -> None:
    """No account is active below an archived one."""
    if parent is not None and parent.is_archived:
        raise ValidationError({"parent": _("It is archived: restore it first.")}, code="archived")


def refuse_archived_account(account: Account) -> None:
    """Raise ValidationError where something new is recorded at an account out of use, by whatever
    way; importers say the same of each row (`archived_account`)."""
    if account.is_archived:
        text = _("The account is archived: restore it first.")
        raise field_error("account", text, "archived")


def refuse_archived_channel(channel: Channel | None) -> None:
    """Raise ValidationError for a channel that is out of use; the caller holds the lock of the
    trees."""
    if (
        channel is not None
        and Channel.objects.exclude(archived_at=None).filter(pk=channel.pk).exists()
    ):
        raise field_error("channel", _("It is archived: restore it first."), "archived")


def lock_groups(programme: Programme) -> None:
    """Let moves in the trees of a programme, groups and channels, happen one after the other."""
    Programme.objects.select_for_update(no_key=True).get(pk=programme.pk)


def _check_shape(account: Account) -> None:
    for name in ("parent", "business_unit", "channel"):
        _same_programme(account, name, getattr(account, name))


def _same_programme(account: Account, name: str, other: Any) -> None:
    if other is not None and other.programme_id != account.programme_id:
        raise ValidationError({name: _("It belongs to another programme.")}, code="foreign")


def _root_of(account: Account) -> int:
    return int(account.path.strip("/").split("/")[0])


def carry_subtree(account: Account, old_path: str) -> None:
    """Give the moved account and all below it their new paths and root. Raises ValidationError
    when a team would be shared outside the group."""
    place_subtree(account, old_path)
    refuse_shared_teams(account)


def place_subtree(account: Account, old_path: str) -> None:
    """As `carry_subtree`, for callers that look at teams when all has moved."""
    account.path = tree.path_for(account)
    account.root_id = _root_of(account)
    tree.move(Account.objects.all(), old_path, account.path)
    Account.objects.under(account).update(root_id=account.root_id)


def follow_survivors(merged: AccountQuerySet) -> None:
    """Let accounts that others have taken up be seen by whoever sees these: team and unit are
    theirs, and the place in the group is below them."""
    into = Account.objects.filter(pk=OuterRef("merged_into")).order_by()
    merged.exclude(merged_into=None).update(
        team=Subquery(into.values("team")[:1]),
        business_unit=Subquery(into.values("business_unit")[:1]),
    )


def refuse_shared_teams(account: Account) -> None:
    """Raise ValidationError when a team at `account` or below also serves another group."""
    below = Account.objects.under(account)
    shared = below.filter(team__accounts__isnull=False).exclude(team__accounts__root=F("root"))
    if shared.exists():
        raise ValidationError(
            {"parent": _("Its team also looks after accounts of another group.")}, code="team"
        )
