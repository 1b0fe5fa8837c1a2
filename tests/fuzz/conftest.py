"""The API as its own document describes it, with the ids of rows that are there.

The document is taken from the code. Where it says "an id" it is given those of the rows of a
small programme, else generated calls would find nothing and reach no service.
"""

from __future__ import annotations

import contextlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, models, transaction
from drf_spectacular.generators import SchemaGenerator
from rest_framework.serializers import ManyRelatedField, PrimaryKeyRelatedField
from schemathesis.config import SchemathesisConfig

from kam import urls
from kam.api.urls import OWN
from kam.wsgi import application
from tests.factories.api import TokenFactory
from tests.scoping import World

UNKNOWN = 999_999_999
"""An id that no row has."""


@pytest.fixture
def world(db) -> World:
    """One row of every kind."""
    return World().open().hide()


@pytest.fixture
def authorization(world) -> str:
    """The header of somebody who may do everything."""
    token = TokenFactory(owner=world.administrator, scope="admin", prefix="kam_caller")
    return f"Bearer {TokenFactory.secret(token)}"


@pytest.fixture(scope="session")
def plain_document() -> dict[str, Any]:
    """The OpenAPI document, made once."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    return json.loads(json.dumps(document, default=str))


@pytest.fixture
def document(plain_document, world, authorization) -> dict[str, Any]:
    """The document with ids of rows that are there."""
    document = json.loads(json.dumps(plain_document))
    views = dict([*OWN, *(route for group in urls.resources for route in group)])
    for path, methods in document["paths"].items():
        view = views[path.split("/")[3]]
        for operation in methods.values():
            for item in operation.get("parameters", ()):
                _point(item, view)
    related = _relations(views.values())
    for body, schema in document["components"]["schemas"].items():
        for name, item in schema.get("properties", {}).items():
            if name in related and body.endswith("Request"):  # answers name any row
                _offer(item, [pk for model in related[name] for pk in ids(model)])
    return document


def ids(model: type[models.Model]) -> list[int]:
    """Ids of a few rows of `model`, of which the caller's own token is none, and an unknown one."""
    rows = model._default_manager.order_by("pk")
    if model._meta.label == "api.Token":
        rows = rows.exclude(prefix="kam_caller")
    return [*rows.values_list("pk", flat=True)[:2], UNKNOWN]


def _point(item: dict[str, Any], view: Any) -> None:
    """Let a parameter of a call name rows and versions that are there."""
    if item["in"] == "path" and item["name"] == "id":
        item["schema"] = {"type": "integer", "enum": ids(view.model)}
    if item["name"] == "If-Match":
        item["schema"] = {"type": "string", "enum": ['"1"', '"2"', 'W/"1"', "*", "x"]}


def _relations(views: Any) -> dict[str, set[type[models.Model]]]:
    """Models that fields of bodies point to, by the name of the field."""
    found: dict[str, set[type[models.Model]]] = defaultdict(set)
    for view in views:
        serializer = getattr(view, "serializer_class", None)
        for name, item in getattr(serializer and serializer(), "fields", {}).items():
            field = item.child_relation if isinstance(item, ManyRelatedField) else item
            if isinstance(field, PrimaryKeyRelatedField) and field.queryset is not None:
                found[name].add(field.queryset.model)
    return found


def _offer(item: dict[str, Any], known: list[int]) -> None:
    kinds = item.get("type")
    if kinds == "array":
        item["items"] = {"enum": known}
    elif kinds == "integer":
        item["enum"] = known
    elif kinds == ["integer", "null"]:
        item["enum"] = [*known, None]


@pytest.fixture
def one_connection() -> Iterator[None]:
    """The connection of the test stays open between calls, as Django's own test client has it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def api(document, one_connection) -> Any:
    """The document for schemathesis, answered by the application in this process."""
    schema = schemathesis.openapi.from_dict(document, config=SchemathesisConfig())
    schema.app = application
    return schema


@pytest.fixture
def undone() -> Callable[[], contextlib.AbstractContextManager[None]]:
    """A transaction of which nothing stays, so that every call finds the same rows."""

    @contextlib.contextmanager
    def undo() -> Iterator[None]:
        with transaction.atomic():
            yield
            transaction.set_rollback(True)

    return undo
