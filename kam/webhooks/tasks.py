"""Deliveries in the background."""

import datetime

from django.utils import timezone

from kam.changes.models import Change
from kam.jobs.backend import task
from kam.jobs.models import Job
from kam.jobs.schedule import periodic
from kam.webhooks import delivering
from kam.webhooks.models import Webhook

EVERY = datetime.timedelta(seconds=5)


def behind() -> list[int]:
    """Webhooks that may try and for which something is new; keys of their rows."""
    due = Webhook.objects.due(timezone.now())
    places = list(due.values_list("pk", "position_transaction", "position_change"))
    if not places:
        return []
    last = Change.objects.settled().reverse().values_list("transaction", "pk").first()
    return [pk for pk, *position in places if last is not None and last > tuple(position)]


@periodic(every=EVERY, when=lambda: bool(behind()))
@task()
def deliver_webhooks() -> int:
    """One job for each webhook for which something is new and none is under way."""
    count = 0
    for pk in behind():
        key = f"webhook {pk}"
        if not Job.objects.unfinished().filter(key=key).exists():
            deliver_webhook.using(key=key).enqueue(pk)
            count += 1
    return count


@task()
def deliver_webhook(pk: int) -> int:
    """Tell one webhook; failed tries are its own matter, not the queue's."""
    return delivering.deliver(pk)
