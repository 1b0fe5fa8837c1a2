"""What the customer is to the programme: appoint, groom, maintain, handle, release (3.6)."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts import policies
from accounts.choices import RationaleType, Status
from accounts.models import Account, Conflict, StatusChange
from accounts.services.team import lock_people, refuse_overload
from kam.changes import editing
from kam.changes.errors import field_error
from teams.models import Membership, Programme, TeamRole, User
from teams.programme_settings import setting


def lock_before_account(account: Account) -> Programme:
    """Lock what a decision on status locks before the account: programme, people, team.

    For services that hold the account's lock when they come to `set_status`, so that no two
    writers wait for each other.
    """
    programme = Programme.objects.select_for_update(no_key=True).get(pk=account.programme_id)
    if account.team is not None:
        lock_people(account.team)
    return programme


@transaction.atomic
def set_status(
    *,
    actor: User,
    account: Account,
    status: str,
    decided_on: datetime.date,
    reason: str = "",
    rationale_types: Collection[str] = (),
    override_reason: str = "",
    expected_version: int | None = None,
) -> Account:
    """Decide what the account is to the programme.

    Key status needs a rationale and its types (K004, K021), room in the programme (K032;
    `override_reason` makes room and is marked for ever), room with its manager (K033, no
    override), and no exclusive conflict with another key account (K130). Raises PermissionDenied,
    VersionConflict or ValidationError.
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    programme = lock_before_account(account)
    account = editing.locked(account)
    editing.expect(account, expected_version)
    if status == account.status:
        raise ValidationError({"status": _("It has this status already.")}, code="same")
    override = False
    if status == Status.KEY:
        check_rationale(reason, rationale_types)
        check_exclusive(actor, account, decided_on)
        override = _check_size(programme, decided_on, override_reason)
        check_manager(account, decided_on, status)
    before = account.status
    changes = {"status": status, "status_since": decided_on}
    if status == Status.KEY:
        changes |= {"rationale": reason, "rationale_types": list(rationale_types)}
    account = editing.save(actor=actor, obj=account, changes=changes, verb="status")
    note = "\n".join(text for text in (reason, override_reason if override else "") if text)
    step = StatusChange(
        account=account,
        from_status=before,
        to_status=status,
        decided_on=decided_on,
        decided_by=actor,
        reason=note,
        rationale_types=list(rationale_types),
        override=override,
    )
    step.full_clean()
    step.save(force_insert=True)
    return account


@transaction.atomic
def make_candidates(
    *, actor: User, reasons: Mapping[Account, str], decided_on: datetime.date
) -> list[Account]:
    """Make accounts candidates, all or none, each for its reason (K089, K090). Raises as
    `set_status`."""
    return [
        set_status(
            actor=actor,
            account=account,
            status=Status.CANDIDATE,
            decided_on=decided_on,
            reason=reason,
        )
        for account, reason in sorted(reasons.items(), key=lambda item: item[0].pk)
    ]


def key_account_count(programme: Programme) -> int:
    """Key accounts of the programme at present."""
    return Account.objects.active().of_status(Status.KEY).filter(programme=programme).count()


def check_rationale(reason: str, types: Collection[str]) -> None:
    """Raise ValidationError unless a key account has a reason of its own, of known kinds (K004,
    K021)."""
    errors = {}
    if not reason.strip():
        errors["reason"] = _("A key account needs a reason of its own.")
    if not types:
        errors["rationale_types"] = _("Choose at least one kind of reason.")
    elif not set(types) <= set(RationaleType.values):
        errors["rationale_types"] = _("Choose from the list.")
    if errors:
        raise ValidationError(errors)


def _check_size(programme: Programme, on: datetime.date, override_reason: str) -> bool:
    """Whether the limit of the programme had to be overridden; ValidationError without a reason."""
    limit = int(setting(programme, "programme_max_accounts", on))
    if key_account_count(programme) < limit:
        return False
    if not override_reason.strip():
        raise ValidationError(
            {
                "override_reason": _(
                    "The programme holds %(limit)d key accounts, its most. Say why one more."
                )
                % {"limit": limit}
            },
            code="limit",
        )
    return True


def check_exclusive(actor: User, account: Account, on: datetime.date) -> None:
    """Raise ValidationError when another account is key that `account` excludes (K130)."""
    above = [int(part) for part in account.path.strip("/").split("/")]
    below = Account.objects.under(account).values("pk")
    near = Q(a__in=above) | Q(a__in=below)
    far = Q(b__in=above) | Q(b__in=below)
    pairs = Conflict.objects.active().filter(kind=Conflict.Kind.EXCLUSIVE).valid_on(on)
    for pair in pairs.filter(near | far).select_related("a", "b"):
        inside = account.path.startswith(pair.a.path) or pair.a.path.startswith(account.path)
        other = pair.b if inside else pair.a
        rivals = Account.objects.active().of_status(Status.KEY).under(other)
        rival = rivals.exclude(pk=account.pk).first()
        if rival is None:
            continue
        if policies.can_see(actor, rival):
            text = _("%(rival)s is key, and the two exclude each other.") % {"rival": rival}
        else:
            text = _("It is excluded by a conflict with another key account.")
        raise field_error("status", text, "exclusive")


def check_exclusive_below(actor: User, account: Account, on: datetime.date) -> None:
    """As `check_exclusive`, for `account` and all below it that are key: what stands above a key
    account excludes it, too."""
    keys = Account.objects.active().of_status(Status.KEY).under(account)
    for key in keys.order_by("pk"):
        check_exclusive(actor, key, on)


def check_manager(account: Account, on: datetime.date, status: str) -> None:
    """Raise ValidationError when it would be too much for a manager of its team (K033)."""
    if account.team_id is None:
        return
    managers = Membership.objects.filter(team=account.team_id, role=TeamRole.KAM).valid_on(on)
    account.status = status
    for member in managers.select_related("user"):
        refuse_overload(member.user, account, on=on)
    account.refresh_from_db(fields=["status"])
