"""Scores of many accounts as one grid: rows accounts, columns criteria (K056, K062; 3.1, 3.2)."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.choices import Confidence, Horizon
from accounts.models import Account, Score
from accounts.scoring.criteria import HIGHEST, Default, Kind
from accounts.scoring.evidence import Evidence, Readiness, Suggestion, evidence_of
from accounts.scoring.holding import InForce, criteria_on
from accounts.scoring.index import Index, index
from accounts.services.scoring import Given
from teams.models import Programme, User


class Wanted(NamedTuple):
    """Which scores the grid shows: a kind, a horizon, agreed ones or the reader's own."""

    kind: str
    horizon: str
    is_agreed: bool


class Refused(NamedTuple):
    """A form that was not saved: what was typed, and what is wrong, by the name of the field."""

    typed: Mapping[str, str]
    errors: Mapping[str, list[str]]


NOTHING_REFUSED = Refused({}, {})


@dataclass
class Cell:
    """A score: `text` as it stands in the field, `was` as it is stored, `errors` beside it.

    `is_open` is False where the account's own set does not have the criterion.
    """

    name: str
    code: str
    label: str
    text: str
    was: str
    is_open: bool
    is_assumed: bool
    suggestion: Suggestion | None
    errors: list[str] = field(default_factory=list)

    @property
    def differs(self) -> bool:
        """Whether the data say something else than people do."""
        return bool(self.suggestion and self.was and str(self.suggestion.score) != self.was)


class Row(NamedTuple):
    """An account with its scores, what they are worth together, and how much is known of it."""

    account: Account
    cells: list[Cell]
    worth: Index
    readiness: Readiness
    may_write: bool

    @property
    def was(self) -> str:
        """The stored scores, as the form carries them along."""
        return " ".join(f"{cell.code}={cell.was}" for cell in self.cells)


class Grid(NamedTuple):
    """What a page of the grid shows: columns and rows."""

    criteria: tuple[Default, ...]
    rows: list[Row]


def grid_of(
    accounts: Sequence[Any],
    *,
    programme: Programme,
    reader: User,
    wanted: Wanted,
    on: datetime.date,
    refused: Refused | None = None,
) -> Grid:
    """The grid of `accounts` (with rights of the reader, all of `programme`); what was typed and
    refused stands in its fields. A fixed number of queries."""
    held = criteria_on(programme.pk, on, [account.pk for account in accounts])
    columns = held.attractiveness if wanted.kind == Kind.ATTRACTIVENESS else held.strength
    scores = _scores(accounts, wanted, reader)
    known = evidence_of(accounts, programme=programme, reader=reader, on=on)
    rows = []
    for account in accounts:
        own = columns if wanted.kind == Kind.ATTRACTIVENESS else held.strength_of(account.pk)
        rows.append(
            _row(account, columns, own, scores[account.pk], known[account.pk], wanted, refused)
        )
    return Grid(columns.criteria, rows)


def _row(
    account: Any,
    columns: InForce,
    own: InForce,
    scores: Mapping[str, Score],
    known: Evidence,
    wanted: Wanted,
    refused: Refused | None,
) -> Row:
    weights = own.weights
    typed, errors = refused or NOTHING_REFUSED
    cells = []
    for criterion in columns.criteria:
        score = scores.get(criterion.code)
        name = f"s-{account.pk}-{criterion.code}"
        was = "" if score is None else str(score.value)
        today = wanted.horizon == Horizon.TODAY
        cells.append(
            Cell(
                name=name,
                code=criterion.code,
                label=str(criterion.name),
                text=typed.get(name, was),
                was=was,
                is_open=criterion.code in weights,
                is_assumed=score is not None and score.confidence == Confidence.ASSUMED,
                suggestion=known.suggestions.get(criterion.code) if today else None,
                errors=errors.get(name, []),
            )
        )
    values = {code: score.value for code, score in scores.items()}
    may = account.may_edit if wanted.is_agreed else account.may_contribute
    return Row(account, cells, index(weights, values), known.readiness, may)


def _scores(
    accounts: Sequence[Account], wanted: Wanted, reader: User
) -> Mapping[int, Mapping[str, Score]]:
    rows = Score.objects.in_force().filter(account__in=accounts, horizon=wanted.horizon)
    rows = rows.filter(scorer=None if wanted.is_agreed else reader).order_by()
    found: dict[int, dict[str, Score]] = defaultdict(dict)
    for row in rows:
        found[row.account_id][row.code] = row
    return found


class Sent(NamedTuple):
    """What came back from the grid: the scores that were changed with the names of their fields,
    and what cannot be read."""

    given: list[Given]
    names: list[str]
    errors: dict[str, list[str]]


def read(accounts: Iterable[Account], data: Mapping[str, Any], wanted: Wanted) -> Sent:
    """The scores of a form that differ from those it was shown with."""
    sent = Sent([], [], {})
    for account in accounts:
        shown = dict(pair.split("=", 1) for pair in _pairs(data.get(f"was-{account.pk}", "")))
        for code, was in shown.items():
            name = f"s-{account.pk}-{code}"
            text = str(data.get(name, was)).strip()
            if text == was:
                continue
            value = _number(text)
            if text and value is None:
                sent.errors[name] = [_("A score is a whole number from 0 to 10.")]
                continue
            sent.names.append(name)
            sent.given.append(
                Given(
                    account,
                    code,
                    value,
                    horizon=wanted.horizon,
                    is_agreed=wanted.is_agreed,
                    before=_number(was),
                )
            )
    return sent


def suggested(
    accounts: Sequence[Any],
    sent: Sent,
    *,
    programme: Programme,
    reader: User,
    wanted: Wanted,
    on: datetime.date,
) -> Sent:
    """What the data suggest of today for cells of `accounts` that hold nothing and into which
    nothing is typed: assumed scores with their source as evidence, beside those of `sent`."""
    found = grid_of(accounts, programme=programme, reader=reader, wanted=wanted, on=on)
    typed = set(sent.names)
    cells = [
        (row.account, cell, cell.suggestion)
        for row in found.rows
        if row.may_write
        for cell in row.cells
        if cell.suggestion and cell.is_open and not cell.was and cell.name not in typed
    ]
    given = [
        Given(
            account,
            cell.code,
            suggestion.score,
            horizon=wanted.horizon,
            is_agreed=wanted.is_agreed,
            evidence=suggestion.source,
            before=None,
        )
        for account, cell, suggestion in cells
    ]
    names = [cell.name for _account, cell, _suggestion in cells]
    return Sent([*sent.given, *given], [*sent.names, *names], sent.errors)


def errors_of(sent: Sent, refusals: Iterable[tuple[int, ValidationError]]) -> dict[str, list[str]]:
    """What the service refused, by the name of the field."""
    return {sent.names[place]: error.messages for place, error in refusals}


def _pairs(text: str) -> list[str]:
    return [pair for pair in text.split() if "=" in pair]


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdecimal()):
        return None
    return value if (value := int(text[:4])) <= HIGHEST else None
