"""Shapes of exports."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.api.serializers import ModelSerializer, Serializer
from kam.documents.tables import TYPES
from kam.exports.lists import endpoints
from kam.exports.models import Export

STATUSES = list(Export.Status.values)
FORMATS = list(TYPES)


class ExportSerializer(ModelSerializer):
    """A list as a file. `status` is `waiting`, `running`, `ready`, `stopped`, `failed` or
    `expired`; `progress` is 0..1, null while it is not known; `rows` and `size` (bytes)
    come with the file."""

    list = serializers.CharField(source="list_name", read_only=True)
    status = serializers.SerializerMethodField()
    progress = serializers.FloatField(read_only=True, allow_null=True)
    error = serializers.CharField(read_only=True)

    class Meta:
        model = Export
        fields = (
            "id",
            "list",
            "title",
            "format",
            "address",
            "status",
            "progress",
            "rows",
            "size",
            "error",
            "created_at",
            "finished_at",
            "expires_at",
        )
        read_only_fields = fields

    @extend_schema_field({"type": "string", "enum": STATUSES})
    def get_status(self, export: Export) -> str:
        """How far it is."""
        return export.status


@extend_schema_field({"type": ["string", "number", "boolean"]})
class Parameter(serializers.Field):
    """What stands behind `=` in the list's own address: a text, a number or true and false."""

    def to_internal_value(self, data: Any) -> str:
        if isinstance(data, bool):
            return "true" if data else "false"
        if not isinstance(data, str | int | float):
            raise serializers.ValidationError("A text, a number, true or false.")
        return str(data)

    def to_representation(self, value: Any) -> Any:
        return value


class StartSerializer(Serializer):
    """Which list, in which form. `filters` are the parameters of the list's own endpoint, search
    and order included: `{"account": 12, "booked_on__gte": "2026-01-01"}`."""

    list = serializers.ChoiceField(choices=())
    format = serializers.ChoiceField(choices=FORMATS, default="csv")
    filters = serializers.DictField(child=Parameter(), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["list"].choices = list(endpoints())
