"""Which column becomes which field: by what was decided before, by name, by content."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kam.imports import rejects, values
from kam.imports.kinds import ROW_NUMBER, ImportKind, name_in, named

FITS = 0.9
"""Share of a column's values that have to fit a field before its content speaks for it."""
MISFITS = 0.5
"""With a smaller share that fits, a column is not what its name says."""
_CURRENCY = re.compile(r"[A-Z]{3}")


def plain(name: str) -> str:
    """`name` without case, accents and punctuation: `Kd-Nr.` and `KDNR` are one."""
    text = unicodedata.normalize("NFKD", name).casefold()
    return "".join(letter for letter in text if letter.isalnum())


def signature(columns: Sequence[str]) -> str:
    """Short mark of a heading, by which an earlier mapping is found again."""
    joined = "\x1f".join(plain(column) for column in columns)
    return hashlib.sha256(joined.encode()).hexdigest()[:40]


def suggest(
    kind: ImportKind,
    columns: Sequence[str],
    sample: Sequence[Sequence[Any]],
    scope_id: int | None = None,
) -> dict[str, dict[str, Any]]:
    """Field -> `{"column": index, "reason": why}` for the columns of a file.

    `sample` holds rows. A column becomes at most one field and a field takes one column, unless it
    is one of several.
    """
    found: dict[str, dict[str, Any]] = {}
    taken: set[int] = set()
    headings = [plain(column) for column in columns]
    fitting = {
        (item.name, index): _fits(item.form, _column(sample, index))
        for item in kind.fields
        if not item.several
        for index in range(len(columns))
    }
    for rank in range(max(len(item.aliases) for item in kind.fields) + 1):
        for item in kind.fields:
            if item.name in found or item.several:
                continue
            names = (item.name, *item.aliases)
            if rank >= len(names):
                continue
            for index, name in enumerate(headings):
                if index in taken or name != plain(names[rank]):
                    continue
                share = fitting[item.name, index]
                if share is not None and share < MISFITS:
                    continue
                sure = share is not None and share >= FITS
                found[item.name] = {
                    "column": index,
                    "reason": _("name and content") if sure else _("name"),
                }
                taken.add(index)
                break
    _by_content(kind, found, taken, fitting, len(columns))
    for name in list(found):
        index = found[name]["column"]
        better = kind.better_field(name, columns[index], _distinct(sample, index))
        if better != name and better not in found:
            found[better] = {**found.pop(name), "reason": _("name and content")}
    found |= kind.found_besides(columns, sample, found, scope_id)
    _with_known(kind, found, sample, scope_id)
    return found


def _by_content(
    kind: ImportKind,
    found: dict[str, dict[str, Any]],
    taken: set[int],
    fitting: dict[tuple[str, int], float | None],
    width: int,
) -> None:
    """Dates and currencies are known by their looks where only one column has them."""
    for item in kind.fields:
        if item.name in found or item.several or item.by_name:
            continue
        if item.form not in ("date", "currency"):
            continue
        if any(kind.field(name).form == item.form for name in found):
            continue
        free = [n for n in range(width) if n not in taken and (fitting[item.name, n] or 0) >= FITS]
        if len(free) == 1:
            found[item.name] = {"column": free[0], "reason": _("content")}
            taken.add(free[0])


def _with_known(
    kind: ImportKind,
    found: dict[str, dict[str, Any]],
    sample: Sequence[Sequence[Any]],
    scope_id: int | None,
) -> None:
    """Adds to the reason how many of the values are known already."""
    for name, entry in found.items():
        distinct = _distinct(sample, entry["column"])
        share = kind.known_share(name, distinct, scope_id) if distinct else None
        if share:
            known = {"known": round(share * len(distinct)), "all": len(distinct)}
            entry["reason"] += "; " + _("%(known)d of %(all)d known") % known


def _distinct(sample: Sequence[Sequence[Any]], index: int) -> list[str]:
    """Up to 500 different values of a column."""
    column = {values.text_of(value) for value in _column(sample, index)}
    return sorted(value for value in column if value and "\0" not in value)[:500]


def _column(sample: Sequence[Sequence[Any]], index: int) -> list[Any]:
    return [row[index] for row in sample if index < len(row)]


def _fits(form: str, column: Sequence[Any]) -> float | None:
    """Share of the values that look like `form`; None when there are none or it is text."""
    filled = [value for value in column if not values.is_empty(value)]
    if form == "text" or not filled:
        return None
    fitting = sum(1 for value in filled if _looks_like(form, value))
    return fitting / len(filled)


def share_of_numbers(filled: Sequence[Any]) -> float:
    """Share of `filled` cells, at least one, that are numbers by some convention."""
    return sum(_looks_like("number", value) for value in filled) / len(filled)


def _looks_like(form: str, value: Any) -> bool:
    if form == "currency":
        return isinstance(value, str) and _CURRENCY.fullmatch(value.strip()) is not None
    readings = ("dmy", "mdy") if form == "date" else ("dot", "comma")
    read = values.parse_date if form == "date" else values.parse_number
    for reading in readings:
        try:
            read(value, reading)
        except values.Unclear:
            continue
        return True
    return False


def from_names(
    kind: ImportKind, columns: Sequence[str], wanted: dict[str, str]
) -> dict[str, dict[str, Any]]:
    """A mapping that somebody gave as field -> column name. Raises ValidationError, naming
    every unknown field and column; an empty column name leaves the field out. One of several
    columns is named behind its field, else by its heading."""
    errors = []
    result: dict[str, dict[str, Any]] = {}
    known = {item.name: item for item in kind.fields}
    alike: dict[str, str] = {}
    for name, column in wanted.items():
        field, own = known.get(name.partition(":")[0]), values.shown(name_in(name))
        if field is None or (own and not field.several):
            shown = {"name": name, "known": ", ".join(sorted(known))}
            errors.append(_("There is no field “%(name)s”; there are: %(known)s.") % shown)
            continue
        if not column:
            continue
        is_text = isinstance(column, str)
        index = _place(columns, column, by_row=field.by_row) if is_text else None
        if index is None:
            shown = {"name": column, "known": ", ".join(columns)}
            errors.append(_("There is no column “%(name)s”; there are: %(known)s.") % shown)
            continue
        key = named(field.name, own or column) if field.several else field.name
        first = alike.setdefault(plain(key), key)
        if first != key or key in result:
            shown = {"name": name_in(key) or key}
            errors.append(_("Two columns become “%(name)s”: choose one.") % shown)
            continue
        result[key] = {"column": index, "reason": _("you")}
    if errors:
        raise ValidationError({"mapping": errors})
    return result


def _place(columns: Sequence[str], wanted: str, *, by_row: bool) -> int | None:
    """Where the column called `wanted` stands; behind the last one: the number of the row. That of
    a refused row is the one that it had in its source."""
    if wanted in columns:
        return list(columns).index(wanted)
    for index, column in enumerate(columns):
        if plain(column) == plain(wanted):
            return index
    if wanted != ROW_NUMBER or not by_row:
        return None
    return 0 if rejects.is_own(columns) else len(columns)
