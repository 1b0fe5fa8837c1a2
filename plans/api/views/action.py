"""Actions over REST."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from kam.access.dates import business_today
from kam.api.viewsets import EditableViewSet
from plans import exports, services
from plans.api import serializers
from plans.api.views.reading import optional_version, without
from plans.filters import ActionFilter
from plans.models import (
    Action,
)


class ActionViewSet(EditableViewSet):
    """Actions: what is due first on top. The account and a text are enough."""

    model = Action
    export_layout = exports.ACTIONS
    serializer_class = serializers.ActionSerializer
    filterset_class = ActionFilter
    ordering_fields = ("due", "start", "updated_at")
    search_fields = ("text",)

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def search_rows(self, rows: Any, text: str) -> Any:
        """Actions in whose text the words of `text` occur."""
        return rows.found_by(text)

    def perform_create(self, serializer: Any) -> None:
        values = serializer.validated_data
        serializer.instance = services.create_action(
            actor=self.request.user,
            account=values["account"],
            values=without(values, "account"),
            today=business_today(),
        )

    def perform_update(self, serializer: Any) -> None:
        row = serializer.instance
        serializer.instance = services.update_action(
            actor=self.request.user,
            action=row,
            expected_version=self.version,
            changes=serializer.validated_data,
            today=business_today(),
        )

    def perform_destroy(self, instance: Action) -> None:
        services.archive_action(
            actor=self.request.user, action=instance, expected_version=self.version
        )

    @extend_schema(
        request=serializers.NoteSerializer, responses={200: serializers.ActionSerializer}
    )
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Tick the action off."""
        row = self.get_object()
        body = serializers.NoteSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        row = services.close_action(
            actor=request.user,
            action=row,
            today=business_today(),
            expected_version=optional_version(request),
            **body.validated_data,
        )
        return self.respond(row, self.represent(row))

    @extend_schema(request=None, responses={200: serializers.ActionSerializer})
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """Open the action again."""
        row = services.reopen_action(
            actor=request.user,
            action=self.get_object(),
            today=business_today(),
            expected_version=optional_version(request),
        )
        return self.respond(row, self.represent(row))

    @extend_schema(
        request=serializers.CaptureSerializer, responses={201: serializers.ActionSerializer}
    )
    @action(detail=False, methods=["post"])
    def capture(self, request: Request) -> Response:
        """Add an action from one line: "Tom: quote for Aarhus, 20 June"."""
        body = serializers.CaptureSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        visible = Account.objects.visible_to(request.user)
        account = visible.filter(pk=body.validated_data["account"]).first()
        if account is None:
            raise Http404
        row = services.capture_action(
            actor=request.user,
            account=account,
            line=body.validated_data["line"],
            today=account.programme.today(),
        )
        return self.respond(row, self.represent(row), 201)
