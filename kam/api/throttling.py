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


class TokenThrottle(BaseThrottle):
    """`settings.API_CALLS_PER_MINUTE` for every token and every person; 0 means no limit."""

    allowance: Allowance | None = None

    def allow_request(self, request: Request, view: Any) -> bool:
        limit = settings.API_CALLS_PER_MINUTE
        if not limit or not request.user.is_authenticated:
            return True
        whose = f"token:{request.auth.pk}" if request.auth else f"user:{request.user.pk}"
        window, elapsed = divmod(int(time.time()), MINUTE)
        key = f"api-calls:{whose}:{window}"
        cache.add(key, 0, MINUTE * 2)
        used = cache.incr(key)
        self.allowance = Allowance(limit, max(limit - used, 0), MINUTE - elapsed)
        request.allowance = self.allowance  # type: ignore[attr-defined]
        return used <= limit

    def wait(self) -> float | None:
        return self.allowance.reset_seconds if self.allowance else None
