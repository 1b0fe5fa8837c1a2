"""Applies what a person has chosen: time zone of moments, number format."""

import zoneinfo
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from kam.web.formatting import use_locale

Handler = Callable[[HttpRequest], HttpResponse]


def preferences(get_response: Handler) -> Handler:
    """Activate the user's time zone and number format for the length of the request."""

    def handle(request: HttpRequest) -> HttpResponse:
        zone = getattr(request.user, "time_zone", "")
        locale = getattr(request.user, "locale", "")
        with timezone.override(zoneinfo.ZoneInfo(zone) if zone else None), use_locale(locale):
            return get_response(request)

    return handle
