"""Who looks after which part of a customer, over REST (K059)."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from accounts.models import Account
from accounts.profiles.covering import By, State, coverage_of
from kam.access.dates import business_today
from kam.access.querysets import Reader
from kam.api.serializers import Serializer

SALES: dict[str, Any] = {"max_digits": 24, "decimal_places": 2, "allow_null": True}
RATIO: dict[str, Any] = {"max_digits": 24, "decimal_places": 6, "allow_null": True}


class LookedAfterSerializer(Serializer):
    """A company of the customer, or with `site` one of its sites, of which no sales are known."""

    account = serializers.IntegerField(source="account.pk")
    site = serializers.IntegerField(source="site.pk", allow_null=True, default=None)
    name = serializers.CharField()
    country = serializers.CharField()
    business_unit = serializers.IntegerField(source="account.business_unit_id", allow_null=True)
    manager = serializers.CharField()
    contacts = serializers.IntegerField()
    last_talk = serializers.DateField(allow_null=True)
    sales = serializers.DecimalField(**SALES)
    state = serializers.ChoiceField(choices=State.choices)


class CoveredSerializer(Serializer):
    """Places together; the name is empty where none is known, `share` is 0..1."""

    name = serializers.CharField()
    places = serializers.IntegerField()
    covered = serializers.IntegerField()
    quiet = serializers.IntegerField()
    nobody = serializers.IntegerField()
    share = serializers.DecimalField(**RATIO)
    sales = serializers.DecimalField(**SALES)


class CoverageSerializer(Serializer):
    """Companies and sites of the customer that you may see, alone and by our unit and country:
    `covered` ones have a manager and a talk within 90 days, `quiet` ones a manager alone. Sales of
    a year in the programme's currency."""

    currency = serializers.CharField()
    left_out = serializers.IntegerField()
    whole = CoveredSerializer()
    places = LookedAfterSerializer(many=True)
    units = CoveredSerializer(many=True)
    countries = CoveredSerializer(many=True)


def body_of(account: Account, reader: Reader) -> dict[str, Any]:
    """What `CoverageSerializer` shows of `account` today."""
    found = coverage_of(account, reader, business_today())
    return {
        "currency": found.currency,
        "left_out": found.left_out,
        "whole": found.whole,
        "places": found.places,
        "units": found.by(By.UNIT),
        "countries": found.by(By.COUNTRY),
    }
