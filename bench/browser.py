"""Opening addresses the way a web server does: through the WSGI application, signed in."""

from __future__ import annotations

import json
from io import BytesIO
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore

from teams.models import User

CSRF = "benchmarkbenchmarkbenchmarkbench"


class Answer(NamedTuple):
    """What came back."""

    status: int
    bytes: int


class Browser:
    """One signed-in person before one WSGI application."""

    def __init__(self, application: Any, user: User) -> None:
        self.application, self.user = application, user
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        self.cookies = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; csrftoken={CSRF}"

    def open(self, address: str, body: dict[str, Any] | None = None) -> Answer:
        """Read or, with a `body`, post; the answer is read to its end."""
        parts = urlsplit(address)
        content = b"" if body is None else json.dumps(body).encode()
        answer: list[str] = []
        environ = {
            "REQUEST_METHOD": "GET" if body is None else "POST",
            "SCRIPT_NAME": "",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "SERVER_NAME": "testserver",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": "" if body is None else "application/json",
            "CONTENT_LENGTH": str(len(content)),
            "HTTP_HOST": "testserver",
            "HTTP_COOKIE": self.cookies,
            "HTTP_X_CSRFTOKEN": CSRF,
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(content),
        }

        def start(status: str, headers: Any, exc_info: Any = None) -> None:
            answer.append(status)

        pieces = self.application(environ, start)
        try:
            size = sum(len(piece) for piece in pieces)
        finally:
            if hasattr(pieces, "close"):
                pieces.close()
        return Answer(int(answer[0].split()[0]), size)
