"""Where a write comes from: set at the edge (page, API, job, command), read by the change log."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple


class Source(NamedTuple):
    """`kind` is one of `Change.Source`, `reference` names the token, import run or command."""

    kind: str
    reference: str


_NOWHERE = Source("system", "")
_source: ContextVar[Source] = ContextVar("change_source", default=_NOWHERE)


def current() -> Source:
    """The source of the writes that happen now."""
    return _source.get()


@contextmanager
def source(kind: str, reference: str = "") -> Iterator[None]:
    """Mark all writes inside as coming from `kind` and `reference`."""
    token = _source.set(Source(kind, str(reference)))
    try:
        yield
    finally:
        _source.reset(token)


def narrow(kind: str, reference: str = "") -> None:
    """Say more exactly, within a request that `source` already encloses, where writes come from."""
    _source.set(Source(kind, str(reference)[:200]))
