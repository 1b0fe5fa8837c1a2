"""The stage that the evidence supports (handbook 2.4 and 2.6; K064, K066).

Pure functions: no database, no clock. Figures are exact fractions until they leave as `Decimal`,
so that three thirds meet a threshold; every comparison is made on the exact value.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from accounts.choices import LADDER, Stage

DIMENSIONS = ("A", "B", "C", "D", "E", "F")
ITEMS = tuple(f"{dimension}{number}" for dimension in DIMENSIONS for number in (1, 2, 3, 4))
COMPUTED_ITEM = "D1"
"""Share of wallet: scored from the figure, never answered (handbook 2.4, rule 1)."""

MAX_SCORE = 4
MIN_ANSWERED = 3
"""Answers that a dimension needs (handbook 2.4, rule 2)."""

WALLET_BANDS = (Decimal("0.05"), Decimal("0.20"), Decimal("0.50"), Decimal("0.75"))
"""Share of wallet from which D1 is 1, 2, 3, 4 (handbook 2.4, item D1)."""

GATES: Mapping[str, tuple[str, ...]] = {
    Stage.EARLY: ("A",),
    Stage.MID: ("A", "B"),
    Stage.PARTNERSHIP: ("A", "B", "C", "F"),
    Stage.SYNERGISTIC: ("A", "B", "C", "E", "F"),
}
"""Dimensions that must reach the threshold of a stage (handbook 2.4, rule 4)."""

PERCEPTION_GAP = 20
"""Points by which our view of a dimension exceeds the customer's (handbook 2.4, rule 8)."""

DECISIVE_SIGNALS = ("U1", "U2")
SIGNALS = tuple(f"U{number}" for number in range(1, 11))
COUNT_TO_RECOMMEND = 4
COUNT_TO_WARN = 2
"""How many of U3-U10 recommend uncoupling, or warn of it (handbook 2.6)."""

WALLET_DROP = Decimal("0.10")
INDEX_DROP = 15
"""Falls within twelve months that are signals U5 and U6 (handbook 2.6)."""

Rule = Literal["index", "gate", "floor"]
Level = Literal["none", "warning", "recommended"]


@dataclass(frozen=True)
class Rules:
    """Settings of handbook Appendix B that the score depends on."""

    thresholds: Mapping[str, Decimal] = field(
        default_factory=lambda: {
            Stage.EARLY: Decimal(20),
            Stage.MID: Decimal(40),
            Stage.PARTNERSHIP: Decimal(60),
            Stage.SYNERGISTIC: Decimal(80),
        }
    )
    floor_gap: Decimal = Decimal(20)
    evidence_required_from: int = 3
    answer_age_days: int = 365


DEFAULT_RULES = Rules()


@dataclass(frozen=True)
class Given:
    """An answer as it was given: 0 to 4, whether evidence is attached, and when it was given."""

    score: int
    has_evidence: bool
    answered_on: datetime.date


@dataclass(frozen=True)
class Blocker:
    """A condition of the next stage that is not met; `dimension` is empty for the index."""

    stage: str
    rule: Rule
    dimension: str
    actual: Decimal
    required: Decimal
    side: str = "supplier"


@dataclass(frozen=True)
class Gap:
    """A dimension that we see at least twenty points better than the customer does."""

    dimension: str
    supplier: Decimal
    customer: Decimal


@dataclass(frozen=True)
class Scores:
    """One answer set, scored. A dimension without enough answers is None, and then so is all."""

    counted: Mapping[str, int]
    capped: tuple[str, ...]
    outdated: tuple[str, ...]
    dimensions: Mapping[str, Fraction | None]

    @property
    def index(self) -> Fraction | None:
        """R, the mean of the six dimensions (rule 3)."""
        values = list(self.dimensions.values())
        if any(value is None for value in values):
            return None
        return sum((value for value in values if value is not None), Fraction(0)) / len(values)

    @property
    def insufficient(self) -> tuple[str, ...]:
        """Dimensions with fewer than three answers that count."""
        return tuple(key for key, value in self.dimensions.items() if value is None)


@dataclass(frozen=True)
class Uncoupling:
    """Signals that were found, and what they amount to (handbook 2.6)."""

    signals: tuple[str, ...]
    level: Level


@dataclass(frozen=True)
class Outcome:
    """What the evidence says. `scored` is the stage by score alone, `recommended` the advice."""

    dimensions: Mapping[str, Decimal | None]
    index: Decimal | None
    scored: str | None
    recommended: str | None
    blockers: tuple[Blocker, ...]
    capped: tuple[str, ...]
    outdated: tuple[str, ...]
    insufficient: tuple[str, ...]
    answered: int
    customer_stage: str | None
    gaps: tuple[Gap, ...]
    uncoupling: Uncoupling


def exact(value: Fraction) -> Decimal:
    """`value` as a decimal of 28 significant digits, for keeping and showing."""
    return Decimal(value.numerator) / Decimal(value.denominator)


def wallet_score(share_ratio: Decimal | None) -> int | None:
    """D1 for a share of wallet of 0..1; None when the share is unknown."""
    if share_ratio is None:
        return None
    return sum(share_ratio >= band for band in WALLET_BANDS)


def score(
    answers: Mapping[str, Given],
    *,
    on: datetime.date,
    share_of_wallet: Decimal | None,
    rules: Rules = DEFAULT_RULES,
) -> Scores:
    """Score one answer set on the day `on` (rules 1 and 2).

    An answer older than the age limit counts as unanswered; 3 and 4 without evidence count as 2.
    """
    counted: dict[str, int] = {}
    capped, outdated = [], []
    for item in ITEMS:
        answer = answers.get(item)
        if item == COMPUTED_ITEM or answer is None:
            continue
        if (on - answer.answered_on).days > rules.answer_age_days:
            outdated.append(item)
            continue
        needs_evidence = answer.score >= rules.evidence_required_from
        if needs_evidence and not answer.has_evidence:
            capped.append(item)
            counted[item] = rules.evidence_required_from - 1
        else:
            counted[item] = answer.score
    computed = wallet_score(share_of_wallet)
    if computed is not None:
        counted[COMPUTED_ITEM] = computed
    dimensions = {key: _dimension(key, counted) for key in DIMENSIONS}
    return Scores(counted, tuple(capped), tuple(outdated), dimensions)


def _dimension(key: str, counted: Mapping[str, int]) -> Fraction | None:
    values = [value for item, value in counted.items() if item[0] == key]
    if len(values) < MIN_ANSWERED:
        return None
    return Fraction(100 * sum(values), MAX_SCORE * len(values))


def passes(scores: Scores, stage: str, rules: Rules = DEFAULT_RULES) -> bool:
    """Whether `scores` meet the threshold, gates and floors of `stage` (rule 5)."""
    return scores.index is not None and not list(failed(scores, stage, rules))


def failed(scores: Scores, stage: str, rules: Rules, side: str = "supplier") -> list[Blocker]:
    """The conditions of `stage` that `scores` do not meet: index, then gates, then floors."""
    if stage not in GATES or scores.index is None:
        return []
    threshold = rules.thresholds[stage]
    conditions: list[tuple[Rule, str, Fraction, Decimal]] = [("index", "", scores.index, threshold)]
    known = {key: value for key, value in scores.dimensions.items() if value is not None}
    conditions += [("gate", key, known[key], threshold) for key in GATES[stage]]
    conditions += [("floor", key, known[key], threshold - rules.floor_gap) for key in DIMENSIONS]
    return [
        Blocker(stage, rule, dimension, exact(actual), required, side)
        for rule, dimension, actual, required in conditions
        if actual < Fraction(required)
    ]


def stage_of(scores: Scores, rules: Rules = DEFAULT_RULES) -> str | None:
    """The highest stage that `scores` pass; None when a dimension lacks answers."""
    if scores.index is None:
        return None
    passed = [stage for stage in LADDER[1:] if passes(scores, stage, rules)]
    return passed[-1] if passed else Stage.PRE


def next_stage(stage: str | None) -> str | None:
    """The stage above `stage` on the ladder, if any."""
    if stage not in LADDER[:-1]:
        return None
    return LADDER[LADDER.index(Stage(stage)) + 1]


def lower(one: str | None, other: str | None) -> str | None:
    """The lower of two stages; an unknown one does not count."""
    known = [LADDER.index(Stage(stage)) for stage in (one, other) if stage is not None]
    return LADDER[min(known)] if known else None


def uncoupling(signals: Collection[str]) -> Uncoupling:
    """What `signals` amount to (handbook 2.6): one decisive or four others recommend the end."""
    found = tuple(signal for signal in SIGNALS if signal in set(signals))
    counting = [signal for signal in found if signal not in DECISIVE_SIGNALS]
    level: Level = "none"
    if len(counting) < len(found) or len(counting) >= COUNT_TO_RECOMMEND:
        level = "recommended"
    elif len(counting) >= COUNT_TO_WARN:
        level = "warning"
    return Uncoupling(found, level)


def wallet_fell(before: Decimal | None, now: Decimal | None) -> bool:
    """Signal U5: share of wallet down by ten points or more (both figures within 12 months)."""
    return before is not None and now is not None and before - now >= WALLET_DROP


def index_fell(before: Decimal | None, now: Decimal | None) -> bool:
    """Signal U6: index down by fifteen points or more (assessments at most 12 months apart)."""
    return before is not None and now is not None and before - now >= INDEX_DROP


def assess(
    answers: Mapping[str, Given],
    *,
    on: datetime.date,
    share_of_wallet: Decimal | None,
    customer: Mapping[str, Given] | None = None,
    signals: Collection[str] = (),
    rules: Rules = DEFAULT_RULES,
) -> Outcome:
    """The whole of rules 1 to 8 for the review of the day `on`.

    `customer` is the customer's own answer set of at most twelve months, if there is one; the
    lower of both stages is recommended. A customer's set that lacks answers does not lower it.
    The uncoupling test comes last and overrides.
    """
    ours = score(answers, on=on, share_of_wallet=share_of_wallet, rules=rules)
    scored = stage_of(ours, rules)
    theirs = None
    if customer is not None:
        theirs = score(customer, on=on, share_of_wallet=share_of_wallet, rules=rules)
    customer_stage = stage_of(theirs, rules) if theirs else None
    by_score = lower(scored, customer_stage) if scored is not None else None
    target = next_stage(by_score)
    blockers = failed(ours, target, rules) if target else []
    if target and theirs and customer_stage == by_score:
        blockers += failed(theirs, target, rules, side="customer")
    end = uncoupling(signals)
    return Outcome(
        dimensions={
            key: None if value is None else exact(value) for key, value in ours.dimensions.items()
        },
        index=None if ours.index is None else exact(ours.index),
        scored=by_score,
        recommended=Stage.UNCOUPLING if end.level == "recommended" else by_score,
        blockers=tuple(blockers),
        capped=ours.capped,
        outdated=ours.outdated,
        insufficient=ours.insufficient,
        answered=len(ours.counted),
        customer_stage=customer_stage,
        gaps=_gaps(ours, theirs),
        uncoupling=end,
    )


def _gaps(ours: Scores, theirs: Scores | None) -> tuple[Gap, ...]:
    if theirs is None:
        return ()
    pairs = [(key, ours.dimensions[key], theirs.dimensions[key]) for key in DIMENSIONS]
    return tuple(
        Gap(key, exact(mine), exact(yours))
        for key, mine, yours in pairs
        if mine is not None and yours is not None and mine - yours >= PERCEPTION_GAP
    )
