"""Bodies are what REST framework's own way gives, for every resource and every kind of field."""

from __future__ import annotations

import datetime
import zoneinfo
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer
from rest_framework.test import APIRequestFactory, force_authenticate

from kam.api import reading
from kam.api.serializers import Serializer, StrictMixin
from tests.factories.accounts import AccountFactory, ContactFactory, ExternalIdFactory
from tests.factories.api import caller
from tests.factories.exports import ExportFactory
from tests.factories.teams import RoleGrantFactory
from tests.factories.webhooks import WebhookFactory
from tests.kam.test_api_contract import LISTS, VIEWS, address
from tests.scoping import World

MOMENT = datetime.datetime(2026, 1, 1)  # noqa: DTZ001  (the zone is drawn)
KINDS = {
    "text": (serializers.CharField(), st.text()),
    "number": (serializers.IntegerField(), st.integers()),
    "ratio": (serializers.FloatField(), st.floats(allow_nan=False)),
    "switch": (serializers.BooleanField(), st.booleans()),
    "day": (serializers.DateField(), st.dates()),
    "moment": (
        serializers.DateTimeField(),
        st.datetimes(
            MOMENT.replace(year=1900), MOMENT.replace(year=2200), timezones=st.timezones()
        ),
    ),
    "amount": (
        serializers.DecimalField(max_digits=27, decimal_places=6),
        st.decimals(-(10**15), 10**15, allow_nan=False, places=6),
    ),
    "few": (
        serializers.DecimalField(max_digits=9, decimal_places=2),
        st.decimals(-(10**5), 10**5, allow_nan=False, places=4),
    ),
    "choice": (
        serializers.ChoiceField(choices=("a", "b", "")),
        st.sampled_from(["a", "b", "", "c"]),
    ),
    "texts": (
        serializers.ListField(child=serializers.CharField()),
        st.lists(st.text(), max_size=3),
    ),
    "days": (
        serializers.DictField(child=serializers.DateField()),
        st.dictionaries(st.text(max_size=3), st.none() | st.dates(), max_size=3),
    ),
    "anything": (serializers.JSONField(), st.dictionaries(st.text(max_size=3), st.integers())),
    "own": (serializers.TimeField(), st.times()),
}
"""Kinds of fields with values that rows can hold."""


class Row:
    """Something with attributes."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


def kinds() -> type[Serializer]:
    """A serializer with one field of each kind, one that is not always there, and a method."""
    members: dict[str, Any] = {name: field for name, (field, _values) in KINDS.items()}
    members["sometimes"] = serializers.CharField(required=False)
    members["worked_out"] = serializers.SerializerMethodField()
    members["get_worked_out"] = lambda _self, row: len(row.__dict__)
    return type("Kinds", (Serializer,), members)


Kinds = kinds()


def slowly(serializer: Any, row: Any) -> dict[str, Any]:
    """REST framework's own way, field by field."""
    return serializers.Serializer.to_representation(serializer, row)


@given(st.fixed_dictionaries({name: st.none() | values for name, (_, values) in KINDS.items()}))
def test_values_of_every_kind_are_written_as_their_fields_write_them(values):
    row = Row(values)
    for zone in ("UTC", "Asia/Kathmandu"):
        with timezone.override(zoneinfo.ZoneInfo(zone)):
            assert Kinds().to_representation(row) == slowly(Kinds(), row)


def test_values_of_other_types_are_left_to_the_field():
    row = Row(
        dict.fromkeys(KINDS)
        | {"text": 7, "number": "7", "amount": "1.5", "day": "", "switch": "yes", "few": 2}
    )
    assert Kinds().to_representation(row) == slowly(Kinds(), row)


def rows_of(name: str, action: str, user: Any) -> tuple[Any, list[Any]]:
    """The view of a resource at work for `user`, and the rows that it would hand out."""
    request = APIRequestFactory().get(address(name))
    force_authenticate(request, user)
    view = VIEWS[name]()
    view.action_map, view.action = {"get": action}, action
    view.request, view.kwargs, view.format_kwarg = None, {}, None
    view.request = view.initialize_request(request)
    rows = list(view.for_body(view.get_queryset()))
    view.load(rows)
    return view, rows


@pytest.mark.one_database
@pytest.mark.django_db
@pytest.mark.parametrize("action", ["list", "retrieve"])
def test_bodies_of_every_resource_are_what_their_fields_give(action, monkeypatch):
    world = World().open().hide()
    WebhookFactory(owner=world.administrator)
    ExportFactory(owner=world.administrator)
    ExternalIdFactory(account=world.account)
    readers = (world.administrator, world.insider)
    for name in sorted(set(LISTS) - {"changes"}):  # the feed puts its rows together itself
        seen = 0
        for reader in readers:
            with timezone.override(zoneinfo.ZoneInfo("Asia/Kathmandu")):
                view, rows = rows_of(name, action, reader)
                fast = [view.get_serializer(row).data for row in rows]
                with monkeypatch.context() as patch:
                    patch.setattr(StrictMixin, "to_representation", slowly)
                    view, rows = rows_of(name, action, reader)
                    slow = [view.get_serializer(row).data for row in rows]
            assert [list(body.items()) for body in fast] == [list(body.items()) for body in slow]
            assert JSONRenderer().render(fast) == JSONRenderer().render(slow)
            seen += len(rows)
        assert seen, name


def test_most_fields_are_told_beforehand():
    """What is asked field by field makes REST framework copy all fields for every call."""
    asked = set()
    for name in LISTS:
        view = VIEWS[name]()
        view.action = "list"
        view.request = None
        kind = view.get_serializer_class()
        asked |= {
            (name, step.name)
            for step in reading.steps_for(kind)
            if step.get is None and not step.method
        }
    assert asked == {("attachments", "file")}


@pytest.mark.django_db
def test_detail_of_a_row_with_too_long_a_key_is_not_found():
    client = caller(RoleGrantFactory().user)
    for key in ("9" * 19, "9" * 30, "9" * 5000):
        assert client.get(f"/api/v1/accounts/{key}/").status_code == 404


@pytest.mark.django_db
def test_list_and_detail_follow_rights_and_rows_at_once():
    """SQL is kept, neither rows nor rights."""
    grant = RoleGrantFactory()
    account = AccountFactory(name="First")
    contact = ContactFactory(account=account)
    client = caller(grant.user)

    def seen() -> tuple[Any, ...]:
        accounts = client.get("/api/v1/accounts/").json()["results"]
        people = client.get("/api/v1/contacts/?ordering=-name&fields=id").json()["results"]
        detail = client.get(f"/api/v1/contacts/{contact.pk}/")
        return [row["name"] for row in accounts], people, detail.status_code

    here = [{"id": contact.pk}]
    assert seen() == (["First"], here, 200)
    account.name = "Second"
    account.save(update_fields=["name"])
    assert seen() == (["Second"], here, 200)
    grant.delete()
    assert seen() == ([], [], 404)
