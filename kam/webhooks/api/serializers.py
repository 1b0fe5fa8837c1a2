"""Bodies of webhooks."""

from __future__ import annotations

from rest_framework import serializers

from kam.api.serializers import ModelSerializer, Serializer
from kam.webhooks.models import Webhook
from kam.webhooks.services import EDITABLE_FIELDS

STATE = ("failures", "failing_since", "next_try_at", "delivered_at", "last_error")
STAMPS = ("version", "created_at", "updated_at")


class WebhookSerializer(ModelSerializer):
    """A webhook without its secret; `object_types` empty: changes of everything."""

    object_types = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, max_length=100
    )

    class Meta:
        model = Webhook
        fields = ("id", *EDITABLE_FIELDS, *STATE, *STAMPS)
        read_only_fields = (*STATE, *STAMPS)


class NewWebhookSerializer(WebhookSerializer):
    """A webhook with its secret, which is shown this once."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")  # type: ignore[assignment]


class ReplaySerializer(Serializer):
    """From when on everything is told once more."""

    since = serializers.DateTimeField()
