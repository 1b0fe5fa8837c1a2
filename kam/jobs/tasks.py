"""Housekeeping of the queue itself."""

import datetime

from django.db.models import Q
from django.utils import timezone

from kam.jobs.backend import task
from kam.jobs.models import Job
from kam.jobs.schedule import periodic

KEEP_DONE = datetime.timedelta(days=14)
KEEP_FAILED = datetime.timedelta(days=90)


@periodic(every=datetime.timedelta(days=1), at=datetime.time(3, 30))
@task()
def forget_old_jobs() -> int:
    """Delete finished jobs after two weeks, failed ones after three months."""
    now = timezone.now()
    done = Q(status__in=["succeeded", "cancelled"], finished_at__lt=now - KEEP_DONE)
    failed = Q(status="failed", finished_at__lt=now - KEEP_FAILED)
    count, _ = Job.objects.filter(done | failed).delete()
    return count
