"""All that a plan's page shows, read once for one reader."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import QuerySet

from kam.access.prepared import kept_objects
from kam.access.querysets import Reader, sight_of
from plans import completeness
from plans.choices import OPEN_ACTIONS, Quadrant
from plans.models import (
    Action,
    CustomerGoal,
    Milestone,
    Objective,
    Plan,
    Risk,
    Strategy,
    SwotEntry,
)
from plans.models.content import PlanContent
from plans.reading import as_read, is_current
from plans.relevance import lacking
from plans.wording import rewording
from teams.models import User


@dataclass
class StrategyShown:
    """A strategy with its actions."""

    row: Strategy
    actions: list[Action] = field(default_factory=list)


@dataclass
class ObjectiveShown:
    """An objective with what hangs on it."""

    row: Objective
    status: str
    status_label: str
    strategies: list[StrategyShown] = field(default_factory=list)
    milestones: list[Milestone] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)

    @property
    def rewording(self) -> str:
        """What to write instead where the title names a tool (K134)."""
        return rewording(self.row.title)

    @property
    def relevance(self) -> str:
        """What it is still to be linked to (SMART: R)."""
        return "" if self.row.dropped_on else lacking(self.row)

    @property
    def open_actions(self) -> int:
        """Actions still to be done, under its strategies or directly."""
        rows = [*self.actions, *(row for item in self.strategies for row in item.actions)]
        return sum(row.status in OPEN_ACTIONS for row in rows)


class Outline:
    """The plan as `user` reads it: rows by section, and how much of each is filled.

    Each kind of row is read when it is first asked for: one query, however many rows there are.
    """

    def __init__(self, plan: Plan, user: Reader, today: datetime.date) -> None:
        self.plan, self.user, self.today = plan, user, today
        self._read: dict[type[PlanContent], list[Any]] = {}

    def _all(self, model: type[PlanContent]) -> list[Any]:
        """Rows of `model` that the reader reads, those taken out among them."""
        if model not in self._read:
            path = "plan" if model.PARENT == "plan" else "objective__plan"

            def rows(plan: int) -> QuerySet:
                manager: Any = model._default_manager
                return manager.visible_to(self.user).for_list().filter(**{path: plan})

            key = ("outline", model, sight_of(self.user))
            found = [as_read(row) for row in kept_objects(key, rows, plan=self.plan.pk)]
            self._name_owners([row for row in found if hasattr(row, "owner_id")])
            self._read[model] = found
        return self._read[model]

    def _current(self, model: type[PlanContent]) -> list[Any]:
        return [row for row in self._all(model) if is_current(row)]

    @cached_property
    def objectives(self) -> list[Objective]:
        return self._current(Objective)

    @cached_property
    def strategies(self) -> list[Strategy]:
        return self._current(Strategy)

    @cached_property
    def milestones(self) -> list[Milestone]:
        return self._current(Milestone)

    @cached_property
    def swot(self) -> list[SwotEntry]:
        return self._current(SwotEntry)

    @cached_property
    def risks(self) -> list[Risk]:
        return self._current(Risk)

    @cached_property
    def actions(self) -> list[Action]:
        def rows(plan: int) -> QuerySet[Action]:
            mine = Action.objects.visible_to(self.user).active().for_list()
            return mine.filter(objective__plan=plan)

        key = ("actions of a plan", sight_of(self.user))
        return kept_objects(key, rows, plan=self.plan.pk)

    @cached_property
    def goals(self) -> list[CustomerGoal]:
        """Goals of the customer."""

        def rows(account: int) -> QuerySet[CustomerGoal]:
            return CustomerGoal.objects.visible_to(self.user).active().filter(account=account)

        key = ("goals", sight_of(self.user))
        return kept_objects(key, rows, account=self.plan.account_id)

    @property
    def archived(self) -> list[PlanContent]:
        """Rows taken out of the working copy, which can come back."""
        kinds = (Objective, Strategy, Milestone, SwotEntry, Risk)
        return [row for model in kinds for row in self._all(model) if row.is_archived]

    @cached_property
    def sections(self) -> list[completeness.Section]:
        """How much of each section is filled."""
        return completeness.sections(
            plan=self.plan,
            objectives=self.objectives,
            strategies=self.strategies,
            actions=self.actions,
            swot=self.swot,
            risks=self.risks,
        )

    @property
    def short(self) -> list[ObjectiveShown]:
        """Objectives with their open actions alone: two queries."""
        shown = {row.pk: self._shown(row) for row in self.objectives}
        for action in self.actions:
            if action.objective_id in shown:
                shown[action.objective_id].actions.append(action)
        return list(shown.values())

    def _shown(self, row: Objective) -> ObjectiveShown:
        status = row.status_on(self.today)
        return ObjectiveShown(row, status.value, str(status.label))

    def _name_owners(self, rows: list) -> None:
        """Owners as approved may be others than those joined: load them in one go."""
        strange = {
            row.owner_id for row in rows if row.owner_id and "owner" not in row._state.fields_cache
        }
        people = User.objects.in_bulk(strange) if strange else {}
        for row in rows:
            if row.owner_id in people:
                row.owner = people[row.owner_id]

    @property
    def tree(self) -> list[ObjectiveShown]:
        """Objectives with strategies, milestones and actions."""
        by_strategy, direct = defaultdict(list), defaultdict(list)
        for action in self.actions:
            if action.strategy_id:
                by_strategy[action.strategy_id].append(action)
            else:
                direct[action.objective_id].append(action)
        shown = []
        for row in self.objectives:
            item = self._shown(row)
            item.strategies = [
                StrategyShown(strategy, by_strategy[strategy.pk])
                for strategy in self.strategies
                if strategy.objective_id == row.pk
            ]
            item.milestones = [m for m in self.milestones if m.objective_id == row.pk]
            item.actions = direct[row.pk]
            shown.append(item)
        return shown

    @property
    def last_saved(self) -> datetime.datetime:
        """When anything of the plan was saved last."""
        rows = [
            *self.objectives,
            *self.strategies,
            *self.milestones,
            *self.swot,
            *self.risks,
            *self.actions,
        ]
        return max(row.updated_at for row in [self.plan, *rows])

    @property
    def quadrants(self) -> list[tuple[str, str, list[SwotEntry]]]:
        """Entries by quadrant: code, name, rows."""
        return [
            (code, name, [row for row in self.swot if row.quadrant == code])
            for code, name in Quadrant.choices
        ]
