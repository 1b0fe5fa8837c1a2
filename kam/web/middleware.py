"""Who must sign in, and what a person has chosen: time zone of moments, number format."""

import zoneinfo
from collections.abc import Callable

from django.contrib.auth.middleware import LoginRequiredMiddleware
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


class SignInRequired(LoginRequiredMiddleware):
    """Every page asks for sign-in unless its view says `login_not_required`.

    A request of a page's script gets 401 instead of a redirect, so that the sign-in page never
    lands inside another one; the script then says that the session ended and what was typed stays.
    """

    def handle_no_permission(self, request: HttpRequest, view_func: Callable) -> HttpResponse:
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)
        return super().handle_no_permission(request, view_func)
