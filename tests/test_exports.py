"""Every list, of pages and of the API, is handed out as CSV and XLSX, cut down to its reader."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import openpyxl
import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver, reverse
from django.views.generic import ListView

from kam.documents.tables import in_parts
from kam.exports.lists import address_of, endpoints, table_at
from kam.web.middleware import preferred_by
from kam.web.views.tables import ExportMixin
from tests.factories.webhooks import WebhookFactory
from tests.scoping import OUTSIDERS, SECRET, World

pytestmark = pytest.mark.django_db

QUERIES = {"plans:actions": {"whose": "all", "state": "all"}}
"""Parameters with which a list shows the rows of everybody."""
TABS = {"reviews:list": ("due", "drafts", "waiting", "done")}


def views() -> Iterator[tuple[str, Any]]:
    """Every page of a list: its name, and its view."""
    stack: list[tuple[str, Any]] = [("", get_resolver())]
    while stack:
        names, resolver = stack.pop()
        for item in resolver.url_patterns:
            if not isinstance(item, URLPattern):
                inner = f"{names}{item.namespace}:" if item.namespace else names
                stack.append((inner, item))
                continue
            view = getattr(item.callback, "view_class", object)
            if issubclass(view, ListView):
                yield names + item.name, view


LISTS = dict(sorted(views()))


@pytest.fixture
def world(db) -> World:
    return World().open().hide()


def addresses(world: World) -> Iterator[tuple[str, dict[str, str]]]:
    """Every list with the parameters that show most of it."""
    for name in LISTS:
        keys = {
            "accounts:lines": [world.account.pk],
            "accounts:costs": [world.account.pk],
            "accounts:target_profile": [world.things["target_profile"].pk],
            "documents:held": ["account", world.account.pk],
        }.get(name, [])
        for tab in TABS.get(name, ("",)):
            yield reverse(name, args=keys), QUERIES.get(name, {}) | ({"show": tab} if tab else {})


def content(response: Any) -> bytes:
    """The file of an answer."""
    return b"".join(response.streaming_content)


def rows_of(body: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))


def test_every_list_can_be_handed_out():
    assert len(LISTS) > 15
    assert [name for name, view in LISTS.items() if not issubclass(view, ExportMixin)] == []


def test_every_list_with_rows_shows_where_its_file_is(client, world):
    client.force_login(world.administrator)
    with_rows = 0
    for address, query in addresses(world):
        page = client.get(address, query).content.decode()
        listed = len(rows_of(content(client.get(address, query | {"export": "csv"})))) > 1
        with_rows += listed
        for kind in ("csv", "xlsx"):
            assert (f"export={kind}" in page) == listed, address
    assert with_rows > 15


def test_every_list_is_a_file_of_either_kind_with_ids_beside_names(client, world):
    client.force_login(world.administrator)
    WebhookFactory(owner=world.administrator)
    for address, query in addresses(world):
        table = rows_of(content(client.get(address, query | {"export": "csv"})))
        book = openpyxl.load_workbook(
            io.BytesIO(content(client.get(address, query | {"export": "xlsx"})))
        )
        heading, *rows = table
        assert len(set(heading)) == len(heading), address
        sheet = list(book.worksheets[0].iter_rows(values_only=True))
        assert list(sheet[0]) == heading
        assert len(sheet) == len(table)
        assert {len(row) for row in rows} <= {len(heading)}
        assert heading[0].endswith(" id"), (address, heading)
        for name in ("Account", "Team", "Owner", "Programme", "Author", "Started by"):
            if name in heading:
                assert f"{name} id" in heading, (address, name)


def test_every_list_is_the_same_when_it_is_made_in_the_background(client, world):
    client.force_login(world.administrator)
    for address, query in addresses(world):
        table = table_at(f"{address}?{urlencode(query)}", world.administrator)
        written = io.BytesIO()
        with preferred_by(world.administrator):
            table.write(written, "csv", (row for part in in_parts(table.rows, 2) for row in part))
        shown = content(client.get(address, query | {"export": "csv"}))
        assert written.getvalue() == shown, address


def test_every_endpoint_is_a_table_with_the_rows_that_it_lists(world):
    for name in endpoints():
        table = table_at(address_of(name), world.administrator)
        client = Client()
        client.force_login(world.administrator)
        listed = client.get(reverse(f"api:{name}-list"), {"page_size": 500}).json()["results"]
        rows = list(table.rows)
        assert [row.pk for row in rows] == [row["id"] for row in listed], name
        shown = [tuple(str(column.value(row)) for column in table.columns) for row in rows]
        assert len(shown) == len(rows)


@pytest.mark.parametrize(
    "outsider", [pytest.param(item, id=name) for name, item in OUTSIDERS.items() if item.signs_in]
)
def test_files_tell_nothing_of_hidden_accounts(client, outsider):
    world = World().open()
    person = outsider.make(world)
    world.hide()
    client.force_login(person)
    for address, query in addresses(world):
        response = client.get(address, query | {"export": "csv"})
        if response.status_code not in (403, 404):
            assert SECRET not in content(response).decode(), address
    for name in endpoints():
        table = table_at(address_of(name), person)
        file = io.BytesIO()
        table.write(file, "csv", table.rows)
        assert SECRET not in file.getvalue().decode(), name
