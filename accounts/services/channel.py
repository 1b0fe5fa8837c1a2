"""Trade channels: a tree that stays one, whoever moves what at the same time."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import (
    Account,
    CategoryPurchase,
    Channel,
    ProfileParameter,
    TargetProfile,
)
from accounts.services.account import lock_groups
from kam.access import tree
from kam.changes import editing
from kam.changes.errors import field_error
from teams import policies
from teams.models import Programme, User

CHANNEL_FIELDS = ("name", "code", "parent")
SEPARATOR = " / "
"""Between the names of a channel and of the one above it."""


@transaction.atomic
def create_channel(*, actor: User, programme: Programme, changes: dict[str, Any]) -> Channel:
    """Add a channel to the tree of `programme`, below its parent or on top.

    Raises PermissionDenied or ValidationError.
    """
    if not policies.can_edit_programme(actor, programme):
        raise PermissionDenied
    lock_groups(programme)
    parent = _fresh_parent(programme.pk, changes.get("parent"))
    channel = Channel(programme=programme, **{**changes, "parent": parent})
    channel = editing.create(actor=actor, obj=channel, fields=("programme", *CHANNEL_FIELDS))
    place(channel)
    return channel


@transaction.atomic
def update_channel(
    *, actor: User, channel: Channel, expected_version: int | None, changes: dict[str, Any]
) -> Channel:
    """Rename a channel or put it, with all below it, somewhere else in the tree.

    Raises PermissionDenied, VersionConflict, or ValidationError where the tree would become a
    circle.
    """
    channel = _managed(actor, channel)
    old = channel.path
    if "parent" in changes:
        editing.expect(channel, expected_version)
        parent = _fresh_parent(channel.programme_id, changes["parent"])
        tree.refuse_cycle(channel, parent)
        changes = {**changes, "parent": parent}
    channel = editing.save(
        actor=actor, obj=channel, changes=changes, expected_version=expected_version
    )
    new = tree.path_for(channel)
    if new != old:
        tree.move(Channel.objects.all(), old, new)
        channel.path = new
    _name_below(channel)
    return channel


@transaction.atomic
def archive_channel(
    *, actor: User, channel: Channel, expected_version: int | None = None
) -> Channel:
    """Take a channel off the lists; refused while anything in use is in it.

    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    channel = _managed(actor, channel)
    if Channel.objects.active().filter(parent=channel).exists():
        raise ValidationError(_("Channels lie below it: move them first."), code="in_use")
    if Account.objects.active().filter(channel=channel).exists():
        raise ValidationError(_("Accounts are in it: move them first."), code="in_use")
    if CategoryPurchase.objects.active().filter(channel=channel).exists():
        raise ValidationError(
            _("Category purchases are recorded for it: archive them first."), code="in_use"
        )
    for rows in (ProfileParameter.objects, TargetProfile.objects):
        if rows.active().filter(channel=channel).exists():
            words = _("Profile parameters or target profiles hold for it: archive them first.")
            raise ValidationError(words, code="in_use")
    return editing.archive(actor=actor, obj=channel, expected_version=expected_version)


@transaction.atomic
def restore_channel(
    *, actor: User, channel: Channel, expected_version: int | None = None
) -> Channel:
    """Bring a channel back; refused while the one above it is archived."""
    channel = _managed(actor, channel)
    if Channel.objects.filter(pk=channel.parent_id, archived_at__isnull=False).exists():
        raise ValidationError(_("Restore the channel above it first."), code="archived")
    return editing.restore(actor=actor, obj=channel, expected_version=expected_version)


def place(channel: Channel) -> None:
    """Note where a new channel lies; the caller holds the lock of the tree."""
    channel.path = tree.path_for(channel)
    channel.full_name = _full_name(channel, channel.parent)
    channel.save(update_fields=["path", "full_name"])


def _full_name(channel: Channel, parent: Channel | None) -> str:
    return f"{parent.full_name}{SEPARATOR}{channel.name}" if parent else channel.name


def _name_below(channel: Channel) -> None:
    """Give a channel that was renamed or moved, and all below it, their full names."""
    channel.full_name = _full_name(channel, channel.parent)
    named: dict[int | None, Channel] = {channel.pk: channel}
    for row in Channel.objects.under(channel).exclude(pk=channel.pk).order_by("path"):
        row.full_name = _full_name(row, named[row.parent_id])
        named[row.pk] = row
    Channel.objects.bulk_update(named.values(), ["full_name"])


def _fresh_parent(programme_id: int, parent: Channel | None) -> Channel | None:
    """`parent` as it stands now, which must be in use and of the same programme."""
    if parent is None:
        return None
    fresh = Channel.objects.active().filter(pk=parent.pk, programme=programme_id).first()
    if fresh is None:
        raise field_error("parent", _("No such channel in this programme."), "invalid")
    return fresh


def _managed(actor: User, channel: Channel) -> Channel:
    """The channel, its tree locked, for whoever runs the programme."""
    lock_groups(channel.programme)
    channel = editing.locked(channel)
    if not policies.can_edit_programme(actor, channel.programme):
        raise PermissionDenied
    return channel
