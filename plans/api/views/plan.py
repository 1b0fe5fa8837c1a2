"""Plans over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from plans import exports, services
from plans.api import serializers
from plans.api.views.reading import ReadViewSet, optional_version, without
from plans.models import (
    Plan,
)


class PlanViewSet(ReadViewSet):
    """Plans. DELETE puts a draft away that never came into force."""

    model = Plan
    export_layout = exports.PLANS
    serializer_class = serializers.PlanSerializer
    filterset_fields = ("account", "status", "in_force", "author")
    read_orders = ("starts_on", "ends_on")
    search_fields = ("title", "account__name")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_plan(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
        )

    def perform_update(self, serializer: Any) -> None:
        plan = serializer.instance
        serializer.instance = services.update_plan(
            actor=self.request.user,
            plan=plan,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Plan) -> None:
        services.archive_plan(actor=self.request.user, plan=instance, expected_version=self.version)

    def _step(
        self, request: Request, perform: Callable[..., Plan], body: type, **more: Any
    ) -> Response:
        plan = self.get_object()
        serializer = body(data=request.data, context=self.get_serializer_context())
        serializer.is_valid(raise_exception=True)
        plan = perform(
            actor=request.user,
            plan=plan,
            expected_version=optional_version(request),
            **serializer.validated_data,
            **more,
        )
        return self.respond(plan, self.represent(plan))

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str) -> Response:
        """Hand the plan in for approval."""
        return self._step(request, services.submit_plan, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"], url_path="request-changes")
    def request_changes(self, request: Request, pk: str) -> Response:
        """Send the plan back with a comment."""
        return self._step(request, services.request_changes, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"], url_path="check-finance")
    def check_finance(self, request: Request, pk: str) -> Response:
        """Finance has looked at the figures."""
        return self._step(request, services.check_finance, serializers.StepSerializer)

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str) -> Response:
        """Approve the plan: somebody else than its author and submitter."""
        return self._step(
            request, services.approve_plan, serializers.StepSerializer, today=business_today()
        )

    @extend_schema(request=None, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str) -> Response:
        """Put the approved plan in force."""
        plan = services.activate_plan(
            actor=request.user,
            plan=self.get_object(),
            expected_version=optional_version(request),
            today=business_today(),
        )
        return self.respond(plan, self.represent(plan))

    @extend_schema(request=serializers.StepSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """Open the plan for writing; the approved version stays in force."""
        return self._step(request, services.revise_plan, serializers.StepSerializer)

    @extend_schema(request=serializers.CloseSerializer, responses={200: serializers.PlanSerializer})
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End the plan with what came of it."""
        return self._step(
            request, services.close_plan, serializers.CloseSerializer, today=business_today()
        )
