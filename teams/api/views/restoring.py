"""Bringing archived rows back over REST."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from kam.api.etag import if_match


class RestoreMixin:
    """POST `restore` for rows that DELETE archives; `perform_restore` calls a service."""

    @extend_schema(request=None)
    @action(detail=True, methods=["post"])
    def restore(self: Any, request: Request, pk: str) -> Response:
        """Bring an archived row back; `If-Match` is heeded when sent."""
        obj = self.get_object()
        version = if_match(request) if "If-Match" in request.headers else None
        restored = self.perform_restore(obj, version)
        return self.respond(restored, self.represent(restored))
