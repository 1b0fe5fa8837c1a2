"""An action from one line: "Tom: quote for depot Aarhus, 20 June" (ui.md 7)."""

from __future__ import annotations

import datetime
import difflib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from kam.web.days import NoSuchDay, read_day
from teams.models import User

_OWNER = re.compile(r"@?([^\s:,@][^:,@]{0,60}?)\s*:\s+(.*)\Z", re.DOTALL)
_LEADING_BY = re.compile(r"(?:by|until|due|on)\s+", re.IGNORECASE)


@dataclass(frozen=True)
class Captured:
    """What a line says. `unknown_owner` is a name that nobody of the team has, or `several`."""

    text: str
    owner: User | None = None
    due: datetime.date | None = None
    unknown_owner: str = ""
    nearest: User | None = None
    several: tuple[User, ...] = field(default=())


def read_line(line: str, *, today: datetime.date, people: Sequence[User]) -> Captured:
    """Take a line apart: a name before a colon, a day behind the last comma, the rest is text.

    What is no day and no name stays in the text. A single word before the colon that looks like a
    name (capital letter or @) but is nobody's is reported, not swallowed.
    """
    text = " ".join(line.split())
    owner, unknown, nearest = None, "", None
    several: tuple[User, ...] = ()
    if found := _OWNER.match(text):
        name, rest = found[1].strip(), found[2].strip()
        matches = named(name, people)
        if len(matches) == 1:
            owner, text = matches[0], rest
        elif matches or text.startswith("@") or _looks_like_name(name):
            unknown, several = name, tuple(matches)
            nearest = None if matches else closest(name, people)
            text = rest
    text, due = _day_at_end(text, today)
    return Captured(text, owner, due, unknown, nearest, several)


class NoDay(ValueError):  # noqa: N818  (reads as what it says)
    """What stands behind "by" is no day."""


def read_mention(
    name: str, due: str, text: str, *, today: datetime.date, people: Sequence[User]
) -> Captured:
    """What a line "@name by due: text" of a talk asks for; without "by" a day may end the text.

    Raises `NoDay` when `due` was given and is no day.
    """
    text, day = _day_at_end(" ".join(text.split()), today) if not due else (text, _day(due, today))
    if due and day is None:
        raise NoDay(due)
    matches = named(name, people)
    if len(matches) == 1:
        return Captured(text, matches[0], day)
    nearest = None if matches else closest(name, people)
    return Captured(text, None, day, name, nearest, tuple(matches))


def named(name: str, people: Sequence[User]) -> list[User]:
    """People whom `name` means: their user name, full name, first name or last name."""
    wanted = name.casefold().lstrip("@")
    exact = [
        person
        for person in people
        if wanted in (person.username.casefold(), person.get_full_name().casefold())
    ]
    if exact:
        return exact
    return [
        person
        for person in people
        if wanted in (person.first_name.casefold(), person.last_name.casefold())
    ]


def closest(name: str, people: Sequence[User]) -> User | None:
    """The person whose name is written most like `name`, if any is near."""
    names: dict[str, User] = {}
    for person in people:
        for known in (person.first_name, person.last_name, person.username):
            if known:
                names.setdefault(known.casefold(), person)
    match = difflib.get_close_matches(name.casefold(), names, n=1, cutoff=0.6)
    return names[match[0]] if match else None


def _looks_like_name(name: str) -> bool:
    words = name.split()
    return len(words) == 1 and name[0].isupper() and name.replace("-", "").isalpha()


def _day_at_end(text: str, today: datetime.date) -> tuple[str, datetime.date | None]:
    """`text` without the day behind its last comma, and that day."""
    head, comma, tail = text.rpartition(",")
    due = _day(tail, today) if comma and head.strip() else None
    return (text, None) if due is None else (head.strip(), due)


def _day(text: str, today: datetime.date) -> datetime.date | None:
    try:
        return read_day(_LEADING_BY.sub("", text.strip(), count=1), today)
    except NoSuchDay:
        return None
