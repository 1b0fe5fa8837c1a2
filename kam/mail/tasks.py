"""Housekeeping of kept mail."""

import datetime

from django.utils import timezone

from kam.jobs.backend import task
from kam.jobs.schedule import periodic
from kam.mail.models import Mail

KEPT = datetime.timedelta(days=90)


@periodic(every=datetime.timedelta(days=1), at=datetime.time(3, 45))
@task()
def forget_old_mail() -> int:
    """Delete kept mail after three months."""
    _total, rows = Mail.objects.filter(kept_at__lt=timezone.now() - KEPT).delete()
    return rows.get("mail.Mail", 0)
