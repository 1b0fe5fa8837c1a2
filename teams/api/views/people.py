"""People and their roles over REST."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from kam.api.etag import etag, if_match, is_known
from kam.api.reading import load_children
from kam.api.views import APIView
from kam.api.viewsets import (
    EditableViewSet,
)
from teams import exports, policies, services
from teams.api import serializers
from teams.models import (
    RoleGrant,
    User,
)
from teams.querysets import grants_today, memberships_today

DAY = datetime.timedelta(days=1)


class UserViewSet(EditableViewSet):
    """People: names for colleagues, the rest for those entitled. DELETE bars from signing in."""

    model = User
    write_scope = "admin"
    export_layout = exports.USERS
    serializer_class = serializers.UserSerializer
    filterset_fields = ("is_active",)
    ordering_fields = ("first_name", "last_name", "updated_at")
    search_fields = ("first_name", "last_name")

    def load(self, rows: Sequence[Any]) -> None:
        """Roles of today without what they are held for."""
        load_children(
            rows,
            "user_id",
            "current_grants",
            lambda: grants_today().order_by("role"),
            business_today(),
        )

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
