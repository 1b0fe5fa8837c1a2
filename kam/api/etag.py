"""Versions as entity tags: `If-Match` on changes, `If-None-Match` on reading (RFC 9110, 13)."""

from __future__ import annotations

import re
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from kam.api.errors import PreconditionRequired

TAG = re.compile(r'\s*(?:W/)?"(\d{1,9})"\s*\Z')
"""One tag of ours; proxies that compress turn it into a weak one."""


def etag(obj: Any) -> str:
    """The tag of a versioned object."""
    return f'"{obj.version}"'


def if_match(request: Request) -> int:
    """The version that the caller has read; the service compares it under its lock.

    Raises `PreconditionRequired` (428) without a header or with `*`, and `ValidationError` for
    what is not one tag of ours.
    """
    header = request.headers.get("If-Match", "")
    if header.strip() in ("", "*"):
        raise PreconditionRequired
    found = TAG.match(header)
    if found is None:
        raise ValidationError(_("If-Match has to be one ETag, as it was sent."), code="if_match")
    return int(found[1])


def is_known(request: Request, obj: Any) -> bool:
    """Whether `If-None-Match` names the present version, or any."""
    header = request.headers.get("If-None-Match", "")
    if header.strip() == "*":
        return True
    tags = [TAG.match(part) for part in header.split(",")]
    return any(found and int(found[1]) == obj.version for found in tags)
