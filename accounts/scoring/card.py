"""The score card of one account: every criterion with its scores, who gave them, on which grounds,
and what the data say (K044-K046, K062; handbook 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.choices import Horizon
from accounts.models import Account, Score
from accounts.scoring.criteria import CUSTOMER_SAID, Default, Kind
from accounts.scoring.evidence import Evidence, Suggestion, evidence_of
from accounts.scoring.holding import InForce, criteria_on
from accounts.scoring.index import Index, index
from kam.access.querysets import Reader

HISTORY = 1000
"""Scores that a card reads, the latest first."""


class Opinions(NamedTuple):
    """Scores of single people on one criterion."""

    rows: list[Score]

    @property
    def spread(self) -> int | None:
        """From the lowest to the highest, None of less than two."""
        values = [row.value for row in self.rows if row.value is not None]
        return max(values) - min(values) if len(values) > 1 else None


class Line(NamedTuple):
    """One criterion of the card; `earlier` are scores that were superseded, the latest first."""

    criterion: Default
    agreed: Score | None
    later: Score | None
    opinions: Opinions
    suggestion: Suggestion | None
    earlier: list[Score]

    @property
    def differs(self) -> bool:
        """Whether the data say something else than people agreed on."""
        return bool(self.suggestion and self.agreed and self.suggestion.score != self.agreed.value)

    @property
    def asks_customer(self) -> bool:
        """Whether a score above 5 needs the customer's own words (K046)."""
        return self.criterion.code == CUSTOMER_SAID


class Half(NamedTuple):
    """Attractiveness or strength: the set in force, its lines and the indexes that follow."""

    label: Any
    held: InForce
    lines: list[Line]
    now: Index
    later: Index
    is_own: bool


class Card(NamedTuple):
    """The whole card."""

    halves: list[Half]
    evidence: Evidence


def card_of(account: Account, *, reader: Reader, on: datetime.date) -> Card:
    """The card of `account`, its programme loaded; a fixed number of queries."""
    held = criteria_on(account.programme_id, on, [account.pk])
    evidence = evidence_of([account], programme=account.programme, reader=reader, on=on)
    rows = Score.objects.filter(account=account).select_related("scorer", "scored_by")
    scores = _by_code(rows.order_by("-pk")[:HISTORY])
    found = evidence[account.pk]
    halves = [
        _half(part, scores, found.suggestions, is_own=account.pk in held.own and place == 1)
        for place, part in enumerate(held.of(account.pk))
    ]
    return Card(halves, found)


def _by_code(rows: Iterable[Score]) -> Mapping[str, list[Score]]:
    found: dict[str, list[Score]] = defaultdict(list)
    for row in rows:
        found[row.code].append(row)
    return found


def _half(
    held: InForce,
    scores: Mapping[str, list[Score]],
    suggestions: Mapping[str, Suggestion],
    *,
    is_own: bool,
) -> Half:
    lines = [
        _line(
            row._replace(weight=Decimal(row.weight)),
            scores.get(row.code, []),
            suggestions.get(row.code),
        )
        for row in held.criteria
    ]
    return Half(
        Kind(held.kind).label,
        held,
        lines,
        index(held.weights, _values(lines, "agreed")),
        index(held.weights, _values(lines, "later")),
        is_own,
    )


def _values(lines: Iterable[Line], name: str) -> dict[str, int | None]:
    found = {line.criterion.code: getattr(line, name) for line in lines}
    return {code: score.value if score else None for code, score in found.items()}


def _line(criterion: Default, rows: list[Score], suggestion: Suggestion | None) -> Line:
    standing = [row for row in rows if row.superseded_at is None and row.value is not None]

    def agreed(horizon: str) -> Score | None:
        mine = (row for row in standing if row.scorer_id is None and row.horizon == horizon)
        return next(mine, None)

    return Line(
        criterion,
        agreed(Horizon.TODAY),
        agreed(Horizon.YEAR3),
        Opinions(
            [row for row in standing if row.scorer_id is not None and row.horizon == Horizon.TODAY]
        ),
        suggestion,
        [row for row in rows if row.superseded_at is not None],
    )
