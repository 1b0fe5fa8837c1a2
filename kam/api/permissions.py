"""What a caller may do at all; which rows is decided by querysets and services."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

RANK = {"read": 0, "write": 1, "admin": 2}


def required_scope(view: Any, method: str) -> str:
    """Scope that a token needs: `view.scopes` by action, else read to read, and to write what
    `view.write_scope` says (write)."""
    scopes = getattr(view, "scopes", {})
    default = "read" if method in SAFE_METHODS else getattr(view, "write_scope", "write")
    return scopes.get(getattr(view, "action", None), default)


class Scoped(BasePermission):
    """Signed in; a token also needs the scope. A browser session may do what its user may."""

    message = _("The token's scope does not allow this.")
    code = "scope"

    def has_permission(self, request: Request, view: Any) -> bool:
        if not request.user or not request.user.is_active:
            return False
        if request.auth is None or request.method not in view.allowed_methods:
            return True  # what is not offered to anybody is answered with 405
        token: Any = request.auth
        return RANK[token.scope] >= RANK[required_scope(view, request.method or "GET")]
