"""The portfolio as other systems read it (`design.md` 6)."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.choices import Stage, Status
from kam.access.dates import business_today
from kam.api.errors import refused
from kam.api.serializers import Serializer
from kam.api.views import APIView
from reviews import portfolio
from reviews.forms.portfolio import ScopeForm
from teams.models import Programme

MONEY = {"max_digits": 30, "decimal_places": 6, "allow_null": True}


class TopSerializer(Serializer):
    """One of the largest accounts (or groups); shares are 0..1 of the total."""

    account = serializers.IntegerField()
    name = serializers.CharField()
    revenue = serializers.DecimalField(**MONEY)
    share = serializers.FloatField(allow_null=True)
    cumulative_share = serializers.FloatField(allow_null=True)


class ParetoSerializer(Serializer):
    """How many accounts reach `share` of revenue; null without positive revenue."""

    share = serializers.FloatField()
    accounts = serializers.IntegerField(allow_null=True)


class PortfolioSerializer(Serializer):
    """Sums over the accounts that the caller sees; null is "not available", see `missing`."""

    currency = serializers.CharField(source="now.currency")
    accounts = serializers.IntegerField()
    revenue = serializers.DecimalField(source="now.revenue", **MONEY)
    gross_margin = serializers.DecimalField(source="now.gross_margin", **MONEY)
    cost_to_serve = serializers.DecimalField(source="now.cost_to_serve", **MONEY)
    contribution = serializers.DecimalField(source="now.contribution", **MONEY)
    missing = serializers.ListField(source="now.missing", child=serializers.CharField())
    pareto = ParetoSerializer()
    stages = serializers.DictField(child=serializers.IntegerField())
    top = TopSerializer(many=True)


class PortfolioView(APIView):
    """Everything visible, over all dates, unless narrowed."""

    problem_codes = (404,)
    query_parameters = (
        OpenApiParameter("programme", int, description="Id; the first one unless given."),
        OpenApiParameter("unit", int, description="Id of a business unit, with all below."),
        OpenApiParameter("status", str, enum=Status.values, description="Accounts of this status."),
        OpenApiParameter("from", str, description="First day, ISO 8601."),
        OpenApiParameter("to", str, description="Last day, included."),
        OpenApiParameter("as_of", str, description="What was known at the end of this day."),
        OpenApiParameter(
            "level",
            str,
            enum=["account", "group"],
            description="What `top` and `pareto` count: accounts (default) or whole groups.",
        ),
    )

    @extend_schema(
        operation_id="portfolio_retrieve",
        responses=PortfolioSerializer,
        parameters=list(query_parameters),
        description=f"Stages: {', '.join(Stage.values)}, not_assessed.",
    )
    def get(self, request: Request) -> Response:
        form = ScopeForm(request.query_params, user=request.user, today=business_today())
        if not form.is_valid():
            name, problems = next(iter(form.errors.as_data().items()))
            raise refused(name, problems[0].code or "invalid", " ".join(problems[0].messages))
        programme = form.cleaned_data["programme"] or Programme.objects.first_for(request.user)
        if programme is None:
            raise NotFound
        whole = portfolio.build(request.user, form.scope(programme), compare=False)
        return Response(PortfolioSerializer(whole, context={"request": request}).data)
