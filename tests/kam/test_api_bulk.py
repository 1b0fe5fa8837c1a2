"""Many rows in one call: all or none, or each for itself."""

import pytest
from drf_spectacular.generators import SchemaGenerator

from kam.changes.models import Change
from teams.models import Programme
from tests.factories.api import caller
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory
from tests.kam import api_urls

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.kam.api_urls")]
BULK = "/api/v1/programmes/bulk/"


def new(name: str, **values) -> dict:
    return {"name": name, "supplier_name": "Alba", "currency": "GBP"} | values


def names() -> list[str]:
    return sorted(Programme.objects.values_list("name", flat=True))


@pytest.fixture
def client():
    return caller(RoleGrantFactory().user)


def test_bulk_creates_and_changes(client):
    old = ProgrammeFactory(name="Old")
    response = client.post(BULK, [new("A"), {"id": old.pk, "version": 1, "name": "Newer"}])
    assert response.status_code == 200
    made = Programme.objects.get(name="A")
    assert response.json() == {
        "results": [{"status": 201, "id": made.pk}, {"status": 200, "id": old.pk}]
    }
    assert names() == ["A", "Newer"]
    assert Change.objects.filter(source="api").count() == 2


@pytest.mark.parametrize(
    ("bad", "status", "pointer"),
    [
        (new("B", currency="pounds"), 400, "/1/currency"),
        (new("B", currency="gbp"), 400, "/1/currency"),
        (new("a"), 400, "/1"),
        (new("B", colour="red"), 400, "/1/colour"),
        ({"id": 999, "version": 1}, 400, "/1/id"),
        ({"id": True, "version": 1}, 400, "/1/id"),
        ({"id": 1}, 400, "/1/version"),
        ("text", 400, "/1"),
    ],
)
def test_bulk_is_all_or_nothing(client, bad, status, pointer):
    response = client.post(BULK, [new("A"), bad])
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert response.json()["errors"][0]["pointer"] == pointer
    assert (names(), Change.objects.count()) == ([], 0)


def test_stale_item_stops_the_whole_call(client):
    old = ProgrammeFactory(name="Old", version=3)
    response = client.post(BULK, [new("A"), {"id": old.pk, "version": 2, "name": "X"}])
    assert (response.status_code, response.json()["current"]["version"]) == (412, 3)
    assert names() == ["Old"]


def test_bulk_can_do_each_item_for_itself(client):
    old = ProgrammeFactory(name="Old", version=3)
    items = [
        new("A"),
        new("B", currency="gbp"),
        {"id": old.pk, "version": 2, "name": "X"},
        {"id": old.pk, "version": 3, "name": "forbidden"},
        new("C"),
    ]
    results = client.post(f"{BULK}?atomic=false", items).json()["results"]
    assert [item["status"] for item in results] == [201, 400, 412, 403, 201]
    assert results[1]["errors"][0]["pointer"] == "/currency"
    assert names() == ["A", "C", "Old"]


@pytest.mark.parametrize("body", [[], {}, "x", [new("A")] * 1001])
def test_bulk_refuses_other_bodies(client, body):
    assert client.post(BULK, body).status_code == 400
    assert client.post(f"{BULK}?atomic=maybe", [new("A")]).status_code == 400
    assert names() == []


def test_bulk_is_repeated_safely(client):
    calls = [client.post(BULK, [new("A")], HTTP_IDEMPOTENCY_KEY="k") for _ in range(2)]
    assert calls[0].json() == calls[1].json()
    assert names() == ["A"]


def test_bulk_is_described():
    generator = SchemaGenerator(urlconf=api_urls)
    operation = generator.get_schema(request=None, public=True)["paths"][BULK]["post"]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    assert schema["type"] == "array"
    assert {"atomic", "Idempotency-Key"} == {item["name"] for item in operation["parameters"]}
