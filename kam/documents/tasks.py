"""Files that nothing names are cleared away."""

import datetime

from django.utils import timezone

from kam.documents import services
from kam.jobs.backend import task
from kam.jobs.schedule import periodic


@periodic(every=datetime.timedelta(days=1), at=datetime.time(3, 40))
@task()
def drop_orphans() -> int:
    """What uploads left behind that did not come to their end; returns how many files."""
    return services.drop_orphans(now=timezone.now())
