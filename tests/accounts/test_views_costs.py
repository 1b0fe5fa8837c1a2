"""What candidates would cost, for many at once, and the way to a first scenario (handbook 3.5)."""

import re
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from accounts.models import Account, ManagerCapacity, Score
from accounts.services.costing import Planned, plan_costs
from accounts.services.selection import create_selection
from kam.changes.errors import VersionConflict
from tests.factories.accounts import AccountFactory
from tests.factories.selection import handbook_programme
from tests.factories.teams import MembershipFactory, TeamFactory

pytestmark = pytest.mark.django_db
COSTS = reverse("accounts:costs_planned")


@pytest.fixture
def example():
    """The handbook's programme before anything is planned, and one account not scored."""
    example = handbook_programme()
    Account.objects.update(planned_cost=None, planned_effort=None)
    AccountFactory(programme=example.programme, name="Quince", stage="early")
    return example


@pytest.fixture
def director(client, example):
    client.force_login(example.director)
    return example.director


def shown(client, **query):
    page = client.get(COSTS, query).content.decode()
    return dict(re.findall(r'<input[^>]* name="(\d+-[a-z]+)"[^>]*?(?: value="([^"]*)")?[ >]', page))


def names(client, **query):
    return [form.account.name for form in client.get(COSTS, query).context["forms"]]


def test_scored_candidates_stand_first(client, director):
    assert names(client)[:2] == ["Cedar Health", "Birch Logistics"]
    assert names(client)[-1] == "Quince"
    assert len(names(client, missing="1")) == 8
    assert names(client, search="quin") == ["Quince"]
    text = client.get(COSTS).content.decode()
    assert "usual 0.25" in text
    assert "not scored" in text


def test_costs_are_written_down_and_filled_in(client, director, example):
    cedar, birch = example.accounts["Cedar"], example.accounts["Birch"]
    body = shown(client, missing="1") | {
        f"{cedar.pk}-cost": "300,000",
        f"{cedar.pk}-effort": "0.5",
        "fill": "90,000",
        "take": "1",
    }
    assert client.post(COSTS, body).status_code == 302
    cedar.refresh_from_db()
    birch.refresh_from_db()
    assert (cedar.planned_cost, cedar.planned_effort) == (300_000, Decimal("0.5"))
    assert (birch.planned_cost, birch.planned_effort) == (90_000, None)
    assert Account.objects.get(name="Quince").planned_cost is None
    assert names(client, missing="1") == []
    assert shown(client)[f"{cedar.pk}-cost"] == "300,000"
    version = cedar.version
    assert client.post(COSTS, shown(client)).status_code == 302
    cedar.refresh_from_db()
    assert cedar.version == version


def test_refused_figure_stores_nothing(client, director, example):
    cedar, birch = example.accounts["Cedar"], example.accounts["Birch"]
    body = shown(client) | {f"{cedar.pk}-cost": "100", f"{birch.pk}-effort": "1.5"}
    answer = client.post(COSTS, body)
    assert answer.status_code == 422
    assert "Nothing is saved: 1 figure is refused." in answer.content.decode()
    assert not Account.objects.exclude(planned_cost=None).exists()


def test_change_of_somebody_else_is_not_overwritten(client, director, example):
    cedar, birch = example.accounts["Cedar"], example.accounts["Birch"]
    body = shown(client) | {f"{cedar.pk}-cost": "100", f"{birch.pk}-cost": "200"}
    plan_costs(actor=director, plans=[Planned(cedar, Decimal(5), None, None)])
    answer = client.post(COSTS, body)
    assert answer.status_code == 422
    assert "Somebody else changed Cedar Health" in answer.content.decode()
    assert set(Account.objects.values_list("planned_cost", flat=True)) == {None, Decimal(5)}
    with pytest.raises(VersionConflict):
        plan_costs(actor=director, plans=[Planned(cedar, Decimal(6), None, cedar.version)])


def test_only_who_edits_an_account_plans_its_cost(client, example):
    birch = example.accounts["Birch"]
    birch.team = TeamFactory(programme=example.programme)
    birch.save(update_fields=["team"])
    member = MembershipFactory(team=birch.team, role="member").user
    client.force_login(member)
    assert names(client) == ["Birch Logistics"]
    assert shown(client) == {}
    client.post(COSTS, {f"{birch.pk}-version": birch.version, f"{birch.pk}-cost": "1"})
    with pytest.raises(PermissionDenied):
        plan_costs(actor=member, plans=[Planned(birch, Decimal(1), None, None)])
    assert not Account.objects.exclude(planned_cost=None).exists()


def test_way_to_the_first_scenario_says_what_stands(client, director, example):
    way = client.get(reverse("accounts:selections")).context["way"]
    assert [(step.stands, step.is_done) for step in way] == [
        ("9 candidates", True),
        ("8 of 9 scored on at least 75 % of the weight", True),
        ("0 of 8 scored ones have a yearly cost", False),
        ("2 managers", True),
    ]
    create_selection(actor=director, programme=example.programme, changes={"name": "A"})
    assert client.get(reverse("accounts:selections")).context["way"] == []


def test_draft_says_what_is_missing_and_where_to_mend_it(client, director, example):
    Score.objects.filter(account=example.accounts["Alder"], code="A1").delete()
    ManagerCapacity.objects.all().delete()
    run = create_selection(actor=director, programme=example.programme, changes={"name": "A"})
    page = client.get(reverse("accounts:selection", args=[run.pk]))
    found = {row.missing: (row.total, row.url) for row in page.context["shown"].unready}
    assert found == {
        "no planned cost": (8, f"{COSTS}?missing=1"),
        "not scored": (1, f"{reverse('accounts:scores')}?order=sales"),
    }
    text = page.content.decode()
    assert "No manager takes part" in text
    assert "No account can be weighed yet" in text
