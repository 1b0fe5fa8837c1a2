"""Category purchases: what is known of what customers buy (K056, K086; handbook 3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, CategoryPurchase, Channel
from accounts.services.account import (
    lock_groups,
    refuse_archived_account,
    refuse_archived_channel,
)
from kam.changes import editing
from kam.changes.errors import field_error
from teams import policies as programme_policies
from teams.models import Programme, User

HOLDER_FIELDS = ("account", "channel")
"""Whose purchases they are: said once."""
PURCHASE_FIELDS = (
    "site",
    "category",
    "period_from",
    "period_until",
    "use_type",
    "volume",
    "volume_unit",
    "amount",
    "currency",
    "source",
    "as_of",
    "confidence",
)


@transaction.atomic
def record_purchase(
    *,
    actor: User,
    account: Account | None = None,
    channel: Channel | None = None,
    changes: Mapping[str, Any],
) -> CategoryPurchase:
    """Record what `account`, or the whole of `channel`, buys: for who edits the account or runs
    the programme.

    `amount` is net, a period's total in `currency` (the account's when left out), `volume` in
    `volume_unit`; what is not known is None. Raises PermissionDenied or ValidationError (account or
    channel is archived).
    """
    holder = account or channel
    if holder is None:
        raise field_error("account", _("Name an account or a channel."), "required")
    programme = holder.programme
    if channel is not None and channel.programme_id != programme.pk:
        raise field_error("channel", _("It belongs to another programme."), "foreign")
    if not _may_write(actor, account, programme):
        raise PermissionDenied
    if account is not None:
        refuse_archived_account(account)
    if channel is not None:
        lock_groups(programme)
        refuse_archived_channel(channel)
    money = account.money if account is not None else programme.currency
    given = {name: value for name, value in changes.items() if name != "currency" or value}
    purchase = CategoryPurchase(
        programme=programme,
        account=account,
        channel=channel,
        recorded_by=actor,
        **{"currency": money, **given},
    )
    _check_relations(purchase)
    return editing.create(actor=actor, obj=purchase, fields=(*HOLDER_FIELDS, *PURCHASE_FIELDS))


@transaction.atomic
def update_purchase(
    *,
    actor: User,
    purchase: CategoryPurchase,
    expected_version: int | None,
    changes: Mapping[str, Any],
) -> CategoryPurchase:
    """Correct what is recorded. Raises PermissionDenied, VersionConflict or ValidationError."""
    purchase = _editable(actor, purchase)
    editing.expect(purchase, expected_version)
    for name in ("site", "category"):
        if name in changes:
            setattr(purchase, name, changes[name])
    _check_relations(purchase)
    purchase.refresh_from_db(fields=["site", "category"])
    return editing.save(actor=actor, obj=purchase, changes=dict(changes))


@transaction.atomic
def archive_purchase(
    *, actor: User, purchase: CategoryPurchase, expected_version: int | None = None
) -> CategoryPurchase:
    """Take it out of the map; it stays in the history. Raises PermissionDenied or
    VersionConflict."""
    purchase = _editable(actor, purchase)
    return editing.archive(actor=actor, obj=purchase, expected_version=expected_version)


@transaction.atomic
def restore_purchase(
    *, actor: User, purchase: CategoryPurchase, expected_version: int | None = None
) -> CategoryPurchase:
    """Bring it back; refused while the same is recorded anew, or its account or channel is
    archived."""
    if purchase.channel_id is not None:
        lock_groups(purchase.programme)
    purchase = _editable(actor, purchase)
    if purchase.account is not None:
        refuse_archived_account(purchase.account)
    refuse_archived_channel(purchase.channel)
    return editing.restore(actor=actor, obj=purchase, expected_version=expected_version)


def _may_write(actor: User, account: Account | None, programme: Programme) -> bool:
    if account is not None:
        return policies.can_edit(actor, account)
    return programme_policies.can_edit_programme(actor, programme)


def _editable(actor: User, purchase: CategoryPurchase) -> CategoryPurchase:
    purchase = editing.locked(purchase)
    if not _may_write(actor, purchase.account, purchase.programme):
        raise PermissionDenied
    return purchase


def _check_relations(purchase: CategoryPurchase) -> None:
    site, category = purchase.site, purchase.category
    if site is not None and site.account_id != purchase.account_id:
        raise field_error("site", _("It is no site of this account."), "foreign")
    if category is not None and category.programme_id != purchase.programme_id:
        raise field_error("category", _("It belongs to another programme."), "foreign")
