"""Marks what a browser request writes as coming from its page."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from kam.changes.context import source

Handler = Callable[[HttpRequest], HttpResponse]


def page_source(get_response: Handler) -> Handler:
    """Writes of this request come from the page at its path; the API narrows it to the token."""

    def handle(request: HttpRequest) -> HttpResponse:
        with source("page", request.path[:200]):
            return get_response(request)

    return handle
