"""Shapes of imports (`design.md` 6)."""

from __future__ import annotations

import json
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.api.serializers import ModelSerializer, Serializer
from kam.imports import kinds, services
from kam.imports.models import Folder, FolderFile, RememberedMapping, Run


class RunSerializer(ModelSerializer):
    """An import and what has become of it. `progress` is 0..1, null while the end is unknown."""

    scope = serializers.IntegerField(source="scope_id", read_only=True)
    rejected_file = serializers.SerializerMethodField()
    progress = serializers.SerializerMethodField()

    class Meta:
        model = Run
        fields = (
            "id",
            "kind",
            "scope",
            "file_name",
            "status",
            "dry_run",
            "rows_read",
            "created",
            "updated",
            "unchanged",
            "rejected",
            "rejected_file",
            "progress",
            "error",
            "owner",
            "created_at",
            "published_at",
            "undone_at",
        )
        read_only_fields = fields

    def get_rejected_file(self, run: Run) -> str | None:
        """Address of the refused rows as CSV."""
        if not run.rejected or run.status in Run.EDITABLE:
            return None
        path = reverse("imports:rejected", args=[run.pk])
        return self.context["request"].build_absolute_uri(path)

    def get_progress(self, run: Run) -> float | None:
        """Share of the rows that are dealt with."""
        if not run.is_moving:
            return 1.0 if run.published_at or run.status == Run.Status.READY else None
        return min(run.rows_done / run.rows_total, 1.0) if run.rows_total else None


class RunDetailSerializer(RunSerializer):
    """Besides: what was understood, what is wrong, totals to check."""

    columns = serializers.SerializerMethodField()
    questions = serializers.SerializerMethodField()

    class Meta(RunSerializer.Meta):
        fields = (
            *RunSerializer.Meta.fields,
            "columns",
            "mapping",
            "options",
            "questions",
            "report",
        )
        read_only_fields = fields

    def get_columns(self, run: Run) -> list[str]:
        """Names of the columns of the file."""
        return run.found.columns

    def get_questions(self, run: Run) -> list[str]:
        """What has to be answered before the rows can be read."""
        from_services = self.context.get("questions")
        return from_services(run) if from_services else []


class MappingSerializer(ModelSerializer):
    """How files with these columns are read: `mapping` says field -> column."""

    scope = serializers.IntegerField(source="scope_id", read_only=True)
    mapping = serializers.JSONField(source="fields", read_only=True)

    class Meta:
        model = RememberedMapping
        fields = (
            "id",
            "kind",
            "scope",
            "name",
            "columns",
            "mapping",
            "options",
            "chosen",
            "used_at",
            "version",
            "updated_at",
        )
        read_only_fields = tuple(name for name in fields if name != "name")


@extend_schema_field(OpenApiTypes.STR)
class JSONText(serializers.Field):
    """An object, or in a multipart body its JSON."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if isinstance(data, str):
            try:
                data = json.loads(data)
            except ValueError as error:
                raise serializers.ValidationError(_("This is not JSON.")) from error
        if not isinstance(data, dict):
            raise serializers.ValidationError(_("An object of names and values is needed."))
        return {str(name): value for name, value in data.items()}

    def to_representation(self, value: Any) -> Any:
        return value


class UploadSerializer(Serializer):
    """A file with what shall be done with it.

    `mapping` says field -> column name; one of several columns of a field is named behind it
    (`bought:Milk`), and `row number` stands for the number of the row. `options` and `reading`
    decide what is not to be found out. `decisions` say what becomes of customers that are not
    known: `#` with their number or `=` with their name in small letters -> `create`, `reject` or
    the id of an account. Without `dry_run` the rows are imported in the background at once.
    """

    kind = serializers.ChoiceField(choices=())
    scope = serializers.IntegerField(required=False, min_value=1)
    file = serializers.FileField()
    mapping = JSONText(required=False)
    options = JSONText(required=False)
    reading = JSONText(required=False)
    decisions = JSONText(required=False)
    dry_run = serializers.BooleanField(default=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds.choices()


FOLDER_STATE = ("owner", "note", "looked_at", "next_look_at")


class FolderSerializer(ModelSerializer):
    """A folder of the server from which files come by themselves, below the installation's.

    It runs with the rights of whoever made it or changed it last (`owner`). `scope` is the
    programme; `options` are those of the kind; `at` goes with `every` 1440, one look a day.
    """

    scope = serializers.IntegerField(source="scope_id", min_value=1)
    options = serializers.DictField(child=serializers.CharField(allow_blank=True), required=False)
    every = serializers.ChoiceField(choices=Folder.Every.choices, required=False)
    fixed = ("kind", "scope_id")

    class Meta:
        model = Folder
        fields = (
            "id",
            "kind",
            "scope",
            *services.FOLDER_FIELDS,
            *FOLDER_STATE,
            "version",
            "created_at",
            "updated_at",
        )
        read_only_fields = (*FOLDER_STATE, "version", "created_at", "updated_at")


class FolderFileSerializer(ModelSerializer):
    """A file that was seen in a folder, and what has become of it."""

    class Meta:
        model = FolderFile
        fields = ("id", "folder", "name", "size", "status", "note", "run", "seen_at", "updated_at")
        read_only_fields = fields
