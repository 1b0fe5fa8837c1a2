"""How much of a plan's sections is filled (handbook 4.1: the fields in bold)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from plans.choices import Quadrant
from plans.models import Plan, Risk, Strategy, SwotEntry

OBJECTIVES_MIN, OBJECTIVES_MAX = 2, 7
ENTRIES_PER_QUADRANT = 2
RISKS_MIN = 3


@dataclass(frozen=True)
class Section:
    """A section of the plan: `filled` of `required` fields are there."""

    name: str
    label: Any
    filled: int
    required: int

    @property
    def share(self) -> int:
        """Filled part in percent."""
        return round(100 * self.filled / self.required)


def sections(
    *,
    plan: Plan,
    objectives: Sequence[Any],
    strategies: Sequence[Strategy],
    actions: Sequence[Any],
    swot: Sequence[SwotEntry],
    risks: Sequence[Risk],
) -> list[Section]:
    """Sections 1, 8, 10, 11 and 14 of the handbook; further ones join when they are built."""
    return [
        _section("summary", _("Summary"), _summary(plan)),
        _section("swot", _("SWOT"), _swot(swot)),
        _section("objectives", _("Objectives"), _objectives(objectives)),
        _section("actions", _("Strategies, actions"), _work(objectives, strategies, actions)),
        _section("risks", _("Risks"), _risks(plan, risks)),
    ]


def _section(name: str, label: Any, checks: list[bool]) -> Section:
    return Section(name, label, sum(checks), len(checks))


def _summary(plan: Plan) -> list[bool]:
    texts = (plan.rationale, plan.ambition, plan.key_messages)
    return [bool(text.strip()) for text in texts]


def _swot(entries: Sequence[SwotEntry]) -> list[bool]:
    proven = [entry.quadrant for entry in entries if entry.evidence.strip()]
    enough = all(proven.count(name) >= ENTRIES_PER_QUADRANT for name in Quadrant.values)
    followed = bool(entries) and all(entry.objective_id or entry.risk_id for entry in entries)
    return [enough, followed]


def _objectives(objectives: Sequence[Any]) -> list[bool]:
    live = [row for row in objectives if row.dropped_on is None]
    return [OBJECTIVES_MIN <= len(live) <= OBJECTIVES_MAX]


def _work(
    objectives: Sequence[Any], strategies: Sequence[Strategy], actions: Sequence[Any]
) -> list[bool]:
    live = [row.pk for row in objectives if row.dropped_on is None]
    pursued = {row.objective_id for row in strategies}
    planned = {row.strategy_id for row in actions if row.owner_id and row.function_id and row.due}
    return [
        bool(live) and set(live) <= pursued,
        bool(strategies) and {row.pk for row in strategies} <= planned,
    ]


def _risks(plan: Plan, risks: Sequence[Risk]) -> list[bool]:
    owned = [row for row in risks if row.owner_id]
    return [len(owned) >= RISKS_MIN, bool(plan.defection_contingency.strip())]
