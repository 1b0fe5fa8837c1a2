"""Files with a column for each category: which of the columns are categories."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _

from accounts.imports.directory import plain_name
from accounts.imports.records.purchases.periods import period_of
from kam.imports import kinds, mapping, rejects, values
from kam.imports.kinds import named
from kam.imports.reading import unnamed
from kam.imports.totals import is_total

FEWEST = 2
"""Columns of categories that a file has at least: one alone may be anything."""
_DESCRIBING = (
    "id no nr number nummer code key row line rank index region area territory "
    "district cluster segment class grade zip plz postcode phone employees founded "
    "age year month week day latitude longitude rating score "
)
DESCRIBING = frozenset(_DESCRIBING.split())
"""Words with which columns of numbers begin or end that are no categories."""
CODES = 12
"""Not more different values in all rows are the codes of something, in a file that is longer."""


def headings_of_categories(
    columns: Sequence[str],
    sample: Sequence[Sequence[Any]],
    taken: Collection[int],
    known: Mapping[str, Any],
) -> dict[str, dict[str, Any]]:
    """What a mapping says of the columns, besides those `taken`, that hold what was bought of one
    category each: numbers under the name of a `known` one, or under a heading that no file of ours
    has for anything else. Nothing when there are fewer than `FEWEST`."""
    others = _names_of_fields()
    own = len(columns) - len(rejects.without_own(columns))
    found: dict[str, dict[str, Any]] = {}
    for index, column in enumerate(columns):
        cells = [row[index] for row in sample if index < len(row)]
        if index in taken or index < own:
            continue
        share = _share_of_numbers(cells)
        if share >= mapping.MISFITS and (column in known or plain_name(column) in known):
            reason = _("name of a category")
        elif share >= mapping.FITS and not (
            mapping.plain(column) in others
            or column == unnamed(index + 1)
            or _is_no_category(column)
            or _are_codes(cells)
        ):
            reason = _("numbers under a name: a new category")
        else:
            continue
        found[named("bought", column)] = {"column": index, "reason": reason}
    return found if len(found) >= FEWEST else {}


def _names_of_fields() -> set[str]:
    """All that any kind of file calls its columns."""
    fields = [item for kind in kinds.registered() for item in kind.fields]
    return {mapping.plain(name) for item in fields for name in (item.name, *item.aliases)}


def _is_no_category(column: str) -> bool:
    """Numbers alone, periods, totals, and what describes a customer or a row."""
    words = re.findall(r"[^\W\d_]+", column.casefold())
    if not words or period_of(column) is not None or is_total(column):
        return True
    return words[-1] in DESCRIBING or words[0] in DESCRIBING


def _share_of_numbers(cells: Sequence[Any]) -> float:
    filled = [cell for cell in cells if not values.is_empty(cell)]
    return mapping.share_of_numbers(filled) if filled else 0


def _are_codes(cells: Sequence[Any]) -> bool:
    """Whether a few values stand again and again, as the codes of regions do."""
    different = len({values.text_of(cell) for cell in cells})
    return different <= CODES and len(cells) > 2 * different
