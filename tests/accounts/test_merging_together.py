"""Merges that happen at the same moment as something else, or die in the middle."""

import datetime
import os
import signal
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.files.base import ContentFile

from accounts import services
from accounts.merging.rules import rules_for
from accounts.models import Account, Contact, LedgerEntry, Merge, MergeStep, MonthTotal
from accounts.services.ledger import enter_sales_lines
from accounts.tasks import settle_merges
from kam.imports import passes
from kam.imports import services as imports
from kam.imports.models import Run
from teams.models import User
from tests.concurrency import run_together
from tests.factories.accounts import AccountFactory, ExternalIdFactory
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory
from tests.kam.test_jobs_crash import database_url

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]
MAY = datetime.date(2026, 5, 1)
LATER = 0.06
"""Seconds by which each kill is later than the one before."""


@pytest.fixture
def manager() -> Any:
    return RoleGrantFactory(programme_manager=True, programme=ProgrammeFactory()).user


@pytest.fixture
def programme(manager) -> Any:
    return manager.grants.get().programme


def lines(count: int) -> list[dict[str, Any]]:
    return [
        {"booked_on": MAY, "amount": Decimal(number), "currency": "GBP"}
        for number in range(1, count + 1)
    ]


def merging(manager: User, survivor: Account, loser: Account) -> Any:
    return lambda: services.merge_accounts(
        actor=User.objects.get(pk=manager.pk),
        survivor=Account.objects.get(pk=survivor.pk),
        loser=Account.objects.get(pk=loser.pk),
    )


def nothing_lost(total: int) -> None:
    """All lines count, once, and on accounts that are there."""
    assert sum(LedgerEntry.objects.values_list("amount", flat=True)) == total
    assert sum(MonthTotal.objects.values_list("revenue", flat=True)) == total
    assert not LedgerEntry.objects.exclude(account__merged_into=None).exists()
    assert not MonthTotal.objects.exclude(account__merged_into=None).exists()


def test_overlapping_merges_happen_one_after_the_other(manager, programme):
    a, b, c = (AccountFactory(programme=programme) for _number in range(3))
    for account in (a, b, c):
        enter_sales_lines(actor=manager, account=account, lines=lines(3))
    outcomes = run_together(merging(manager, a, b), merging(manager, b, c), merging(manager, c, a))
    errors = [outcome.error for outcome in outcomes if outcome.error is not None]
    assert all(isinstance(error, PermissionDenied | ValidationError) for error in errors)
    assert Merge.objects.count() == 3 - len(errors)
    assert Account.objects.active().count() >= 1
    nothing_lost(18)


def test_writers_of_the_loser_lose_nothing(manager, programme):
    survivor, loser = (AccountFactory(programme=programme) for _number in range(2))

    def writing() -> Any:
        actor, account = User.objects.get(pk=manager.pk), Account.objects.get(pk=loser.pk)
        enter_sales_lines(actor=actor, account=account, lines=lines(2))
        return services.create_contact(actor=actor, account=account, changes={"name": "Ann"})

    outcomes = run_together(writing, merging(manager, survivor, loser), writing)
    written = [item for item in (outcomes[0], outcomes[2]) if item.error is None]
    refused = [item.error for item in (outcomes[0], outcomes[2]) if item.error is not None]
    assert all(isinstance(error, PermissionDenied) for error in refused)
    settle_merges.func()
    assert Contact.objects.filter(account=survivor).count() == len(written)
    sales = LedgerEntry.objects.filter(account=survivor).count()
    nothing_lost(3 * sales // 2)


def test_import_and_merge_at_once_lose_nothing(manager, programme):
    survivor, loser = (AccountFactory(programme=programme) for _number in range(2))
    ExternalIdFactory(account=loser, system="erp", value="1001")
    text = "Customer No,Date,Amount\n" + "".join(
        f"1001,2026-05-{day:02},1.00\n" for day in range(1, 29)
    )
    run = imports.upload_file(
        actor=manager,
        kind="ledger",
        scope_id=programme.pk,
        file=ContentFile(text.encode(), name="sales.csv"),
        file_name="sales.csv",
    )
    run = imports.start_run(actor=manager, run=run)
    outcomes = run_together(lambda: passes.import_rows(run.pk), merging(manager, survivor, loser))
    assert outcomes[0].error is None
    run.refresh_from_db()
    error = outcomes[1].error
    assert error is None or isinstance(error, ValidationError)
    assert run.status in (Run.Status.PUBLISHED, Run.Status.FAILED)
    if error is not None:
        merging(manager, survivor, loser)()
    nothing_lost(28 if run.status == Run.Status.PUBLISHED else 0)


def test_file_of_the_loser_changes_nothing_twice(manager, programme):
    survivor, loser = (AccountFactory(programme=programme, name=name) for name in ("Oak", "Ash"))
    ExternalIdFactory(account=loser, system="erp", value="1001")
    text = "Customer No,Customer,Date,Amount\n1001,,2026-05-01,5.00\n,Ash,2026-05-02,7.00\n"

    def brought() -> Run:
        run = imports.upload_file(
            actor=manager,
            kind="ledger",
            scope_id=programme.pk,
            file=ContentFile(text.encode(), name="sales.csv"),
            file_name="sales.csv",
        )
        return passes.import_rows(imports.start_run(actor=manager, run=run).pk)

    assert brought().created == 2
    merging(manager, survivor, loser)()
    again = brought()
    assert (again.created, again.unchanged) == (0, 2)
    nothing_lost(12)
    text += "1001,,2026-05-03,1.00\n,Ash,2026-05-04,2.00\n"
    assert brought().created == 2
    assert Account.objects.count() == 2
    nothing_lost(15)


SCRIPT = """
import django
django.setup()
from accounts import services
from accounts.models import Account
from teams.models import User
print("ready", flush=True)
input()
rows = Account.objects.in_bulk([{survivor}, {loser}])
services.merge_accounts(
    actor=User.objects.get(pk={actor}), survivor=rows[{survivor}], loser=rows[{loser}]
)
"""


@pytest.mark.crash
def test_merge_killed_at_any_moment_is_done_or_not(manager, programme):
    survivor, loser = (AccountFactory(programme=programme) for _number in range(2))
    enter_sales_lines(actor=manager, account=loser, lines=lines(300))
    total = sum(range(1, 301))
    environment = os.environ | {
        "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "kam.test_settings",
        "PYTHONWARNINGS": "ignore",
    }
    seen = set()
    for attempt in range(5):
        code = SCRIPT.format(survivor=survivor.pk, loser=loser.pk, actor=manager.pk)
        command = [sys.executable, "-c", code]
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen(command, cwd=ROOT, env=environment, **pipes) as process:
            process.stdout.readline()
            process.stdin.write(b"go\n")
            process.stdin.flush()
            time.sleep(LATER * attempt)
            process.send_signal(signal.SIGKILL)
        done = Account.objects.filter(merged_into=survivor).exists()
        seen.add(done)
        where = survivor if done else loser
        assert LedgerEntry.objects.filter(account=where).count() == 300
        assert sum(MonthTotal.objects.filter(account=where).values_list("revenue", flat=True)) == (
            total
        )
        assert Merge.objects.filter(undone_at=None).count() == int(done)
        if done:
            services.undo_merge(actor=manager, merge=Merge.objects.get(undone_at=None))
        else:
            assert not MergeStep.objects.filter(merge__undone_at=None).exists()
    assert rules_for(Account)
    assert False in seen
