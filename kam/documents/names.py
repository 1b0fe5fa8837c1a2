"""What a file may be called: as its owner called it, without what deceives or leaves its place."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 200
FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
"""What file systems do not take in a name."""


def ending(name: str) -> str:
    """The part after the last full stop, in small letters: `pdf`; empty without one."""
    stem, dot, last = name.rpartition(".")
    return last.casefold() if dot and stem else ""


def cleaned(name: str) -> str:
    """`name` without folders, control and direction marks, and at most 200 characters long.

    Its ending stays. Empty when nothing is left of it.
    """
    name = unicodedata.normalize("NFC", name)
    name = re.split(r"[/\\]", name)[-1]
    kept = (" " if character.isspace() else character for character in name)
    name = "".join(item for item in kept if unicodedata.category(item)[0] != "C")
    name = FORBIDDEN.sub("_", " ".join(name.split())).strip(". ")
    if len(name) <= LONGEST:
        return name
    stem, dot, last = name.rpartition(".")
    if not dot or len(last) > LONGEST // 2:
        return name[:LONGEST].rstrip(". ")
    return f"{stem[: LONGEST - len(last) - 1].rstrip('. ')}.{last}"
