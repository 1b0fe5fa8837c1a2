"""Programmes, their settings, units and functions over REST."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.bulk import BulkMixin
from kam.api.errors import refused
from kam.api.viewsets import (
    CreateMixin,
    EditableViewSet,
    ReadOnlyViewSet,
    UpdateMixin,
)
from teams import exports, services
from teams.api import serializers
from teams.api.views.restoring import RestoreMixin
from teams.models import (
    BusinessUnit,
    Function,
    Programme,
    ProgrammeSetting,
)
from teams.programme_settings import settings_on, size_warnings


def _day(request: Request, default: datetime.date) -> datetime.date:
    """The day that `?on=` names."""
    text = request.query_params.get("on")
    if text is None:
        return default
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise refused("on", "day", _("A day, e.g. 2026-06-01.")) from error


class ProgrammeViewSet(BulkMixin, CreateMixin, UpdateMixin, ReadOnlyViewSet):
    """Programmes that the caller belongs to."""

    model = Programme
    serializer_class = serializers.ProgrammeSerializer
    filterset_fields = ("currency",)
    ordering_fields = ("name", "updated_at")
    search_fields = ("name",)

    def perform_create(self, serializer: Any) -> None:
        user, values = self.request.user, serializer.validated_data
        serializer.instance = services.create_programme(actor=user, values=values)

    def perform_update(self, serializer: Any) -> None:
        user, changes = self.request.user, serializer.validated_data
        serializer.instance = services.update_programme(
            actor=user,
            programme=serializer.instance,
            expected_version=self.version,
            changes=changes,
        )

    @property
    def query_parameters(self) -> tuple[Any, ...]:  # type: ignore[override]
        """`on` belongs to the settings alone."""
        on = OpenApiParameter("on", datetime.date, description="Day; today when left out.")
        return (on,) if getattr(self, "action", "") == "values" else ()

    @extend_schema(
        methods=["GET"],
        responses=serializers.SettingsSerializer,
        parameters=[OpenApiParameter("on", datetime.date, description="Day; today when left out.")],
    )
    @extend_schema(
        methods=["POST"],
        request=serializers.SettingsChangeSerializer,
        responses=serializers.SettingsSerializer,
    )
    @action(detail=True, methods=["get", "post"], url_path="settings", pagination_class=None)
    def values(self, request: Request, pk: str | None = None) -> Response:
        """Settings of handbook Appendix B as they stand on a day; POST changes them from a day on,
        with a reason."""
        programme = self.get_object()
        on = _day(request, programme.today())
        warnings: list[str] = []
        if request.method == "POST":
            body = serializers.SettingsChangeSerializer(
                data=request.data, context=self.get_serializer_context()
            )
            body.is_valid(raise_exception=True)
            rows = services.change_settings(
                actor=request.user, programme=programme, **body.validated_data
            )
            warnings = size_warnings(rows)
            on = body.validated_data["valid_from"]
        standing = {"on": on, "values": settings_on(programme, on), "warnings": warnings}
        return Response(serializers.SettingsSerializer(standing, context={"request": None}).data)


class ProgrammeSettingViewSet(ReadOnlyViewSet):
    """Every value that a setting was given, with its day and reason; the youngest first."""

    model = ProgrammeSetting
    serializer_class = serializers.ProgrammeSettingSerializer
    filterset_fields = ("programme", "name", "valid_from")
    ordering_fields = ("valid_from", "name", "set_at")
    search_fields = ("name", "reason")
    changed_field = "set_at"


class BusinessUnitViewSet(RestoreMixin, EditableViewSet):
    """Business units, a tree. DELETE archives."""

    model = BusinessUnit
    export_layout = exports.UNITS
    serializer_class = serializers.BusinessUnitSerializer
    filterset_fields = ("programme", "parent")
    ordering_fields = ("name", "path", "updated_at")
    search_fields = ("name", "code")

    def perform_create(self, serializer: Any) -> None:
        user, values = self.request.user, serializer.validated_data
        serializer.instance = services.create_unit(actor=user, **values)

    def perform_update(self, serializer: Any) -> None:
        user, changes = self.request.user, serializer.validated_data
        serializer.instance = services.update_unit(
            actor=user, unit=serializer.instance, expected_version=self.version, changes=changes
        )

    def perform_destroy(self, instance: BusinessUnit) -> None:
        user = self.request.user
        services.archive_unit(actor=user, unit=instance, expected_version=self.version)

    def perform_restore(self, instance: BusinessUnit, version: int | None) -> BusinessUnit:
        user = self.request.user
        return services.restore_unit(actor=user, unit=instance, expected_version=version)


class FunctionViewSet(RestoreMixin, EditableViewSet):
    """Functions that people serve in. DELETE archives."""

    model = Function
    serializer_class = serializers.FunctionSerializer
    filterset_fields = ("programme", "code")
    ordering_fields = ("name", "updated_at")
    search_fields = ("name", "code")

    def perform_create(self, serializer: Any) -> None:
        user, values = self.request.user, serializer.validated_data
        serializer.instance = services.create_function(actor=user, **values)

    def perform_update(self, serializer: Any) -> None:
        changes = serializer.validated_data
        serializer.instance = services.update_function(
            actor=self.request.user,
            function=serializer.instance,
            expected_version=self.version,
            name=changes.get("name", serializer.instance.name),
        )

    def perform_destroy(self, instance: Function) -> None:
        user = self.request.user
        services.archive_function(actor=user, function=instance, expected_version=self.version)

    def perform_restore(self, instance: Function, version: int | None) -> Function:
        user = self.request.user
        return services.restore_function(actor=user, function=instance, expected_version=version)
