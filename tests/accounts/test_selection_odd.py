"""Input that makes no sense is refused where it stands, by pages and REST alike (3.5)."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Decision, Selection
from tests.accounts.test_selection_api import SELECTIONS, whole
from tests.factories.accounts import SelectionFactory
from tests.factories.api import caller
from tests.factories.selection import handbook_programme

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
HUGE = 10**30
ODD = {"account": 1.5, "attractiveness": "NaN", "strength": "Infinity", "cost": -1, "effort": []}


@pytest.fixture
def example():
    return handbook_programme()


@pytest.fixture
def client(example):
    return caller(example.director)


@pytest.mark.parametrize(
    "change",
    [
        {"candidates": [ODD]},
        {"candidates": [ODD | {"account": HUGE}]},
        {"candidates": "all"},
        {"candidates": None},
        {"managers": [{"user": HUGE, "capacity": 1}]},
        {"managers": [{"user": 1, "capacity": "many", "eligible": [HUGE]}]},
        {"managers": {"user": 1}},
        {"conflicts": [{"a": HUGE, "b": HUGE - 1, "kind": "exclusive"}]},
        *({"budget": value} for value in ("NaN", "-1", "1e40", {})),
        *({"max_accounts": value} for value in (HUGE, -1)),
        *({"min_stars": value} for value in (HUGE, None)),
        *({"hurdle": value} for value in (None, "1000000", 1e300)),
        {"attractiveness_weight": 7},
        {"cut": "middle"},
        *({"name": value} for value in (None, "\0")),
        *({"programme": value} for value in (HUGE, "first")),
    ],
)
def test_odd_problem_is_refused(example, client, change) -> None:
    response = client.post(SELECTIONS, {"programme": example.programme.pk} | change)
    assert response.status_code == 400
    assert response.json()["errors"]
    assert not Selection.objects.exists()


@pytest.mark.parametrize(
    "change",
    [
        *({"account": value} for value in (HUGE, True, None)),
        *({"manager": value} for value in (HUGE, "Kira", {})),
        *({"rationale_types": value} for value in ("growth_potential", [{}], None)),
        *({"reason": value} for value in (None, ["because"])),
        {"action": []},
        {"review_on": "2026-99-99"},
        {"deviation": {}},
        {"unheard": 1},
    ],
)
def test_odd_decision_is_refused(example, client, change) -> None:
    run = SelectionFactory(programme=example.programme, status="optimal")
    wish = {
        "account": example.accounts["Cedar"].pk,
        "action": "appoint",
        "reason": "Grows.",
        "rationale_types": ["growth_potential"],
        "manager": example.kira.pk,
    }
    response = client.post(f"{SELECTIONS}{run.pk}/decide/", {"decisions": [wish | change]})
    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"].startswith("/decisions/0")
    assert not Decision.objects.exists()


def test_list_that_is_left_out_of_a_change_stays(example, client) -> None:
    body = whole(example)
    made = client.post(SELECTIONS, body).json()
    address = f"{SELECTIONS}{made['id']}/"
    few = body["candidates"][:3]
    version = {"If-Match": f'"{made["version"]}"'}
    assert client.patch(address, {"candidates": few}, headers=version).status_code == 200
    run = Selection.objects.get(pk=made["id"])
    assert {name: len(rows) for name, rows in run.given.items()} == {
        "candidates": 3,
        "managers": 2,
        "conflicts": 2,
    }
    rest = {name: body[name] for name in ("programme", "managers")} | {"name": "Anew"}
    version = {"If-Match": f'"{run.version}"'}
    assert client.put(address, rest, headers=version).status_code == 200
    assert list(Selection.objects.get(pk=run.pk).given) == ["managers"]


@pytest.mark.parametrize("number", ["9" * 30, "9" * 4500])
def test_number_that_is_no_key_is_none(example, number) -> None:
    run = SelectionFactory(programme=example.programme)
    client = Client()
    client.force_login(example.director)
    marking = reverse("accounts:selection_mark", args=[run.pk])
    assert client.post(marking, {"account": number}).status_code == 404
    scores = f"was-{number}=A1%3D"
    kind = "application/x-www-form-urlencoded"
    saved = client.post(reverse("accounts:scores"), scores, content_type=kind)
    assert saved.status_code == 302
    for name, asked in (
        ("accounts:selection_compare", "run"),
        ("accounts:matrix", "programme"),
        ("accounts:effort", "programme"),
        ("accounts:market_map", "page"),
    ):
        assert client.get(reverse(name), {asked: number}).status_code == 200
    after = caller(example.director).get("/api/v1/category-purchases/map/", {"after": number})
    assert after.status_code == 400
