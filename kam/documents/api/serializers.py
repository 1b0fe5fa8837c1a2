"""Shapes of attachments."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from kam.api.filters import LARGEST_ID
from kam.api.serializers import ModelSerializer, Serializer, VisibleRelatedField
from kam.documents import holders
from kam.documents.models import Attachment, EarlierFile
from kam.documents.services import EDITABLE_FIELDS


@extend_schema_field({"type": "string", "format": "uri"})
class DownloadField(serializers.ReadOnlyField):
    """Where the content is."""

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> str:
        path = reverse("api:attachments-file", args=[value.pk])
        return self.context["request"].build_absolute_uri(path)


class AttachmentSerializer(ModelSerializer):
    """A file and on what it hangs: `object_type` and `object_id` as in the change feed. `name`,
    `description`, `confidentiality` and `people` may be changed; `number` counts its contents."""

    file = DownloadField()

    class Meta:
        model = Attachment
        fields = (
            "id",
            "account",
            "object_type",
            "object_id",
            *EDITABLE_FIELDS,
            "file",
            "number",
            "size",
            "media_type",
            "sha256",
            "uploaded_by",
            "stored_by",
            "stored_at",
            "version",
            "created_at",
            "updated_at",
            "archived_at",
        )
        read_only_fields = tuple(name for name in fields if name not in EDITABLE_FIELDS)


class EarlierFileSerializer(ModelSerializer):
    """What an attachment was before it was replaced."""

    class Meta:
        model = EarlierFile
        fields = ("number", "name", "size", "media_type", "sha256", "stored_by", "stored_at")
        read_only_fields = fields


class AttachmentContentSerializer(Serializer):
    """A file that takes the place of another; without `name` it is called as it was sent."""

    file = serializers.FileField()
    name = serializers.CharField(required=False, allow_blank=True, max_length=200)


class AttachmentUploadSerializer(AttachmentContentSerializer):
    """A file on something that the caller may see: an account (`account` alone), or what
    `object_type` and `object_id` name."""

    account = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    object_type = serializers.ChoiceField(choices=(), required=False)
    object_id = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    description = serializers.CharField(required=False, allow_blank=True, max_length=300)
    confidentiality = serializers.ChoiceField(
        choices=Attachment.Confidentiality.choices, required=False
    )
    people = serializers.ListField(
        child=VisibleRelatedField(get_user_model()),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [(item.name, item.model._meta.verbose_name) for item in holders.registered()]
        self.fields["object_type"].choices = kinds

    def validate(self, attrs: Any) -> Any:
        """Put what the file hangs on into `obj`."""
        account, name = attrs.pop("account", None), attrs.pop("object_type", None)
        pk = attrs.pop("object_id", None)
        if name is None and pk is None:
            holder, pk, field = holders.of_accounts(), account, "account"
        else:
            holder, field = holders.named(name or ""), "object_id"
        if holder is None or pk is None:
            text = _("Name an account, or an object by its type and id.")
            raise serializers.ValidationError({field: [text]}, code="required")
        attrs["obj"] = holder.rows(self.context["request"].user).filter(pk=pk).first()
        if attrs["obj"] is None:
            text = _("There is no such row.")
            raise serializers.ValidationError({field: [text]}, code="does_not_exist")
        if account is not None and holders.account_id_of(attrs["obj"]) != account:
            text = _("The object is not of this account.")
            raise serializers.ValidationError({"account": [text]}, code="foreign")
        return attrs
