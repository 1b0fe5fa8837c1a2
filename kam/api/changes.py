"""The change feed: what happened to what the caller may see, in commit order, without a gap."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import django_filters
from django.core import signing
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from kam.access.prepared import kept_objects
from kam.api.errors import refused
from kam.api.filters import FilterSet, IdFilter
from kam.api.pagination import CursorPagination
from kam.api.schema import parameter
from kam.api.serializers import Serializer
from kam.api.viewsets import ReadOnlyViewSet
from kam.changes.history import readable
from kam.changes.models import Change

LATEST = "latest"


class ChangeSerializer(Serializer):
    """One write. Relations are ids; what the caller may not see reads as null."""

    id = serializers.IntegerField()
    at = serializers.DateTimeField()
    actor = serializers.IntegerField(source="actor_id", allow_null=True)
    source = serializers.ChoiceField(choices=Change.Source)
    source_reference = serializers.CharField()
    verb = serializers.CharField()
    object_type = serializers.CharField()
    object_id = serializers.IntegerField()
    object_label = serializers.CharField(source="shown.label")
    account = serializers.IntegerField(source="account_id", allow_null=True)
    audience = serializers.ChoiceField(choices=Change.Audience)
    before = serializers.DictField(source="shown.before")
    after = serializers.DictField(source="shown.after")


class ChangeFilter(FilterSet):
    """Of one account, object or source."""

    account = IdFilter(field_name="account_id")
    actor = IdFilter(field_name="actor_id")
    object_type = django_filters.CharFilter()
    object_id = IdFilter()
    source = django_filters.ChoiceFilter(choices=Change.Source.choices)
    verb = django_filters.CharFilter()

    class Meta:
        model = Change
        fields: tuple[str, ...] = ()


class FeedPagination(CursorPagination):
    """`next` is always there: call it again later for what has happened since."""

    parameters = ("page_size",)
    signer = signing.Signer(salt="kam.api.changes")

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """Settled rows after the cursor; `after=latest` starts at the end, nothing at the start."""
        return self._page(
            lambda: queryset, request, lambda size, place: list(_beyond(queryset, size, **place))
        )

    def paginate_kept(self, key: Hashable, build: Callable[[], Any], request: Request) -> list[Any]:
        """The same of `build()`, whose SQL is kept under `key`, from any cursor on."""

        def read(size: int, place: dict[str, int]) -> list[Any]:
            return kept_objects(
                (key, size), lambda **slots: _beyond(build(), size, **slots), **place
            )

        return self._page(build, request, read)

    def _page(
        self,
        build: Callable[[], Any],
        request: Request,
        read: Callable[[int, dict[str, int]], list[Any]],
    ) -> list[Any]:
        """`read` a page from the cursor of the call on, and set what leads further."""
        self.request, self.count, self.previous = request, None, None
        size = self._size()
        text = request.query_params.get("after")
        if text == LATEST:
            last = build().settled().reverse().values_list("transaction", "pk").first()
            position, rows = last or (0, 0), []
        else:
            position = self._after(text)
            rows = read(size, dict(zip(("transaction", "pk"), position, strict=True)))
        if rows:
            position = (rows[-1].transaction, rows[-1].pk)
        cursor = self.signer.sign_object(list(position))
        self.next = replace_query_param(request.build_absolute_uri(), "after", cursor)
        return rows

    def _after(self, text: str | None) -> tuple[int, int]:
        if text is None:
            return 0, 0
        try:
            transaction, pk = self.signer.unsign_object(text)
        except (signing.BadSignature, ValueError) as error:
            raise refused("after", "cursor", _("Not a cursor of this feed.")) from error
        return transaction, pk

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return [
            item
            for item in super().get_schema_operation_parameters(view)
            if item["name"] == "page_size"
        ]


def _beyond(queryset: Any, size: int, **place: int) -> Any:
    return queryset.settled().beyond(**place)[:size]


class ChangeViewSet(ReadOnlyViewSet):
    """Everything that happened to what the caller may see, in commit order. `next` is always
    given: called again, it holds what has happened since, with no gap and no repeat."""

    model = Change
    serializer_class = ChangeSerializer
    filterset_class = ChangeFilter
    search_fields = ("verb", "object_type")
    changed_field = "at"
    pagination_class = FeedPagination
    query_parameters = (parameter("after", "From `next`; `latest` starts with what comes."),)

    def get_queryset(self) -> Any:
        return Change.objects.visible_to(self.request.user).order_by("transaction", "id")

    def written(self, rows: Sequence[Any]) -> Any:
        """Rows as the caller may read them."""
        return super().written(self._shown(rows))

    def retrieve(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        row = self.get_object()
        return Response(self.get_serializer(self._shown([row])[0]).data)

    def _shown(self, rows: Sequence[Any]) -> Sequence[Any]:
        for row, shown in zip(rows, readable(rows, self.request.user), strict=True):
            row.shown = shown
        return rows
