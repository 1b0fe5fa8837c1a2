"""On what files may hang: each app registers its kinds in `AppConfig.ready()`.

The plumbing knows no customer: an attachment names its holder by kind and key, and the account
under whose rule it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db import models

from kam.access.querysets import Reader, scope_model


def visible(model: type[models.Model]) -> Callable[[Reader], Any]:
    """Rows of `model` that somebody may see."""

    def rows(user: Reader) -> Any:
        return model._default_manager.all().visible_to(user)  # type: ignore[attr-defined]

    return rows


def as_it_is(row: Any) -> Any:
    """The row itself."""
    return row


def own_page(row: Any) -> str:
    """The page of the row itself."""
    return row.get_absolute_url()


@dataclass(frozen=True)
class Holder:
    """A kind of thing that files hang on.

    `adds` is the queryset method that says who may add files. `rows(user)` are the things that
    `user` reads, `as_read` shows one as they read it, `page` is where its files are shown.
    `narrows`: whoever sees the account does not read all of them, so that their files are narrowed
    likewise.
    """

    model: type[models.Model]
    adds: str
    rows: Callable[[Reader], Any]
    as_read: Callable[[Any], Any] = as_it_is
    page: Callable[[Any], str] = own_page
    narrows: bool = False

    @property
    def name(self) -> str:
        """As the change log names the kind: `accounts.contact`."""
        return self.model._meta.label_lower

    @property
    def slug(self) -> str:
        """As addresses name the kind: `contact`."""
        return str(self.model._meta.model_name)


_holders: dict[str, Holder] = {}
_offers: dict[str, Callable[[int], models.QuerySet]] = {}


def register(
    model: type[models.Model],
    adds: str,
    *,
    rows: Callable[[Reader], Any] | None = None,
    as_read: Callable[[Any], Any] = as_it_is,
    page: Callable[[Any], str] = own_page,
    narrows: bool = False,
) -> None:
    """Let files hang on rows of `model`; see `Holder`."""
    holder = Holder(model, adds, rows or visible(model), as_read, page, narrows)
    _holders[holder.name] = holder


def offer_people(offered: Callable[[int], models.QuerySet]) -> None:
    """Let `offered(account_id)` say who may be named, where a file is for named people alone."""
    _offers["people"] = offered


def people_of(account_id: int) -> models.QuerySet:
    """Who is offered to be named; whether they see the account is asked when they are."""
    return _offers["people"](account_id)


def registered() -> list[Holder]:
    """All kinds, by name."""
    return [holder for _name, holder in sorted(_holders.items())]


def of(obj: models.Model) -> Holder:
    """The kind of `obj`; raises KeyError."""
    return _holders[obj._meta.label_lower]


def named(name: str) -> Holder | None:
    """The kind that the change log calls `name`."""
    return _holders.get(name)


def by_slug(slug: str) -> Holder | None:
    """The kind that addresses call `slug`."""
    return next((item for item in _holders.values() if item.slug == slug), None)


def of_accounts() -> Holder:
    """The kind that carries the access rule."""
    return _holders[scope_model()._meta.label_lower]


def account_id_of(obj: Any) -> int:
    """The account on which `obj` hangs, or that it is."""
    return obj.pk if not hasattr(obj, "account_id") else obj.account_id


def named_for(user: Reader, keys: Iterable[tuple[str, int]]) -> dict[tuple[str, int], Any]:
    """The things with these kinds and keys as `user` reads them: one query a kind."""
    wanted: dict[str, set[int]] = {}
    for name, pk in keys:
        wanted.setdefault(name, set()).add(pk)
    found = {}
    for name, pks in wanted.items():
        holder = _holders.get(name)
        if holder is not None:
            for row in holder.rows(user).filter(pk__in=pks):
                found[name, row.pk] = holder.as_read(row)
    return found
