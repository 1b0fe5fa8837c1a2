"""Pages of people and teams."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Too many failed sign-ins; does not tell whether the user exists."""
    return render(request, "account/locked.html", status=429)
