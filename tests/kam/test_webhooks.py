"""Webhooks: signed, at least once, in order, scoped like the feed, never into our own network."""

import base64
import datetime
import hashlib
import hmac
import json
import socket

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ValidationError
from django.utils import timezone

from kam.changes import record
from kam.changes.models import Change
from kam.jobs.worker import Worker
from kam.webhooks import addresses, delivering, services
from kam.webhooks.models import Webhook
from kam.webhooks.sending import signature
from kam.webhooks.tasks import behind
from tests.factories.accounts import AccountFactory
from tests.factories.api import caller
from tests.factories.teams import MembershipFactory, TeamFactory, UserFactory
from tests.factories.webhooks import WebhookFactory
from tests.receiver import receiving

pytestmark = pytest.mark.django_db(transaction=True)
LIST = "/api/v1/webhooks/"
DAY = datetime.timedelta(days=1)


@pytest.fixture
def receiver(settings):
    settings.WEBHOOK_ALLOWED_HOSTS = ["127.0.0.1"]
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def account():
    account = AccountFactory()
    account.team = TeamFactory(programme=account.programme)
    account.save()
    return account


@pytest.fixture
def member(account):
    return MembershipFactory(team=account.team, user=UserFactory(email="kam@example.com")).user


@pytest.fixture
def webhook(member, receiver):
    return WebhookFactory(owner=member, url=receiver.url)


def write(account, verb: str = "noted", **values) -> Change:
    return record.change(actor=None, obj=account, verb=verb, after={"name": "x"}, **values)


# Delivering


def test_message_is_signed_as_the_specification_says(webhook, receiver, account):
    change = write(account)
    assert delivering.deliver(webhook.pk) == 1
    call = receiver.calls[0]
    headers = call["headers"]
    assert headers["webhook-id"] == f"msg_{webhook.pk}_{change.pk}"
    assert abs(int(headers["webhook-timestamp"]) - timezone.now().timestamp()) < 60
    key = base64.b64decode(webhook.secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + call["body"]
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    body = json.loads(call["body"])
    assert set(body) == {"type", "timestamp", "data"}
    assert body["type"] == "accounts.account.noted"
    assert body["data"] == caller(webhook.owner).get(f"/api/v1/changes/{change.pk}/").json()


def test_signature_is_that_of_the_specification():
    """The example of the Standard Webhooks specification."""
    found = signature(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert found == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_every_change_is_told_once_and_in_order(webhook, receiver, account):
    changes = [write(account, f"v{number}") for number in range(7)]
    assert delivering.deliver(webhook.pk) == 7
    assert delivering.deliver(webhook.pk) == 0
    changes.append(write(account, "later"))
    delivering.deliver(webhook.pk)
    assert receiver.ids == [f"msg_{webhook.pk}_{change.pk}" for change in changes]


def test_owner_is_told_only_what_they_see(webhook, receiver, account, member):
    write(AccountFactory(), "hidden")
    write(account, "private", audience="private", audience_id=UserFactory().pk)
    write(account, "shown")
    delivering.deliver(webhook.pk)
    assert receiver.types == ["accounts.account.shown"]
    member.memberships.update(valid_until=timezone.localdate() - DAY)
    write(account, "after the end")
    assert delivering.deliver(webhook.pk) == 0
    member.is_active = False
    member.save()
    assert behind() == []


def test_kinds_narrow_what_is_told(webhook, receiver, account):
    Webhook.objects.update(object_types=["plans.plan"])
    write(account)
    assert delivering.deliver(webhook.pk) == 0
    assert behind() == []


def test_failed_message_is_tried_again_later_and_in_order(webhook, receiver, account):
    receiver.answer = lambda number: 500 if number <= 2 else 200
    changes = [write(account, f"v{number}") for number in range(3)]
    now = timezone.now()
    with time_machine.travel(now, tick=False) as clock:
        waits = []
        for _ in range(2):
            assert delivering.deliver(webhook.pk) == 0
            webhook.refresh_from_db()
            waits.append((webhook.next_try_at - timezone.now()).total_seconds())
            assert delivering.deliver(webhook.pk) == 0  # too early: nobody is called
            clock.move_to(webhook.next_try_at)
        assert waits == [5, 20]
        assert webhook.last_error == "HTTP 500"
        assert delivering.deliver(webhook.pk) == 3
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.failing_since, webhook.last_error) == (0, None, "")
    first = f"msg_{webhook.pk}_{changes[0].pk}"
    assert receiver.ids[:3] == [first] * 3
    assert len(receiver.calls) == 5


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410])
def test_only_2xx_is_taken_and_redirects_are_not_followed(webhook, receiver, account, status):
    receiver.answer = lambda _number: status
    write(account)
    assert delivering.deliver(webhook.pk) == 0
    assert [call["path"] for call in receiver.calls] == ["/hook"]
    webhook.refresh_from_db()
    assert (webhook.failures, webhook.last_error) == (1, f"HTTP {status}")


def test_lasting_failure_switches_off_with_a_notice_and_loses_nothing(webhook, receiver, account):
    receiver.answer = lambda _number: 503
    write(account, "kept")
    with time_machine.travel(timezone.now(), tick=False) as clock:
        while Webhook.objects.get().is_on:
            clock.move_to(Webhook.objects.get().next_try_at or timezone.now())
            delivering.deliver(webhook.pk)
        webhook.refresh_from_db()
        assert timezone.now() - webhook.failing_since >= delivering.LASTING
    assert len(receiver.calls) < 30
    assert [(item.to, item.subject) for item in mail.outbox] == [
        (["kam@example.com"], "A webhook is switched off")
    ]
    logged = Change.objects.get(verb="switched_off")
    assert (logged.audience, logged.audience_id) == ("private", webhook.owner_id)
    assert behind() == []
    receiver.answer = lambda _number: 200
    services.update_webhook(
        actor=webhook.owner, webhook=webhook, expected_version=None, changes={"is_on": True}
    )
    delivering.deliver(webhook.pk)
    taken = receiver.types[receiver.types.index("webhooks.webhook.switched_off") - 1 :]
    assert taken[:2] == ["accounts.account.kept", "webhooks.webhook.switched_off"]


def test_replay_tells_the_same_messages_once_more(webhook, receiver, account):
    before = timezone.now()
    write(account, "a")
    write(account, "b")
    delivering.deliver(webhook.pk)
    told = list(receiver.ids)
    services.replay(actor=webhook.owner, webhook=webhook, since=before)
    delivering.deliver(webhook.pk)
    assert receiver.ids[: len(told) * 2] == told * 2


def test_worker_delivers_what_is_new_without_leaving_idle_jobs(webhook, receiver, account):
    worker = Worker(name="one", heartbeat=False)
    worker.drain()
    assert receiver.calls == []
    change = write(account)
    with time_machine.travel(timezone.now() + datetime.timedelta(seconds=30)):
        Worker(name="two", heartbeat=False).drain()
    assert receiver.ids == [f"msg_{webhook.pk}_{change.pk}"]


# Addresses


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104  (nothing is bound to it)
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
    ],
)
def test_private_addresses_are_known_in_every_dress(text):
    assert not addresses.is_public(text)


@pytest.mark.parametrize("text", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34"])
def test_public_addresses_are_let_through(text):
    assert addresses.is_public(text)


def test_name_that_leads_into_our_network_is_refused_when_it_is_called(
    webhook, receiver, account, settings, monkeypatch
):
    """Also when only one of its addresses does, and although it was fine when it was saved."""
    settings.WEBHOOK_ALLOWED_HOSTS = []
    Webhook.objects.update(url="https://hooks.example.com/x")
    found = [(2, 1, 6, "", (text, 443)) for text in ("93.184.216.34", "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_kwargs: found)
    write(account)
    assert delivering.deliver(webhook.pk) == 0
    webhook.refresh_from_db()
    assert webhook.last_error == "The address leads into a private network."
    assert receiver.calls == []


def test_connection_goes_to_the_address_that_was_judged(monkeypatch, settings, receiver):
    settings.WEBHOOK_ALLOWED_HOSTS = ["inside.example"]
    port = int(receiver.url.split(":")[2].partition("/")[0])
    answers = iter([[(2, 1, 6, "", ("127.0.0.1", port))]])
    real = socket.getaddrinfo
    monkeypatch.setattr(
        socket,
        "getaddrinfo",
        lambda host, *args, **kw: (
            next(answers) if host == "inside.example" else real(host, *args, **kw)
        ),
    )
    target = addresses.resolve(f"http://inside.example:{port}/hook")
    assert (target.address, target.host) == ("127.0.0.1", "inside.example")
    with pytest.raises(StopIteration):  # the name is asked once
        addresses.resolve(f"http://inside.example:{port}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://user:word@hooks.example.com/",
        "https://hooks.example.com/#x",
        "https:///x",
        "https://exämple.com/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com:99999/",
        "javascript:alert(1)",
        "https://127.0.0.1/",
        "https://10.0.0.1:8443/hook",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://127.1/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://127.0.0.1./",
        "https://LOCALHOST/",
        "https://erp.localhost/",
        "",
    ],
)
def test_addresses_that_nobody_calls_are_refused(url):
    with pytest.raises(ValidationError):
        addresses.valid_url(url)


@pytest.mark.parametrize(
    "url", ["https://93.184.216.34/x", "https://[2606:2800:220:1::1]/", "https://10.example/"]
)
def test_public_addresses_and_names_are_taken(url):
    addresses.valid_url(url)


# REST


@pytest.fixture
def client(member):
    return caller(member, scope="admin")


NEW = {"name": "ERP", "url": "https://hooks.example.com/kam"}


def test_secret_is_shown_once(client, member):
    write(AccountFactory(), "earlier")
    made = client.post(LIST, NEW)
    assert made.status_code == 201, made.content
    webhook = Webhook.objects.get()
    assert made.json()["secret"] == webhook.secret
    assert len(base64.b64decode(webhook.secret.removeprefix("whsec_"))) == 32
    for response in (client.get(LIST), client.get(f"{LIST}{webhook.pk}/")):
        assert webhook.secret not in response.content.decode()
    assert webhook.secret not in str(list(Change.objects.values("before", "after")))
    assert [row.verb for row in Change.objects.filter(object_type="webhooks.webhook")] == [
        "created"
    ]


def test_private_address_is_refused_beside_the_field_unless_it_is_allowed(client, settings):
    private = NEW | {"url": "https://10.0.0.1/hook"}
    refused = client.post(LIST, private)
    assert (refused.status_code, refused.json()["errors"]) == (
        400,
        [
            {
                "pointer": "/url",
                "code": "private",
                "detail": "The address leads into a private network.",
            }
        ],
    )
    assert not Webhook.objects.exists()
    settings.WEBHOOK_ALLOWED_HOSTS = ["10.0.0.1"]
    assert client.post(LIST, private).status_code == 201


def test_webhook_whose_host_is_allowed_no_longer_can_be_switched_off_and_taken_away(
    client, webhook, settings
):
    settings.WEBHOOK_ALLOWED_HOSTS = []
    here = f"{LIST}{webhook.pk}/"
    off = client.patch(here, {"is_on": False}, headers={"If-Match": '"1"'})
    assert (off.status_code, off.json()["is_on"]) == (200, False)
    on = client.patch(here, {"is_on": True}, headers={"If-Match": '"2"'})
    assert (on.status_code, on.json()["errors"][0]["pointer"]) == (400, "/url")
    assert client.delete(here, headers={"If-Match": '"2"'}).status_code == 204


def test_rotated_secret_signs_beside_the_old_one_for_a_day(client, webhook, receiver, account):
    old = webhook.secret
    answer = client.post(f"{LIST}{webhook.pk}/rotate/")
    new = answer.json()["secret"]
    assert new != old
    assert Change.objects.filter(verb="rotated").count() == 1
    write(account)
    delivering.deliver(webhook.pk)
    call = receiver.calls[-1]
    identity = call["headers"]["webhook-id"], int(call["headers"]["webhook-timestamp"])
    signatures = [signature(secret, *identity, call["body"]) for secret in (new, old)]
    assert call["headers"]["webhook-signature"] == " ".join(signatures)
    Webhook.objects.update(old_secret_until=timezone.now())
    write(account)
    delivering.deliver(webhook.pk)
    assert " " not in receiver.calls[-1]["headers"]["webhook-signature"]


def test_webhooks_are_their_owners_alone(webhook):
    stranger = caller(UserFactory(), scope="admin")
    here = f"{LIST}{webhook.pk}/"
    assert stranger.get(LIST).json()["results"] == []
    calls = [
        stranger.get(here),
        stranger.patch(here, {}, headers={"If-Match": '"1"'}),
        stranger.delete(here, headers={"If-Match": '"1"'}),
        stranger.post(f"{here}rotate/"),
        stranger.post(f"{here}replay/", {"since": "2026-01-01T00:00:00Z"}),
    ]
    assert [response.status_code for response in calls] == [404] * 5
    webhook.refresh_from_db()
    assert webhook.version == 1


def test_write_tokens_make_no_webhooks(member):
    assert caller(member).post(LIST, NEW).status_code == 403
    assert not Webhook.objects.exists()


def test_webhook_is_changed_replayed_and_archived(client, webhook):
    here = f"{LIST}{webhook.pk}/"
    changed = client.patch(here, {"is_on": False}, headers={"If-Match": '"1"'})
    assert (changed.status_code, changed.json()["is_on"]) == (200, False)
    assert client.patch(here, {"url": "http://x.example/"}, headers={"If-Match": '"2"'}).json()[
        "errors"
    ] == [{"pointer": "/url", "code": "scheme", "detail": "Webhooks call https:// addresses."}]
    since = {"since": "2026-01-01T00:00:00Z"}
    assert client.post(f"{here}replay/", since).status_code == 200
    assert client.delete(here, headers={"If-Match": '"2"'}).status_code == 204
    assert client.get(here).status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_list_query_count(client, member, django_assert_num_queries, count):
    WebhookFactory.create_batch(count, owner=member)
    client.get(LIST)
    with django_assert_num_queries(2):  # token with owner, rows
        assert len(client.get(LIST).json()["results"]) == count
