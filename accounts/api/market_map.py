"""The trade-channel map over REST: the same figures as the page (handbook 3.4)."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import Measure, PurchaseConfidence, UseType
from accounts.forms.market_map import MapForm
from accounts.market.mapping import market_map
from accounts.market.ranking import MarketMap
from accounts.models import Account
from kam.api.errors import refused
from kam.api.serializers import Serializer
from kam.web.addresses import key_in

NOTHING_KNOWN = gettext_lazy("No purchases are known of a programme that you read as a whole.")
NO_RANK = gettext_lazy("This is no rank.")
LONGEST = 200
"""Places that one answer holds."""
FIGURE: dict[str, Any] = {"max_digits": 44, "decimal_places": 6, "allow_null": True}
RATIO: dict[str, Any] = {"max_digits": 20, "decimal_places": 8, "allow_null": True}


class PlaceSerializer(Serializer):
    """A customer in the ranking. `purchases` and `gap` are in `unit` of the map, `sales` in its
    `sales_currency`; shares are 0..1; null is "not available"."""

    rank = serializers.IntegerField()
    account = serializers.IntegerField()
    name = serializers.CharField()
    purchases = serializers.DecimalField(**FIGURE)
    confidence = serializers.ChoiceField(choices=PurchaseConfidence.choices)
    share = serializers.DecimalField(**RATIO)
    cumulative = serializers.DecimalField(**RATIO)
    is_candidate = serializers.BooleanField()
    is_non_customer = serializers.BooleanField()
    needs_development = serializers.BooleanField()
    sales = serializers.DecimalField(**FIGURE)
    share_of_wallet = serializers.DecimalField(**RATIO)
    gap = serializers.DecimalField(**FIGURE)


class GroupSerializer(Serializer):
    """A parent above the level of decision; `unallocated` is known of it and of no part of it, null
    where the parent has no figure of its own."""

    account = serializers.IntegerField()
    name = serializers.CharField()
    purchases = serializers.DecimalField(**FIGURE)
    share = serializers.DecimalField(**RATIO)
    unallocated = serializers.DecimalField(**FIGURE)
    unallocated_share = serializers.DecimalField(**RATIO)


class MapSerializer(Serializer):
    """The map: what it is of, its figures, and a part of the ranking. `pareto` is the number of
    customers that reach 80 % of the category, null where that lies in the tail; `next_after` is
    the rank to go on behind, null at the end."""

    programme = serializers.IntegerField()
    category = serializers.IntegerField(allow_null=True)
    period_from = serializers.DateField()
    period_until = serializers.DateField()
    measure = serializers.ChoiceField(choices=Measure.choices)
    unit = serializers.CharField()
    use_type = serializers.CharField()
    channel = serializers.IntegerField(allow_null=True)
    sales_currency = serializers.CharField()
    threshold = serializers.DecimalField(**RATIO)
    total = serializers.DecimalField(**FIGURE)
    is_measured = serializers.BooleanField()
    customers = serializers.IntegerField()
    candidates = serializers.IntegerField()
    candidate_purchases = serializers.DecimalField(**FIGURE)
    candidate_share = serializers.DecimalField(**RATIO)
    candidate_sales = serializers.DecimalField(**FIGURE)
    candidate_gap = serializers.DecimalField(**FIGURE)
    non_customers = serializers.IntegerField()
    non_customer_purchases = serializers.DecimalField(**FIGURE)
    sales = serializers.DecimalField(**FIGURE)
    market_share = serializers.DecimalField(**RATIO)
    pareto = serializers.IntegerField(allow_null=True)
    others_purchases = serializers.DecimalField(**FIGURE)
    others_share = serializers.DecimalField(**RATIO)
    others_sales = serializers.DecimalField(**FIGURE)
    others_share_of_wallet = serializers.DecimalField(**RATIO)
    others_gap = serializers.DecimalField(**FIGURE)
    left_out = serializers.DictField(child=serializers.IntegerField())
    groups = GroupSerializer(many=True)
    places = PlaceSerializer(many=True)
    next_after = serializers.IntegerField(allow_null=True)


PARAMETERS = (
    OpenApiParameter("programme", int, description="The first one when left out."),
    OpenApiParameter("category", int, description="Product line; all when left out."),
    OpenApiParameter("period", str, description="2025-01-01/2025-12-31; the last whole year."),
    OpenApiParameter(
        "measure",
        str,
        enum=Measure.values,
        description="What ranks: amount, volume or our sales; sales where no purchases are known.",
    ),
    OpenApiParameter("unit", str, description="Of volumes; the most frequent one."),
    OpenApiParameter(
        "use_type",
        str,
        enum=UseType.values,
        description="Goods bought for this; both when left out.",
    ),
    OpenApiParameter("channel", int, description="With all below it; all when left out."),
    OpenApiParameter("after", int, description="Go on behind this rank."),
)


class MarketMapMixin:
    """`GET map/` beside the purchases that it is made of."""

    @property
    def query_parameters(self) -> tuple[Any, ...]:
        """What the map is asked for; lists have filters."""
        return PARAMETERS if getattr(self, "action", "") == "map" else ()

    @extend_schema(
        parameters=list(PARAMETERS),
        responses=MapSerializer,
        filters=False,
    )
    @action(detail=False, url_path="map", pagination_class=None)
    def map(self, request: Request) -> Response:
        """The ranked customers of a category with shares, cumulative shares, candidates, share of
        wallet and gap; for who reads the whole programme."""
        form = MapForm(request.query_params, reader=request.user)
        if not form.is_valid():
            raise ValidationError(form.errors.as_data())
        asked = form.asked
        if asked is None:
            raise refused("programme", "nothing", str(NOTHING_KNOWN))
        after = key_in(request.query_params.get("after", "0"))
        if after is None:
            raise refused("after", "invalid", str(NO_RANK))
        found = market_map(request.user, asked)  # type: ignore[arg-type]
        return Response(MapSerializer(_body(request.user, found, after)).data)


def _body(reader: Any, found: MarketMap, after: int) -> dict[str, Any]:
    asked = found.asked
    places = found.places[after : after + LONGEST]
    groups = found.groups[:LONGEST]
    pks = {row.account for row in (*places, *groups)}
    names = dict(Account.objects.visible_to(reader).filter(pk__in=pks).values_list("pk", "name"))
    fields = (str(name) for name in MapSerializer().fields)
    own = {
        name: getattr(found, name)
        for name in fields
        if hasattr(found, name) and name not in {"places", "groups"}
    }
    return own | {
        "programme": asked.programme.pk,
        "category": asked.category and asked.category.pk,
        "period_from": asked.period.first,
        "period_until": asked.period.last,
        "measure": asked.measure,
        "use_type": asked.use_type,
        "channel": asked.channel and asked.channel.pk,
        "customers": len(found.places),
        "candidates": len(found.candidates),
        "candidate_share": found.share_of(found.candidate_purchases),
        "non_customers": len(found.non_customers),
        "non_customer_purchases": found.purchases_of(found.non_customers),
        "others_purchases": found.others,
        "places": [_named(row, names) for row in places if row.account in names],
        "groups": [_named(row, names) for row in groups if row.account in names],
        "next_after": after + LONGEST if after + LONGEST < len(found.places) else None,
    }


def _named(row: Any, names: dict[int, str]) -> dict[str, Any]:
    flags = ("is_non_customer", "needs_development")
    more = {name: getattr(row, name) for name in flags if hasattr(row, name)}
    return {**row._asdict(), **more, "name": names[row.account]}
