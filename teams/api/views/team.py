"""Teams and their members over REST."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from kam.api.etag import if_match
from kam.api.external import ExternalIdMixin, by_external_id_schema
from kam.api.reading import load_children
from kam.api.viewsets import (
    EditableViewSet,
)
from teams import exports, services
from teams.api import serializers
from teams.api.views.restoring import RestoreMixin
from teams.models import (
    Membership,
    Team,
)
from teams.querysets import memberships_today

DAY = datetime.timedelta(days=1)


@by_external_id_schema(serializers.TeamSerializer, serializers.TeamSerializer)
class TeamViewSet(ExternalIdMixin, RestoreMixin, EditableViewSet):
    """Teams that the caller is in, and teams of accounts that the caller may see. DELETE
    archives."""

    model = Team
    export_layout = exports.TEAMS
    serializer_class = put_serializer_class = serializers.TeamSerializer
    filterset_fields = ("programme",)
    ordering_fields = ("name", "updated_at")
    search_fields = ("name",)

    held = ("external_ids",)

    def load(self, rows: Sequence[Any]) -> None:
        """Numbers elsewhere, and members of today without the people themselves."""
        super().load(rows)
        load_children(
            rows,
            "team_id",
            "current_members",
            lambda: memberships_today().by_role(),
            business_today(),
        )

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
    export_layout = exports.MEMBERSHIPS
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
