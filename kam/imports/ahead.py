"""Working out the next part of a file while the database takes the last one."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from django.utils import translation

Item = TypeVar("Item")


def ahead(items: Generator[Item]) -> Generator[Item]:
    """`items`, of which the next one is always made in another thread meanwhile.

    Making them must not use the database: the thread has no connection. An error comes
    where its item would come. Closing it waits for the thread.
    """
    language = translation.get_language()

    def made() -> Item | None:
        with translation.override(language):
            return next(items, None)

    pool = ThreadPoolExecutor(1, "import-ahead")
    try:
        coming = pool.submit(made)
        while (item := coming.result()) is not None:
            coming = pool.submit(made)
            yield item
    finally:
        pool.shutdown()
        items.close()


@contextmanager
def few_collections() -> Iterator[None]:
    """Python looks for cycles of garbage only where `collect` asks for it: a chunk makes hundreds
    of thousands of objects and hardly a cycle, and looking takes two fifths of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def collect() -> None:
    """Look for garbage among what has been made since the last call, and only there."""
    gc.collect(1)
