"""Goals of customers and our own over REST."""

from __future__ import annotations

from typing import Any

from accounts.api.decisions import InUseFilter
from accounts.api.market import InUseMixin
from kam.api.viewsets import EditableViewSet
from plans import services
from plans.api import serializers
from plans.api.views.reading import without
from plans.exports import AIMS
from plans.models import (
    CorporateObjective,
    CustomerGoal,
)


class CustomerGoalViewSet(EditableViewSet):
    """Goals of customers."""

    model = CustomerGoal
    serializer_class = serializers.CustomerGoalSerializer
    filterset_fields = ("account", "confidence")
    ordering_fields = ("text", "stated_on", "updated_at")
    search_fields = ("text", "source")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_customer_goal(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
        )

    def perform_update(self, serializer: Any) -> None:
        goal = serializer.instance
        serializer.instance = services.update_customer_goal(
            actor=self.request.user,
            goal=goal,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: CustomerGoal) -> None:
        services.archive_goal(actor=self.request.user, goal=instance, expected_version=self.version)


class AimFilter(InUseFilter):
    """By programme and horizon."""

    class Meta:
        model = CorporateObjective
        fields = ("programme", "horizon")


class CorporateObjectiveViewSet(InUseMixin, EditableViewSet):
    """Aims of our own company, present and future (K026). DELETE archives; archived ones are listed
    with `archived=true`."""

    model = CorporateObjective
    serializer_class = serializers.CorporateObjectiveSerializer
    filterset_class = AimFilter
    export_layout = AIMS
    ordering_fields = ("text", "updated_at")
    search_fields = ("text",)

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_corporate_objective(
            actor=self.request.user,
            programme=values["programme"],
            values=without(values, "programme"),
        )

    def perform_update(self, serializer: Any) -> None:
        aim = serializer.instance
        serializer.instance = services.update_corporate_objective(
            actor=self.request.user,
            aim=aim,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: CorporateObjective) -> None:
        services.archive_goal(actor=self.request.user, goal=instance, expected_version=self.version)

    def perform_restore(
        self, instance: CorporateObjective, version: int | None
    ) -> CorporateObjective:
        return services.restore_goal(
            actor=self.request.user, goal=instance, expected_version=version
        )
