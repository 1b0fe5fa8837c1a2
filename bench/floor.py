"""The floor of the benchmark: a bare Django view that runs the same SQL.

The view stands in a plain project with the middleware that `startproject` writes, is opened
through WSGI like the page, signed in, runs the statements that the page ran and reads their rows.
Session and person are read by the middleware, as in the product, and not a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.handlers.wsgi import WSGIHandler
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import override_settings
from django.urls import path

ADDRESS = "/floor/"
PLAIN = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "bench.floor.use_floor",
]
OWN = ("django_session", "teams_user")
"""Tables that the middleware reads: the first statement on each is its own."""

_statements: list[tuple[str, Any]] = []
_writes: list[str] = []


@login_required
def view(request: HttpRequest) -> HttpResponse:
    """Run the statements and count the rows."""
    count = 0
    with connection.cursor() as cursor, transaction.atomic() if _writes else nullcontext():
        for sql, parameters in _statements:
            cursor.execute(sql, parameters)
            count += len(cursor.fetchall()) if cursor.description else 0
    return HttpResponse(str(count), content_type="text/plain")


urlpatterns = [path(ADDRESS.strip("/") + "/", view)]


def use_floor(get_response: Any) -> Any:
    """Middleware: look addresses up here, not in the product."""

    def handle(request: HttpRequest) -> HttpResponse:
        request.urlconf = __name__  # type: ignore[attr-defined]
        return get_response(request)

    return handle


def floor_application() -> WSGIHandler:
    """The plain project."""
    with override_settings(MIDDLEWARE=PLAIN):
        return WSGIHandler()


@contextmanager
def running(statements: Iterable[tuple[str, Any]]) -> Iterator[None]:
    """The view runs `statements`, session and person left to the middleware."""
    left_out = set()
    _statements.clear()
    _writes.clear()
    for sql, parameters in statements:
        table = next((name for name in OWN if f'FROM "{name}"' in sql), None)
        if sql.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "COMMIT")):
            continue
        if table and table not in left_out:
            left_out.add(table)
            continue
        _statements.append((sql, parameters))
        if not sql.lstrip("( ").startswith("SELECT"):
            _writes.append(sql)
    yield
    _statements.clear()
    _writes.clear()
