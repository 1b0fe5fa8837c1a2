"""Cutting what is long into parts that one statement can take."""

import itertools
from collections.abc import Iterable, Iterator
from typing import Any


def batched(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """`items` in lists of up to `size`."""
    left = iter(items)
    while part := list(itertools.islice(left, size)):
        yield part
