"""Addresses of pages, worked out once a process: lists and the frame name the same ones again."""

from functools import lru_cache

from django.urls import reverse


@lru_cache(maxsize=10_000)
def address(name: str, *arguments: int | str) -> str:
    """What `reverse(name, args=arguments)` says: it depends on nothing else."""
    return reverse(name, args=arguments)
