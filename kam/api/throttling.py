"""How often one token or person may call."""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

MINUTE = 60


class Allowance(NamedTuple):
    """Calls a minute, what is left of them, and the seconds until they are full again."""

    limit: int
    remaining: int
    reset_seconds: int

    def headers(self) -> dict[str, str]:
        """As in the present draft of the IETF's HTTPAPI group (`RateLimit`, `RateLimit-Policy`),
        and in the three headers of the earlier ones, which more clients know."""
        return {
            "RateLimit": f'"calls";r={self.remaining};t={self.reset_seconds}',
            "RateLimit-Policy": f'"calls";q={self.limit};w={MINUTE}',
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(self.remaining),
            "RateLimit-Reset": str(self.reset_seconds),
        }


class TokenThrottle(BaseThrottle):
    """`settings.API_CALLS_PER_MINUTE` for every token, every person, and every address from which
    strangers call; 0 means no limit."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = settings.API_CALLS_PER_MINUTE
        if not limit:
            return True
        window, elapsed = divmod(int(time.time()), MINUTE)
        key = f"api-calls:{self._whose(request)}:{window}"
        cache.add(key, 0, MINUTE * 2)
        used = cache.incr(key)
        self.allowance = Allowance(limit, max(limit - used, 0), MINUTE - elapsed)
        request.allowance = self.allowance  # type: ignore[attr-defined]
        return used <= limit

    @staticmethod
    def _whose(request: Request) -> str:
        if request.auth:
            return f"token:{request.auth.pk}"
        if request.user.is_authenticated:
            return f"user:{request.user.pk}"
        return f"address:{request.META.get('REMOTE_ADDR', '')}"

    def wait(self) -> float | None:
        return self.allowance.reset_seconds if self.allowance else None
