"""A worker that is killed while it makes a file: no half of it can be had, and the whole comes."""

import csv
import io
import random
import time

import pytest

from accounts.models import LedgerEntry
from kam.access.dates import business_today
from kam.exports import services
from kam.exports.lists import address_of
from kam.exports.models import Export
from kam.jobs.models import Job
from tests.factories.accounts import AccountFactory
from tests.factories.teams import RoleGrantFactory
from tests.kam.test_jobs_crash import Workers, wait_for

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
ROWS = 12_000


@pytest.fixture
def workers():
    group = Workers()
    yield group
    group.end()


def test_killed_worker_leaves_no_half_file(workers):
    chance = random.Random(20260601)
    account = AccountFactory()
    today = business_today()
    LedgerEntry.objects.bulk_create(
        LedgerEntry(
            account=account,
            programme=account.programme,
            booked_on=today,
            recorded_on=today,
            amount=number,
            currency="GBP",
            identity=number.to_bytes(16, "big"),
        )
        for number in range(ROWS)
    )
    owner = RoleGrantFactory(programme_manager=True, programme=account.programme).user
    export = services.start_export(actor=owner, address=address_of("ledger-entries"), format="csv")
    mine = Export.objects.filter(pk=export.pk)
    job = Job.objects.filter(pk=export.job_id)
    for _ in range(3):
        process = workers.start()
        wait_for(lambda: job.get().status in ("running", "succeeded"))
        time.sleep(chance.uniform(0.1, 1.5))
        workers.kill(process)
        assert bool(mine.get().file) is (job.get().status == "succeeded")
    workers.start()
    wait_for(mine.exclude(file="").exists)
    workers.end()
    with services.open_export(actor=owner, export=mine.get()) as file:
        content = file.read()
    assert (len(content), mine.get().rows) == (mine.get().size, ROWS)
    rows = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))
    assert sorted(float(row["Net amount"]) for row in rows) == list(range(ROWS))
    assert Job.objects.get(pk=export.job_id).status == "succeeded"
