"""Whoever belongs to two programmes goes from one to the other, and stays there through links and
forms."""

import pytest
from django.urls import reverse

from accounts.models import BudgetLine, CriteriaSet, ManagerCapacity, Score, Selection
from kam.access.dates import business_today
from tests.factories.accounts import AccountFactory, BudgetLineFactory, SelectionFactory
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
PAGES = ("scores", "costs_planned", "criteria", "questions", "budget", "returns")
FORMS = ("budget_create", "capacity_create", "parameter_create", "target_profile_create")
YEAR = business_today().year


@pytest.fixture
def programmes():
    return [ProgrammeFactory(name=name, fiscal_year_start=1) for name in ("North", "South")]


@pytest.fixture
def director(client, programmes):
    user = RoleGrantFactory(programme_manager=True, programme=programmes[0]).user
    RoleGrantFactory(programme_manager=True, programme=programmes[1], user=user)
    client.force_login(user)
    return user


def shown(client, name, **asked):
    response = client.get(reverse(f"accounts:{name}"), asked)
    assert response.status_code == 200, name
    return response


def here(page):
    return [item.label for item in page.context["switch"] if item.is_here]


@pytest.mark.parametrize("name", PAGES)
def test_page_is_on_the_programme_that_is_named(client, director, programmes, name):
    north, south = programmes
    plain, named = shown(client, name), shown(client, name, programme=south.pk)
    assert [response.context["view"].programme for response in (plain, named)] == [north, south]
    assert [here(page) for page in (plain, named)] == [["North"], ["South"]]
    assert f"programme={north.pk}" in named.content.decode()
    assert f"?programme={south.pk}" in named.content.decode()


@pytest.mark.parametrize("name", [*PAGES, *FORMS, "selections", "selection_create"])
def test_programme_of_others_is_not_found(client, director, name):
    other = ProgrammeFactory(name="Hidden")
    for key in (other.pk, "x", 2**70):
        assert client.get(reverse(f"accounts:{name}"), {"programme": key}).status_code == 404
    assert "Hidden" not in shown(client, name).content.decode()


@pytest.mark.parametrize("name", [*PAGES, *FORMS])
def test_one_programme_offers_nothing_to_switch(client, name):
    user = RoleGrantFactory(programme_manager=True, programme=ProgrammeFactory()).user
    client.force_login(user)
    assert shown(client, name).context["switch"] == []


def test_scores_of_the_second_programme_are_stored(client, director, programmes):
    account = AccountFactory(programme=programmes[1], status="candidate")
    address = f"{reverse('accounts:scores')}?programme={programmes[1].pk}"
    assert address in client.get(address).content.decode()
    data = {f"was-{account.pk}": "A1=", f"s-{account.pk}-A1": "7"}
    assert client.post(address, data).url == address
    assert Score.objects.get().value == 7


def test_budget_line_of_the_second_programme_leads_back_to_it(client, director, programmes):
    south = programmes[1]
    BudgetLineFactory(programme=south, year=YEAR, text="Ours")
    page = shown(client, "budget", programme=south.pk).content.decode()
    assert "Ours" in page
    add = f"{reverse('accounts:budget_create')}?year={YEAR}&programme={south.pk}"
    assert add.replace("&", "&amp;") in page
    data = {"year": YEAR, "cost_type": "equipment", "amount": 5, "currency": south.currency}
    answer = client.post(add, {**data, "text": "New"})
    assert answer.url == f"{reverse('accounts:budget')}?year={YEAR}&programme={south.pk}"
    assert BudgetLine.objects.get(text="New").programme == south


def test_forms_write_into_the_programme_that_is_named(client, director, programmes):
    south = programmes[1]
    address = f"{reverse('accounts:selection_create')}?programme={south.pk}"
    page = client.get(address)
    client.post(address, {**page.context["form"].initial, "name": "Theirs", "budget": ""})
    assert Selection.objects.get(name="Theirs").programme == south
    person = UserFactory()
    RoleGrantFactory(finance=True, programme=south, user=person)
    address = f"{reverse('accounts:capacity_create')}?programme={south.pk}"
    client.post(address, {"user": person.pk, "accounts": 3, "effort": 1})
    assert ManagerCapacity.objects.get(user=person).programme == south


def test_criteria_are_published_for_the_programme_that_is_named(client, director, programmes):
    address = f"{reverse('accounts:criteria_publish')}?kind=strength&programme={programmes[1].pk}"
    page = client.get(address)
    assert page.status_code == 200
    back = f"{reverse('accounts:criteria')}?programme={programmes[1].pk}"
    assert page.context["cancel_url"] == back
    assert not CriteriaSet.objects.exists()


def test_scenarios_are_listed_of_all_programmes_or_of_one(client, director, programmes):
    runs = [SelectionFactory(programme=row) for row in programmes]
    page = shown(client, "selections")
    assert {run.pk for run in page.context["runs"]} == {run.pk for run in runs}
    assert [item.label for item in page.context["switch"]] == ["All", "North", "South"]
    page = shown(client, "selections", programme=programmes[1].pk)
    assert [run.pk for run in page.context["runs"]] == [runs[1].pk]
    assert here(page) == ["South"]
