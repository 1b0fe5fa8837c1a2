"""What a hostile caller sends: refused in words, never passed over and never a crash."""

from __future__ import annotations

import pytest
from rest_framework.test import APIClient

from accounts.models import Account
from kam.api.etag import etag
from tests.factories.accounts import AccountFactory
from tests.factories.api import caller
from tests.factories.teams import ProgrammeFactory, RoleGrantFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def programme():
    return ProgrammeFactory()


@pytest.fixture
def client(programme) -> APIClient:
    return caller(RoleGrantFactory(programme_manager=True, programme=programme).user)


def problem(response, status: int) -> list[tuple[str, str]]:
    """Pointers and codes of a refusal, after checking that it is a proper one."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    return [(error["pointer"], error["code"]) for error in body["errors"]]


def test_body_that_is_nested_too_deeply_is_refused(client):
    for text in ("[" * 100_000, '{"a":' * 100_000):
        response = client.post("/api/v1/accounts/", text, content_type="application/json")
        assert problem(response, 400) == [("", "parse_error")]


def test_body_that_is_too_large_is_refused(client, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000
    body = {"name": "x" * 1_001}
    headers = {"HTTP_IDEMPOTENCY_KEY": "large"}
    for further in ({}, headers):
        response = client.post("/api/v1/accounts/", body, format="json", **further)
        assert problem(response, 413) == [("", "too_large")]


@pytest.mark.parametrize("resource", ["accounts", "changes"])
@pytest.mark.parametrize(
    "moment", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "2026-01-01"]
)
def test_moment_that_no_calendar_has_is_refused(client, resource, moment):
    response = client.get(f"/api/v1/{resource}/", {"updated_since": moment})
    assert problem(response, 400) == [("?updated_since", "moment")]


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("accounts/?archived=perhaps", "switch"),
        ("accounts/?overdue=1", "switch"),
        ("actions/?owner__isnull=maybe", "switch"),
        ("users/?is_active=TRUE!", "switch"),
        ("actions/?account=", "empty"),
        ("actions/?owner__in=", "empty"),
        ("accounts/?country=", "empty"),
        ("accounts/?archived=", "empty"),
    ],
)
def test_filter_that_would_be_passed_over_is_refused(client, address, code):
    """A filter without a value would hand out every row."""
    name = address.partition("?")[2].partition("=")[0]
    assert problem(client.get(f"/api/v1/{address}"), 400) == [(f"?{name}", code)]


@pytest.mark.parametrize("form", ["", "?format=json", "?format=yaml"])
def test_refusal_of_the_document_is_json(client, form):
    response = client.get(f"/api/schema/{form}{'&' if form else '?'}colour=red")
    assert problem(response, 400) == [("?colour", "unknown_parameter")]


def test_any_version_is_known_to_whoever_says_so(client, programme):
    account = AccountFactory(programme=programme)
    response = client.get(f"/api/v1/accounts/{account.pk}/", HTTP_IF_NONE_MATCH="*")
    assert (response.status_code, response["ETag"]) == (304, etag(account))


def test_put_by_number_holds_to_the_version_that_was_read(client, programme):
    address = "/api/v1/accounts/by-external-id/erp/7/"
    body = {"programme": programme.pk, "name": "Nordic"}
    assert problem(client.put(address, body, HTTP_IF_MATCH='"1"'), 412) == [("", "missing")]
    assert not Account.objects.exists()
    first = client.put(address, body)
    assert first.status_code == 201
    changed = client.put(address, body | {"name": "Other"}, HTTP_IF_MATCH=first["ETag"])
    assert changed.status_code == 200, changed.content
    stale = client.put(address, body, HTTP_IF_MATCH=first["ETag"])
    assert problem(stale, 412) == [("", "stale")]
    assert stale.json()["current"]["name"] == Account.objects.get().name == "Other"
    assert problem(client.put(address, body, HTTP_IF_MATCH="old"), 400) == [("", "if_match")]


@pytest.mark.parametrize(("form", "kind"), [("json", "openapi+json"), ("yaml", "oai.openapi")])
def test_document_comes_in_the_form_that_is_asked_for(client, form, kind):
    response = client.get(f"/api/schema/?format={form}")
    assert response.status_code == 200
    assert kind in response["Content-Type"]
    assert response.content.startswith(b"{") is (form == "json")


def test_document_in_another_form_is_refused(client):
    assert problem(client.get("/api/schema/?format=xml"), 400) == [("?format", "format")]


@pytest.mark.parametrize("key", [1.5, 1.0])
def test_key_with_a_fraction_names_no_row(client, programme, key):
    AccountFactory(programme=programme, pk=1)
    response = client.post("/api/v1/actions/", {"account": key, "text": "Call"}, format="json")
    assert problem(response, 400) == [("/account", "incorrect_type")]


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("from=0001-01-01&to=2026-01-01", "from"),
        ("from=2026-01-01&to=9999-12-31", "to"),
        ("as_of=0001-01-01", "as_of"),
    ],
)
def test_day_at_the_end_of_the_calendar_is_refused(client, programme, query, name):
    account = AccountFactory(programme=programme)
    code = "max_value" if name == "to" else "min_value"
    for address in (f"accounts/{account.pk}/figures/", "portfolio/"):
        if name != "as_of" or address == "portfolio/":
            response = client.get(f"/api/v1/{address}?{query}")
            assert problem(response, 400) == [(f"?{name}", code)]
