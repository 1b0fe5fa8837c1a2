"""Making, changing, rotating, replaying and switching webhooks: their owner alone."""

from __future__ import annotations

import datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import editing, record
from kam.changes.models import Change
from kam.webhooks.addresses import valid_url
from kam.webhooks.models import Webhook, new_secret

EDITABLE_FIELDS = ("name", "url", "object_types", "is_on")
OVERLAP = datetime.timedelta(days=1)
"""How long the secret before a rotation goes on signing."""
FRESH: dict[str, Any] = {"failures": 0, "failing_since": None, "next_try_at": None}
"""What a webhook forgets when somebody looks after it."""


@transaction.atomic
def create_webhook(*, actor: models.Model, values: dict[str, Any]) -> tuple[Webhook, str]:
    """Make a webhook of `actor`'s that is told what happens from now on; it and its secret.

    Raises ValidationError (an address that webhooks do not call).
    """
    _expect_callable(values["url"])
    webhook = Webhook(owner=actor, **values)
    last = Change.objects.settled().reverse().values_list("transaction", "pk").first()
    webhook.position_transaction, webhook.position_change = last or (0, 0)
    webhook = editing.create(actor=actor, obj=webhook, fields=EDITABLE_FIELDS, **_private(webhook))
    return webhook, webhook.secret


@transaction.atomic
def update_webhook(
    *, actor: models.Model, webhook: Webhook, expected_version: int | None, changes: dict[str, Any]
) -> Webhook:
    """Change name, address, kinds, on or off; what failed before is forgotten.

    Raises PermissionDenied, VersionConflict or ValidationError (an address that webhooks do not
    call). One that may be called no longer can still be renamed, switched off and taken away.
    """
    webhook = _own(actor, webhook)
    if "url" in changes or changes.get("is_on"):
        _expect_callable(changes.get("url", webhook.url))
    Webhook.objects.filter(pk=webhook.pk).update(**FRESH)
    return editing.save(
        actor=actor,
        obj=webhook,
        changes=changes,
        expected_version=expected_version,
        **_private(webhook),
    )


@transaction.atomic
def archive_webhook(
    *, actor: models.Model, webhook: Webhook, expected_version: int | None = None
) -> Webhook:
    """Take a webhook away for good."""
    webhook = _own(actor, webhook)
    return editing.save(
        actor=actor,
        obj=webhook,
        changes={"archived_at": timezone.now(), "is_on": False},
        verb="archived",
        expected_version=expected_version,
        **_private(webhook),
    )


@transaction.atomic
def rotate_secret(*, actor: models.Model, webhook: Webhook) -> tuple[Webhook, str]:
    """A new secret; the old one signs beside it for a day."""
    webhook = _own(actor, webhook)
    webhook.old_secret, webhook.old_secret_until = webhook.secret, timezone.now() + OVERLAP
    webhook.secret = new_secret()
    webhook.version += 1
    names = ["secret", "old_secret", "old_secret_until", "version", "updated_at"]
    webhook.save(update_fields=names)
    _log(actor, webhook, "rotated", after={"old_secret_until": webhook.old_secret_until})
    return webhook, webhook.secret


@transaction.atomic
def replay(*, actor: models.Model, webhook: Webhook, since: datetime.datetime) -> Webhook:
    """Tell everything that happened at or after `since` once more."""
    webhook = _own(actor, webhook)
    earlier = Change.objects.settled().filter(at__lt=since).reverse()
    place = earlier.values_list("transaction", "pk").first() or (0, 0)
    webhook.position_transaction, webhook.position_change = place
    for name, value in FRESH.items():
        setattr(webhook, name, value)
    webhook.save(update_fields=["position_transaction", "position_change", *FRESH])
    _log(actor, webhook, "replayed", after={"since": since})
    return webhook


@transaction.atomic
def switch_off_failing(*, webhook: Webhook) -> Webhook:
    """Switch a webhook off that has failed for too long, and tell its owner by mail."""
    webhook.is_on = False
    webhook.version += 1
    webhook.save(update_fields=["is_on", "version", "updated_at"])
    after = {"is_on": False, "last_error": webhook.last_error}
    _log(None, webhook, "switched_off", before={"is_on": True}, after=after)
    text = _(
        "The webhook %(name)s has not been taken since %(since)s and is switched off. The last"
        " answer: %(error)s. Nothing is lost: switch it on again in the settings and it goes on"
        " where it stopped."
    ) % {
        "name": webhook.name,
        "since": f"{webhook.failing_since:%Y-%m-%d %H:%M} UTC",
        "error": webhook.last_error,
    }
    address = getattr(webhook.owner, "email", "")
    if address:
        title = _("A webhook is switched off")
        transaction.on_commit(partial(send_mail, title, text, None, [address]))
    return webhook


def _own(actor: models.Model, webhook: Webhook) -> Webhook:
    webhook = editing.locked(webhook)
    if webhook.owner_id != actor.pk:
        raise PermissionDenied
    return webhook


def _expect_callable(url: str) -> None:
    try:
        valid_url(url)
    except ValidationError as error:
        raise ValidationError({"url": error}) from error


def _private(webhook: Webhook) -> dict[str, Any]:
    return {"audience": Change.Audience.PRIVATE, "audience_id": webhook.owner_id}


def _log(
    actor: models.Model | None,
    webhook: Webhook,
    verb: str,
    *,
    after: dict[str, Any],
    before: dict[str, Any] | None = None,
) -> None:
    record.change(
        actor=actor, obj=webhook, verb=verb, before=before, after=after, **_private(webhook)
    )
