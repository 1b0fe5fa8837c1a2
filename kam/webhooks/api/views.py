"""Webhooks over REST."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.viewsets import CreateMixin, DestroyMixin, ReadOnlyViewSet, UpdateMixin
from kam.webhooks import services
from kam.webhooks.api.serializers import (
    NewWebhookSerializer,
    ReplaySerializer,
    WebhookSerializer,
)
from kam.webhooks.models import Webhook


class WebhookViewSet(CreateMixin, UpdateMixin, DestroyMixin, ReadOnlyViewSet):
    """Webhooks of the caller: addresses that are told what the caller may see of what happens."""

    model = Webhook
    serializer_class = WebhookSerializer
    write_scope = "admin"
    filterset_fields = ("is_on",)
    ordering_fields = ("name", "delivered_at", "updated_at")
    search_fields = ("name", "url")

    def sight(self) -> Hashable:
        """One's own are one's own, whatever one holds."""
        return self.request.user.pk

    def get_queryset(self) -> Any:
        return super().get_queryset().active()

    def _with_secret(self, webhook: Webhook, code: int = 200, **headers: str) -> Response:
        data = NewWebhookSerializer(webhook, context=self.get_serializer_context()).data
        return self.respond(webhook, data, code, **headers)

    @extend_schema(responses={201: NewWebhookSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Make a webhook; it is told what happens from now on. The secret is shown this once."""
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        webhook, _secret = services.create_webhook(
            actor=request.user, values=serializer.validated_data
        )
        location = self.reverse_action("detail", args=[webhook.pk])
        return self._with_secret(webhook, 201, Location=location)

    def perform_update(self, serializer: Any) -> None:
        serializer.instance = services.update_webhook(
            actor=self.request.user,
            webhook=serializer.instance,
            expected_version=self.version,
            changes=serializer.validated_data,
        )

    def perform_destroy(self, instance: Webhook) -> None:
        services.archive_webhook(
            actor=self.request.user, webhook=instance, expected_version=self.version
        )

    @extend_schema(request=None, responses=NewWebhookSerializer)
    @action(detail=True, methods=["post"])
    def rotate(self, request: Request, pk: str) -> Response:
        """Get a new secret, shown this once; the old one signs beside it for a day."""
        webhook, _secret = services.rotate_secret(actor=request.user, webhook=self.get_object())
        return self._with_secret(webhook)

    @extend_schema(request=ReplaySerializer, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def replay(self, request: Request, pk: str) -> Response:
        """Be told everything since a moment once more, with the same message ids."""
        webhook = self.get_object()
        body = ReplaySerializer(data=request.data, context=self.get_serializer_context())
        body.is_valid(raise_exception=True)
        webhook = services.replay(actor=request.user, webhook=webhook, **body.validated_data)
        return self.respond(webhook, self.represent(webhook))
