"""People, talks and what they set off: services and pages."""

import datetime
import threading
import time

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from accounts import services
from accounts.models import Contact, Interaction
from accounts.services import interaction
from accounts.services.interaction import Mention, find_mentions
from accounts.services.people import quiet_after
from kam.access.dates import business_today
from kam.changes.errors import VersionConflict
from kam.changes.models import Change
from tests.concurrency import run_together
from tests.factories.accounts import (
    AccountFactory,
    ContactFactory,
    InteractionFactory,
    SiteFactory,
)
from tests.factories.teams import MembershipFactory, TeamFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


@pytest.fixture
def kam(client):
    """The manager of `kam.account`, signed in."""
    user = MembershipFactory().user
    team = user.memberships.get().team
    user.account = AccountFactory(programme=team.programme, team=team, name="Birch")
    client.force_login(user)
    return user


@pytest.fixture
def today():
    return business_today()


def log(user, today, **changes):
    changes = {"kind": "call", "text": "Trial price is fine.", "contacts": []} | changes
    return services.log_contact(actor=user, account=user.account, changes=changes, today=today)


def test_log_moves_last_talk_and_quiet_day(kam, today):
    petit = ContactFactory(account=kam.account, interval_days=30)
    log(kam, today, contacts=[petit], happened_on=today - 10 * DAY)
    log(kam, today, contacts=[petit], happened_on=today - 40 * DAY)
    petit.refresh_from_db()
    assert (petit.last_talked_on, petit.quiet_on) == (today - 10 * DAY, today + 20 * DAY)


def test_archived_talk_counts_no_more(kam, today):
    petit = ContactFactory(account=kam.account)
    talk = log(kam, today, contacts=[petit]).interaction
    services.archive_interaction(actor=kam, interaction=talk)
    petit.refresh_from_db()
    assert petit.last_talked_on is None
    services.restore_interaction(actor=kam, interaction=talk)
    petit.refresh_from_db()
    assert petit.last_talked_on == today


def test_corrected_talk_moves_both_sides(kam, today):
    first, second = ContactFactory.create_batch(2, account=kam.account)
    talk = log(kam, today, contacts=[first]).interaction
    changes = {"contacts": [second], "text": "It was Sato."}
    services.update_interaction(
        actor=kam, interaction=talk, expected_version=1, changes=changes, today=today
    )
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.last_talked_on, second.last_talked_on) == (None, today)
    with pytest.raises(VersionConflict):
        services.update_interaction(
            actor=kam, interaction=talk, expected_version=1, changes={"text": "x"}, today=today
        )


def test_log_refuses_future_foreign_people_and_outsiders(kam, today):
    stranger = ContactFactory()
    observer = MembershipFactory(team=kam.account.team, role="observer").user
    observer.account = kam.account
    with pytest.raises(ValidationError):
        log(kam, today, happened_on=today + DAY)
    with pytest.raises(ValidationError):
        log(kam, today, contacts=[stranger])
    with pytest.raises(PermissionDenied):
        log(observer, today)
    assert Interaction.objects.count() == 0


def test_log_leaves_one_change_with_everything(kam, today):
    petit = ContactFactory(account=kam.account)
    log(kam, today, contacts=[petit])
    change = Change.objects.get()
    assert (change.verb, change.account_id, change.actor) == ("created", kam.account.pk, kam)
    assert change.after["contacts"] == [petit.pk]


@pytest.mark.parametrize(
    ("text", "mentions"),
    [
        ("@Tom by Friday: quote Aarhus", [Mention("Tom", "Friday", "quote Aarhus")]),
        ("Fine.\n@Tom Becker: call back", [Mention("Tom Becker", "", "call back")]),
        ("@tom BY 12 June: a: b", [Mention("tom", "12 June", "a: b")]),
        ("mail tom@birch.example: yes", []),
        ("@Tom:", []),
        ("no mention", []),
    ],
)
def test_mentions_are_found(text, mentions):
    assert find_mentions(text) == mentions


@given(st.text(max_size=300))
def test_mentions_never_fail(text):
    assert all(mention.name and mention.text for mention in find_mentions(text))


@given(
    talked=st.none() | st.dates(datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)),
    known=st.dates(datetime.date(2000, 1, 1), datetime.date(2100, 1, 1)),
    interval=st.none() | st.integers(1, 365),
)
def test_quiet_day_is_interval_after_last_talk(talked, known, interval):
    quiet = quiet_after(last_talked_on=talked, known_since=known, interval_days=interval)
    assert (quiet is None) is (interval is None)
    if interval is not None:
        assert (quiet - (talked or known)).days == interval


def test_refused_mention_refuses_the_note_and_loses_nothing(kam, client, today):
    seen = []

    def handler(*, actor, interaction, mention, today):
        seen.append((actor, interaction.account, mention.name))
        if mention.name == "Tomm":
            raise ValidationError({"text": "Nobody called 'Tomm' on this team."})
        return "Action for Tom."

    before = list(interaction._handlers)
    interaction._handlers[:] = [handler]
    try:
        url = reverse("accounts:log_contact_with", args=[kam.account.pk])
        body = {"kind": "call", "text": "@Tomm: quote", "happened_on": today.isoformat()}
        refused = client.post(url, body)
        assert refused.status_code == 422
        assert b"@Tomm: quote" in refused.content
        assert Interaction.objects.count() == 0
        assert client.post(url, body | {"text": "@Tom: quote"}).status_code == 302
    finally:
        interaction._handlers[:] = before
    assert seen == [(kam, kam.account, "Tomm"), (kam, kam.account, "Tom")]
    assert Interaction.objects.count() == 1


def test_log_offers_people_by_days_of_silence(kam, client, today):
    for name, days in (("Olsen", 3), ("Petit", 47), ("Never", None)):
        last = None if days is None else today - days * DAY
        ContactFactory(account=kam.account, name=name, last_talked_on=last)
    ContactFactory(name="Stranger", last_talked_on=today - 99 * DAY)
    for url in (
        reverse("accounts:log_contact"),
        reverse("accounts:log_contact_with", args=[kam.account.pk]),
    ):
        people = client.get(url).context["people"]
        assert [row["contact"].name for row in people] == ["Petit", "Olsen", "Never"]


def test_log_from_everywhere_takes_the_account_of_the_people(kam, client, today):
    petit = ContactFactory(account=kam.account)
    other = AccountFactory(programme=kam.account.programme, team=kam.account.team)
    sato = ContactFactory(account=other)
    url = reverse("accounts:log_contact")
    body = {"kind": "call", "text": "Fine.", "happened_on": today.isoformat()}
    assert client.post(url, body).status_code == 422
    assert client.post(url, body | {"contacts": [petit.pk, sato.pk]}).status_code == 422
    assert client.post(url, body | {"contacts": [petit.pk]}).status_code == 302
    named = client.post(url, body | {"account": f"{other.name} ({other.pk})"})
    assert named.status_code == 302
    accounts = Interaction.objects.order_by("pk").values_list("account", flat=True)
    assert list(accounts) == [kam.account.pk, other.pk]


def test_log_dialog_closes_without_leaving_the_page(kam, client, today):
    url = reverse("accounts:log_contact_with", args=[kam.account.pk])
    body = {"kind": "mail", "text": "Sent.", "happened_on": today.isoformat()}
    headers = {"HX-Request": "true", "X-Dialog": "1"}
    assert b"<html" not in client.get(url, headers=headers).content
    answer = client.post(url, body, headers=headers)
    assert (answer.status_code, answer["HX-Refresh"]) == (204, "true")


def test_contact_page_form_and_stale_version(kam, client):
    url = reverse("accounts:contact_create", args=[kam.account.pk])
    body = {"name": "Laure Petit", "confidence": "assumed", "buying_roles": ["decider"]}
    assert client.post(url, body | {"influence": "9"}).status_code == 422
    assert client.post(url, body | {"influence": "5"}).status_code == 302
    petit = Contact.objects.get()
    assert (petit.influence, petit.buying_roles) == (5, ["decider"])
    edit = reverse("accounts:contact_edit", args=[petit.pk])
    stale = body | {"job_title": "CPO", "influence": "5", "version": "1"}
    assert client.post(edit, stale).status_code == 302
    conflict = client.post(edit, stale | {"job_title": "COO"})
    assert conflict.status_code == 409
    assert b"CPO" in conflict.content
    petit.refresh_from_db()
    assert petit.job_title == "CPO"
    assert client.get(reverse("accounts:contact", args=[petit.pk])).status_code == 200


def test_observer_reads_but_does_not_write(client, kam):
    observer = MembershipFactory(team=kam.account.team, role="observer").user
    petit = ContactFactory(account=kam.account)
    client.force_login(observer)
    assert client.get(reverse("accounts:contact", args=[petit.pk])).status_code == 200
    for name, key in (
        ("contact_edit", petit.pk),
        ("contact_create", kam.account.pk),
        ("log_contact_with", kam.account.pk),
        ("site_create", kam.account.pk),
    ):
        assert (name, client.get(reverse(f"accounts:{name}", args=[key])).status_code) == (
            name,
            403,
        )
    assert client.post(reverse("accounts:contact_archive", args=[petit.pk])).status_code == 403
    petit.refresh_from_db()
    assert not petit.is_archived


def test_site_of_another_account_is_no_choice(kam, client):
    foreign = SiteFactory(account__programme=kam.account.programme)
    url = reverse("accounts:contact_create", args=[kam.account.pk])
    answer = client.post(url, {"name": "X", "confidence": "assumed", "site": foreign.pk})
    assert answer.status_code == 422
    assert Contact.objects.count() == 0


@pytest.mark.parametrize("count", [1, 3])
def test_contact_page_query_count(kam, client, count, django_assert_max_num_queries):
    petit = ContactFactory(account=kam.account)
    for _place in range(count):
        InteractionFactory(account=kam.account, contacts=[petit], user=kam)
        ContactFactory(account=kam.account, reports_to=petit)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("accounts:contact", args=[petit.pk])).status_code == 200


def test_team_of_other_account_is_not_offered(kam, client):
    other = AccountFactory(team=TeamFactory(programme=kam.account.programme))
    ContactFactory(account=other, name="Hidden")
    assert b"Hidden" not in client.get(reverse("accounts:log_contact")).content


@pytest.mark.django_db(transaction=True)
def test_talks_written_at_the_same_moment_are_both_counted(kam, today):
    """The later talk is still being written when somebody writes down an earlier one."""
    petit = ContactFactory(account=kam.account, interval_days=30)
    begun = threading.Event()

    def first():
        with transaction.atomic():
            log(kam, today, contacts=[petit])
            begun.set()
            time.sleep(0.5)  # leaves the other thread time to read what is not there yet

    def second():
        assert begun.wait(30)
        log(kam, today, contacts=[petit], happened_on=today - 9 * DAY)

    assert [outcome.error for outcome in run_together(first, second)] == [None, None]
    petit.refresh_from_db()
    assert (petit.last_talked_on, petit.quiet_on) == (today, today + 30 * DAY)


@pytest.mark.django_db(transaction=True)
def test_talks_with_the_same_people_in_other_orders_do_not_block_each_other(kam, today):
    people = ContactFactory.create_batch(3, account=kam.account)

    def talk(place):
        order = people if place % 2 else people[::-1]
        return lambda: log(kam, today, contacts=order, happened_on=today - place * DAY)

    outcomes = run_together(*[talk(place) for place in range(6)])
    assert [outcome.error for outcome in outcomes] == [None] * 6
    assert {person.last_talked_on for person in Contact.objects.all()} == {today}
