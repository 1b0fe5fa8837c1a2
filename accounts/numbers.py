"""Numbers in other systems as text: the system, then the number there, e.g. `erp 100482`.

Several are divided by commas. What holds a comma or a quotation mark, and a system with a blank in
its name, stands in quotation marks, doubled within: `"old list.csv" 12, crm "A,7"`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Number = tuple[str, str]
"""System and number there."""

_QUOTED = r'"(?:[^"]|"")*"'
_ONE = re.compile(rf"\s*({_QUOTED}|[^\s\"]+)\s+({_QUOTED}|[^\"]*[^\s\"])\s*", re.DOTALL)
_PART = re.compile(r'((?:"[^"]*"|[^,"])*)(?:,|\Z)')


def told(number: Number) -> str:
    """One number as text."""
    system, value = number
    is_plain = not re.search(r'[\s,"]', system)
    is_number_plain = not re.search(r'[,"\r\n]|\A\s|\s\Z', value)
    return (
        f"{system if is_plain else _quoted(system)} {value if is_number_plain else _quoted(value)}"
    )


def all_told(numbers: Iterable[Number]) -> str:
    """Several numbers as text."""
    return ", ".join(map(told, numbers))


def read(text: str) -> Number:
    """The one number that `text` tells of. Raises ValueError with the text where it tells of
    none."""
    found = _ONE.fullmatch(text)
    system, value = map(_plain, found.groups()) if found else ("", "")
    if not system or not value:
        raise ValueError(text.strip())
    return system, value


def read_all(text: str) -> list[Number]:
    """The numbers that `text` tells of, each once. Raises ValueError with the part that tells of
    none."""
    parts, end = [], 0
    while end < len(text):
        found = _PART.match(text, end)
        if found is None:
            raise ValueError(text[end:].strip())
        parts.append(found[1])
        end = found.end()
    return list(dict.fromkeys(read(part) for part in parts if part.strip()))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _plain(text: str) -> str:
    return text[1:-1].replace('""', '"') if text.startswith('"') else text
