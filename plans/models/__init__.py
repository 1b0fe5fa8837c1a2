"""Plans: what we and the customer want to reach, how, and who does what next (handbook 4)."""

from plans.models.action import Action
from plans.models.analysis import Risk, SwotEntry
from plans.models.content import PlanContent
from plans.models.goals import CorporateObjective, CustomerGoal
from plans.models.plan import Plan, PlanDecision, PlanVersion, Presence
from plans.models.work import Milestone, Objective, Strategy

__all__ = [
    "Action",
    "CorporateObjective",
    "CustomerGoal",
    "Milestone",
    "Objective",
    "Plan",
    "PlanContent",
    "PlanDecision",
    "PlanVersion",
    "Presence",
    "Risk",
    "Strategy",
    "SwotEntry",
]
