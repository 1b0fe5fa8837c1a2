"""Periodic tasks: declared beside the task, kept in `Schedule`, enqueued once a slot."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import NamedTuple

from django.db import transaction
from django.utils import timezone

from kam.jobs.backend import JobTask
from kam.jobs.models import Job, Schedule


class Slot(NamedTuple):
    """How often a task runs, for daily ones at what time of day in the installation's zone, and
    whether there is anything to do: a slot without work leaves no job."""

    task: JobTask
    every: datetime.timedelta
    at: datetime.time | None
    when: Callable[[], bool] | None = None


registry: dict[str, Slot] = {}


def periodic(
    *,
    every: datetime.timedelta,
    at: datetime.time | None = None,
    when: Callable[[], bool] | None = None,
) -> Callable[[JobTask], JobTask]:
    """Run the decorated task every so often: `@periodic(every=timedelta(hours=1))` above `@task()`.

    Slots missed while no worker ran are made up for by one run, not by many. `at` fixes the time
    of day (installation's zone) and asks for whole days in `every`. `when` is asked at every slot
    whether there is work.
    """

    def register(task: JobTask) -> JobTask:
        registry[task.module_path] = Slot(task, every, at, when)
        return task

    return register


def next_slot(
    slot: Slot, after: datetime.datetime, last: datetime.datetime | None
) -> datetime.datetime:
    """First slot after the moment `after`, in step with the slot `last`."""
    if slot.at is not None:
        zone = timezone.get_default_timezone()
        day = timezone.localtime(last or after, zone).date()
        moment = datetime.datetime.combine(day, slot.at, zone)
        while moment <= after:
            day += slot.every
            moment = datetime.datetime.combine(day, slot.at, zone)
        return moment
    if last is None:
        return after
    steps = (after - last) // slot.every + 1
    return last + steps * slot.every


def enqueue_due(now: datetime.datetime) -> int:
    """Enqueue every periodic task whose slot has come; returns how many.

    A slot is moved on by compare-and-set in the transaction that enqueues, so that of several
    workers one enqueues it. A task still waiting or running from its last slot is not doubled.
    """
    known = dict(Schedule.objects.values_list("name", "next_run_at"))
    count = 0
    for name, slot in registry.items():
        if name not in known:
            first = next_slot(slot, now, None)
            Schedule.objects.bulk_create(
                [Schedule(name=name, next_run_at=first)], ignore_conflicts=True
            )
            known[name] = first
        due = known[name]
        if due > now:
            continue
        with transaction.atomic():
            moved = Schedule.objects.filter(name=name, next_run_at=due).update(
                next_run_at=next_slot(slot, now, due), last_run_at=now
            )
            idle = slot.when is not None and not slot.when()
            if moved and not idle and not Job.objects.unfinished().filter(key=name).exists():
                slot.task.using(key=name).enqueue()
                count += 1
    return count
