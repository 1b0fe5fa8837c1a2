"""People at the customer (handbook 5.5)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, Contact, Interaction
from accounts.services.account import refuse_archived_account
from kam.changes import editing
from teams.models import User

EDITABLE_FIELDS = (
    "name",
    "job_title",
    "function",
    "level",
    "email",
    "phone",
    "site",
    "reports_to",
    "buying_roles",
    "influence",
    "attitude",
    "interval_days",
    "confidence",
    "source",
)


@transaction.atomic
def create_contact(*, actor: User, account: Account, changes: dict[str, Any]) -> Contact:
    """Record a person at `account`.

    Raises PermissionDenied (neither in the team nor running the programme) or ValidationError (also
    where the account is archived).
    """
    if not policies.can_contribute(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    contact = Contact(account=account, **changes)
    contact = editing.create(actor=actor, obj=contact, fields=("account", *EDITABLE_FIELDS))
    refresh_talks([contact.pk])
    contact.refresh_from_db(fields=["last_talked_on", "quiet_on"])
    return contact


@transaction.atomic
def update_contact(
    *, actor: User, contact: Contact, expected_version: int | None, changes: dict[str, Any]
) -> Contact:
    """Change what is known of a person.

    Raises PermissionDenied, VersionConflict or ValidationError (a circle of superiors).
    """
    contact = _contributable(actor, contact)
    contact = editing.save(
        actor=actor, obj=contact, changes=changes, expected_version=expected_version
    )
    if "interval_days" in changes:
        refresh_talks([contact.pk])
        contact.refresh_from_db(fields=["last_talked_on", "quiet_on"])
    return contact


@transaction.atomic
def archive_contact(
    *, actor: User, contact: Contact, expected_version: int | None = None
) -> Contact:
    """Take a person out of lists, e.g. when they have left; their talks stay."""
    contact = _contributable(actor, contact)
    return editing.archive(actor=actor, obj=contact, expected_version=expected_version)


@transaction.atomic
def restore_contact(
    *, actor: User, contact: Contact, expected_version: int | None = None
) -> Contact:
    """Bring a person back."""
    contact = _contributable(actor, contact)
    return editing.restore(actor=actor, obj=contact, expected_version=expected_version)


def quiet_after(
    *, last_talked_on: datetime.date | None, known_since: datetime.date, interval_days: int | None
) -> datetime.date | None:
    """The last day on which the agreed interval is still kept; None without an interval.

    Counts from the last talk, or from the day the person was recorded if there was none.
    """
    if interval_days is None:
        return None
    return (last_talked_on or known_since) + datetime.timedelta(days=interval_days)


def refresh_talks(contact_ids: Iterable[int]) -> None:
    """Work out `last_talked_on` and `quiet_on` anew from the talks that are not archived.

    People are locked first, in one order, and talks are read after that: whoever comes second
    waits, and sees the talk of whoever came first.
    """
    rows = Contact.objects.filter(pk__in=list(contact_ids)).order_by("pk")
    people = list(rows.select_for_update(of=("self",), no_key=True))
    talks = Interaction.objects.active().filter(contacts__in=[person.pk for person in people])
    days = talks.order_by().values_list("contacts").annotate(talked=Max("happened_on"))
    talked = dict(days.filter(contacts__in=[person.pk for person in people]))
    for person in people:
        person.last_talked_on = talked.get(person.pk)
        person.quiet_on = quiet_after(
            last_talked_on=person.last_talked_on,
            known_since=timezone.localdate(person.created_at, timezone.get_default_timezone()),
            interval_days=person.interval_days,
        )
        person.updated_at = timezone.now()
    Contact.objects.bulk_update(people, ["last_talked_on", "quiet_on", "updated_at"])


def _contributable(actor: User, contact: Contact) -> Contact:
    contact = editing.locked(contact)
    if not policies.can_contribute(actor, contact.account):
        raise PermissionDenied
    if contact.merged_into_id is not None:
        raise ValidationError(_("It has been merged into another person."), code="merged")
    return contact
