"""Lists as files: the same rows as on the page, with names beside numbers."""

import csv
import datetime
import io
from decimal import Decimal

import pytest
from django.urls import reverse
from openpyxl import load_workbook

from kam.access.dates import business_today
from reviews.models import StageReview
from tests.factories.accounts import AccountFactory, MonthTotalFactory
from tests.factories.plans import ActionFactory
from tests.factories.reviews import StageReviewFactory
from tests.factories.teams import RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db
DAY = datetime.timedelta(days=1)


def rows(client, name, **query):
    """Lines of the file as dictionaries."""
    answer = client.get(reverse(name), {**query, "export": "csv"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def last_month():
    return (business_today().replace(day=1) - DAY).replace(day=1)


def test_portfolio_hands_out_filtered_rows_with_currency(client, people):
    MonthTotalFactory(account=people.account, month=last_month(), revenue=100)
    AccountFactory(programme=people.programme, name="Candidate")
    hidden = AccountFactory(programme=people.programme, name="Hidden", status="key")
    client.force_login(people.senior)
    (row,) = rows(client, "reviews:portfolio")
    kept = ("Account id", "Account", "Status", "Manager", "Contribution", "Currency")
    assert [row[name] for name in kept] == [
        str(people.account.pk),
        "Birch Logistics",
        "Key account",
        str(people.kam),
        "",
        "GBP",
    ]
    assert Decimal(row["Revenue"]) == 100
    client.force_login(people.director)
    names = [row["Account"] for row in rows(client, "reviews:portfolio", sort="name")]
    assert names == ["Birch Logistics", hidden.name]


def test_portfolio_workbook_holds_numbers_and_says_what_they_cover(client, people):
    month = last_month()
    for years, revenue in ((0, 40), (1, 30), (2, 10)):
        day = month.replace(year=month.year - years)
        MonthTotalFactory(account=people.account, month=day, revenue=revenue)
    client.force_login(people.director)
    answer = client.get(reverse("reviews:portfolio"), {"export": "xlsx"})
    book = load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    heading, row = list(book.worksheets[0].iter_rows(values_only=True))
    assert dict(zip(heading, row, strict=True))["On a year ago (ratio)"] == 0.333333
    notes = [cell.value for row in book.worksheets[1].iter_rows() for cell in row]
    assert "Totals cover the accounts you may see." in notes


def test_teams_hand_out_people_by_name(client, people):
    TeamFactory(programme=people.programme, name="Idle")
    client.force_login(people.kam)
    assert str(people.kam) in client.get(reverse("teams:list")).content.decode()
    (row,) = rows(client, "teams:list")
    assert (row["Team id"], row["Manager"]) == (str(people.account.team_id), str(people.kam))
    assert (row["People"], row["Who"].split(", ")[0]) == ("3", str(people.kam))
    client.force_login(people.director)
    assert [row["Team"] for row in rows(client, "teams:list", q="idle")] == ["Idle"]


def test_people_hand_out_roles_to_administrators_alone(client, people):
    client.force_login(people.director)
    assert client.get(reverse("settings:people"), {"export": "csv"}).status_code == 403
    client.force_login(RoleGrantFactory().user)
    (row,) = rows(client, "settings:people", q=people.senior.username)
    assert (row["Name"], row["User name"]) == (str(people.senior), people.senior.username)
    assert "enior manager" in row["Roles"]


def test_actions_hand_out_what_the_page_shows(client, people):
    mine = ActionFactory(
        account=people.account, owner=people.kam, text="=call", due=business_today()
    )
    other = ActionFactory(account=people.account, text="wait")
    ActionFactory(text="Hidden")
    client.force_login(people.kam)
    (row,) = rows(client, "plans:actions")
    kept = ("Action id", "Action", "Account id", "Account", "Owner", "Due", "Status")
    assert [row[name] for name in kept] == [
        str(mine.pk),
        "'=call",
        str(people.account.pk),
        "Birch Logistics",
        str(people.kam),
        business_today().isoformat(),
        "To do",
    ]
    shown = [row["Action id"] for row in rows(client, "plans:actions", whose="all")]
    assert shown == [str(mine.pk), str(other.pk)]


def test_reviews_hand_out_accounts_due_and_reviews(client, people):
    review = StageReviewFactory(account=people.account, author=people.kam)
    StageReviewFactory()
    client.force_login(people.kam)
    (due,) = rows(client, "reviews:list")
    assert (due["Account id"], due["Open review id"]) == (str(people.account.pk), str(review.pk))
    (draft,) = rows(client, "reviews:list", show="drafts")
    assert (draft["Review id"], draft["Author"]) == (str(review.pk), str(people.kam))
    assert StageReview.objects.count() == 2


@pytest.mark.parametrize("count", [1, 3])
def test_export_query_count(client, people, count, django_assert_num_queries):
    ActionFactory.create_batch(count, account=people.account, owner=people.kam)
    client.force_login(people.kam)
    rows(client, "plans:actions")
    with django_assert_num_queries(5):  # session, user, roles, length, rows
        assert len(rows(client, "plans:actions")) == count
