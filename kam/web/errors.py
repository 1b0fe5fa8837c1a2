"""Error pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

from kam.access.once import asking_once


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from a page that is too old: say so, lose nothing."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of what is not there, or not for this person; nothing was changed, so that the
    frame looks rights up once."""
    with asking_once():
        return defaults.page_not_found(request, exception)


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The page of what is visible and not allowed, likewise."""
    with asking_once():
        return defaults.permission_denied(request, exception)
