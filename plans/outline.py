"""All that a plan's page shows, read once for one reader."""

from __future__ import annotations

import datetime
from collections import defaultdict
from dataclasses import dataclass, field

from kam.access.querysets import Reader
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
from plans.reading import as_read
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
    def open_actions(self) -> int:
        """Actions still to be done, under its strategies or directly."""
        rows = [*self.actions, *(row for item in self.strategies for row in item.actions)]
        return sum(row.status in OPEN_ACTIONS for row in rows)


class Outline:
    """The plan as `user` reads it: rows by section, and how much of each is filled.

    A constant number of queries, however many rows there are.
    """

    def __init__(self, plan: Plan, user: Reader, today: datetime.date) -> None:
        self.plan, self.user, self.today = plan, user, today
        self.objectives = self._rows(Objective.objects, "plan")
        self.strategies = self._rows(Strategy.objects, "objective__plan")
        self.milestones = self._rows(Milestone.objects, "objective__plan")
        self.swot = self._rows(SwotEntry.objects, "plan")
        self.risks = self._rows(Risk.objects, "plan")
        rows = Action.objects.visible_to(user).active().for_list()
        self.actions = list(rows.filter(objective__plan=plan.pk))
        goals = CustomerGoal.objects.visible_to(user).active()
        self.goals = list(goals.filter(account=plan.account_id))
        self._name_owners([*self.objectives, *self.risks])
        self.sections = completeness.sections(
            plan=plan,
            objectives=self.objectives,
            strategies=self.strategies,
            actions=self.actions,
            swot=self.swot,
            risks=self.risks,
        )

    def _rows(self, manager, path: str) -> list:
        rows = manager.visible_to(self.user).current().for_list().filter(**{path: self.plan.pk})
        return [as_read(row) for row in rows]

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
        for row in self.actions:
            if row.strategy_id:
                by_strategy[row.strategy_id].append(row)
            else:
                direct[row.objective_id].append(row)
        shown = []
        for row in self.objectives:
            status = row.status_on(self.today)
            item = ObjectiveShown(row, status.value, str(status.label))
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
