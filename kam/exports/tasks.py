"""Exports as background work."""

import datetime

from django.utils import timezone

from kam.exports import making
from kam.jobs.backend import task
from kam.jobs.schedule import periodic


@task()
def make_export(export_id: int) -> None:
    """Make the file of an export."""
    making.make(export_id)


@periodic(every=datetime.timedelta(days=1), at=datetime.time(3, 40))
@task()
def forget_old_exports() -> int:
    """Delete files a week after they were made, and what killed workers left."""
    return making.forget(timezone.now())
