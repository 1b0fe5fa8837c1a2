"""What stands in a calendar, and who adds to it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from icalendar import Calendar
from icalendar import Event as Entry

from kam.access.querysets import Reader

PAST = datetime.timedelta(days=60)
AHEAD = datetime.timedelta(days=400)
MOST = 1_000
"""Entries of one source at most, the nearest ones."""


@dataclass(frozen=True)
class Event:
    """Something due on a day; `key` names it for good, `changed_at` is when it was changed."""

    key: str
    day: datetime.date
    title: str
    path: str
    changed_at: datetime.datetime
    version: int


@dataclass(frozen=True)
class Window:
    """The days that a calendar shows, both included."""

    first: datetime.date
    last: datetime.date


Source = Callable[[Reader, Window], Iterable[Event]]
_sources: list[Source] = []


def register(source: Source) -> Source:
    """Let an app add what is due, cut down to its reader."""
    if source not in _sources:
        _sources.append(source)
    return source


def calendar_of(user: Reader, today: datetime.date, site_url: str) -> bytes:
    """The calendar of `user` as RFC 5545 writes it; the same as long as nothing changes."""
    window = Window(today - PAST, today + AHEAD)
    host = site_url.rsplit("//", maxsplit=1)[-1].split("/", maxsplit=1)[0].split(":", maxsplit=1)[0]
    calendar = Calendar()
    calendar.add("prodid", "-//Key accounts//Calendar//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", _("Key accounts"))
    events = [event for source in _sources for event in source(user, window)]
    for event in sorted(events, key=lambda event: (event.day, event.key)):
        calendar.add_component(_entry(event, host, site_url))
    return calendar.to_ical()


def _entry(event: Event, host: str, site_url: str) -> Entry:
    entry = Entry()
    changed_at = event.changed_at.astimezone(datetime.UTC).replace(microsecond=0)
    entry.add("uid", f"{event.key}@{host}")
    entry.add("dtstamp", changed_at)
    entry.add("last-modified", changed_at)
    entry.add("sequence", event.version)
    entry.add("summary", event.title)
    entry.add("dtstart", event.day)
    entry.add("dtend", event.day + datetime.timedelta(days=1))
    entry.add("transp", "TRANSPARENT")
    entry.add("url", site_url.rstrip("/") + event.path)
    return entry
