"""Tasks that the tests of the queue run, some of them in worker processes that get killed."""

import time

from django.core.exceptions import ValidationError
from django.db import transaction
from django_tasks import task

from kam.changes.models import Change
from kam.jobs.progress import current_job


@task()
def add(a: int, b: int) -> int:
    return a + b


@task(max_attempts=3)
def fail(message: str) -> None:
    raise RuntimeError(message)


@task()
def refuse() -> None:
    raise ValidationError("Not like this.")


@task()
def unwritable() -> object:
    return object()


def effect(number: int, label: str) -> Change:
    """A trace that can be counted."""
    return Change(
        source="job", verb="made", object_type="effect", object_id=number, object_label=label
    )


@task()
def stepwise(count: int, label: str, pause: float = 0.0) -> int:
    """Leave `count` traces, three a commit, going on where an earlier worker was killed."""
    job = current_job()
    number = job.state.get("next", 0)
    while number < count:
        job.checkpoint()
        with job.fenced():
            step = range(number, min(number + 3, count))
            Change.objects.bulk_create([effect(item, label) for item in step])
            time.sleep(pause)
            number = step.stop
            job.remember(next=number)
        job.report(number, count, "steps")
    return number


@task()
def at_once(label: str) -> None:
    """One trace, in the commit that ends the job."""
    with current_job().fenced(final=True):
        effect(0, label).save()
        time.sleep(0.01)


@task()
def overlapping(label: str) -> None:
    """Says when it begins and when it ends."""
    with transaction.atomic():
        effect(1, label).save()
    time.sleep(0.05)
    with transaction.atomic():
        effect(2, label).save()


@task()
def sourced() -> str:
    from kam.changes.context import current

    return f"{current().kind} {current().reference.partition(' ')[0]}"
