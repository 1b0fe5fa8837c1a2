"""Web and worker processes killed with SIGKILL at random moments of whatever they do.

Nothing is lost, doubled or half-done (`design.md` 9). `KAM_KILLS` says how often; the everyday
suite kills a few times, `make crash` 200 times.
"""

import os
import random
import sys
import threading
import time
from collections import Counter

import pytest
from django.core.files.base import ContentFile
from django.db import connection, connections, transaction

from kam.changes.models import Change
from kam.imports import services
from kam.imports.models import Run
from tests.crash.operations import OPERATIONS, Step, World, told_all
from tests.crash.stack import Caller, Stack, stack_of, wait_until
from tests.factories.api import TokenFactory
from tests.factories.teams import RoleGrantFactory
from tests.factories.webhooks import WebhookFactory
from tests.kam.test_jobs_crash import ROOT
from tests.receiver import receiving

KILLS = int(os.environ.get("KAM_KILLS", "6"))
pytestmark = [
    pytest.mark.crash,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(300 + 60 * KILLS),
]
ONE_VIEW = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"
TELLS = "accounts.interaction"
GUESS, TWICE = 1.0, 0.2
"""Seconds within which a kill falls while nobody knows how long a step takes; share of steps in
which two kills fall."""
MEASURED = 20
"""With so many kills every step is done once unharmed, to know how long it takes."""


class Killer(threading.Thread):
    """Kills while a step is under way, and looks at once whether something is half there."""

    def __init__(self, stack: Stack, step: Step, seconds: float) -> None:
        super().__init__(daemon=True)
        self.stack, self.step, self.halves = stack, step, 0
        self.error: BaseException | None = None
        chance = stack.chance
        times = 2 if chance.random() < TWICE else 1
        self.moments = sorted(chance.uniform(0, seconds) for _ in range(times))

    def run(self) -> None:
        try:
            begun = time.monotonic()
            for moment in self.moments:
                time.sleep(max(0.0, begun + moment - time.monotonic()))
                self.stack.strike()
                with transaction.atomic():  # one view of the database for all that it asks
                    if connection.vendor == "postgresql":
                        connection.cursor().execute(ONE_VIEW)
                    self.halves += not self.step.whole()
        except BaseException as error:  # noqa: BLE001  (told by the test)
            self.error = error
        finally:
            connections.close_all()


def perform(stack: Stack, step: Step, took: dict[str, float], *, kills: bool) -> int:
    """Do a step, with kills or to see how long it takes; returns how many kills fell."""
    killer = Killer(stack, step, took.get(step.name, GUESS))
    begun = time.monotonic()
    if kills:
        killer.start()
    step.act()
    if not kills:
        took[step.name] = time.monotonic() - begun
    else:
        killer.join()
    step.check()
    assert (killer.error, killer.halves) == (None, 0), step.name
    return len(killer.moments) if kills else 0


@pytest.fixture
def world(settings, tmp_path, monkeypatch):
    """A programme, and a folder from which its ledger comes."""
    settings.IMPORT_FOLDER = str(tmp_path)
    monkeypatch.setenv("IMPORT_FOLDER", str(tmp_path))
    user = RoleGrantFactory(programme_manager=True).user
    programme = user.grants.get().programme
    text = b"Customer No,Date,Invoice,Amount\nB1,2026-05-02,X,1.00\n"
    first = {"kind": "ledger", "scope_id": programme.pk, "file_name": "first.csv"}
    run = services.upload_file(actor=user, file=ContentFile(text, name="first.csv"), **first)
    services.configure_run(actor=user, run=run, remember=True)
    services.cancel_run(actor=user, run=run)
    services.create_folder(
        actor=user,
        kind="ledger",
        scope_id=programme.pk,
        values={"name": "Inbox", "path": "", "pattern": "*.csv", "every": 1440},
    )
    return programme, user, tmp_path


def test_killed_processes_lose_double_and_halve_nothing(world, capsys):
    programme, user, inbox = world
    chance = random.Random(20261122)
    secret = TokenFactory.secret(TokenFactory(owner=user, scope="write"))
    took: dict[str, float] = {}
    struck: Counter[str] = Counter()
    with receiving() as receiver, stack_of(chance) as stack:
        webhook = WebhookFactory(owner=user, url=receiver.url, object_types=[TELLS])
        here = World(programme, user, Caller(stack, secret), inbox).open()
        while struck.total() < KILLS:
            for operation in chance.sample(OPERATIONS, len(OPERATIONS)):
                for step in operation(here).steps():
                    known = step.name in took or KILLS < MEASURED
                    kills = known and struck.total() < KILLS
                    struck[step.name] += perform(stack, step, took, kills=kills)
                if struck.total() >= KILLS:
                    break
        wait_until(lambda: told_all(webhook))
    expected = [
        f"msg_{webhook.pk}_{pk}"
        for pk in Change.objects.filter(object_type=TELLS).settled().values_list("pk", flat=True)
    ]
    arrived = [name for name in dict.fromkeys(receiver.ids) if name in set(expected)]
    assert arrived == expected
    assert not Run.objects.filter(status__in=("running", "stopped", "failed")).exists()
    named = ", ".join(f"{name} {count}" for name, count in sorted(struck.items()) if count)
    repeated = len(receiver.ids) - len(set(receiver.ids))
    line = f"{connections['default'].vendor}: {struck.total()} kills: {named}; "
    line += f"{len(expected)} messages told, {repeated} of them again\n"
    with capsys.disabled():
        sys.stdout.write(f"\n{line}")
    with (ROOT / "var" / "kills.txt").open("a") as file:
        file.write(line)
