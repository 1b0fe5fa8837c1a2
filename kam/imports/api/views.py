"""Imports for other systems: the same services as the pages."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Callable
from functools import reduce
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.viewsets import DestroyMixin, EditableViewSet, ReadOnlyViewSet, UpdateMixin
from kam.documents import uploads
from kam.imports import kinds, services
from kam.imports.api.serializers import (
    FolderFileSerializer,
    FolderSerializer,
    MappingSerializer,
    RunDetailSerializer,
    RunSerializer,
    UploadSerializer,
)
from kam.imports.models import Folder, FolderFile, RememberedMapping, Run


class RunViewSet(ReadOnlyViewSet):
    """Files on their way in. `POST` multipart `kind file mapping dry_run`; then `GET` until
    `status` is `published` (or `ready` after a dry run)."""

    model = Run
    serializer_class = RunSerializer
    upload_setting = "IMPORT_MAX_BYTES"
    filterset_fields = ("kind", "status", "owner")
    ordering_fields = ("created_at",)
    search_fields = ("file_name",)

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Imports that took a step since."""
        steps = ("created_at", "started_at", "published_at", "undone_at", "finished_at", "beat_at")
        return rows.filter(reduce(operator.or_, (Q(**{f"{name}__gte": moment}) for name in steps)))

    def get_queryset(self) -> Any:
        if self.action == "list":
            return super().get_queryset()
        return Run.objects.visible_to(self.request.user).select_related("owner")

    def get_parsers(self) -> list[Any]:
        if self.request is not None and self.action_map.get("post") == "create":
            return [MultiPartParser()]
        return super().get_parsers()

    def get_serializer_class(self) -> type:
        if self.action == "create":
            return UploadSerializer
        return RunSerializer if self.action == "list" else RunDetailSerializer

    def get_serializer_context(self) -> dict[str, Any]:
        return {**super().get_serializer_context(), "questions": services.problems}

    @extend_schema(request=UploadSerializer, responses={201: RunDetailSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Upload a file and begin: import, or with `dry_run` try without saving."""
        serializer = self.get_serializer(data=request.data)
        if uploads.was_stopped(request):
            raise uploads.too_large(self.upload_setting)
        serializer.is_valid(raise_exception=True)
        given = serializer.validated_data
        run = services.understand_file(
            actor=request.user,
            kind=given["kind"],
            scope_id=given.get("scope") or self._only_scope(given["kind"]),
            file=given["file"],
            file_name=given["file"].name,
            wanted=given.get("mapping"),
            chosen=given.get("reading"),
            options=given.get("options"),
            decisions=given.get("decisions"),
        )
        with transaction.atomic():
            run = services.keep_file(run=run, file=given["file"])
            begin = services.check_run if given["dry_run"] else services.start_run
            run = begin(actor=request.user, run=run)
        return self._answer(run, status.HTTP_201_CREATED)

    def _only_scope(self, kind: str) -> int:
        """The first scope into which the caller may import; PermissionDenied without one."""
        scope = kinds.get(kind).scopes_for(self.request.user).order_by("pk").first()
        if scope is None:
            raise PermissionDenied
        return scope.pk

    def _answer(self, run: Run, code: int = status.HTTP_200_OK) -> Response:
        data = RunDetailSerializer(run, context=self.get_serializer_context()).data
        return Response(data, status=code)

    def _step(self, service: Callable[..., Run]) -> Response:
        run = service(actor=self.request.user, run=self.get_object())
        return self._answer(run, status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request: Request, pk: str) -> Response:
        """Take the import back: it stops counting at once."""
        return self._step(services.undo_run)

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Import what was tried."""
        return self._step(services.start_run)

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Stop at the next chunk; nothing of it counts."""
        return self._step(services.stop_run)

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it stopped."""
        return self._step(services.resume_run)

    @extend_schema(request=None, responses={202: RunDetailSerializer})
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give up what does not count yet."""
        return self._step(services.cancel_run)


class MappingViewSet(UpdateMixin, DestroyMixin, ReadOnlyViewSet):
    """Mappings that are kept for the next file with the same columns; they come with imports."""

    model = RememberedMapping
    serializer_class = MappingSerializer
    filterset_fields = ("kind",)
    ordering_fields = ("name", "used_at", "updated_at")
    search_fields = ("name",)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.rename_mapping(
            actor=self.request.user,
            mapping=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: RememberedMapping) -> None:
        services.drop_mapping(
            actor=self.request.user, mapping=instance, expected_version=self.version
        )


class FolderViewSet(EditableViewSet):
    """Folders of the server from which files come by themselves. DELETE removes the folder from
    the list; its files and what came from them stay."""

    model = Folder
    serializer_class = FolderSerializer
    filterset_fields = ("kind", "is_on", "owner")
    ordering_fields = ("name", "looked_at", "updated_at")
    search_fields = ("name", "path")

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def perform_create(self, serializer: Any) -> None:
        values = dict(serializer.validated_data)
        serializer.instance = services.create_folder(
            actor=self.request.user,
            kind=values.pop("kind"),
            scope_id=values.pop("scope_id"),
            values=values,
        )

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.update_folder(
            actor=self.request.user,
            folder=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Folder) -> None:
        services.archive_folder(
            actor=self.request.user, folder=instance, expected_version=self.version
        )

    @extend_schema(request=None, responses={202: FolderSerializer})
    @action(detail=True, methods=["post"])
    def look(self, request: Request, pk: str) -> Response:
        """Look into the folder now instead of at its time."""
        folder = services.look_now(actor=request.user, folder=self.get_object())
        return self.respond(folder, self.represent(folder), status.HTTP_202_ACCEPTED)


class FolderFileViewSet(ReadOnlyViewSet):
    """Files that were seen in import folders; `status` `waiting` and `refused` need a person."""

    model = FolderFile
    serializer_class = FolderFileSerializer
    filterset_fields = ("folder", "status", "run")
    ordering_fields = ("name", "seen_at", "updated_at")
    search_fields = ("name",)

    def _act(self, service: Callable[..., FolderFile]) -> Response:
        file = service(actor=self.request.user, file=self.get_object())
        return self.respond(file, self.represent(file))

    @extend_schema(request=None, responses=FolderFileSerializer)
    @action(detail=True, methods=["post"])
    def dismiss(self, request: Request, pk: str) -> Response:
        """Set a file aside that cannot be read."""
        return self._act(services.dismiss_file)

    @extend_schema(request=None, responses=FolderFileSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Take a file again that was not taken, or whose import was undone."""
        return self._act(services.retry_file)
