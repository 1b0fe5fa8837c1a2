"""Addresses of pages, worked out once a process: lists and the frame name the same ones again; and
keys that addresses and forms name."""

from functools import lru_cache

from django.http import HttpRequest
from django.urls import get_script_prefix, reverse


def address(name: str, *arguments: int | str) -> str:
    """What `reverse(name, args=arguments)` says: it depends on nothing else than where the server
    hangs the application in."""
    return _address(get_script_prefix(), name, arguments)


@lru_cache(maxsize=10_000)
def _address(_prefix: str, name: str, arguments: tuple[int | str, ...]) -> str:
    return reverse(name, args=arguments)


LONGEST_KEY = 18
"""Digits of a key: databases count no further than nineteen."""


def key_in(text: str) -> int | None:
    """The key of a row that somebody names; None where `text` can be none."""
    return int(text) if text.isdecimal() and len(text) <= LONGEST_KEY else None


def posted_version(request: HttpRequest) -> int | None:
    """The version of what is changed, as the form of a button carried it."""
    return key_in(request.POST.get("version", ""))
