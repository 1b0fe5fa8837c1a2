"""Looking into folders on time, and clearing away files that nothing names."""

import datetime

from django.utils import timezone

from kam.documents.sweeping import sweep
from kam.imports import looking
from kam.imports.models import FILES, Folder, Run
from kam.jobs.backend import task
from kam.jobs.models import Job
from kam.jobs.schedule import periodic

EVERY = datetime.timedelta(seconds=5)


@periodic(every=EVERY, when=lambda: Folder.objects.due(timezone.now()).exists())
@task()
def look_into_folders() -> int:
    """One job for each folder whose look is due and that none is looking into."""
    count = 0
    for pk in Folder.objects.due(timezone.now()).values_list("pk", flat=True):
        key = f"import folder {pk}"
        if not Job.objects.unfinished().filter(key=key).exists():
            look_into_folder.using(key=key).enqueue(pk)
            count += 1
    return count


@task()
def look_into_folder(pk: int) -> None:
    """Look into one folder."""
    looking.look(pk)


@periodic(every=datetime.timedelta(days=1), at=datetime.time(3, 50))
@task()
def drop_orphans() -> int:
    """What uploads left behind that did not come to their end; returns how many files."""
    return sweep(FILES, (Run,), now=timezone.now())
