"""Places of the customer."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import policies
from accounts.models import Account, Site
from accounts.services.account import refuse_archived_account
from kam.changes import editing
from teams.models import User

EDITABLE_FIELDS = ("name", "address", "city", "country")


@transaction.atomic
def create_site(*, actor: User, account: Account, changes: dict[str, Any]) -> Site:
    """Record a place of `account`. Raises PermissionDenied or ValidationError (also where the
    account is archived)."""
    if not policies.can_edit(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    return editing.create(
        actor=actor, obj=Site(account=account, **changes), fields=("account", *EDITABLE_FIELDS)
    )


@transaction.atomic
def update_site(
    *, actor: User, site: Site, expected_version: int | None, changes: dict[str, Any]
) -> Site:
    """Change a place. Raises PermissionDenied, VersionConflict or ValidationError."""
    site = _editable(actor, site)
    return editing.save(actor=actor, obj=site, changes=changes, expected_version=expected_version)


@transaction.atomic
def archive_site(*, actor: User, site: Site, expected_version: int | None = None) -> Site:
    """Take a place out of use; people who work there keep it."""
    site = _editable(actor, site)
    return editing.archive(actor=actor, obj=site, expected_version=expected_version)


@transaction.atomic
def restore_site(*, actor: User, site: Site, expected_version: int | None = None) -> Site:
    """Bring a place back."""
    site = _editable(actor, site)
    return editing.restore(actor=actor, obj=site, expected_version=expected_version)


def _editable(actor: User, site: Site) -> Site:
    site = editing.locked(site)
    if not policies.can_edit(actor, site.account):
        raise PermissionDenied
    return site
