"""Attachments for other systems: the same services as the pages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.etag import if_match
from kam.api.viewsets import CreateMixin, DestroyMixin, ReadOnlyViewSet, UpdateMixin
from kam.documents import services, uploads
from kam.documents.api import serializers as bodies
from kam.documents.content import FORMATS
from kam.documents.models import Attachment
from kam.documents.serving import download

BINARY = OpenApiResponse(OpenApiTypes.BINARY, description="The content.")
CONTENT = {(200, kind): BINARY for kind in sorted({row.media_type for row in FORMATS.values()})}
VERSION = OpenApiParameter(
    "number",
    {"type": "integer", "minimum": 1, "maximum": 999_999},
    OpenApiParameter.PATH,
    description="Which version, counted from 1.",
)
FORM = {"multipart/form-data": bodies.AttachmentContentSerializer}


class AttachmentViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadOnlyViewSet):
    """Files on accounts, contacts, plans, actions and stage reviews. DELETE archives."""

    model = Attachment
    serializer_class = bodies.AttachmentSerializer
    upload_setting = services.LIMIT
    versioned_actions = ("replace_file",)
    filterset_fields = {
        "object_type": ["exact"],
        "object_id": ["exact"],
        "confidentiality": ["exact"],
        "media_type": ["exact"],
        "uploaded_by": ["exact"],
        "size": ["gte", "lte"],
        "sha256": ["exact"],
    }
    ordering_fields = ("name", "size", "stored_at", "updated_at")
    search_fields = ("name", "description")
    held = ("people",)

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        return rows if self.action == "restore" else rows.active()

    def get_parsers(self) -> list[Any]:
        sent = {"post": "create", "put": "replace_file"}
        request: Any = self.request
        if request is not None and self.action_map.get(request.method.lower()) == sent.get(
            request.method.lower(), ""
        ):
            return [MultiPartParser()]
        return super().get_parsers()

    def _body(self, serializer_class: Any) -> Any:
        """The form of the call; raises ValidationError, also when it was too large to be read."""
        data = self.request.data
        if uploads.was_stopped(self.request):
            raise uploads.too_large(services.LIMIT)
        body = serializer_class(data=data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        return dict(body.validated_data)

    @extend_schema(
        request={"multipart/form-data": bodies.AttachmentUploadSerializer},
        responses={201: bodies.AttachmentSerializer},
    )
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Upload a file (multipart)."""
        values = self._body(bodies.AttachmentUploadSerializer)
        file = values.pop("file")
        attachment = services.add_attachments(actor=request.user, files=[file], **values)[0]
        location = self.reverse_action("detail", args=[attachment.pk])
        return self.respond(attachment, self.represent(attachment), 201, Location=location)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.update_attachment(
            actor=self.request.user,
            attachment=serializer.instance,
            expected_version=self.version,
            changes=dict(serializer.validated_data),
        )

    def perform_destroy(self, instance: Attachment) -> None:
        services.archive_attachment(
            actor=self.request.user, attachment=instance, expected_version=self.version
        )

    @extend_schema(responses=CONTENT)
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> HttpResponseBase:
        """The content, to be saved; `If-None-Match` with its own ETag gives 304."""
        return download(request, self.get_object())

    @extend_schema(request=FORM, responses=bodies.AttachmentSerializer)
    @file.mapping.put
    def replace_file(self, request: Request, pk: str) -> Response:
        """Put another file in its place (multipart, `If-Match`); the old one stays as a version."""
        attachment, version = self.get_object(), if_match(request)
        values = self._body(bodies.AttachmentContentSerializer)
        changed = services.replace_file(
            actor=request.user, attachment=attachment, expected_version=version, **values
        )
        return self.respond(changed, self.represent(changed))

    @extend_schema(responses=bodies.EarlierFileSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filter_backends=[])
    def versions(self, request: Request, pk: str) -> Response:
        """Files that were replaced, the latest first."""
        rows = self.get_object().earlier.for_list()
        return Response(bodies.EarlierFileSerializer(rows, many=True).data)

    @extend_schema(responses=CONTENT, parameters=[VERSION])
    @action(detail=True, methods=["get"], url_path=r"versions/(?P<number>[0-9]{1,6})")
    def version_file(self, request: Request, pk: str, number: str) -> HttpResponseBase:
        """The content of an earlier version."""
        earlier = self.get_object().earlier.filter(number=int(number)).first()
        if earlier is None:
            raise Http404
        return download(request, earlier)

    @extend_schema(request=None, responses=bodies.AttachmentSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Bring an archived file back."""
        restored = services.restore_attachment(
            actor=request.user, attachment=self.get_object(), expected_version=if_match(request)
        )
        return self.respond(restored, self.get_serializer(restored).data)
