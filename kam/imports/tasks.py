"""Looking into folders on time."""

import datetime

from django.utils import timezone

from kam.imports import looking
from kam.imports.models import Folder
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
