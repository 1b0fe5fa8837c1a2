"""Bases of viewsets. A resource is written like this:

    class PlanViewSet(EditableViewSet):
        model = Plan
        serializer_class = PlanSerializer
        filterset_fields = ("account", "status")
        ordering_fields = ("year", "updated_at")
        search_fields = ("account__name",)

        def perform_create(self, serializer):
            user, values = self.request.user, serializer.validated_data
            serializer.instance = services.create_plan(actor=user, **values)

        def perform_update(self, serializer):
            user, plan, changes = self.request.user, serializer.instance, serializer.validated_data
            serializer.instance = services.update_plan(
                actor=user, plan=plan, expected_version=self.version, changes=changes
            )

        def perform_destroy(self, instance):
            services.archive_plan(
                actor=self.request.user, plan=instance, expected_version=self.version
            )

Rows are `Model.objects.visible_to(user).for_list()` unless `get_queryset` says otherwise; whether
the caller may change a visible row is for the service to say (403). `self.version` is `If-Match`.
`POST /plans/bulk/` comes with it (`kam.api.bulk`); `ExternalIdMixin` adds
`PUT /plans/by-external-id/{system}/{id}/` (`kam.api.external`).
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Sequence
from typing import Any

from django.db import models
from django.http import Http404
from django.utils.timezone import get_current_timezone_name
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from kam.access.dates import business_today
from kam.access.once import asking_once
from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.api import services
from kam.api.bulk import BulkMixin
from kam.api.etag import etag, if_match, is_known
from kam.api.filters import LARGEST_ID, refuse_unknown_fields
from kam.api.models import Token
from kam.api.reading import load
from kam.api.serializers import NewTokenSerializer, TokenSerializer
from kam.api.views import ApiMixin
from kam.changes.editing import expect
from kam.documents.tables import Layout

PLAIN = {"after", "fields", "ordering", "page_size"}
"""Parameters of lists that say how rows come, not which ones there are."""


class ReadOnlyViewSet(
    ApiMixin, mixins.RetrieveModelMixin, mixins.ListModelMixin, viewsets.GenericViewSet
):
    """List and single rows, with `ETag` and `If-None-Match` where rows have a version."""

    model: type[models.Model]
    lookup_value_regex = r"[0-9]+"
    export_layout: Layout | None = None
    """How the rows stand in a file (`kam.exports`); none where the list is not handed out."""

    follows: tuple[str, ...] = ()
    """Relations that the body follows; of all others it holds the key alone."""
    held: tuple[str, ...] = ()
    """Relations to many whose rows, or their keys, stand in the body."""

    def get_queryset(self) -> Any:
        rows = self.model._default_manager.all()
        rows = rows.visible_to(self.request.user)  # type: ignore[attr-defined]
        return rows.for_list() if hasattr(rows, "for_list") else rows

    def for_body(self, rows: Any) -> Any:
        """`rows` with all that their bodies hold and nothing else; pages and files show more."""
        rows = rows.select_related(None).prefetch_related(None)
        return rows.select_related(*self.follows) if self.follows else rows

    def load(self, rows: Sequence[Any]) -> None:
        """Put rows of other tables that stand in the bodies beside `rows`."""
        for name in self.held:
            load(rows, name)

    def kept_under(self) -> Hashable:
        """All on which it depends what rows are asked for, besides keys and filters."""
        return type(self), self.action, self.sight(), get_current_timezone_name()

    def sight(self) -> Hashable:
        """All on which it depends which rows the caller sees."""
        return sight_of(self.request.user)

    def get_object(self) -> Any:
        """The row that the address names; SQL that reads it for its body is kept."""
        if self.action != "retrieve":
            return super().get_object()
        key = self.kwargs["pk"]
        if len(key) > len(str(LARGEST_ID)) or int(key) > LARGEST_ID:
            raise Http404
        row = self._one(int(key))
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One page; SQL of what is asked again and again (a first page, no filter) is kept."""
        if request.query_params.keys() <= PLAIN:
            refuse_unknown_fields(request, self)
            key = self.kept_under(), request.query_params.get("ordering")
            rows = self.paginator.paginate_kept(key, self._found, request)
        else:
            rows = self.paginate_queryset(self._found())
        self.load(rows)
        return self.get_paginated_response(self.written(rows))

    def written(self, rows: Sequence[Any]) -> Any:
        """Bodies of the rows of a page."""
        return self.get_serializer(rows, many=True).data

    def _found(self) -> Any:
        return self.for_body(self.filter_queryset(self.get_queryset()))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        obj = self.get_object()
        if is_versioned(obj) and is_known(request, obj):
            return Response(status=status.HTTP_304_NOT_MODIFIED, headers={"ETag": etag(obj)})
        return self.respond(obj, self.get_serializer(obj).data)

    def represent(self, obj: models.Model) -> dict[str, Any] | None:
        """Present state of `obj` as a detail call would show it; None when it is not visible."""
        with asking_once():
            row = self._one(obj.pk)
        return None if row is None else self.get_serializer(row).data

    def _one(self, pk: int) -> Any:
        """The row with this key, with what its body holds; None when it is not visible."""
        rows = kept_objects(
            self.kept_under(), lambda pk: self.for_body(self.get_queryset().filter(pk=pk)), pk=pk
        )
        self.load(rows)
        return rows[0] if rows else None

    def respond(self, obj: Any, data: Any, code: int = 200, **headers: str) -> Response:
        """An answer that carries the version of `obj`."""
        if data is None:  # written, but out of the caller's sight
            return Response(status=status.HTTP_204_NO_CONTENT)
        if is_versioned(obj):
            headers["ETag"] = etag(obj)
        return Response(data, status=code, headers=headers)


class CreateMixin(ApiMixin):
    """POST; `perform_create` calls a service and sets `serializer.instance`."""

    def create(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.perform_create(serializer)
        obj = serializer.instance
        location = self.reverse_action("detail", args=[obj.pk])
        return self.respond(obj, self.represent(obj), 201, Location=location)


class UpdateMixin(ApiMixin):
    """PUT and PATCH with `If-Match`; `perform_update` calls a service."""

    item_version: int | None = None
    """Version of the item that a bulk call is at."""

    @property
    def version(self: Any) -> int:
        """The version that the caller has read; 428 without it."""
        return self.item_version or if_match(self.request)

    def update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        obj = self.get_object()
        if is_versioned(obj):
            expect(obj, if_match(request))  # the service compares again, under its lock
        partial = kwargs.pop("partial", False)
        serializer = self.get_serializer(obj, data=request.data, partial=partial)
        serializer.is_valid(raise_exception=True)
        self.perform_update(serializer)
        return self.respond(serializer.instance, self.represent(serializer.instance))

    def partial_update(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        return self.update(request, *args, partial=True, **kwargs)


class DestroyMixin(ApiMixin):
    """DELETE with `If-Match`; `perform_destroy` calls a service, which archives."""

    @property
    def version(self: Any) -> int:
        """The version that the caller has read; 428 without it."""
        return if_match(self.request)

    def destroy(self: Any, request: Request, *args: Any, **kwargs: Any) -> Response:
        obj = self.get_object()
        if is_versioned(obj):
            expect(obj, if_match(request))  # the service compares again, under its lock
        self.perform_destroy(obj)
        return Response(status=status.HTTP_204_NO_CONTENT)


class EditableViewSet(BulkMixin, CreateMixin, UpdateMixin, DestroyMixin, ReadOnlyViewSet):
    """All of it."""


def is_versioned(obj: Any) -> bool:
    """Whether people edit `obj` against its version."""
    return hasattr(obj, "version")


class TokenViewSet(CreateMixin, mixins.DestroyModelMixin, ReadOnlyViewSet):
    """Tokens of the caller; administrators see and revoke everybody's. DELETE revokes."""

    model = Token
    serializer_class = TokenSerializer
    filterset_fields = ("owner", "scope")
    ordering_fields = ("created_at", "name", "expires_at")
    search_fields = ("name",)

    def sight(self) -> Hashable:
        """The SQL itself asks who administers on the day."""
        return self.request.user.pk, business_today()

    def changed_rows(self, rows: Any, moment: datetime.datetime) -> Any:
        """Tokens made or revoked since."""
        made, revoked = models.Q(created_at__gte=moment), models.Q(revoked_at__gte=moment)
        return rows.filter(made | revoked)

    scopes = {"create": "admin", "destroy": "admin"}

    @extend_schema(responses={201: NewTokenSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        token, secret = services.create_token(
            actor=request.user, owner=request.user, **serializer.validated_data
        )
        token.secret = secret  # type: ignore[attr-defined]
        data = NewTokenSerializer(token, context=self.get_serializer_context()).data
        location = self.reverse_action("detail", args=[token.pk])
        return self.respond(token, data, 201, Location=location)

    def perform_destroy(self, instance: Token) -> None:
        services.revoke_token(actor=self.request.user, token=instance)
