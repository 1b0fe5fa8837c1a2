"""The account's money on its page and over REST: same figures, same refusals."""

import datetime

import pytest
from django.urls import reverse

from accounts.models import ActivityCost, LedgerEntry, MonthTotal
from tests.factories.accounts import (
    AccountFactory,
    ActivityCostFactory,
    ActivityFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
)
from tests.factories.api import caller
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    return AccountFactory(programme__currency="GBP", team=None)


@pytest.fixture
def director(account):
    return RoleGrantFactory(programme_manager=True, programme=account.programme).user


def test_figures_endpoint_gives_months_and_totals(account, director):
    MonthTotalFactory(account=account, revenue=100, cost=60, lines_without_cost=0)
    ActivityCostFactory(account=account, amount=10)
    url = f"/api/v1/accounts/{account.pk}/figures/?from=2026-01-01&to=2026-12-31"
    body = caller(director).get(url).json()
    assert {name: body[name] for name in ("currency", "revenue", "contribution", "lines")} == {
        "currency": "GBP",
        "revenue": "100.000000",
        "contribution": "30.000000",
        "lines": 1,
    }
    assert [(row["month"], row["revenue"]) for row in body["months"]] == [
        ("2026-05-01", "100.000000")
    ]


def test_figures_endpoint_takes_the_group_in_when_asked(account, director):
    MonthTotalFactory(account=account, revenue=100)
    MonthTotalFactory(account=AccountFactory(parent=account), revenue=50)
    client = caller(director)
    url = f"/api/v1/accounts/{account.pk}/figures/"
    assert client.get(url).json()["revenue"] == "100.000000"
    assert client.get(f"{url}?level=group").json()["revenue"] == "150.000000"


@pytest.mark.parametrize(
    ("query", "pointer"), [("from=x", "?from"), ("level=all", "?level"), ("period=1", "?period")]
)
def test_figures_endpoint_refuses_what_it_cannot_read(query, pointer, account, director):
    response = caller(director).get(f"/api/v1/accounts/{account.pk}/figures/?{query}")
    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)


def test_ledger_entry_over_rest_keeps_the_totals_true(account, director):
    client = caller(director)
    body = {"account": account.pk, "booked_on": "2026-05-10", "amount": "100.50"}
    answer = client.post("/api/v1/ledger-entries/", body)
    assert answer.status_code == 201
    assert (answer.json()["currency"], answer.json()["amount"]) == ("GBP", "100.500000")
    assert MonthTotal.objects.get().revenue == 100.5
    assert client.delete(f"/api/v1/ledger-entries/{answer.json()['id']}/").status_code == 204
    assert not MonthTotal.objects.exists()


def test_ledger_entry_of_an_import_is_not_taken_back_alone(account, director):
    from tests.factories.imports import RunFactory

    run = RunFactory(scope=account.programme, owner=director, status="published", is_live=True)
    entry = LedgerEntryFactory(account=account, run=run)
    response = caller(director).delete(f"/api/v1/ledger-entries/{entry.pk}/")
    assert response.status_code == 400
    assert LedgerEntry.objects.filter(pk=entry.pk).exists()


def test_rows_of_a_run_that_is_not_published_are_nowhere(account, director, client):
    from tests.factories.imports import RunFactory

    run = RunFactory(scope=account.programme, owner=director, is_live=False)
    LedgerEntryFactory(account=account, run=run, document="STAGED")
    assert caller(director).get("/api/v1/ledger-entries/").json()["results"] == []
    client.force_login(director)
    page = client.get(reverse("accounts:lines", args=[account.pk])).content.decode()
    assert "STAGED" not in page


def test_activity_cost_over_rest_is_versioned(account, director):
    client = caller(director)
    activity = ActivityFactory(programme=account.programme)
    body = {
        "account": account.pk,
        "activity": activity.pk,
        "month": "2026-05-01",
        "quantity": "10",
        "rate": "2.50",
    }
    answer = client.post("/api/v1/activity-costs/", body)
    assert (answer.status_code, answer.json().get("amount")) == (201, "25.000000")
    url = f"/api/v1/activity-costs/{answer.json()['id']}/"
    assert client.patch(url, {"quantity": "20"}).status_code == 428
    changed = client.patch(url, {"quantity": "20"}, headers={"If-Match": answer["ETag"]})
    assert changed.json()["amount"] == "50.000000"
    stale = client.patch(url, {"quantity": "30"}, headers={"If-Match": answer["ETag"]})
    assert stale.status_code == 412
    assert ActivityCost.objects.get().quantity == 20


def test_money_is_written_by_whoever_runs_the_programme_alone(account):
    account.team = TeamFactory(programme=account.programme)
    account.save()
    kam = MembershipFactory(team=account.team, role="kam").user
    body = {"account": account.pk, "booked_on": "2026-05-10", "amount": "1"}
    assert caller(kam).post("/api/v1/ledger-entries/", body).status_code == 403
    assert not LedgerEntry.objects.exists()


def test_figures_page_shows_the_statement_of_birch(client, account, director):
    """Handbook 4.6: 10,400 - 6,448 = 3,952; less 1,080 = 2,872; less 376 = 2,496 (24.0 %)."""
    MonthTotalFactory(account=account, revenue=10_400, cost=6_448, lines_without_cost=0)
    for name, amount, own in (("Logistics", 1_080, False), ("Manager", 376, True)):
        activity = ActivityFactory(programme=account.programme, name=name, programme_cost=own)
        ActivityCostFactory(account=account, activity=activity, amount=amount)
    client.force_login(director)
    url = reverse("accounts:figures", args=[account.pk])
    page = client.get(url, {"from": "2026-05-01", "to": "2026-05-31"}).content.decode()
    for figure in ("10,400", "−6,448", "3,952", "2,872", "−376", "2,496", "24.0"):
        assert figure in page


@pytest.mark.parametrize(
    ("could", "days", "shown"),
    [
        (9_000, {}, ("Contributes a year", "3,952", "9,000", "5,048", "critical")),
        (2_000, {}, ("2,000", "−1,952")),
        (None, {}, ("Could contribute a year", "n/a")),
        (9_000, {"from": "2026-05-01", "to": "2026-05-31"}, ("Contributed in the period", "3,952")),
    ],
)
def test_what_a_customer_could_contribute_stands_beside_what_it_does(
    could, days, shown, client, account, director, time_machine
):
    """K025: current and potential contribution, and criticality, side by side."""
    time_machine.move_to("2026-06-15")
    account.potential_contribution, account.criticality = could, "critical"
    account.save()
    MonthTotalFactory(account=account, revenue=10_400, cost=6_448, lines_without_cost=0)
    activity = ActivityFactory(programme=account.programme)
    ActivityCostFactory(account=account, activity=activity, amount=0)
    client.force_login(director)
    page = client.get(reverse("accounts:figures", args=[account.pk]), days).content.decode()
    panel = page[page.index('id="potential"') :]
    panel = panel[: panel.index("</dl>")]
    assert [figure for figure in shown if figure not in panel] == []
    assert ("Room" in panel) == (could is not None and not days)


def test_figures_page_names_what_is_missing(client, account, director):
    MonthTotalFactory(account=account)
    client.force_login(director)
    url = reverse("accounts:figures", args=[account.pk])
    page = client.get(url, {"from": "2026-05-01", "to": "2026-05-31"}).content.decode()
    assert "cost of goods of 1 line" in page
    assert "n/a" in page


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("name", ["figures", "lines", "costs"])
def test_money_pages_query_count(
    name, count, client, account, director, django_assert_max_num_queries
):
    LedgerEntryFactory.create_batch(count, account=account)
    for _place in range(count):
        ActivityCostFactory(account=account)
    MonthTotalFactory(account=account, month=datetime.date(2026, 5, 1))
    client.force_login(director)
    with django_assert_max_num_queries(12):
        response = client.get(reverse(f"accounts:{name}", args=[account.pk]))
    assert response.status_code == 200


@pytest.mark.parametrize("name", ["lines", "costs"])
def test_money_lists_are_files_too(name, client, account, director):
    LedgerEntryFactory(account=account, document="=2+3")
    ActivityCostFactory(account=account, source="=2+3")
    client.force_login(director)
    response = client.get(reverse(f"accounts:{name}", args=[account.pk]), {"export": "csv"})
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert len(text.splitlines()) == 2
    assert ",=2+3" not in text
