"""A worker that is killed in the middle of an import: nothing half-done, nothing twice."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.db.models import Count, Sum

from accounts.models import Account, LedgerEntry, MonthTotal
from kam.imports import services
from kam.imports.models import Run
from kam.jobs.models import Job
from tests.factories.teams import RoleGrantFactory
from tests.kam.test_jobs_crash import database_url

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
ROOT = Path(__file__).resolve().parents[2]
ROWS = 40_000
CUSTOMERS = 500
PATIENCE = 120


def start_worker() -> subprocess.Popen:
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "kam.test_settings",
        "PYTHONWARNINGS": "ignore",
        "LOG_LEVEL": "CRITICAL",
    }
    command = [sys.executable, "manage.py", "worker", "--lease", "1.5"]
    return subprocess.Popen(command, cwd=ROOT, env=environment)


def kill(worker: subprocess.Popen) -> None:
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def wait_for(condition):
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, list(Job.objects.values("status", "error"))
        time.sleep(0.02)
    return found


def ledger() -> bytes:
    """Rows of which every tenth repeats the one before, in no order of customers."""
    lines = ["Customer No,Date,Product Code,Amount"]
    for number in range(ROWS):
        row = number - 1 if number % 10 == 9 else number
        lines.append(f"{row * 7919 % CUSTOMERS},2026-{row % 12 + 1:02}-15,P{row % 90},{row}.25")
    return "\n".join(lines).encode()


def test_killed_worker_loses_and_doubles_nothing():
    manager = RoleGrantFactory(programme_manager=True).user
    run = services.upload_file(
        actor=manager,
        kind="ledger",
        scope_id=manager.grants.get().programme_id,
        file=ContentFile(ledger(), name="big.csv"),
        file_name="big.csv",
    )
    services.start_run(actor=manager, run=run)
    runs = Run.objects.filter(pk=run.pk)
    for least in (5_000, 20_000):
        worker = start_worker()
        wait_for(runs.filter(rows_done__gte=least).exists)
        kill(worker)
        assert LedgerEntry.objects.live().count() == 0
        assert Account.objects.visible_to(manager).count() == 0
        assert MonthTotal.objects.count() == 0
    worker = start_worker()
    try:
        wait_for(runs.filter(status="published").exists)
        wait_for(lambda: not Job.objects.unfinished().exists())
    finally:
        kill(worker)
    run.refresh_from_db()
    assert (run.created, run.rejected, run.attempt) == (ROWS, 0, 3)
    amounts = [number - 1 if number % 10 == 9 else number for number in range(ROWS)]
    expected = sum(amounts) + ROWS // 4
    lines = LedgerEntry.objects.live()
    assert lines.aggregate(n=Count("pk"), s=Sum("amount")) == {"n": ROWS, "s": expected}
    assert MonthTotal.objects.aggregate(n=Sum("lines"), s=Sum("revenue")) == {
        "n": ROWS,
        "s": expected,
    }
    assert Account.objects.visible_to(manager).count() == len(
        {n * 7919 % CUSTOMERS for n in amounts}
    )
    again = services.upload_file(
        actor=manager,
        kind="ledger",
        scope_id=run.scope_id,
        file=ContentFile(ledger(), name="big.csv"),
        file_name="big.csv",
    )
    services.start_run(actor=manager, run=again)
    worker = start_worker()
    try:
        wait_for(Run.objects.filter(pk=again.pk, status="published").exists)
        services.undo_run(actor=manager, run=run)
        wait_for(runs.filter(status="undoing").exists)
    finally:
        kill(worker)
    assert LedgerEntry.objects.live().count() == 0
    worker = start_worker()
    try:
        wait_for(runs.filter(status="undone").exists)
    finally:
        kill(worker)
    again.refresh_from_db()
    assert (again.created, again.unchanged) == (0, ROWS)
    assert LedgerEntry.objects.count() == Account.objects.count() == 0
