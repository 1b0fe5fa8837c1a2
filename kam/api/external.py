"""Rows by their number in another system: `PUT /{resource}/by-external-id/{system}/{id}/`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.models import LONGEST_SYSTEM, LONGEST_VALUE
from kam.api.serializers import Serializer


class ExternalIdSerializer(Serializer):
    """The number of a row in another system."""

    system = serializers.CharField(max_length=LONGEST_SYSTEM)
    id = serializers.CharField(source="value", max_length=LONGEST_VALUE)


class ExternalIdMixin:
    """Creates or updates by a number elsewhere; `put_serializer_class` checks the body, and
    `perform_put(system, value, values)` calls a service and says whether the row is new."""

    put_serializer_class: type[serializers.BaseSerializer]

    @action(
        detail=False,
        methods=["put"],
        url_path=r"by-external-id/(?P<system>[^/]+)/(?P<value>[^/]+)",
        url_name="by-external-id",
    )
    def by_external_id(self: Any, request: Request, system: str, value: str) -> Response:
        """Create or update the row that has this number in this system; fields left out stay."""
        context = self.get_serializer_context()
        number = ExternalIdSerializer(data={"system": system, "id": value}, context=context)
        number.is_valid(raise_exception=True)
        body = self.put_serializer_class(data=request.data, context=context)
        body.is_valid(raise_exception=True)
        obj, is_new = self.perform_put(system=system, value=value, values=dict(body.validated_data))
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return self.respond(obj, self.represent(obj), code)


def by_external_id_schema(body: Any, answer: Any) -> Any:
    """Says what the call takes and gives, for the class of a viewset."""
    described = extend_schema(request=body, responses={200: answer, 201: answer})
    return extend_schema_view(by_external_id=described)
