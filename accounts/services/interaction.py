"""Talks with people of the customer (K065), and what they set off."""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts import policies
from accounts.models import Account, Contact, Interaction
from accounts.services.account import refuse_archived_account
from accounts.services.people import refresh_talks
from kam.changes import editing, record
from teams.models import User

EDITABLE_FIELDS = ("kind", "happened_on", "text", "contacts")


class Mention(NamedTuple):
    """A line "@Tom by Friday: quote Aarhus": `name` and `due` as typed, `due` may be empty."""

    name: str
    due: str
    text: str


MENTION = re.compile(
    r"^\s*@(?P<name>[^\s:@][^:@\n]*?)(?:\s+by\s+(?P<due>[^:\n]+?))?\s*:\s*(?P<text>\S.*?)\s*$",
    re.IGNORECASE | re.MULTILINE,
)

MentionHandler = Callable[..., str]
_handlers: list[MentionHandler] = []


def on_mention(handler: MentionHandler) -> MentionHandler:
    """Register what makes an action of a mention, from `AppConfig.ready()` of an upper app.

    Called as `handler(actor=, interaction=, mention=, today=)` inside the transaction of the
    talk; returns a sentence that says what was made. A ValidationError it raises refuses the
    whole note, so that its author corrects the line and loses nothing.
    """
    if handler not in _handlers:
        _handlers.append(handler)
    return handler


def find_mentions(text: str) -> list[Mention]:
    """Lines of `text` that ask somebody for something."""
    return [
        Mention(match["name"].strip(), (match["due"] or "").strip(), match["text"])
        for match in MENTION.finditer(text)
    ]


class Logged(NamedTuple):
    """A talk that was written down, and sentences about what it made besides."""

    interaction: Interaction
    made: list[str]


@transaction.atomic
def log_contact(
    *, actor: User, account: Account, changes: dict[str, Any], today: datetime.date
) -> Logged:
    """Write down that `actor` talked with people of `account`.

    Moves the people's last talk, and hands lines like "@Tom by Friday: …" to whoever makes
    actions of them. Raises PermissionDenied or ValidationError.
    """
    if not policies.can_contribute(actor, account):
        raise PermissionDenied
    refuse_archived_account(account)
    contacts = changes.pop("contacts", [])
    talk = Interaction(account=account, user=actor, **{"happened_on": today, **changes})
    _check(account, talk.happened_on, contacts, today)
    talk.full_clean()
    talk.save(force_insert=True)
    talk.contacts.set(contacts)
    record.created(actor=actor, obj=talk, fields=("account", "user", *EDITABLE_FIELDS))
    refresh_talks([person.pk for person in contacts])
    made = [
        handler(actor=actor, interaction=talk, mention=mention, today=today)
        for mention in find_mentions(talk.text)
        for handler in _handlers
    ]
    return Logged(talk, made)


@transaction.atomic
def update_interaction(
    *,
    actor: User,
    interaction: Interaction,
    expected_version: int | None,
    changes: dict[str, Any],
    today: datetime.date,
) -> Interaction:
    """Correct a talk; its author or an editor of the account may.

    Raises PermissionDenied, VersionConflict or ValidationError.
    """
    talk = _changeable(actor, interaction)
    editing.expect(talk, expected_version)
    contacts = changes.pop("contacts", None)
    _check(talk.account, changes.get("happened_on", talk.happened_on), contacts or [], today)
    before = record.snapshot(talk, [*changes, "contacts"])
    for name, value in changes.items():
        setattr(talk, name, value)
    talk.full_clean()
    if contacts is not None:
        talk.contacts.set(contacts)
    if record.snapshot(talk, before) == before:
        return talk
    talk.version += 1
    talk.save(update_fields=[*changes, "version", "updated_at"])
    record.change(actor=actor, obj=talk, before=before)
    refresh_talks({*before["contacts"], *talk.contacts.values_list("pk", flat=True)})
    return talk


@transaction.atomic
def archive_interaction(
    *, actor: User, interaction: Interaction, expected_version: int | None = None
) -> Interaction:
    """Take back a talk that was written down by mistake."""
    talk = _changeable(actor, interaction)
    talk = editing.archive(actor=actor, obj=talk, expected_version=expected_version)
    refresh_talks(talk.contacts.values_list("pk", flat=True))
    return talk


@transaction.atomic
def restore_interaction(
    *, actor: User, interaction: Interaction, expected_version: int | None = None
) -> Interaction:
    """Bring a talk back."""
    talk = _changeable(actor, interaction)
    talk = editing.restore(actor=actor, obj=talk, expected_version=expected_version)
    refresh_talks(talk.contacts.values_list("pk", flat=True))
    return talk


def _check(
    account: Account, happened_on: datetime.date, contacts: Sequence[Contact], today: datetime.date
) -> None:
    if happened_on > today:
        raise ValidationError(
            {"happened_on": _("A talk is written down once it has happened.")}, code="future"
        )
    if any(person.account_id != account.pk for person in contacts):
        raise ValidationError({"contacts": _("Choose people of this account.")}, code="foreign")


def _changeable(actor: User, interaction: Interaction) -> Interaction:
    talk = editing.locked(interaction)
    own = talk.user_id == actor.pk and policies.can_contribute(actor, talk.account)
    if not (own or policies.can_edit(actor, talk.account)):
        raise PermissionDenied
    return talk
