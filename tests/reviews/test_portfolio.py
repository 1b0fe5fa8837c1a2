"""The portfolio: what it adds up, for whom, over which days, in how many queries."""

import datetime
from decimal import Decimal

import pytest
from django.urls import reverse

from accounts import figures
from reviews import portfolio
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ConflictFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    StageChangeFactory,
    StatusChangeFactory,
)
from tests.factories.api import caller
from tests.factories.imports import RunFactory
from tests.factories.teams import (
    BusinessUnitFactory,
    MembershipFactory,
    ProgrammeFactory,
    RoleGrantFactory,
    TeamFactory,
)

pytestmark = pytest.mark.django_db

HANDBOOK = {
    "Cedar Health": "12.6",
    "Birch Logistics": "10.4",
    "Dogwood Energy": "9.0",
    "Elm Retail": "6.0",
    "Hazel Media": "4.2",
    "Gorse Packaging": "1.8",
    "Kauri Print": "1.0",
    "Larch Tools": "0.9",
    "Ivy Hotels": "0.5",
}
"""Our sales by customer in millions (handbook 3.4)."""


@pytest.fixture
def programme():
    return ProgrammeFactory(currency="GBP")


@pytest.fixture
def director(programme):
    return RoleGrantFactory(programme_manager=True, programme=programme).user


def month_before(today):
    return (today.replace(day=1) - datetime.timedelta(days=1)).replace(day=1)


def key_account(programme, **values):
    account = AccountFactory(programme=programme, status="key", **values)
    MonthTotalFactory(
        account=account,
        month=month_before(programme.today()),
        revenue=100,
        cost=60,
        lines_without_cost=0,
    )
    ActivityCostFactory(account=account, month=month_before(programme.today()), amount=10)
    return account


def test_portfolio_api_reproduces_the_shares_of_our_sales(programme, director):
    """Handbook 3.4, our own sales: ranked, share and cumulative share, 80 % point."""
    for name, millions in HANDBOOK.items():
        account = AccountFactory(programme=programme, name=name)
        MonthTotalFactory(account=account, revenue=Decimal(millions) * 1_000_000)
    body = caller(director).get("/api/v1/portfolio/").json()
    assert (body["currency"], body["accounts"]) == ("GBP", 9)
    assert body["revenue"] == "46400000.000000"
    assert body["pareto"] == {"share": 0.8, "accounts": 4}
    assert [row["name"] for row in body["top"][:3]] == list(HANDBOOK)[:3]
    assert body["top"][0]["share"] == pytest.approx(12.6 / 46.4)
    assert body["top"][3]["cumulative_share"] == pytest.approx(38.0 / 46.4)
    assert (body["gross_margin"], body["contribution"]) == (None, None)
    assert body["missing"][0] == "cost of goods of 9 lines"


def test_portfolio_api_narrows_by_status_and_days(programme, director):
    key = key_account(programme)
    AccountFactory(programme=programme)
    last = (programme.today().replace(day=1) - datetime.timedelta(days=1)).isoformat()
    body = caller(director).get(f"/api/v1/portfolio/?status=key&to={last}").json()
    assert (body["accounts"], body["contribution"]) == (1, "30.000000")
    assert body["top"][0]["account"] == key.pk
    early = caller(director).get("/api/v1/portfolio/?status=key&to=2001-01-31").json()
    assert (early["accounts"], early["revenue"], early["top"]) == (1, "0.000000", [])


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=red", "?colour"),
        ("from=yesterday", "?from"),
        ("from=2026-02-01&to=2026-01-01", "?to"),
        ("status=splendid", "?status"),
        ("as_of=2999-01-01", "?as_of"),
        ("programme=999", "?programme"),
    ],
)
def test_portfolio_api_refuses_what_it_cannot_read(query, pointer, programme, director):
    response = caller(director).get(f"/api/v1/portfolio/?{query}")
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer


def test_portfolio_level_group_adds_up_what_belongs_together(programme, director):
    top = AccountFactory(programme=programme, name="Group")
    for account in (AccountFactory(parent=top), AccountFactory(parent=top)):
        MonthTotalFactory(account=account, revenue=50)
    MonthTotalFactory(account=AccountFactory(programme=programme, name="Alone"), revenue=60)
    body = caller(director).get("/api/v1/portfolio/?level=group").json()
    rows = [(row["name"], row["revenue"]) for row in body["top"]]
    assert rows == [("Group", "100.000000"), ("Alone", "60.000000")]
    assert body["revenue"] == "160.000000"


def test_portfolio_level_group_stops_below_an_invisible_parent(programme):
    """An invisible parent reads as none: its visible children stand for themselves."""
    team = TeamFactory(programme=programme)
    reader = MembershipFactory(team=team, role="observer").user
    hidden = AccountFactory(programme=programme, name="Hidden")
    first, second = (
        AccountFactory(parent=hidden, team=team, name=name) for name in ("First", "Second")
    )
    below = AccountFactory(parent=first, team=team, name="Below")
    for account, revenue in ((hidden, 1000), (first, 10), (second, 20), (below, 30)):
        MonthTotalFactory(account=account, revenue=revenue)
    body = caller(reader).get("/api/v1/portfolio/?level=group").json()
    rows = [(row["name"], row["revenue"]) for row in body["top"]]
    assert rows == [("First", "40.000000"), ("Second", "20.000000")]
    assert body["revenue"] == "60.000000"


def test_portfolio_covers_only_what_the_reader_sees(programme):
    """A senior manager of one unit, and a barrier in front of a team member of a rival."""
    unit = BusinessUnitFactory(programme=programme)
    senior = RoleGrantFactory(senior_manager=True, business_unit=unit).user
    shown = key_account(programme, business_unit=unit)
    key_account(programme)
    body = caller(senior).get("/api/v1/portfolio/").json()
    assert (body["accounts"], [row["account"] for row in body["top"]]) == (1, [shown.pk])
    rival = AccountFactory(programme=programme, team=TeamFactory(programme=programme))
    MembershipFactory(team=rival.team, user=senior, role="member")
    ConflictFactory(a=shown, b=rival)
    body = caller(senior).get("/api/v1/portfolio/").json()
    assert [row["account"] for row in body["top"]] == []
    assert body["accounts"] == 1


def test_portfolio_as_of_shows_stage_and_status_of_that_day(programme, director):
    account = key_account(programme, stage="mid")
    today = programme.today()
    year_ago = today - datetime.timedelta(days=365)
    StatusChangeFactory(account=account, to_status="key", decided_on=year_ago)
    old = StageChangeFactory(account=account, to_stage="early", happened_on=year_ago)
    new = StageChangeFactory(account=account, from_stage="early", to_stage="mid", happened_on=today)
    moment = datetime.datetime.combine(year_ago, datetime.time(9), datetime.UTC)
    for row in (old, account.status_changes.get()):
        type(row).objects.filter(pk=row.pk).update(created_at=moment)
    assert new.pk
    day = (year_ago + datetime.timedelta(days=10)).isoformat()
    body = caller(director).get(f"/api/v1/portfolio/?status=key&as_of={day}").json()
    assert body["stages"]["early"] == 1
    before = (year_ago - datetime.timedelta(days=10)).isoformat()
    body = caller(director).get(f"/api/v1/portfolio/?status=key&as_of={before}").json()
    assert body["accounts"] == 0


def test_portfolio_as_of_counts_what_was_known_that_day(client, programme, director):
    """`design.md` 4.5: figures as they stood at the end of a day, however the period is cut."""
    account = AccountFactory(programme=programme, status="key")
    may = datetime.date(2026, 5, 1)
    moment = datetime.datetime(2026, 6, 20, 12, tzinfo=datetime.UTC)
    run = RunFactory(scope=programme, status="published", is_live=True, published_at=moment)
    for revenue, known_on, imported in ((100, 3, None), (30, 20, run)):
        recorded_on = datetime.date(2026, 6, known_on)
        MonthTotalFactory(account=account, month=may, revenue=revenue, recorded_on=recorded_on)
        LedgerEntryFactory(
            account=account,
            amount=revenue,
            run=imported,
            recorded_on=None if imported else recorded_on,
        )
        ActivityCostFactory(account=account, month=may, amount=revenue, recorded_on=recorded_on)

    def figures_of(**query):
        body = caller(director).get("/api/v1/portfolio/", query).json()
        return body["revenue"], body["cost_to_serve"]

    nothing, part, whole = ("0.000000", None), ("100.000000",) * 2, ("130.000000",) * 2
    for period in ({}, {"from": "2026-05-01", "to": "2026-05-31"}, {"to": "2026-06-10"}):
        days = ("2026-06-02", "2026-06-03", "2026-06-19", "2026-06-20")
        found = [figures_of(**period, as_of=day) for day in days]
        assert found == [nothing, part, part, whole], period
        assert figures_of(**period) == whole
    appointed = StatusChangeFactory(account=account, to_status="key", decided_on=may)
    type(appointed).objects.update(created_at=datetime.datetime(2026, 5, 1, 9, tzinfo=datetime.UTC))
    client.force_login(director)
    page = client.get(reverse("reviews:portfolio"), {"as_of": "2026-06-19"})
    assert page.context["portfolio"].now.revenue == 100
    assert [row.revenue for row in page.context["object_list"]] == [100]


@pytest.mark.parametrize("count", [1, 3])
def test_portfolio_page_query_count(
    count, client, programme, director, django_assert_max_num_queries
):
    for _place in range(count):
        key_account(programme)
    client.force_login(director)
    with django_assert_max_num_queries(15):
        response = client.get(reverse("reviews:portfolio"))
    assert len(response.context["object_list"]) == count


@pytest.mark.parametrize("count", [1, 3])
def test_portfolio_api_query_count(count, programme, director, django_assert_max_num_queries):
    for _place in range(count):
        key_account(programme)
    client = caller(director)
    client.get("/api/v1/portfolio/")
    with django_assert_max_num_queries(12):
        body = client.get("/api/v1/portfolio/").json()
    assert body["accounts"] == count


def test_portfolio_page_opens_the_records_behind_its_figures(client, programme, director):
    account = key_account(programme, stage="mid", name="Birch")
    AccountFactory(programme=programme, name="Candidate only")
    client.force_login(director)
    page = client.get(reverse("reviews:portfolio")).content.decode()
    assert f"{reverse('accounts:list')}?status=key&amp;stage=mid" in page
    assert reverse("accounts:figures", args=[account.pk]) in page
    assert "Candidate only" not in page
    assert "Totals cover the accounts you may see." in page
    listed = client.get(f"{reverse('accounts:list')}?status=key&stage=mid").content.decode()
    assert "Birch" in listed
    assert "Candidate only" not in listed


def test_portfolio_page_says_beside_the_field_what_it_cannot_read(client, programme, director):
    client.force_login(director)
    page = client.get(reverse("reviews:portfolio"), {"as_of": "2999-01-01"}).content.decode()
    assert "This day has not come yet." in page


def test_portfolio_page_with_a_wrong_filter_shows_the_usual_year(client, programme, director):
    key_account(programme)
    client.force_login(director)
    wrong = {"status": "none", "from": "2020-01-01", "to": "2020-12-31"}
    page = client.get(reverse("reviews:portfolio"), wrong)
    assert page.context["view"].scope.period == figures.trailing_year(programme.today())


def test_months_without_any_sales_are_not_drawn(client, programme, director):
    AccountFactory(programme=programme, status="key")
    client.force_login(director)
    page = client.get(reverse("reviews:portfolio"))
    assert page.context["months"] == []
    assert "Month by month" not in page.content.decode()


def test_portfolio_page_without_a_role_is_not_there(client, programme):
    client.force_login(RoleGrantFactory(finance=True).user)
    assert client.get(reverse("reviews:portfolio")).status_code == 200
    client.force_login(MembershipFactory(valid_until=datetime.date(2020, 1, 1)).user)
    assert client.get(reverse("reviews:portfolio")).status_code == 404


def test_month_pairs_set_each_month_beside_the_year_before(programme, director):
    account = key_account(programme)
    month = month_before(programme.today())
    MonthTotalFactory(account=account, month=month.replace(year=month.year - 1), revenue=80)
    scope = portfolio.Scope(programme, figures.trailing_year(programme.today()), programme.today())
    begins = portfolio.begins(director, scope)
    whole = portfolio.build(director, scope, compare=True, begins=begins)
    pairs = portfolio.month_pairs(whole, scope)
    assert len(pairs) == 12
    assert pairs[-1] == (month, 100, 80)
    assert (pairs[0].now, pairs[0].before) == (0, None)  # the ledger begins later: not known


def test_year_that_the_ledger_holds_in_part_is_no_comparison(client, programme, director):
    account = key_account(programme)
    month = month_before(programme.today())
    MonthTotalFactory(account=account, month=month.replace(year=month.year - 1), revenue=80)
    client.force_login(director)
    page = client.get(reverse("reviews:portfolio"))
    assert page.context["figures"][0]["detail"] == "no full year to compare with"
    assert [row.change for row in page.context["object_list"]] == [None]
    figures_page = client.get(reverse("accounts:figures", args=[account.pk]))
    assert (figures_page.context["before"], figures_page.context["revenue_change"]) == (None, None)
    assert "No full year to compare with" in figures_page.content.decode()
    MonthTotalFactory(account=account, month=month.replace(year=month.year - 2), revenue=20)
    page = client.get(reverse("reviews:portfolio"))
    assert page.context["figures"][0]["detail"] == "+25.0 % on a year ago"
    assert [row.change for row in page.context["object_list"]] == [Decimal("0.25")]
    figures_page = client.get(reverse("accounts:figures", args=[account.pk]))
    assert figures_page.context["revenue_change"] == Decimal("0.25")


def test_period_without_beginning_is_covered_by_no_ledger():
    month = datetime.date(2026, 5, 1)
    assert not figures.Period(None, month).is_covered_from(month)
    assert not figures.Period(month, None).is_covered_from(None)
    assert figures.Period(month, None).is_covered_from(month)
    assert not figures.Period(month, None).is_covered_from(datetime.date(2026, 6, 1))
