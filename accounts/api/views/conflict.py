"""Conflicts and information barriers over REST."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import exports, services
from accounts.api import serializers as bodies
from accounts.models import (
    Conflict,
)
from kam.api.bulk import BulkMixin
from kam.api.viewsets import CreateMixin, ReadOnlyViewSet, UpdateMixin


class ConflictViewSet(BulkMixin, CreateMixin, UpdateMixin, ReadOnlyViewSet):
    """Conflicts and information barriers; they are ended (`valid_until`), never deleted."""

    model = Conflict
    export_layout = exports.CONFLICTS
    serializer_class = bodies.ConflictSerializer
    filterset_fields = ("a", "b", "kind")
    ordering_fields = ("valid_from", "valid_until", "updated_at")
    search_fields = ("a__name", "b__name")
    held = ("exceptions",)

    def perform_create(self, serializer: bodies.ConflictSerializer) -> None:
        serializer.instance = services.create_conflict(
            actor=self.request.user, **serializer.validated_data
        )

    def perform_update(self, serializer: bodies.ConflictSerializer) -> None:
        if "valid_until" in serializer.validated_data:
            serializer.instance = services.end_conflict(
                actor=self.request.user,
                conflict=serializer.instance,
                last_day=serializer.validated_data["valid_until"],
                expected_version=self.version,
            )

    @extend_schema(request=bodies.ExceptionSerializer, responses=bodies.ConflictSerializer)
    @action(detail=True, methods=["post"])
    def exceptions(self, request: Request, pk: str) -> Response:
        """Except somebody from a barrier, by name and with a reason."""
        conflict = self.get_object()
        body = bodies.ExceptionSerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        services.add_exception(actor=request.user, conflict=conflict, **body.validated_data)
        return self.respond(conflict, self.represent(conflict), status.HTTP_201_CREATED)

    @extend_schema(
        request=bodies.ExceptionEndSerializer,
        responses=bodies.ConflictSerializer,
        parameters=[
            OpenApiParameter(
                "exception", int, OpenApiParameter.PATH, description="Id of the exception."
            )
        ],
    )
    @action(detail=True, methods=["post"], url_path=r"exceptions/(?P<exception>[0-9]+)/end")
    def end_exception(self, request: Request, pk: str, exception: str) -> Response:
        """Let an exception end after a day."""
        conflict = self.get_object()
        ended = get_object_or_404(conflict.exceptions.all(), pk=exception)
        body = bodies.ExceptionEndSerializer(
            data=request.data, context=self.get_serializer_context()
        )
        body.is_valid(raise_exception=True)
        last_day = body.validated_data["valid_until"]
        services.end_exception(actor=request.user, exception=ended, last_day=last_day)
        return self.respond(conflict, self.represent(conflict))
