"""Figures on a tree: what is recorded of a node, of its parts, and where buying is decided.

Nothing is counted twice (K086): a figure on the whole goes before those on its sites, one on all
categories before those on single ones, one on both uses before those on one, and one on a parent
before those on what lies below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import NamedTuple

from accounts.choices import PurchaseConfidence

NOTHING = Decimal(0)
FIRMEST_LAST = (
    PurchaseConfidence.ESTIMATED,
    PurchaseConfidence.REPORTED,
    PurchaseConfidence.MEASURED,
)

Line = Sequence[int]
"""Keys from the top of the tree down to a node."""


class Known(NamedTuple):
    """One recorded figure on a node of the tree, or on one of its sites."""

    node: int
    site: int | None
    category: int | None
    use_type: str
    amount: Decimal
    confidence: str


class Total(NamedTuple):
    """A sum of figures, no firmer than the weakest of them."""

    amount: Decimal
    confidence: str


def added(totals: Iterable[Total]) -> Total:
    """All of `totals`, of which there is at least one, together."""
    rows = list(totals)
    weakest = min(rows, key=lambda row: FIRMEST_LAST.index(PurchaseConfidence(row.confidence)))
    return Total(sum((row.amount for row in rows), NOTHING), weakest.confidence)


def recorded(figures: Iterable[Known]) -> dict[int, Total]:
    """What is recorded of each node itself, or of its sites where nothing is of the whole."""
    nodes: dict[int, list[Known]] = {}
    for row in figures:
        nodes.setdefault(row.node, []).append(row)
    return {node: _of_node(rows) for node, rows in nodes.items()}


def _of_node(rows: list[Known]) -> Total:
    if len(rows) == 1:
        return Total(rows[0].amount, rows[0].confidence)
    whole = [row for row in rows if row.site is None]
    if whole:
        return added(_widest(whole))
    ordered = sorted(rows, key=lambda row: row.site or 0)
    sites = (list(part) for _site, part in groupby(ordered, key=lambda row: row.site))
    return added(total for part in sites for total in _widest(part))


def _widest(rows: list[Known]) -> Iterator[Total]:
    """Figures on all categories if there are any, else on each; on both uses, else on each."""
    of_all = [row for row in rows if row.category is None]
    categories: dict[int | None, list[Known]] = {}
    for row in of_all or rows:
        categories.setdefault(row.category, []).append(row)
    for part in categories.values():
        both = [row for row in part if not row.use_type]
        yield from (Total(row.amount, row.confidence) for row in both or part)


class Rolled(NamedTuple):
    """Figures of a tree: `own` as recorded, `below` what is recorded nearest below each node."""

    own: Mapping[int, Total]
    below: Mapping[int, Total]

    def of(self, node: int) -> Total | None:
        """What is known of the node: its own figure, else those below it."""
        return self.own.get(node) or self.below.get(node)

    def unallocated(self, node: int) -> Decimal | None:
        """What is recorded of the node and of nothing below it; None where only one is known."""
        if node not in self.own or node not in self.below:
            return None
        return self.own[node].amount - self.below[node].amount


def rolled_up(own: Mapping[int, Total], lines: Mapping[int, Line]) -> Rolled:
    """`own` figures handed up the tree as far as the next node that has one itself."""
    parts: dict[int, list[Total]] = {}
    for node, total in own.items():
        for above in reversed(lines[node][:-1]):
            parts.setdefault(above, []).append(total)
            if above in own:
                break
    return Rolled(own, {node: added(totals) for node, totals in parts.items()})


def topmost(own: Mapping[int, Total], lines: Mapping[int, Line]) -> Iterator[int]:
    """Nodes with a figure of their own and none above them."""
    return (node for node in own if not any(above in own for above in lines[node][:-1]))


class Levels:
    """At which nodes of the tree buying is decided (handbook 3.4, decision level).

    A node that is `marked` decides for itself and all below it. Otherwise it is the company: what
    lies directly below the top of the group, or the top itself as long as nothing is known of what
    lies below it. A company within which some node is marked does not decide as a whole.
    """

    def __init__(self, lines: Mapping[int, Line], marked: set[int], below: Iterable[int]) -> None:
        self.lines, self.marked = lines, marked
        self.split = set(below)
        self.above_marked = {node for mark in marked for node in lines[mark][:-1]}

    def deciding(self, node: int) -> int | None:
        """Where buying for `node` is decided; None for what is above that level."""
        line = self.lines[node]
        for above in line:
            if above in self.marked:
                return above
        company = line[0]
        if company in self.split or company in self.above_marked:
            if len(line) == 1:
                return None
            company = line[1]
        return None if company in self.above_marked else company
