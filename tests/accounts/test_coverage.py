"""Which parts of a customer somebody looks after, and which nobody does (K059, K036)."""

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts.figures import trailing_year
from accounts.models import Account
from accounts.profiles.covering import By, Line, State, coverage_of
from kam.access.dates import business_today
from tests.factories.accounts import (
    AccountFactory,
    ContactFactory,
    InteractionFactory,
    MonthTotalFactory,
    SiteFactory,
)
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)
BIRCH = {"Road": 6_700_000, "Rail": 2_000_000, "Warehousing": 1_700_000}
"""Our sales to Birch by its unit (handbook 4.10): 10.4m together."""


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


@pytest.fixture
def team(programme):
    team = TeamFactory(programme=programme)
    MembershipFactory(team=team, role="kam", user__first_name="Kira", user__last_name="Lund")
    return team


@pytest.fixture
def birch(programme, team):
    """Birch with three companies: one talked with, one quiet for 91 days, one nobody manages."""
    today = business_today()
    month = trailing_year(today).first
    top = AccountFactory(
        programme=programme, name="Birch Logistics", team=team, status="key", country="Norway"
    )
    InteractionFactory(account=top, happened_on=today)
    for name, sales in BIRCH.items():
        north = BusinessUnitFactory(programme=programme, name=f"Unit {name}")
        company = AccountFactory(
            programme=programme,
            name=name,
            parent=top,
            business_unit=north,
            team=None if name == "Warehousing" else team,
            country="Sweden" if name == "Rail" else "Norway",
        )
        MonthTotalFactory(account=company, month=month, revenue=sales)
        if name != "Warehousing":
            days = 90 if name == "Road" else 91
            InteractionFactory(account=company, happened_on=today - days * DAY)
    return Account.objects.get(pk=top.pk)


def states(found):
    return {place.name: place.state for place in found.places}


def test_units_of_a_customer_add_up_and_say_who_looks_after_them(birch, director):
    """K059: unit-wise sales add up; the last day of the 90 still counts (K036)."""
    found = coverage_of(birch, director, business_today())
    assert states(found) == {
        "Birch Logistics": State.COVERED,
        "Road": State.COVERED,
        "Rail": State.QUIET,
        "Warehousing": State.NOBODY,
    }
    assert found.whole == Line("", 4, 2, 1, 1, Decimal(10_400_000))
    assert found.whole.share == Decimal("0.5")
    assert found.by(By.UNIT) == [
        Line("Unit Rail", 1, 0, 1, 0, Decimal(2_000_000)),
        Line("Unit Road", 1, 1, 0, 0, Decimal(6_700_000)),
        Line("Unit Warehousing", 1, 0, 0, 1, Decimal(1_700_000)),
        Line("", 1, 1, 0, 0, None),
    ]
    assert [(row.name, row.places, row.covered) for row in found.by(By.COUNTRY)] == [
        ("Norway", 3, 2),
        ("Sweden", 1, 0),
    ]
    assert sum(row.sales for row in found.by(By.COUNTRY)) == found.whole.sales


def test_site_is_looked_after_by_talks_with_people_there(birch, director):
    today = business_today()
    oslo = SiteFactory(account=birch, name="Oslo")
    SiteFactory(account=birch, name="Malmö", country="Sweden")
    person = ContactFactory(account=birch, site=oslo)
    assert states(coverage_of(birch, director, today))["Oslo"] == State.QUIET
    type(person).objects.filter(pk=person.pk).update(last_talked_on=today)
    found = coverage_of(birch, director, today)
    assert states(found)["Oslo"] == State.COVERED
    assert states(found)["Malmö"] == State.QUIET
    assert {row.country for row in found.places if row.name == "Malmö"} == {"Sweden"}
    assert [row.contacts for row in found.places if row.site] == [0, 1]


def test_nobody_learns_of_companies_that_they_may_not_see(client, birch, team, director):
    seen = coverage_of(birch, team.memberships.get().user, business_today())
    assert "Warehousing" not in states(seen)
    assert seen.whole.sales == Decimal(8_700_000)
    client.force_login(team.memberships.get().user)
    page = client.get(reverse("accounts:coverage_of", args=[birch.pk]))
    assert "Warehousing" not in page.content.decode()
    warehousing = Account.objects.get(name="Warehousing")
    assert client.get(reverse("accounts:coverage_of", args=[warehousing.pk])).status_code == 404


def test_page_file_and_rest_say_the_same(client, birch, director):
    client.force_login(director)
    url = reverse("accounts:coverage_of", args=[birch.pk])
    assert "2 of 4 looked after, 50.0 %" in client.get(url).content.decode().replace("\xa0", " ")
    assert "export=csv" in client.get(url).content.decode()
    file = client.get(url, {"export": "csv"})
    rows = csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig")))
    assert {row["Account"]: row["State"] for row in rows} == {
        "Birch Logistics": "looked after",
        "Road": "looked after",
        "Rail": "nobody talked there for 90 days",
        "Warehousing": "nobody manages it",
    }
    file = client.get(url, {"export": "csv", "by": "unit"})
    rows = csv.DictReader(io.StringIO(b"".join(file.streaming_content).decode("utf-8-sig")))
    assert [row["Looked after"] for row in rows] == ["0", "1", "0", "1"]
    assert "Unit Rail" in client.get(url, {"by": "unit"}).content.decode()
    assert "Sweden" in client.get(url, {"by": "country"}).content.decode()
    body = client.get(f"/api/v1/accounts/{birch.pk}/coverage/").json()
    assert body["whole"] | {"sales": None} == {
        "name": "",
        "places": 4,
        "covered": 2,
        "quiet": 1,
        "nobody": 1,
        "share": "0.500000",
        "sales": None,
    }
    assert {row["name"]: row["state"] for row in body["places"]}["Warehousing"] == "nobody"
    assert [row["name"] for row in body["countries"]] == ["Norway", "Sweden"]


def test_profile_leads_to_it(client, birch, director):
    client.force_login(director)
    page = client.get(reverse("accounts:profile", args=[birch.pk])).content.decode()
    assert reverse("accounts:coverage_of", args=[birch.pk]) in page


@pytest.mark.parametrize("count", [1, 3])
def test_coverage_asks_as_often_for_more_companies(
    client, programme, team, director, django_assert_num_queries, count
):
    top = AccountFactory(programme=programme, team=team)
    for _place in range(count):
        company = AccountFactory(programme=programme, parent=top)
        ContactFactory(account=company, site=SiteFactory(account=company))
        InteractionFactory(account=company)
        MonthTotalFactory(account=company)
    client.force_login(director)
    url = reverse("accounts:coverage_of", args=[top.pk])
    client.get(url)
    with django_assert_num_queries(12):
        client.get(url, headers={"HX-Request": "true"})
