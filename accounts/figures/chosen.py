"""Accounts that several questions are asked about."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from accounts.models import Account
from kam.access.prepared import Key, kept_count, kept_iterator, kept_objects


@dataclass(frozen=True)
class Chosen:
    """Accounts that are looked at, `rows(**values)`.

    SQL about them is kept under `key`, which names all on which `rows` depends besides `values`
    (`kam.access.prepared`); without a key it is put together each time.
    """

    rows: Callable[..., Any]
    key: Hashable = None
    values: Mapping[str, Key] = field(default_factory=dict)

    def all(self) -> Any:
        """The accounts themselves."""
        return self.rows(**self.values)

    def find(self, name: Hashable, build: Callable[..., QuerySet], **asked: Key) -> list[Any]:
        """Rows of `build(accounts, **asked)`; `name` tells questions apart."""
        if self.key is None:
            return list(build(self.all(), **asked))
        return kept_objects((name, self.key), self._about(build), **self.values, **asked)

    def each(self, name: Hashable, build: Callable[..., QuerySet]) -> Iterator[Any]:
        """The same, read no further than is asked for."""
        if self.key is None:
            return build(self.all()).iterator(chunk_size=500)
        return kept_iterator((name, self.key), self._about(build), **self.values)

    def count(self, name: Hashable, build: Callable[..., QuerySet]) -> int:
        """How many rows `build(accounts)` has."""
        if self.key is None:
            return build(self.all()).count()
        return kept_count((name, self.key), self._about(build), **self.values)

    def _about(self, build: Callable[..., QuerySet]) -> Callable[..., QuerySet]:
        def ask(**given: Key) -> QuerySet:
            own = {name: given.pop(name) for name in self.values}
            return build(self.rows(**own), **given)

        return ask


def just(account: Account) -> Chosen:
    """The one account."""
    return Chosen(lambda pk: Account.objects.filter(pk=pk), "one", {"pk": account.pk})
