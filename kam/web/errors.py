"""Error pages."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """The form was sent from a page that is too old: say so, lose nothing."""
    return render(request, "403_csrf.html", {"reason": reason}, status=403)
