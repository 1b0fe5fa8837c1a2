"""A stage review as its page shows it: answers, what the target asks, radar, checklist, signals."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, NamedTuple

from accounts.choices import Stage
from reviews import evidence, scoring
from reviews.choices import CheckState
from reviews.models import Answer, StageReview
from reviews.services.assessment import rules_on
from reviews.texts import (
    DIMENSION_NAMES,
    SCALE,
    SHORT_NAMES,
    SIGNAL_TEXTS,
    STATEMENTS,
    checklist_of,
)

Data = Mapping[str, tuple[evidence.Evidence, ...]]
"""What the data say, by statement."""

RADAR_RADIUS = 78
RADAR_CENTRE = (150, 112)


class DataLine(NamedTuple):
    """A piece of evidence; `disagrees` with the answer, `warns` when it supports less."""

    piece: evidence.Evidence
    disagrees: bool
    warns: bool


@dataclass(frozen=True)
class AnswerRow:
    """A statement with its answer and what the data say."""

    item: str
    text: Any
    answer: Answer | None
    data: tuple[evidence.Evidence, ...]
    is_capped: bool
    is_outdated: bool
    is_computed: bool
    computed: int | None

    @property
    def scale(self) -> str:
        """What 0 to 4 mean for a statement that has its own scale, in one line."""
        scale = STATEMENTS[self.item].scale
        if scale is SCALE:
            return ""
        return ", ".join(f"{value} {label}" for value, label in enumerate(scale))

    @property
    def version(self) -> int:
        return self.answer.version if self.answer else 0

    @property
    def is_suggestion(self) -> bool:
        """Taken over from last time, not counting yet."""
        return self.answer is not None and not self.answer.is_confirmed

    @property
    def lines(self) -> list[DataLine]:
        """What the data say, and where that is not what was answered."""
        score = self.answer.score if self.answer else None
        return [
            DataLine(piece, piece.contradicts(score), piece.is_below(score)) for piece in self.data
        ]


@dataclass(frozen=True)
class DimensionBlock:
    """A dimension: score, what the next stage asks of it, and its four statements."""

    key: str
    name: Any
    score: float | None
    asked: Decimal | None
    rows: list[AnswerRow]

    @property
    def short_name(self) -> Any:
        return SHORT_NAMES[self.key]

    @property
    def is_met(self) -> bool:
        return self.score is not None and self.asked is not None and self.score >= self.asked


@dataclass(frozen=True)
class Condition:
    """A blocker in words, with the statement where it can be worked on."""

    label: Any
    rule: str
    actual: float
    required: float
    anchor: str
    side: str


@dataclass(frozen=True)
class Check:
    """An item of the checklist with its state."""

    code: str
    text: Any
    may_not_apply: bool
    state: str
    note: str
    version: int


@dataclass(frozen=True)
class Signal:
    """A signal of uncoupling with its state."""

    code: str
    text: Any
    is_present: bool
    is_derived: bool
    evidence: str
    version: int


class Sheet:
    """Everything that the page of `review` shows besides the decision."""

    def __init__(self, review: StageReview, previous: StageReview | None = None) -> None:
        self.review = review
        self.previous = previous
        self.outcome: dict[str, Any] = review.outcome or {}
        self.rules = rules_on(review.account.programme, review.reviewed_on)
        self.answers = {answer.item: answer for answer in review.answers.all()}

    @property
    def scored(self) -> str | None:
        """Stage by score alone."""
        return self.outcome.get("scored")

    @property
    def target(self) -> str | None:
        """The stage whose conditions are shown: the one above the scored one."""
        return scoring.next_stage(self.scored) if self.scored else Stage.EARLY

    @property
    def target_label(self) -> str:
        return str(Stage(self.target).label) if self.target else ""

    def asked(self, key: str) -> Decimal | None:
        """What the target asks of a dimension: its threshold at a gate, else the floor."""
        if self.target is None:
            return None
        threshold = self.rules.thresholds[self.target]
        return threshold if key in scoring.GATES[self.target] else threshold - self.rules.floor_gap

    def blocks(self, data: Data | None = None) -> list[DimensionBlock]:
        """The six dimensions with their statements; `data` is what `evidence.gather` found."""
        return [self.block(key, data or {}) for key in scoring.DIMENSIONS]

    def block(self, key: str, data: Data) -> DimensionBlock:
        items = [item for item in scoring.ITEMS if item[0] == key]
        score = self.outcome.get("dimensions", {}).get(key)
        rows = [self.row(item, data.get(item, ())) for item in items]
        return DimensionBlock(key, DIMENSION_NAMES[key], score, self.asked(key), rows)

    def row(self, item: str, data: tuple[evidence.Evidence, ...]) -> AnswerRow:
        """One statement."""
        answer = self.answers.get(item)
        is_computed = item == scoring.COMPUTED_ITEM
        return AnswerRow(
            item=item,
            text=STATEMENTS[item].text,
            answer=answer,
            data=data,
            is_capped=item in self.outcome.get("capped", ()),
            is_outdated=item in self.outcome.get("outdated", ()),
            is_computed=is_computed,
            computed=scoring.wallet_score(self.review.share_used) if is_computed else None,
        )

    @property
    def suggestions(self) -> int:
        """Answers of last time that wait for a confirmation."""
        return sum(not answer.is_confirmed for answer in self.answers.values())

    @property
    def conditions(self) -> list[Condition]:
        """What stands before the next stage, linked to its first statement."""
        return [
            Condition(
                label=DIMENSION_NAMES.get(blocker["dimension"] or "", ""),
                rule=blocker["rule"],
                actual=blocker["actual"],
                required=blocker["required"],
                anchor=f"{blocker['dimension'] or 'A'}1",
                side=blocker["side"],
            )
            for blocker in self.outcome.get("blockers", ())
        ]

    @property
    def gates(self) -> str:
        """Dimensions that the scored stage asks for, e.g. "A, B"."""
        return ", ".join(scoring.GATES.get(self.scored or "", ()))

    @property
    def threshold(self) -> Decimal | None:
        """Index that the scored stage asks for."""
        return self.rules.thresholds.get(self.scored or "")

    @property
    def insufficient(self) -> list[Any]:
        """Names of the dimensions with fewer than three answers."""
        return [DIMENSION_NAMES[key] for key in self.outcome.get("insufficient", ())]

    @property
    def gaps(self) -> list[dict[str, Any]]:
        """Dimensions that we see better than the customer does."""
        return [{**gap, "name": DIMENSION_NAMES[gap["dimension"]]} for gap in self._listed("gaps")]

    def _listed(self, name: str) -> list[Any]:
        return list(self.outcome.get(name, ()))

    @property
    def checks(self) -> list[Check]:
        """The checklist for leaving the account's present stage."""
        known = {check.code: check for check in self.review.checks.all()}
        return [
            Check(
                text.code,
                text.text,
                text.may_not_apply,
                known[text.code].state if text.code in known else CheckState.OPEN,
                known[text.code].note if text.code in known else "",
                known[text.code].version if text.code in known else 0,
            )
            for text in checklist_of(self.review.account.stage)
        ]

    @property
    def signals(self) -> list[Signal]:
        """The ten signals of uncoupling."""
        known = {mark.code: mark for mark in self.review.signals.all()}
        derived = self._listed("derived_signals")
        return [
            Signal(
                code,
                text,
                is_present=code in derived or (code in known and known[code].is_present),
                is_derived=code in derived,
                evidence=known[code].evidence if code in known else "",
                version=known[code].version if code in known else 0,
            )
            for code, text in SIGNAL_TEXTS.items()
        ]

    @property
    def present_signals(self) -> list[Signal]:
        return [signal for signal in self.signals if signal.is_present]

    @property
    def level(self) -> str:
        """What the signals amount to: none, warning, recommended."""
        return self.outcome.get("uncoupling", {}).get("level", "none")

    @property
    def radar(self) -> Radar:
        return Radar(self)


class Radar:
    """Six dimensions now, last time and asked, as points of an SVG polygon."""

    def __init__(self, sheet: Sheet) -> None:
        self.now = self._points(sheet.outcome.get("dimensions", {}))
        before = sheet.previous.outcome.get("dimensions", {}) if sheet.previous else {}
        self.before = self._points(before)
        asked = {key: sheet.asked(key) for key in scoring.DIMENSIONS}
        self.asked = self._points(asked) if sheet.target else ""

    @staticmethod
    def _spot(place: int, value: float) -> tuple[float, float]:
        angle = math.radians(-90 + 60 * place)
        x, y = RADAR_CENTRE
        reach = RADAR_RADIUS * max(0.0, min(100.0, value)) / 100
        return x + reach * math.cos(angle), y + reach * math.sin(angle)

    def _points(self, values: Mapping[str, Any]) -> str:
        """Points of a polygon; empty when no dimension is known (an unknown one lies at 0)."""
        if not any(value is not None for value in values.values()):
            return ""
        spots = [
            self._spot(place, float(values.get(key) or 0))
            for place, key in enumerate(scoring.DIMENSIONS)
        ]
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in spots)

    @property
    def rings(self) -> list[str]:
        """Polygons at 20, 40, 60, 80 and 100."""
        return [
            self._points(dict.fromkeys(scoring.DIMENSIONS, level))
            for level in (20, 40, 60, 80, 100)
        ]

    @property
    def spokes(self) -> list[dict[str, str]]:
        centre = RADAR_CENTRE
        ends = [self._spot(place, 100) for place in range(6)]
        return [
            {"x1": f"{centre[0]}", "y1": f"{centre[1]}", "x2": f"{x:.1f}", "y2": f"{y:.1f}"}
            for x, y in ends
        ]

    @property
    def labels(self) -> list[dict[str, Any]]:
        anchors = ("middle", "start", "start", "middle", "end", "end")
        rows = []
        for place, key in enumerate(scoring.DIMENSIONS):
            angle = math.radians(-90 + 60 * place)
            x = RADAR_CENTRE[0] + RADAR_RADIUS * 1.12 * math.cos(angle)
            y = RADAR_CENTRE[1] + RADAR_RADIUS * 1.12 * math.sin(angle) + 4
            rows.append(
                {
                    "x": f"{x:.1f}",
                    "y": f"{y:.1f}",
                    "anchor": anchors[place],
                    "text": f"{key} {SHORT_NAMES[key]}",
                }
            )
        return rows
