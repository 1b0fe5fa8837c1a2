"""What stands in the navigation: apps register it in `AppConfig.ready()`, the frame shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import get_script_prefix
from django.utils.functional import Promise, cached_property

from kam.access.querysets import Reader
from kam.web.addresses import address


def everybody(user: Reader) -> bool:
    """Shown to whoever is signed in."""
    return True


MOST_COUNTED = 99
"""Beyond this a badge says "99+": the frame of every page counts no further."""


@dataclass(frozen=True)
class Badge:
    """A count beside an entry: `words` is read aloud after the name, e.g. "4 overdue"."""

    count: int
    words: str
    tone: str = ""

    @property
    def number(self) -> str:
        """The count as shown."""
        return counted(self.count)


def counted(count: int) -> str:
    """`count` as a badge says it."""
    return str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"


@dataclass(frozen=True)
class Entry:
    """A place to go.

    `url_name` is reversed without arguments; `section` is `main` (top), `foot` (below), `me`
    (menu of the person) or
    `quick` (the round button of the phone's bar and the key of the frame); `phone` puts it into
    the phone's bar of five; `key` is the letter after G, or for `quick` the letter itself;
    `also` names further pages that belong to it, whatever their address begins with.
    """

    name: str
    label: str | Promise
    icon: str
    url_name: str
    order: int = 50
    section: str = "main"
    phone: bool = False
    key: str = ""
    visible: Callable[[Reader], bool] = everybody
    badge: Callable[[Reader], Badge | None] | None = None
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shortcut:
    """One of "my" accounts, or something pinned: `stage` and `target` draw its glyph."""

    label: str
    url: str
    stage: str | None = None
    target: str | None = None
    icon: str = ""
    alerts: int = 0


@dataclass(frozen=True)
class Shortcuts:
    """The group below the main entries, e.g. "My accounts"; empty for who has none."""

    label: str
    items: tuple[Shortcut, ...] = ()


@dataclass(frozen=True)
class Shown:
    """An entry as the page shows it."""

    entry: Entry
    url: str
    badge: Badge | None
    current: bool


_entries: dict[str, Entry] = {}
_providers: dict[str, Callable] = {}


def register(entry: Entry) -> None:
    """Add `entry`; a second one of the same name replaces the first."""
    _entries[entry.name] = entry


def provide_shortcuts(provider: Callable[[Reader], Shortcuts]) -> None:
    """Name who supplies "My accounts"; one query at most."""
    _providers["shortcuts"] = provider


def provide_company(provider: Callable[[Reader], str]) -> None:
    """Name who supplies the line under the product's name, e.g. "Hartwell Supply"."""
    _providers["company"] = provider


def entries(section: str | None = None) -> Iterable[Entry]:
    """Registered entries in their order."""
    chosen = (item for item in _entries.values() if section in (None, item.section))
    return sorted(chosen, key=lambda item: (item.order, item.name))


class Frame:
    """Navigation of one page for one person; every part is worked out when it is first shown."""

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.user = request.user
        self._answers: dict[Callable, bool] = {}

    @cached_property
    def shown(self) -> list[Shown]:
        """All entries that the person may open."""
        found = [item for item in entries() if self._may_open(item)]
        nearest = max((self._reach(item) for item in found if item.section == "main"), default=0)
        return [self._show(item, nearest) for item in found]

    def _may_open(self, entry: Entry) -> bool:
        """Ask each rule once, however many entries share it."""
        if entry.visible not in self._answers:
            self._answers[entry.visible] = entry.visible(self.user)
        return self._answers[entry.visible]

    def _reach(self, entry: Entry) -> int:
        """How much of this page's address is that of `entry`: the longest names where one is."""
        path, root = self.request.path, get_script_prefix()
        urls = (address(name) for name in (entry.url_name, *entry.also))
        within = (url for url in urls if path == url or (url != root and path.startswith(url)))
        return max(map(len, within), default=0)

    def _show(self, entry: Entry, nearest: int) -> Shown:
        url = address(entry.url_name)
        reach = self._reach(entry)
        current = reach > 0 and (entry.section != "main" or reach == nearest)
        badge = entry.badge(self.user) if entry.badge else None
        return Shown(entry, url, badge if badge and badge.count else None, current)

    @cached_property
    def key(self) -> tuple:
        """All that the navigation says, to compare with that of another page."""
        shown = tuple((item.entry.name, item.current, item.badge) for item in self.shown)
        urls = {item.url for item in self.shortcuts.items}
        here = self.request.path if self.request.path in urls else ""
        return shown, self.company, self.shortcuts, here

    def _of(self, section: str) -> list[Shown]:
        return [item for item in self.shown if item.entry.section == section]

    @property
    def main(self) -> list[Shown]:
        return self._of("main")

    @property
    def foot(self) -> list[Shown]:
        return self._of("foot")

    @property
    def me(self) -> list[Shown]:
        """Entries of the person's own menu."""
        return self._of("me")

    @property
    def quicks(self) -> list[Shown]:
        """Everything that a single key does."""
        return self._of("quick")

    @property
    def quick(self) -> Shown | None:
        """What the round button of the phone's bar does."""
        return next(iter(self._of("quick")), None)

    @property
    def phone_before(self) -> list[Shown]:
        """Entries of the phone's bar left of the round button."""
        return [item for item in self.shown if item.entry.phone][:2]

    @property
    def phone_after(self) -> list[Shown]:
        """Entries of the phone's bar right of the round button; More follows."""
        return [item for item in self.shown if item.entry.phone][2:3]

    @cached_property
    def shortcuts(self) -> Shortcuts:
        """My accounts, or what is pinned."""
        provider = _providers.get("shortcuts")
        return provider(self.user) if provider else Shortcuts("")

    @cached_property
    def company(self) -> str:
        """The supplier's name."""
        provider = _providers.get("company")
        return provider(self.user) if provider else ""
