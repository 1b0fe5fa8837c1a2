"""The score sheet: every criterion of every account with weight, scores and position (K062)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.choices import Horizon
from accounts.exports.shared import with_number
from accounts.models import Account, Position, Score
from accounts.scoring.criteria import Default, Kind
from accounts.scoring.holding import criteria_on
from kam.access.querysets import Reader
from kam.documents.tables import Column, Layout
from teams.models import Programme

PART = 200
"""Accounts that are read together."""
AGREED, OWN = "agreed", "own"
"""Whose score a row holds: the group's, or that of whoever reads the sheet."""
HORIZONS = (Horizon.TODAY, Horizon.YEAR3)


class SheetRow(NamedTuple):
    """One criterion of one account at one horizon; `score` None is none yet."""

    account: Any
    criterion: Default
    kind: str
    horizon: str
    whose: str
    score: Score | None
    position: Position | None

    def of_score(self, name: str) -> Any:
        """A value of the score; None without one."""
        return getattr(self.score, name) if self.score else None

    def of_position(self, name: str) -> Any:
        """A value of the position; None without one."""
        return getattr(self.position, name) if self.position else None


class ScoreSheet:
    """Rows of the sheet, read account by account while the file is written: for each account and
    horizon every criterion in force with its agreed score or an empty one to fill in, and one's
    own scores below them."""

    def __init__(
        self, accounts: QuerySet[Account], reader: Reader, programme: Programme, on: datetime.date
    ) -> None:
        self.accounts, self.reader, self.programme, self.on = accounts, reader, programme, on

    def __len__(self) -> int:
        held = criteria_on(self.programme.pk, self.on)
        each = len(held.attractiveness.criteria) + len(held.strength.criteria)
        return self.accounts.order_by().values("pk").count() * each * len(HORIZONS)

    def __iter__(self) -> Iterator[SheetRow]:
        pks = list(self.accounts.values_list("pk", flat=True))
        for start in range(0, len(pks), PART):
            yield from self._part(pks[start : start + PART])

    def _part(self, pks: list[int]) -> Iterator[SheetRow]:
        found = with_number(Account.objects.visible_to(self.reader), "pk").in_bulk(pks)
        held = criteria_on(self.programme.pk, self.on, pks)
        scores: dict[tuple[Any, ...], Score] = {}
        rows = Score.objects.in_force().filter(account__in=pks).select_related("scored_by")
        for row in rows.filter(Q(scorer=None) | Q(scorer=self.reader.pk)).order_by():
            whose = AGREED if row.scorer_id is None else OWN
            scores[row.account_id, row.horizon, whose, row.code] = row
        places: dict[tuple[int, str], Position] = {}
        for place in Position.objects.in_force().filter(account__in=pks).order_by():
            places[place.account_id, place.horizon] = place
        for pk in (pk for pk in pks if pk in found):
            for horizon in HORIZONS:
                for part in held.of(pk):
                    for criterion in part.criteria:
                        for whose in (AGREED, OWN):
                            score = scores.get((pk, horizon, whose, criterion.code))
                            if whose == AGREED or score is not None:
                                yield SheetRow(
                                    found[pk],
                                    criterion,
                                    Kind(part.kind),
                                    horizon,
                                    whose,
                                    score,
                                    places.get((pk, horizon)),
                                )


SCORES = Layout(
    "scores",
    _("Score sheet"),
    (
        Column("Account id", "account.pk", 10),
        Column("Account external id", "account.account_number", 18),
        Column("Account name", "account.name", 30),
        Column("Kind", lambda row: str(Kind(row.kind).value), 14),
        Column("Criterion", "criterion.code", 10),
        Column("Criterion name", lambda row: str(row.criterion.name), 40),
        Column("Group", "criterion.group", 10),
        Column("Weight", "criterion.weight", 8),
        Column("0 means", lambda row: str(row.criterion.low), 24),
        Column("5 means", lambda row: str(row.criterion.middle), 24),
        Column("10 means", lambda row: str(row.criterion.high), 24),
        Column("Horizon", lambda row: str(row.horizon), 10),
        Column("Whose", "whose", 10),
        Column("Score", lambda row: row.of_score("value"), 8),
        Column("Confidence", lambda row: row.of_score("confidence"), 12),
        Column("Evidence", lambda row: row.of_score("evidence"), 40),
        Column("Customer said", lambda row: _yes(row.of_score("customer_said")), 12),
        Column("Scored on", lambda row: row.of_score("scored_on"), 12),
        Column("Scored by", lambda row: str(row.of_score("scored_by") or ""), 20),
        Column("Attractiveness", lambda row: row.of_position("attractiveness")),
        Column("Strength", lambda row: row.of_position("strength")),
    ),
    notes=(_("Attractiveness and strength follow from the agreed scores, 0 to 10."),),
)


def _yes(value: bool | None) -> str:  # noqa: FBT001  (the value of a cell)
    return "" if value is None else "yes" if value else "no"
