"""First use: every address leads to the set-up page until somebody can sign in."""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from kam.web.addresses import address
from teams import services

Handler = Callable[[HttpRequest], HttpResponse]


def first_use(get_response: Handler) -> Handler:
    """Send visitors to the set-up page while there is nobody; the API and files answer as ever.

    Asks the database only about visitors: whoever is signed in proves that there is somebody.
    """
    elsewhere = ("/api/", settings.STATIC_URL)

    def handle(request: HttpRequest) -> HttpResponse:
        path, page = request.path, address("set_up")
        is_visitor = path != page and not path.startswith(elsewhere)
        if is_visitor and not request.user.is_authenticated and not services.is_set_up():
            return redirect(page)
        return get_response(request)

    return handle
