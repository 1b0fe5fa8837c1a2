"""Critical success factors of customers, and how they rank us (K057; handbook 4.9)."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Sum
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, SuccessFactor
from accounts.profiles.factors import WHOLE
from accounts.services.account import refuse_archived_account
from kam.access.dates import business_today
from kam.changes import editing
from kam.changes.errors import field_error
from kam.web.formatting import number
from teams.models import User

FACTOR_FIELDS = (
    "name",
    "weight",
    "ours",
    "best_other",
    "rival",
    "answer",
    "source",
    "confidence",
    "as_of",
)


@transaction.atomic
def create_factor(*, actor: User, account: Account, changes: Mapping[str, Any]) -> SuccessFactor:
    """Add what decides for the customer: for who edits the account.

    Raises PermissionDenied or ValidationError (weights beyond 100, a day to come, archived).
    """
    account = _open(actor, account)
    factor = SuccessFactor(account=account, **changes)
    _check(account, factor, changes)
    return editing.create(actor=actor, obj=factor, fields=("account", *FACTOR_FIELDS))


@transaction.atomic
def update_factor(
    *,
    actor: User,
    factor: SuccessFactor,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> SuccessFactor:
    """Change its weight, its scores or what we do about it. Raises PermissionDenied,
    VersionConflict or ValidationError."""
    account = _open(actor, factor.account)
    factor = editing.locked(factor)
    _check(account, factor, changes)
    return editing.save(
        actor=actor, obj=factor, changes=dict(changes), expected_version=expected_version
    )


@transaction.atomic
def archive_factor(
    *, actor: User, factor: SuccessFactor, expected_version: int | None = None
) -> SuccessFactor:
    """Take it out of the table and the index."""
    _open(actor, factor.account)
    return editing.archive(
        actor=actor, obj=editing.locked(factor), expected_version=expected_version
    )


@transaction.atomic
def restore_factor(
    *, actor: User, factor: SuccessFactor, expected_version: int | None = None
) -> SuccessFactor:
    """Bring it back, where its weight still has room."""
    account = _open(actor, factor.account)
    factor = editing.locked(factor)
    _check(account, factor, {"weight": factor.weight})
    return editing.restore(actor=actor, obj=factor, expected_version=expected_version)


def _open(actor: User, account: Account) -> Account:
    """The account, locked, so that two weights at once do not make more than 100."""
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    account = editing.locked(account)
    refuse_archived_account(account)
    return account


def _check(account: Account, factor: SuccessFactor, changes: Mapping[str, Any]) -> None:
    as_of = changes.get("as_of")
    if as_of and as_of > business_today():
        raise field_error("as_of", _("That day is still to come."), "future")
    weight = changes.get("weight")
    if weight is None:
        return
    others = SuccessFactor.objects.active().filter(account=account).exclude(pk=factor.pk)
    taken = others.order_by().aggregate(sum=Sum("weight"))["sum"] or Decimal(0)
    if taken + weight > WHOLE:
        left = number(max(WHOLE - taken, Decimal(0)), 2)
        text = _("All weights make 100: %(left)s are left.") % {"left": left}
        raise field_error("weight", text, "beyond")
