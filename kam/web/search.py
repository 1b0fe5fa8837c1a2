"""Search across what a person may see: apps register what can be found.

A source is asked with the reader and starts from `.visible_to(user)`; what it does not return
leaves no trace, neither as a row nor as a count.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of

LONGEST, MOST_WORDS = 200, 8
"""Characters and words of a search that are looked at."""
SHORTEST = 2
"""Characters from which on a search is made."""


@dataclass(frozen=True)
class Found:
    """One result: where it leads, what it is called, and a line that tells it from others."""

    label: Any
    url: str
    detail: str = ""
    stage: str | None = None


@dataclass(frozen=True)
class SearchSource:
    """A kind of thing that can be found; `search(user, text, limit)` costs one query."""

    name: str
    label: Any
    icon: str
    search: Callable[[Reader, str, int], Iterable[Found]]
    order: int = 50


@dataclass(frozen=True)
class Group:
    """Results of one source; `more` when there are further ones than shown."""

    source: SearchSource
    rows: list[Found]
    more: bool


_sources: dict[str, SearchSource] = {}


def register(source: SearchSource) -> None:
    """Add `source`; a second one of the same name replaces the first."""
    _sources[source.name] = source


def kept_by_words(
    key: Hashable, user: Reader, text: str, build: Callable[..., QuerySet]
) -> list[Any]:
    """Rows of `build(**words)`, one argument for each of the first words of `text`; the SQL is
    kept for as many words (`kam.access.prepared`)."""
    words = {f"word{place}": word for place, word in enumerate(text[:LONGEST].split()[:MOST_WORDS])}
    return kept_objects(("found by words", key, len(words), sight_of(user)), build, **words)


def find(user: Reader, text: str, limit: int = 8, only: str = "") -> list[Group]:
    """Results of all sources (or the one called `only`), empty groups left out."""
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    groups = []
    for source in sorted(_sources.values(), key=lambda item: (item.order, item.name)):
        if only in ("", source.name):
            rows = list(source.search(user, text, limit + 1))
            groups.append(Group(source, rows[:limit], len(rows) > limit))
    return [group for group in groups if group.rows]
