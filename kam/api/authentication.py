"""Who calls: another system with a bearer token, or a browser session."""

from __future__ import annotations

import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from kam.api.models import Token, digest
from kam.changes import context


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer …`; what the call writes is marked with the token's name."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        kind, _space, secret = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer":
            return None
        tokens = Token.objects.valid().select_related("owner")
        token = tokens.filter(secret_hash=digest(secret.strip())).first()
        if token is None:
            raise AuthenticationFailed(_("The token is unknown, expired or revoked."))
        self._note_use(token, timezone.now().date())
        context.narrow("api", token.name)
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def _note_use(token: Token, today: datetime.date) -> None:
        """At most one write a day and token."""
        if token.last_used_on != today:
            Token.objects.filter(pk=token.pk).update(last_used_on=today)


class BrowserAuthentication(SessionAuthentication):
    """A signed-in browser, with CSRF protection."""

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None:
            context.narrow("api", "browser")
        return found
