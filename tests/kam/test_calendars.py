"""The calendar of a person: valid, scoped, read by its secret alone."""

import datetime

import pytest
from django.urls import reverse
from icalendar import Calendar

from kam.access.dates import business_today
from kam.calendars import services
from kam.calendars.models import CalendarFeed
from kam.changes.models import Change
from tests.factories.accounts import AccountFactory
from tests.factories.api import caller
from tests.factories.plans import ActionFactory, MilestoneFactory
from tests.factories.teams import MembershipFactory, TeamFactory, UserFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
REST = "/api/v1/calendar/"


@pytest.fixture
def account():
    team = TeamFactory()
    return AccountFactory(
        programme=team.programme,
        team=team,
        name="Nordic; Paper, Ltd",
        status="key",
        review_due_on=business_today() + 9 * DAY,
    )


@pytest.fixture
def user(account):
    return MembershipFactory(team=account.team).user


@pytest.fixture
def address(user):
    _feed, secret = services.make_address(actor=user)
    return reverse("calendars:feed", args=[secret])


def entries(response) -> dict[str, str]:
    """Day by summary of the entries, after checking that the calendar is well-formed."""
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(response.content)
    assert not calendar.errors
    assert (str(calendar["version"]), bool(calendar["prodid"])) == ("2.0", True)
    assert max(len(line) for line in response.content.split(b"\r\n")) <= 75
    events = calendar.walk("VEVENT")
    assert all({"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event) for event in events)
    assert len({str(event["uid"]) for event in events}) == len(events)
    assert not any(event.errors for event in events)
    return {str(event["summary"]): event.decoded("dtstart").isoformat() for event in events}


def test_calendar_holds_what_is_due_to_its_owner(client, account, user, address):
    today = business_today()
    ActionFactory(account=account, owner=user, text="Send the offer\nagain", due=today + 2 * DAY)
    ActionFactory(account=account, owner=UserFactory(), text="Theirs", due=today)
    ActionFactory(account=account, owner=user, text="Done", due=today, status="done")
    ActionFactory(account=account, owner=user, text="Far", due=today + 900 * DAY)
    MilestoneFactory(
        objective__plan__account=account, result="Pilot line runs", date=today + 5 * DAY
    )
    assert entries(client.get(address)) == {
        "Send the offer\nagain (Nordic; Paper, Ltd)": (today + 2 * DAY).isoformat(),
        "Milestone: Pilot line runs (Nordic; Paper, Ltd)": (today + 5 * DAY).isoformat(),
        "Stage review due: Nordic; Paper, Ltd": (today + 9 * DAY).isoformat(),
    }


def test_calendar_shows_nothing_of_what_its_owner_no_longer_sees(client, account, user, address):
    ActionFactory(account=account, owner=user, text="Mine", due=business_today())
    assert len(entries(client.get(address))) == 2
    user.memberships.update(valid_until=business_today() - DAY)
    assert entries(client.get(address)) == {}


def test_unchanged_calendar_is_304(client, account, address):
    first = client.get(address)
    assert client.get(address, headers={"If-None-Match": first["ETag"]}).status_code == 304
    account.review_due_on += DAY
    account.save()
    again = client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again["ETag"] != first["ETag"]) == (200, True)


def test_address_gives_no_other_right_and_ends(client, user, address):
    secret = address.split("/")[-1].removesuffix(".ics")
    assert caller(user).get(REST).status_code == 200
    assert (
        client.get("/api/v1/me/", headers={"Authorization": f"Bearer {secret}"}).status_code == 401
    )
    assert client.post(address).status_code == 405
    assert client.get(reverse("calendars:feed", args=["x" * 43])).status_code == 404
    _feed, other = services.make_address(actor=user)
    assert client.get(address).status_code == 404
    now = reverse("calendars:feed", args=[other])
    assert client.get(now).status_code == 200
    user.is_active = False
    user.save()
    assert client.get(now).status_code == 404


def test_address_is_made_and_closed_by_page_and_api(client, user):
    client.force_login(user)
    page = client.post(reverse("settings:calendar_make"))
    address = page.context["address"]
    assert page["Cache-Control"] == "no-store"
    assert client.get(address).status_code == 200
    secret = address.split("/")[-1].removesuffix(".ics")
    assert secret not in client.get(reverse("settings:me")).content.decode()
    assert secret not in str(list(CalendarFeed.objects.values()))
    client.post(reverse("settings:calendar_close"))
    assert client.get(address).status_code == 404
    api = caller(user, scope="admin")
    assert caller(user).post(REST).status_code == 403
    made = api.post(REST).json()
    assert client.get(made["url"]).status_code == 200
    assert "url" not in api.get(REST).json()
    assert [api.delete(REST).status_code for _ in range(2)] == [204, 404]
    verbs = Change.objects.filter(object_type="calendars.calendarfeed").order_by("id")
    assert list(verbs.values_list("verb", flat=True)) == ["created", "revoked"] * 2


@pytest.mark.parametrize("count", [1, 3])
def test_calendar_query_count(client, account, user, address, count, django_assert_num_queries):
    for _ in range(count):
        ActionFactory(account=account, owner=user, due=business_today())
    client.get(address)
    with django_assert_num_queries(6):  # address, rights (two), a query a source
        assert len(entries(client.get(address))) == count + 1
