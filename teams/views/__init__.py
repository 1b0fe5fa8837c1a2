"""Pages of people, programmes and teams."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


@login_not_required
def locked_out(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
    """Too many failed sign-ins; does not tell whether the user exists."""
    return render(request, "account/locked.html", status=429)
