"""A worker that is killed while it solves: no half of an answer is kept, and the whole comes."""

import random
import time

import pytest

from accounts.models import Decision, Selection
from accounts.services import selection as services
from kam.changes.models import Change
from kam.jobs.models import Job
from tests.factories.selection import BUDGET, handbook_programme
from tests.kam.test_jobs_crash import Workers, wait_for

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def workers():
    group = Workers()
    yield group
    group.end()


def test_killed_worker_leaves_no_half_answer(workers):
    chance = random.Random(20260601)
    example = handbook_programme()
    run = services.create_selection(
        actor=example.director, programme=example.programme, changes={"budget": BUDGET}
    )
    run = services.solve_selection(actor=example.director, selection=run)
    mine = Selection.objects.filter(pk=run.pk)
    job = Job.objects.filter(pk=run.job_id)
    process = workers.start()
    wait_for(lambda: job.get().status in ("running", "succeeded"))
    time.sleep(chance.uniform(0.05, 0.5))
    workers.kill(process)
    row = mine.get()
    assert bool(row.result) is (row.status == "optimal")
    assert not Decision.objects.exists()
    workers.start()
    wait_for(mine.filter(status="optimal").exists)
    wait_for(lambda: job.get().status == "succeeded")
    workers.end()
    row = mine.get()
    assert str(row.objective) == row.result["objective"]
    assert [step["step"] for step in row.steps] == ["gather", "clean", "transform", "search"]
    solved = Change.objects.filter(
        object_type="accounts.selection", object_id=run.pk, verb="solved"
    )
    assert solved.count() == 1
