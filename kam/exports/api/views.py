"""Exports for other systems: the same services as the pages."""

from __future__ import annotations

import datetime
from collections.abc import Hashable
from typing import Any

from django.db.models import Q
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.viewsets import ReadOnlyViewSet
from kam.exports import services
from kam.exports.api.serializers import ExportSerializer, StartSerializer
from kam.exports.lists import address_of
from kam.exports.models import Export
from kam.exports.views import as_download


class ExportViewSet(ReadOnlyViewSet):
    """Lists on their way out. `POST` `list format filters`; then `GET` until `status` is `ready`,
    and take `file/`. Needs no more than the right to read."""

    model = Export
    serializer_class = ExportSerializer
    filterset_fields = ("list_name", "format")
    ordering_fields = ("created_at", "finished_at")
    search_fields = ("title",)
    follows = ("job",)
    scopes = {"create": "read", "stop": "read", "destroy": "read"}

    def sight(self) -> Hashable:
        """One's own are one's own, whatever one holds."""
        return self.request.user.pk

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Exports that took a step since."""
        made = Q(created_at__gte=moment) | Q(finished_at__gte=moment)
        return rows.filter(made | Q(job__started_at__gte=moment) | Q(job__finished_at__gte=moment))

    def get_serializer_class(self) -> type:
        return StartSerializer if self.action == "create" else ExportSerializer

    @extend_schema(request=StartSerializer, responses={201: ExportSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for a list as a file; asking again for one that is being made gives that."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        export = services.start_export(
            actor=request.user,
            address=address_of(given["list"], given.get("filters")),
            format=given["format"],
        )
        return self._answer(export, status.HTTP_201_CREATED)

    def _answer(self, export: Export, code: int) -> Response:
        data = ExportSerializer(export, context=self.get_serializer_context()).data
        location = self.reverse_action("detail", args=[export.pk])
        return Response(data, status=code, headers={"Location": location})

    @extend_schema(request=None, responses={202: ExportSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Give up a file that is being made."""
        export = services.stop_export(actor=request.user, export=self.get_object())
        return self._answer(export, status.HTTP_202_ACCEPTED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Throw it away, with its file."""
        services.remove_export(actor=request.user, export=self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> FileResponse:
        """The finished file; 404 while there is none, 403 when you may see less by now."""
        export = self.get_object()
        return as_download(export, services.open_export(actor=request.user, export=export))
