"""Housekeeping of the API."""

import datetime

from django.utils import timezone

from kam.api.idempotency import KEPT
from kam.api.models import StoredAnswer
from kam.jobs.backend import task
from kam.jobs.schedule import periodic


@periodic(every=datetime.timedelta(hours=6))
@task()
def forget_old_answers() -> int:
    """Delete answers that are no longer replayed."""
    count, _ = StoredAnswer.objects.filter(created_at__lt=timezone.now() - KEPT).delete()
    return count
