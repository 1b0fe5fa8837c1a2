"""Where effort goes against where potential is, over REST (K027)."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import figures
from accounts.choices import REVIEWED_STATUSES
from accounts.market import effort as efforts
from accounts.market import potential
from accounts.models import Account
from kam.access.dates import business_today
from kam.api.errors import refused
from kam.api.serializers import Serializer
from kam.web.addresses import key_in
from teams.models import Programme

LONGEST = 500
"""Accounts that one answer holds, those most out of proportion first."""
NO_PROGRAMME = gettext_lazy("There is no such programme.")
AMOUNT: dict[str, Any] = {"max_digits": 24, "decimal_places": 2, "allow_null": True}
RATIO: dict[str, Any] = {"max_digits": 24, "decimal_places": 6, "allow_null": True}
PARAMETERS = (
    OpenApiParameter("programme", int, description="The first one when left out."),
    OpenApiParameter("over", bool, description="Only those over twice their share, or the others."),
)


class ShareSerializer(Serializer):
    """One account's share of effort and of potential, 0..1; null is not available."""

    account = serializers.IntegerField(source="account.pk")
    name = serializers.CharField(source="account.name")
    effort = serializers.DecimalField(source="account.effort", **AMOUNT)
    effort_share = serializers.DecimalField(source="effort", **RATIO)
    potential = serializers.DecimalField(source="account.potential", **AMOUNT)
    potential_share = serializers.DecimalField(source="potential", **RATIO)
    excess = serializers.DecimalField(**RATIO)
    over = serializers.BooleanField(source="is_over")


class EffortSerializer(Serializer):
    """Effort (FTE) and potential (three years) of key and groomed accounts; `unknown` ones, of
    which no potential is known, are in neither sum. Totals cover the accounts you may see."""

    programme = serializers.IntegerField()
    currency = serializers.CharField()
    effort = serializers.DecimalField(**AMOUNT)
    potential = serializers.DecimalField(**AMOUNT)
    unknown = serializers.IntegerField()
    accounts = ShareSerializer(many=True)


class EffortMixin:
    """`GET effort/` beside the positions."""

    @property
    def query_parameters(self) -> tuple[Any, ...]:
        """What effort is asked for; lists have filters."""
        return PARAMETERS if getattr(self, "action", "") == "effort" else ()

    @extend_schema(parameters=list(PARAMETERS), responses=EffortSerializer, filters=False)
    @action(detail=False, pagination_class=None)
    def effort(self, request: Request) -> Response:
        """Each account's share of effort against its share of potential, the most out of
        proportion first."""
        programme = _programme(request)
        over = request.query_params.get("over")
        if over not in {None, "true", "false"}:
            raise refused("over", "invalid", "true, false")
        today = business_today()
        rates = figures.rates_on(programme, today)
        seen = Account.objects.visible_to(request.user).filter(programme=programme)
        begun, latest = figures.months_of_sales(seen)
        year = figures.year_until(latest, today)
        served = efforts.with_effort(
            potential.with_sales(
                potential.with_spend(seen.active().of_status(*REVIEWED_STATUSES), rates, today),
                request.user,
                rates,
                year,
                is_covered=year.is_covered_from(begun),
            )
        )
        whole = efforts.totals(served)
        rows = efforts.with_excess(served, whole)
        if over is not None:
            rows = efforts.out_of_proportion(rows, over=over == "true")
        ranked = rows.order_by(efforts.MOST_FIRST, "name", "pk")[:LONGEST]
        body = {
            "programme": programme.pk,
            "currency": rates.home,
            **whole._asdict(),
            "accounts": [efforts.share(row, whole) for row in ranked],
        }
        return Response(EffortSerializer(body).data)


def _programme(request: Request) -> Programme:
    named = request.query_params.get("programme")
    seen = Programme.objects.visible_to(request.user)
    if named is None:
        found = Programme.objects.first_for(request.user)
    else:
        found = seen.filter(pk=key_in(named)).first()
    if found is None:
        raise refused("programme", "invalid", str(NO_PROGRAMME))
    return found
