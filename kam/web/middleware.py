"""Who must sign in, and what a person has chosen: time zone of moments, number format."""

import zoneinfo
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from kam.access.querysets import Reader
from kam.web.formatting import use_locale

Handler = Callable[[HttpRequest], HttpResponse]


@contextmanager
def preferred_by(user: Reader) -> Iterator[None]:
    """Time zone and number format of `user`, wherever something is made for them."""
    zone = getattr(user, "time_zone", "")
    locale = getattr(user, "locale", "")
    with timezone.override(zoneinfo.ZoneInfo(zone) if zone else None), use_locale(locale):
        yield


def preferences(get_response: Handler) -> Handler:
    """Activate the user's time zone and number format for the length of the request."""

    def handle(request: HttpRequest) -> HttpResponse:
        with preferred_by(request.user):
            return get_response(request)

    return handle


def possible_addresses(get_response: Handler) -> Handler:
    """Nothing is found at an address of a page that holds the character NUL: no text has it, and
    looking for it is an error of the database. Endpoints name the parameter that is at fault."""

    def handle(request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and not request.path.startswith("/api/"):
            raise Http404
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
