"""Answers that hold for the length of one reading request.

Rights cannot change while a page is only read, so that they are looked up once. Outside such a
request (writing requests, jobs, commands) nothing is remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse

Answer = TypeVar("Answer")
Handler = Callable[[HttpRequest], HttpResponse]
READING = frozenset({"GET", "HEAD", "OPTIONS"})

_answers: ContextVar[dict[Hashable, Any] | None] = ContextVar("answers_once", default=None)


def once(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """`ask()`, or what it said to the same `key` earlier in this reading request."""
    answers = _answers.get()
    if answers is None:
        return ask()
    if key not in answers:
        answers[key] = ask()
    return answers[key]


@contextmanager
def asking_once() -> Iterator[None]:
    """A memory while one queryset is put together of several rules, or nobody's rights change."""
    if _answers.get() is not None:
        yield
        return
    token = _answers.set({})
    try:
        yield
    finally:
        _answers.reset(token)


def remember_while_reading(get_response: Handler) -> Handler:
    """Middleware: open a memory for requests that read, and forget it at their end."""

    def handle(request: HttpRequest) -> HttpResponse:
        if request.method not in READING:
            return get_response(request)
        token = _answers.set({})
        try:
            return get_response(request)
        finally:
            _answers.reset(token)

    return handle
