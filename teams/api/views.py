"""Endpoints of programmes, units, functions, people, roles, teams and memberships."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from kam.api.bulk import BulkMixin
from kam.api.errors import refused
from kam.api.etag import etag, if_match, is_known
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.views import APIView
from kam.api.viewsets import (
    CreateMixin,
    EditableViewSet,
    ReadOnlyViewSet,
    UpdateMixin,
)
from teams import policies, services
from teams.api import serializers
from teams.models import (
    BusinessUnit,
    Function,
    Membership,
    Programme,
    ProgrammeSetting,
    RoleGrant,
    Team,
    User,
)
from teams.programme_settings import settings_on, size_warnings
from teams.querysets import grants_today, memberships_today

DAY = datetime.timedelta(days=1)


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


def _day(request: Request, default: datetime.date) -> datetime.date:
    """The day that `?on=` names."""
    text = request.query_params.get("on")
    if text is None:
        return default
    try:
        return datetime.date.fromisoformat(text)
    except ValueError as error:
        raise refused("on", "day", _("A day, e.g. 2026-06-01.")) from error


class ProgrammeSettingViewSet(ReadOnlyViewSet):
    """Every value that a setting was given, with its day and reason; the youngest first."""

    model = ProgrammeSetting
    serializer_class = serializers.ProgrammeSettingSerializer
    filterset_fields = ("programme", "name", "valid_from")
    ordering_fields = ("valid_from", "name", "set_at")
    search_fields = ("name", "reason")
    changed_field = "set_at"


class RestoreMixin:
    """POST `restore` for rows that DELETE archives; `perform_restore` calls a service."""

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self: Any, request: Request, pk: str) -> Response:
        """Bring an archived row back; `If-Match` is heeded when sent."""
        obj = self.get_object()
        version = if_match(request) if "If-Match" in request.headers else None
        restored = self.perform_restore(obj, version)
        return self.respond(restored, self.represent(restored))


class BusinessUnitViewSet(RestoreMixin, EditableViewSet):
    """Business units, a tree. DELETE archives."""

    model = BusinessUnit
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


class UserViewSet(EditableViewSet):
    """People: names for colleagues, the rest for those entitled. DELETE bars from signing in."""

    model = User
    write_scope = "admin"
    serializer_class = serializers.UserSerializer
    filterset_fields = ("is_active",)
    ordering_fields = ("first_name", "last_name", "updated_at")
    search_fields = ("first_name", "last_name")

    def get_serializer_context(self) -> dict[str, Any]:
        sees_details = policies.appoints(self.request.user)
        return {**super().get_serializer_context(), "sees_details": sees_details}

    def perform_create(self, serializer: Any) -> None:
        serializer.instance = services.create_user(
            actor=self.request.user,
            values=serializer.validated_data,
            site_url=self.request.build_absolute_uri("/"),
        )

    def perform_update(self, serializer: Any) -> None:
        user, changes = self.request.user, serializer.validated_data
        serializer.instance = services.update_user(
            actor=user, user=serializer.instance, expected_version=self.version, changes=changes
        )

    def perform_destroy(self, instance: User) -> None:
        actor = self.request.user
        services.deactivate_user(actor=actor, user=instance, expected_version=self.version)

    @extend_schema(request=None, responses=serializers.UserSerializer)
    @action(detail=True, methods=["post"])
    def activate(self, request: Request, pk: str | None = None) -> Response:
        """Let somebody sign in again; needs `If-Match`."""
        user = services.activate_user(
            actor=request.user, user=self.get_object(), expected_version=if_match(request)
        )
        return self.respond(user, self.represent(user))

    @extend_schema(request=None, responses={204: None})
    @action(detail=True, methods=["post"])
    def invite(self, request: Request, pk: str | None = None) -> Response:
        """Mail the link to set a password."""
        site_url = request.build_absolute_uri("/")
        services.send_invitation(actor=request.user, user=self.get_object(), site_url=site_url)
        return Response(status=status.HTTP_204_NO_CONTENT)


class RoleGrantViewSet(EditableViewSet):
    """Roles. PATCH sets the last day; DELETE ends the role with yesterday."""

    model = RoleGrant
    write_scope = "admin"
    serializer_class = serializers.RoleGrantSerializer
    filterset_fields = ("user", "role", "programme", "business_unit")
    ordering_fields = ("updated_at",)
    search_fields = ("user__first_name", "user__last_name", "role")

    def get_serializer_class(self) -> Any:
        if self.action in {"update", "partial_update"}:
            return serializers.RoleEndSerializer
        return super().get_serializer_class()

    def represent(self, obj: Any) -> dict[str, Any] | None:
        row = self.get_queryset().filter(pk=obj.pk).first()
        context = self.get_serializer_context()
        return row and serializers.RoleGrantSerializer(row, context=context).data

    def perform_create(self, serializer: Any) -> None:
        values = {"valid_from": None, **serializer.validated_data}
        serializer.instance = services.grant_role(actor=self.request.user, **values)

    @extend_schema(request=serializers.RoleEndSerializer, responses=serializers.RoleGrantSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **kwargs)

    @extend_schema(request=serializers.RoleEndSerializer, responses=serializers.RoleGrantSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().partial_update(request, *args, **kwargs)

    def perform_update(self, serializer: Any) -> None:
        if "valid_until" in serializer.validated_data:
            ended = services.end_role(
                actor=self.request.user,
                grant=serializer.instance,
                expected_version=self.version,
                **serializer.validated_data,
            )
            serializer.instance = ended or serializer.instance

    def perform_destroy(self, instance: RoleGrant) -> None:
        services.end_role(
            actor=self.request.user,
            grant=instance,
            valid_until=business_today() - DAY,
            expected_version=self.version,
        )


@by_external_id_schema(serializers.TeamSerializer, serializers.TeamSerializer)
class TeamViewSet(ExternalIdMixin, RestoreMixin, EditableViewSet):
    """Teams that the caller is in, and teams of accounts that the caller may see. DELETE
    archives."""

    model = Team
    serializer_class = put_serializer_class = serializers.TeamSerializer
    filterset_fields = ("programme",)
    ordering_fields = ("name", "updated_at")
    search_fields = ("name",)

    def get_queryset(self) -> Any:
        return super().get_queryset().prefetch_related("external_ids")

    def perform_put(self, *, system: str, value: str, values: dict[str, Any]) -> tuple[Team, bool]:
        """See `services.put_team`."""
        return services.put_team(
            actor=self.request.user,
            programme=values.pop("programme"),
            system=system,
            value=value,
            changes=values,
        )

    def perform_create(self, serializer: Any) -> None:
        user, values = self.request.user, serializer.validated_data
        serializer.instance = services.create_team(actor=user, **values)

    def perform_update(self, serializer: Any) -> None:
        user, changes = self.request.user, serializer.validated_data
        serializer.instance = services.update_team(
            actor=user, team=serializer.instance, expected_version=self.version, changes=changes
        )

    def perform_destroy(self, instance: Team) -> None:
        user = self.request.user
        services.archive_team(actor=user, team=instance, expected_version=self.version)

    def perform_restore(self, instance: Team, version: int | None) -> Team:
        user = self.request.user
        return services.restore_team(actor=user, team=instance, expected_version=version)


class MembershipViewSet(EditableViewSet):
    """Who is in which team. DELETE ends the membership with yesterday: access stops at once."""

    model = Membership
    serializer_class = serializers.MembershipSerializer
    filterset_fields = ("team", "user", "role", "function")
    ordering_fields = ("team", "user", "valid_from", "updated_at")
    search_fields = ("user__first_name", "user__last_name", "team__name")
    warnings: Sequence[str] | None = None

    def represent(self, obj: Any) -> dict[str, Any] | None:
        data = super().represent(obj)
        if data is None or self.warnings is None:
            return data
        return {**data, "warnings": list(self.warnings)}

    @extend_schema(responses={201: serializers.StaffedSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    @extend_schema(responses=serializers.StaffedSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().update(request, *args, **kwargs)

    @extend_schema(responses=serializers.StaffedSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().partial_update(request, *args, **kwargs)

    def perform_create(self, serializer: Any) -> None:
        values = {"valid_from": None, **serializer.validated_data}
        membership, self.warnings = services.add_membership(actor=self.request.user, **values)
        serializer.instance = membership

    def perform_update(self, serializer: Any) -> None:
        changes = dict(serializer.validated_data)
        changes.pop("takes_over", None)
        membership, self.warnings = services.update_membership(
            actor=self.request.user,
            membership=serializer.instance,
            expected_version=self.version,
            changes=changes,
        )
        serializer.instance = membership

    def perform_destroy(self, instance: Membership) -> None:
        services.end_membership(
            actor=self.request.user,
            membership=instance,
            valid_until=business_today() - DAY,
            expected_version=self.version,
        )

    @extend_schema(
        request=serializers.RoleChangeSerializer,
        responses={201: serializers.StaffedSerializer},
    )
    @action(detail=True, methods=["post"])
    def role(self, request: Request, pk: str | None = None) -> Response:
        """Give the member another role from a day on: a new membership; needs `If-Match`."""
        instance = self.get_object()
        version = if_match(request)
        context = self.get_serializer_context()
        body = serializers.RoleChangeSerializer(data=request.data, context=context)
        body.is_valid(raise_exception=True)
        membership, self.warnings = services.change_membership_role(
            actor=request.user,
            membership=instance,
            expected_version=version,
            **body.validated_data,
        )
        return self.respond(membership, self.represent(membership), 201)


class MeView(APIView):
    """Who is calling, with which token and rights."""

    versioned = True

    def _answer(self, request: Request) -> Response:
        user = User.objects.get(pk=request.user.pk)
        context = {
            "request": request,
            "grants": grants_today().filter(user=user).order_by("role", "pk"),
            "memberships": memberships_today().filter(user=user).order_by("team", "pk"),
        }
        data = serializers.MeSerializer(user, context=context).data
        return Response(data, headers={"ETag": etag(user)})

    @extend_schema(responses=serializers.MeSerializer, operation_id="me_retrieve")
    def get(self, request: Request) -> Response:
        """Who is calling, with which token and rights."""
        if is_known(request, request.user):
            return Response(
                status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag(request.user)}
            )
        return self._answer(request)

    @extend_schema(
        request=serializers.MeSerializer,
        responses=serializers.MeSerializer,
        operation_id="me_partial_update",
    )
    def patch(self, request: Request) -> Response:
        """Change one's own name, time zone, formats and look; needs `If-Match`."""
        version = if_match(request)
        body = serializers.MeSerializer(
            request.user, data=request.data, partial=True, context={"request": request}
        )
        body.is_valid(raise_exception=True)
        services.update_preferences(
            actor=request.user, expected_version=version, changes=body.validated_data
        )
        return self._answer(request)
