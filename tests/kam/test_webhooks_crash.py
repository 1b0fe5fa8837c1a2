"""Workers that deliver webhooks, killed with SIGKILL at any moment: nothing is lost."""

import random
import time

import pytest

from kam.changes import record
from kam.changes.models import Change
from kam.jobs.models import Job
from kam.webhooks.models import Webhook
from tests.factories.accounts import AccountFactory
from tests.factories.teams import MembershipFactory, TeamFactory
from tests.factories.webhooks import WebhookFactory
from tests.kam.test_jobs_crash import Workers, wait_for
from tests.receiver import receiving

pytestmark = [pytest.mark.crash, pytest.mark.django_db(transaction=True)]
CHANGES = 60


@pytest.fixture
def workers():
    group = Workers()
    yield group
    group.end()


def test_killed_workers_lose_no_message(workers, settings, monkeypatch):
    monkeypatch.setenv("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1")
    chance = random.Random(20260601)
    team = TeamFactory()
    account = AccountFactory(programme=team.programme, team=team)
    member = MembershipFactory(team=team).user
    with receiving() as receiver:

        def slowly(number: int) -> int:
            time.sleep(0.05)
            return 500 if number % 17 == 0 else 200

        receiver.answer = slowly
        webhook = WebhookFactory(owner=member, url=receiver.url)
        expected = []
        for number in range(CHANGES):
            change = record.change(actor=None, obj=account, verb="noted", after={"number": number})
            expected.append(f"msg_{webhook.pk}_{change.pk}")
        for _ in range(2):
            workers.start()
        for _ in range(5):
            before = len(receiver.calls)
            wait_for(lambda: len(receiver.calls) > before or told_all(webhook))  # noqa: B023
            time.sleep(chance.uniform(0.0, 0.3))
            workers.kill(chance.choice(workers.processes))
            workers.start()
            hurry(webhook)

        def done() -> bool:
            hurry(webhook)
            return told_all(webhook)

        wait_for(done)
        workers.end()
    assert set(receiver.ids) == set(expected)
    assert list(dict.fromkeys(receiver.ids)) == expected
    repeated = len(receiver.ids) - len(expected)
    assert repeated <= 5 + len(receiver.ids) // 17 + 1  # a message a kill, and the refused ones


def hurry(webhook) -> None:
    """Let nobody wait for the next try."""
    Webhook.objects.filter(pk=webhook.pk).update(next_try_at=None)
    Job.objects.filter(status="ready").update(run_after="2026-01-01T00:00Z")


def told_all(webhook) -> bool:
    """Whether the webhook has been told the newest change."""

    newest = Change.objects.order_by("-pk").values_list("pk", flat=True).first()
    return Webhook.objects.get(pk=webhook.pk).position_change >= newest
