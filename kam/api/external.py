"""Rows by their number in another system: `PUT /{resource}/by-external-id/{system}/{id}/`."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.etag import if_match
from kam.api.models import LONGEST_SYSTEM, LONGEST_VALUE
from kam.api.serializers import Serializer
from kam.changes.editing import expect, locked


class Missing(APIException):
    """A version of a row that is not there."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = gettext_lazy("There is no such row yet: leave If-Match out to make it.")
    default_code = "missing"


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
        values = dict(body.validated_data)
        with transaction.atomic():
            if "If-Match" in request.headers:
                self._expect(system, value, values)
            obj, is_new = self.perform_put(system=system, value=value, values=values)
        code = status.HTTP_201_CREATED if is_new else status.HTTP_200_OK
        return self.respond(obj, self.represent(obj), code)

    def numbered_among(self, values: dict[str, Any]) -> dict[str, Any]:
        """Look-ups of the rows among which a number means one: those of the programme."""
        return {"programme": values["programme"]} if "programme" in values else {}

    def _expect(self: Any, system: str, value: str, values: dict[str, Any]) -> None:
        """Whoever says what they have read changes that and nothing newer. Raises
        `VersionConflict`, and `Missing` where there is no such row yet."""
        numbered = {"external_ids__system": system, "external_ids__value": value}
        among = self.numbered_among(values)
        row = self.get_queryset().filter(**numbered, **among).order_by("pk").first()
        if row is None:
            raise Missing
        expect(locked(row), if_match(self.request))


def by_external_id_schema(body: Any, answer: Any) -> Any:
    """Says what the call takes and gives, for the class of a viewset."""
    described = extend_schema(request=body, responses={200: answer, 201: answer})
    return extend_schema_view(by_external_id=described)
