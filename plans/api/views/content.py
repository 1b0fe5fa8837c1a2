"""What hangs on a plan over REST: the same services, the same refusals."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from plans import exports, services
from plans.api import serializers
from plans.api.views.reading import ReadViewSet, optional_version
from plans.models import (
    Milestone,
    Objective,
    Risk,
    Strategy,
    SwotEntry,
)


class ContentViewSet(ReadViewSet):
    """Rows of plans."""

    parent = "plan"

    def get_queryset(self) -> Any:
        return super().get_queryset().current()

    def perform_create(self, serializer: Any) -> None:
        row: Any = self.model(**serializer.validated_data)
        serializer.instance = services.add_content(actor=self.request.user, row=row)

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        serializer.instance = services.update_content(
            actor=self.request.user,
            row=row,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Any) -> None:
        services.archive_content(
            actor=self.request.user, row=instance, expected_version=self.version
        )


class ObjectiveViewSet(ContentViewSet):
    """Objectives of plans."""

    model = Objective
    export_layout = exports.OBJECTIVES
    serializer_class = serializers.ObjectiveSerializer
    filterset_fields = {
        "plan": ["exact"],
        "plan__account": ["exact"],
        "type": ["exact"],
        "owner": ["exact"],
        "shared": ["exact"],
        "due": ["exact", "lt", "gt"],
    }
    read_orders = ("position", "due")
    search_fields = ("title", "kpi")

    @extend_schema(
        request=serializers.ReasonSerializer, responses={200: serializers.ObjectiveSerializer}
    )
    @action(detail=True, methods=["post"])
    def drop(self, request: Request, pk: str) -> Response:
        """Give the objective up, with a reason."""
        objective = self.get_object()
        body = serializers.ReasonSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        objective = services.drop_objective(
            actor=request.user,
            objective=objective,
            today=business_today(),
            expected_version=optional_version(request),
            **body.validated_data,
        )
        return self.respond(objective, self.represent(objective))

    @extend_schema(request=None, responses={200: serializers.ObjectiveSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Take a dropped objective up again."""
        objective = services.resume_objective(
            actor=request.user,
            objective=self.get_object(),
            expected_version=optional_version(request),
        )
        return self.respond(objective, self.represent(objective))


class StrategyViewSet(ContentViewSet):
    """Strategies of objectives."""

    model = Strategy
    serializer_class = serializers.StrategySerializer
    parent = "objective"
    filterset_fields = ("objective", "objective__plan", "kind")
    read_orders = ("position",)
    search_fields = ("text",)


class MilestoneViewSet(ContentViewSet):
    """Milestones of objectives."""

    model = Milestone
    serializer_class = serializers.MilestoneSerializer
    parent = "objective"
    filterset_fields = ("objective", "objective__plan", "date")
    read_orders = ("date",)
    search_fields = ("result",)


class SwotEntryViewSet(ContentViewSet):
    """Strengths, weaknesses, opportunities and threats."""

    model = SwotEntry
    serializer_class = serializers.SwotEntrySerializer
    filterset_fields = ("plan", "quadrant", "objective", "risk")
    read_orders = ("quadrant",)
    search_fields = ("text", "evidence")


class RiskViewSet(ContentViewSet):
    """Risks of plans, the worst first."""

    model = Risk
    export_layout = exports.RISKS
    serializer_class = serializers.RiskSerializer
    filterset_fields = ("plan", "plan__account", "category", "owner", "state")
    read_orders = ("review_on",)
    search_fields = ("title", "cause", "effect")
