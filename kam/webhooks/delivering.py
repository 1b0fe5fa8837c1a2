"""Telling one webhook what its owner may see of what happened since it was told last.

The change log is the outbox: nothing is queued, a webhook only remembers how far it is. It moves on
after an answer of 2xx, so that a worker that is killed loses nothing; the receiver may get the
message at which it died once more, with the same `webhook-id`.
"""

from __future__ import annotations

import datetime
import json
import time
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.utils import timezone

from kam.api.changes import ChangeSerializer
from kam.changes.history import readable
from kam.changes.models import Change
from kam.jobs.progress import current_job
from kam.webhooks import services
from kam.webhooks.models import Webhook
from kam.webhooks.sending import Failed, send

AT_ONCE = 50
"""Changes that are read at a time."""
LONGEST_SECONDS = 60.0
"""How long one job tells one webhook, so that others get their turn."""
FIRST_WAIT = datetime.timedelta(seconds=5)
LONGEST_WAIT = datetime.timedelta(hours=6)
LASTING = datetime.timedelta(days=3)
"""After failing for so long a webhook is switched off."""


def wait_after(failures: int) -> datetime.timedelta:
    """Time to the next try: 5 s, 20 s, 80 s … six hours."""
    return min(FIRST_WAIT * 4 ** min(failures - 1, 10), LONGEST_WAIT)


def deliver(webhook_id: int) -> int:
    """Tell the webhook all that is new to it; returns how many messages were taken."""
    count = 0
    end = time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < end:
        webhook = Webhook.objects.due(timezone.now()).select_related("owner").filter(pk=webhook_id)
        found = webhook.first()
        rows = _new_to(found) if found is not None else []
        if found is None or not rows:
            break
        for row, shown in zip(rows, readable(rows, found.owner), strict=True):
            current_job().checkpoint()
            row.shown = shown  # type: ignore[attr-defined]
            if not _tell(found, row):
                return count
            count += 1
            if time.monotonic() > end:
                break
    return count


def _new_to(webhook: Webhook) -> list[Change]:
    """The next changes that the owner may see; past all others it moves on at once."""
    settled = Change.objects.settled()
    last = settled.reverse().values_list("transaction", "pk").first()
    position = webhook.position_transaction, webhook.position_change
    if last is None or last <= position:
        return []
    rows = Change.objects.visible_to(webhook.owner).settled().beyond(*position)
    if webhook.object_types:
        rows = rows.filter(object_type__in=webhook.object_types)
    found = list(rows[:AT_ONCE])
    if not found:
        _move(webhook, *last)
    return found


def _tell(webhook: Webhook, row: Any) -> bool:
    """One message; False when it was not taken."""
    message = {
        "type": f"{row.object_type}.{row.verb}",
        "timestamp": row.at,
        "data": ChangeSerializer(row).data,
    }
    now = timezone.now()
    kept = [webhook.old_secret] if _still(webhook.old_secret_until, now) else []
    try:
        send(
            webhook.url,
            message_id=f"msg_{webhook.pk}_{row.pk}",
            timestamp=int(now.timestamp()),
            body=json.dumps(message, cls=DjangoJSONEncoder).encode(),
            secrets=[webhook.secret, *kept],
        )
    except Failed as failure:
        _note_failure(webhook, str(failure), now)
        return False
    return _move(
        webhook,
        row.transaction,
        row.pk,
        delivered_at=timezone.now(),
        failures=0,
        failing_since=None,
        next_try_at=None,
        last_error="",
    )


def _still(until: datetime.datetime | None, now: datetime.datetime) -> bool:
    return until is not None and until > now


def _move(webhook: Webhook, position_transaction: int, position_change: int, **more: Any) -> bool:
    """Remember how far the webhook is; False when somebody sent it elsewhere meanwhile."""
    stood = {
        "position_transaction": webhook.position_transaction,
        "position_change": webhook.position_change,
    }
    goes = {"position_transaction": position_transaction, "position_change": position_change}
    moved = Webhook.objects.filter(pk=webhook.pk, **stood).update(**goes, **more)
    webhook.position_transaction, webhook.position_change = position_transaction, position_change
    return bool(moved)


@transaction.atomic
def _note_failure(webhook: Webhook, error: str, now: datetime.datetime) -> None:
    locked = Webhook.objects.select_for_update(no_key=True).get(pk=webhook.pk)
    locked.failures += 1
    locked.failing_since = locked.failing_since or now
    locked.next_try_at = now + wait_after(locked.failures)
    locked.last_error = error[:300]
    locked.save(update_fields=["failures", "failing_since", "next_try_at", "last_error"])
    if now - locked.failing_since >= LASTING:
        services.switch_off_failing(webhook=locked)
