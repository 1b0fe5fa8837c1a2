"""Real worker processes, several at a time, killed with SIGKILL at any moment (`design.md` 9)."""

import os
import pathlib
import random
import signal
import subprocess
import sys
import time
from collections import Counter

import pytest
from django.db import connection
from django.utils.module_loading import autodiscover_modules

from kam.changes.models import Change
from kam.jobs.models import Job, Schedule
from kam.jobs.schedule import registry
from tests.kam import job_tasks

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
ROOT = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 120


def database_url() -> str:
    """The test database, as a worker process has to name it."""
    values = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{values['NAME']}"
    login = ":".join(filter(None, [values["USER"], values["PASSWORD"]]))
    host = f"{values['HOST']}:{values['PORT']}" if values["PORT"] else values["HOST"]
    return f"postgres://{login}@{host.replace('/', '%2F')}/{values['NAME']}"


class Workers:
    """Worker processes on the test database."""

    def __init__(self) -> None:
        self.processes: list[subprocess.Popen] = []

    def start(self, *options: str) -> subprocess.Popen:
        environment = os.environ | {
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "kam.test_settings",
            "PYTHONWARNINGS": "ignore",
            "LOG_LEVEL": "CRITICAL",
        }
        process = subprocess.Popen(
            [sys.executable, "manage.py", "worker", "--lease", "1.5", *options],
            cwd=ROOT,
            env=environment,
        )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()
        self.processes.remove(process)

    def end(self) -> None:
        for process in list(self.processes):
            self.kill(process)


@pytest.fixture
def workers():
    group = Workers()
    yield group
    group.end()


def wait_for(condition) -> None:
    """Until `condition()` holds; fails after two minutes."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, list(Job.objects.values("task", "status", "error", "state"))
        time.sleep(0.05)


def effects() -> Counter:
    rows = Change.objects.filter(object_type="effect")
    return Counter(rows.values_list("object_label", "object_id"))


def test_killed_workers_lose_nothing_and_do_nothing_twice(workers):
    chance = random.Random(20260601)
    for number in range(4):
        job_tasks.stepwise.using(max_attempts=60).enqueue(45, f"steps {number}", 0.02)
    for number in range(12):
        job_tasks.at_once.using(max_attempts=60).enqueue(f"once {number}")
    unfinished = Job.objects.unfinished()
    for _ in range(3):
        workers.start()
    for _ in range(6):
        running = Job.objects.filter(status="running")
        wait_for(lambda: running.exists() or not unfinished.exists())  # noqa: B023
        time.sleep(chance.uniform(0.02, 0.6))
        workers.kill(chance.choice(workers.processes))
        workers.start()
        Job.objects.filter(status="ready").update(run_after="2026-01-01T00:00Z")
    wait_for(lambda: not unfinished.exists())
    workers.end()
    expected = {(f"steps {number}", item): 1 for number in range(4) for item in range(45)}
    expected |= {(f"once {number}", 0): 1 for number in range(12)}
    assert effects() == expected
    assert set(Job.objects.values_list("status", flat=True)) == {"succeeded"}


def test_workers_side_by_side_share_the_queue(workers):
    for number in range(40):
        job_tasks.at_once.enqueue(f"once {number}")
    for number in range(6):
        job_tasks.overlapping.using(key="one at a time").enqueue(f"key {number}")
    for number in range(3):
        workers.start("--name", f"worker {number}")
    wait_for(lambda: not Job.objects.unfinished().exists())
    workers.end()
    assert all(count == 1 for count in effects().values())
    assert len(effects()) == 40 + 12
    trace = Change.objects.filter(object_label__startswith="key").order_by("id")
    expected = [(f"key {number}", step) for number in range(6) for step in (1, 2)]
    assert list(trace.values_list("object_label", "object_id")) == expected
    assert set(Job.objects.values_list("attempts", flat=True)) == {1}


def test_workers_side_by_side_run_a_schedule_slot_once(workers):
    autodiscover_modules("tasks")  # as a worker does
    for _ in range(3):
        workers.start()
    wait_for(lambda: Schedule.objects.count() == len(registry))
    at_once = [name for name, slot in registry.items() if slot.at is None]
    first = Schedule.objects.filter(name__in=at_once, last_run_at=None)
    wait_for(lambda: not first.exists())
    wait_for(lambda: not Job.objects.unfinished().exists())
    Job.objects.all().delete()
    Schedule.objects.update(next_run_at="2026-01-01T00:00Z")
    always = [name for name, slot in registry.items() if slot.when is None]
    wait_for(lambda: Job.objects.filter(status="succeeded").count() >= len(always))
    workers.end()
    assert sorted(Job.objects.values_list("key", flat=True)) == sorted(always)


def test_terminated_worker_ends_cleanly_and_another_goes_on(workers):
    job_tasks.stepwise.enqueue(60, "long", 0.05)
    process = workers.start()
    wait_for(Change.objects.filter(object_type="effect").exists)
    process.terminate()
    assert process.wait(timeout=PATIENCE) == 0
    job = Job.objects.get(task__endswith="stepwise")  # schedules may come due meanwhile
    assert (job.status, job.attempts) == ("ready", 0)
    workers.processes.clear()
    assert workers.start("--once").wait(timeout=PATIENCE) == 0
    workers.processes.clear()
    assert effects() == {("long", number): 1 for number in range(60)}
