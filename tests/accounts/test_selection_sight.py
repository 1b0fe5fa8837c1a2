"""Whoever stands before an information barrier learns nothing of who takes part behind it."""

from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from accounts.api.views import SelectionViewSet
from accounts.models import Selection
from accounts.selection.sight import all_as_seen, as_seen
from accounts.services import selection as runs
from kam.api.filters import StrictFilterBackend
from kam.jobs.worker import Worker
from tests.factories.accounts import AccountFactory, ConflictFactory
from tests.factories.selection import BUDGET, handbook_programme
from tests.factories.teams import MembershipFactory, RoleGrantFactory, TeamFactory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def run(example):
    run = runs.create_selection(
        actor=example.director,
        programme=example.programme,
        changes={"budget": BUDGET, "max_accounts": 5, "name": "Next year"},
        marks={example.accounts["Cedar"].pk: "must"},
    )
    runs.solve_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    return run


@pytest.fixture
def fenced(example):
    """A programme manager who is in the team of a rival of Cedar."""
    user = RoleGrantFactory(programme_manager=True, programme=example.programme).user
    team = TeamFactory(programme=example.programme)
    MembershipFactory(team=team, user=user, role="observer")
    rival = AccountFactory(programme=example.programme, team=team, name="Rival of it")
    ConflictFactory(a=rival, b=example.accounts["Cedar"])
    return user


def test_run_is_summed_over_what_is_seen(example, run, fenced) -> None:
    seen = as_seen(run, fenced)
    assert example.names({row["account"] for row in seen.result["selected"]}) == {
        "Birch",
        "Elm",
        "Fir",
    }
    assert (seen.objective, seen.cost, seen.gap) == (Decimal("3.394"), Decimal(690_000), None)
    told = {row["account"] for row in seen.result["explanations"]}
    assert example.names(told) == set(example.accounts) - {"Cedar"}
    assert [row["rank"] for row in seen.result["explanations"]] == list(range(1, 8))
    assert {row["used"] for row in seen.result["binding"]} == {str(seen.cost), "3"}
    assert all(set(step) == {"step", "is_done"} for step in seen.steps)
    assert run.objective == Decimal("5.768")
    assert as_seen(run, example.director) is run


def test_pages_and_api_name_and_count_nothing_of_it(example, run, fenced) -> None:
    client = Client()
    client.force_login(fenced)
    addresses = [
        reverse("accounts:selections"),
        reverse("accounts:selection", args=[run.pk]),
        reverse("accounts:selection_decide", args=[run.pk]),
        f"{reverse('accounts:selection_compare')}?run={run.pk}",
        f"/api/v1/selections/{run.pk}/",
        "/api/v1/selections/",
    ]
    for address in addresses:
        response = client.get(address)
        assert response.status_code == 200, address
        body = response.content.decode()
        for betrayed in ("Cedar", "5.768", "990", "8 candidates", "2.374", "0.592", "1.75"):
            assert betrayed not in body, (address, betrayed)
    assert "7 candidates" in client.get(addresses[1]).content.decode()
    insider = Client()
    insider.force_login(example.director)
    assert "Cedar" in insider.get(addresses[1]).content.decode()


def test_list_reads_whole_runs_only_before_a_barrier(
    example, run, fenced, django_assert_num_queries
) -> None:
    rows = list(Selection.objects.visible_to(fenced).for_list())
    with django_assert_num_queries(1):  # the reader's roles and barriers
        assert all_as_seen(rows, example.director) == rows
    assert [row.cost for row in all_as_seen(rows, fenced)] == [Decimal(690_000)]


def test_what_is_not_weighed_yet_counts_for_who_sees_it(example) -> None:
    """An account without scores takes part in no answer, but in the counts of the steps."""
    user = RoleGrantFactory(programme_manager=True, programme=example.programme).user
    team = TeamFactory(programme=example.programme)
    MembershipFactory(team=team, user=user, role="observer")
    rival = AccountFactory(programme=example.programme, team=team, status="maintained")
    hidden = AccountFactory(programme=example.programme, name="Hidden")
    ConflictFactory(a=rival, b=hidden)
    run = runs.create_selection(actor=example.director, programme=example.programme, changes={})
    runs.solve_selection(actor=example.director, selection=run)
    Worker(heartbeat=False).drain()
    run.refresh_from_db()
    seen = as_seen(run, user)
    assert all(set(step) == {"step", "is_done"} for step in seen.steps)
    assert hidden.pk in dict(run.problem["unready"])
    assert hidden.pk not in dict(seen.problem["unready"])
    assert seen.objective == run.objective


def test_accounts_are_marked_beside_those_that_others_marked(example, fenced) -> None:
    cedar, birch = (example.accounts[name] for name in ("Cedar", "Birch"))
    scenario = runs.create_selection(
        actor=example.director,
        programme=example.programme,
        changes={},
        marks={cedar.pk: "must"},
    )
    scenario = runs.mark_account(actor=fenced, selection=scenario, account=birch, mark="barred")
    assert scenario.marks == {str(cedar.pk): "must", str(birch.pk): "barred"}
    with pytest.raises(ValidationError):
        runs.mark_account(actor=fenced, selection=scenario, account=cedar, mark="barred")


RECKONED = {"objective", "gap", "cost", "problem", "result", "steps"}
"""What a reader before a barrier sees otherwise than it is stored."""


def test_runs_are_neither_sorted_nor_filtered_by_what_a_barrier_takes_from_them(
    example, run, fenced
) -> None:
    """Without Cedar the run is worth less than its copy, with it more: the order would betray it
    (3.394 as seen and 5.768 in truth beside 4)."""
    other = runs.copy_selection(actor=example.director, selection=run)
    Selection.objects.filter(pk=other.pk).update(objective=4, cost=800_000)
    client = Client()
    client.force_login(fenced)
    for name in RECKONED:
        for question in (f"ordering={name}", f"ordering=-{name}", f"{name}__gte=4", f"{name}=4"):
            response = client.get(f"/api/v1/selections/?{question}")
            assert response.status_code == 400, question
    filters = StrictFilterBackend().get_filterset_class(SelectionViewSet()).base_filters
    assert not RECKONED & {name.split("__")[0] for name in filters}
    assert not RECKONED & set(SelectionViewSet.ordering_fields)
