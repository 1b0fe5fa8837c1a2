"""What every resource keeps to, found by walking the router (`design.md` 6)."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from rest_framework.viewsets import ViewSetMixin

from kam import urls
from kam.access.querysets import AccountScopedQuerySet
from kam.api.filters import StrictFilterBackend, changed_field
from kam.api.urls import OWN
from kam.changes import record
from kam.changes.models import Change
from tests.factories.api import caller
from tests.factories.exports import ExportFactory
from tests.factories.teams import UserFactory
from tests.factories.webhooks import WebhookFactory
from tests.scoping import World

pytestmark = pytest.mark.django_db

VIEWS: dict[str, Any] = {
    name: view
    for name, view in [*OWN, *(route for group in urls.resources for route in group)]
    if issubclass(view, ViewSetMixin)
}
LISTS = sorted(name for name, view in VIEWS.items() if hasattr(view, "list"))
CREATED = sorted(name for name, view in VIEWS.items() if hasattr(view, "create"))
VERSIONED = sorted(
    name
    for name, view in VIEWS.items()
    if hasattr(view, "partial_update")
    and any(field.name == "version" for field in view.model._meta.fields)
)
NOT_IN_BULK = {
    "exports": "a file is one export",
    "attachments": "a file is one form",
    "imports": "a file is one import",
    "merges": "each is looked at before, and moves as much as there is",
    "tokens": "a secret is shown once, to whoever asked for it",
    "webhooks": "a secret is shown once, to whoever asked for it",
}
"""Resources of which one is made at a time, and why."""
READ_TO_MAKE = {"exports": "a file of what one may read"}
"""Resources that a token may make which only reads."""
FORMS = ("attachments", "imports")
"""Resources that are made of a form, not of JSON."""
NOT_ORDERED = {"changes": "the feed has one order, that of the commits"}


@pytest.fixture
def world(db) -> World:
    world = World().open().hide()
    WebhookFactory(owner=world.administrator)
    ExportFactory(owner=world.administrator)
    return world


@pytest.fixture
def client(world):
    return caller(world.administrator, scope="admin")


def address(name: str, pk: Any = "") -> str:
    return f"/api/v1/{name}/{pk}/" if pk else f"/api/v1/{name}/"


def some_row(client, name: str) -> dict[str, Any]:
    """A row of the resource that the caller sees."""
    rows = client.get(address(name)).json()["results"]
    assert rows, f"{name}: no row to look at"
    return rows[0]


def problem(response) -> dict[str, Any]:
    """The body of a refusal, after checking that it is a proper one."""
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == response.status_code
    assert {"type", "title", "status", "detail"} <= set(body)
    return body


# Lists


@pytest.mark.django_db(transaction=True)  # the feed hands out what is committed
def test_list_is_cut_down_searched_ordered_and_read_since(client, world):
    for name in LISTS:
        view = VIEWS[name]
        row = some_row(client, name)
        if name == "ledger-entries":  # it has no moment of its own: the log knows
            record.created(actor=None, obj=world.things["line"], fields=("amount",))
        assert client.get(f"{address(name)}?fields=id").json()["results"][0] == {"id": row["id"]}
        assert client.get(f"{address(name)}?search=zzzzzz").json()["results"] == []
        assert changed_field(view) or hasattr(view, "changed_rows")
        for days, found in ((-2, True), (2, False)):
            moment = (timezone.now() + datetime.timedelta(days=days)).isoformat()
            response = client.get(address(name), {"updated_since": moment})
            assert response.status_code == 200, response.content
            assert bool(response.json()["results"]) is found
        if name not in NOT_ORDERED:
            orders = view(request=None).ordering_fields
            assert orders
            for order in orders:
                for sign in ("", "-"):
                    response = client.get(f"{address(name)}?ordering={sign}{order}&page_size=1")
                    assert response.status_code == 200, (order, response.content)


def test_list_refuses_what_it_does_not_offer(client):
    for name in LISTS:
        for query in ("colour=red", "fields=id,colour", "page_size=501", "updated_since=soon"):
            response = client.get(f"{address(name)}?{query}&search=zzzzzz")
            assert response.status_code == 400, (name, query)
            pointer = "?" + query.partition("=")[0]
            assert [error["pointer"] for error in problem(response)["errors"]] == [pointer]


def test_every_filter_of_a_list_answers(client):
    """Each by a value of its kind; those by id, with an unknown id, find nothing."""
    for name in LISTS:
        backend = StrictFilterBackend()
        filters = backend.get_filterset_class(VIEWS[name](), None).base_filters
        assert filters
        for parameter, item in filters.items():
            value = sample(item)
            response = client.get(address(name), {parameter: value})
            assert response.status_code == 200, (name, parameter, value, response.content)
            if value == "999999999" and item.lookup_expr in ("exact", "in"):
                assert response.json()["results"] == [], parameter


def sample(item: Any) -> str:
    """A value that a filter takes."""
    kind = type(item.field).__name__
    if "choices" in item.extra:
        return str(next(iter(item.extra["choices"]))[0])
    for part, value in (("Null", "true"), ("DateTime", "2026-01-01T00:00:00Z")):
        if part in kind:
            return value
    if "Boolean" in kind or item.lookup_expr == "isnull":
        return "true"
    if "Date" in kind:
        return "2026-01-01"
    return "999999999" if "Integer" in kind or "Decimal" in kind else "x"


DEEP = sorted(
    name
    for name in LISTS
    if isinstance(VIEWS[name].model._default_manager.all(), AccountScopedQuerySet)
)


def test_rows_of_accounts_are_found_by_what_their_account_has(client, world):
    for name in DEEP:
        account = world.account
        values = {
            "account": account.pk,
            "account__in": f"999999999,{account.pk}",
            "account__programme": account.programme_id,
            "account__team": account.team_id,
            "account__business_unit": account.business_unit_id,
            "account__status__in": f"exited,{account.status}",
        }
        for parameter, value in values.items():
            assert client.get(address(name), {parameter: value}).json()["results"], parameter
        for parameter in values:
            other = "exited" if "status" in parameter else 999_999_999
            assert client.get(address(name), {parameter: other}).json()["results"] == [], parameter


# Refusals


def test_refusals_are_problems(client, world):
    for name in sorted(VIEWS):
        answers = {
            401: Client().get(address(name)),
            404: client.get(address(name, 999_999_999)),
            405: client.delete(address(name)),
            406: client.get(address(name), headers={"Accept": "application/xml"}),
        }
        if hasattr(VIEWS[name], "create"):
            if name not in READ_TO_MAKE:
                answers[403] = caller(world.administrator, scope="read").post(address(name), {})
            answers[415] = client.post(address(name), "x", content_type="text/plain")
            answers[400] = client.post(address(name), "{", content_type="application/json")
            if name in FORMS:
                del answers[400]
        for code, response in answers.items():
            assert response.status_code == code, (code, response.content)
            problem(response)


# Versions


def test_changes_need_the_version_that_was_read(client):
    for name in VERSIONED:
        here = address(name, some_row(client, name)["id"])
        before = client.get(here)
        assert before["ETag"] == f'"{before.json()["version"]}"'
        assert client.get(here, headers={"If-None-Match": before["ETag"]}).status_code == 304
        assert client.get(here, headers={"If-None-Match": '"99"'}).status_code == 200
        logged = Change.objects.count()
        methods = [client.patch, client.put]
        if hasattr(VIEWS[name], "destroy"):
            methods.append(client.delete)
        for method in methods:
            assert problem(method(here, {}))["status"] == 428, name
            assert problem(method(here, {}, headers={"If-Match": "x"}))["status"] == 400, name
        for method in (methods[0], methods[-1]):
            stale = method(here, {}, headers={"If-Match": '"98"'})
            assert problem(stale)["status"] == 412, (name, stale.content)
            assert stale.json()["current"] == before.json()
            assert stale["ETag"] == before["ETag"]
        assert (client.get(here).json(), Change.objects.count()) == (before.json(), logged)


# Many at once


def test_every_resource_takes_many_items(client):
    for name in CREATED:
        if name in NOT_IN_BULK:
            continue
        before = Change.objects.count()
        bulk = f"{address(name)}bulk/"
        strict = client.post(bulk, [{"colour": "red"}, {}])
        assert strict.status_code == 400
        assert problem(strict)["errors"][0]["pointer"].startswith("/0/")
        single = client.post(f"{bulk}?atomic=false", [{"colour": "red"}, {"id": 999_999_999}])
        assert single.status_code == 200
        assert [item["status"] for item in single.json()["results"]] == [400, 400]
        assert Change.objects.count() == before


def test_many_items_tell_nothing_of_hidden_rows(world):
    stranger = caller(UserFactory(), scope="admin")
    for name in CREATED:
        if name in NOT_IN_BULK:
            continue
        row = VIEWS[name].model._default_manager.order_by("-pk").first()
        answers = []
        for pk in (row.pk, 999_999_999):
            item = {"id": pk, "version": getattr(row, "version", 1)}
            response = stranger.post(f"{address(name)}bulk/", [item])
            answers.append((response.status_code, response.content))
        if name != "users":  # colleagues show by name; changing them is refused
            assert answers[0] == answers[1], name
        assert {code for code, _body in answers} <= {400, 403}, name
