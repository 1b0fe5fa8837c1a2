"""Working out the next part of a file while the database takes the last one."""

from __future__ import annotations

import gc
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Generic, TypeVar

from django.utils import translation

Item = TypeVar("Item")


class Ahead(Generic[Item]):
    """`items`, of which the next one is made in another thread from `begin` on.

    Making them must not use the database: the thread has no connection. It takes the processor
    from whoever computes meanwhile, so call `begin` when what comes next is waiting. An error
    comes where its item would come. Closing waits for the thread.
    """

    def __init__(self, items: Generator[Item]) -> None:
        self._items = items
        self._language = translation.get_language()
        self._pool = ThreadPoolExecutor(1, "import-ahead")
        self._coming: Future[Item | None] | None = None

    def begin(self) -> None:
        """Start making the next item, if that has not begun."""
        if self._coming is None:
            self._coming = self._pool.submit(self._made)

    def __iter__(self) -> Iterator[Item]:
        return self

    def __next__(self) -> Item:
        self.begin()
        assert self._coming is not None  # noqa: S101  (begun)
        item = self._coming.result()
        if item is None:
            raise StopIteration
        self._coming = None
        return item

    def close(self) -> None:
        """Let go of the items, once the thread has ended."""
        self._pool.shutdown()
        self._items.close()

    def _made(self) -> Item | None:
        with translation.override(self._language):
            return next(self._items, None)


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
