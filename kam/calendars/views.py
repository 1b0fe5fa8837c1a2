"""The calendar itself, for whoever has its address."""

from __future__ import annotations

import hashlib

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from django.views.decorators.http import require_safe

from kam.access.dates import business_today
from kam.api.models import digest
from kam.calendars.events import calendar_of
from kam.calendars.models import CalendarFeed


@login_not_required
@require_safe
def calendar(request: HttpRequest, secret: str) -> HttpResponse:
    """What is due for the owner of the secret; no other right comes with it."""
    feeds = CalendarFeed.objects.filter(owner__is_active=True).select_related("owner")
    feed = feeds.filter(secret_hash=digest(secret)).first()
    if feed is None:
        raise Http404
    body = calendar_of(feed.owner, business_today(), request.build_absolute_uri("/"))
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    known = [
        tag.removeprefix("W/") for tag in parse_etags(request.headers.get("If-None-Match", ""))
    ]
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    if etag in known:
        response = HttpResponseNotModified()
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response
