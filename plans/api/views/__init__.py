"""Plans, what hangs on them, and actions over REST: the same services, the same refusals."""

from plans.api.views.action import ActionViewSet
from plans.api.views.content import (
    ContentViewSet,
    MilestoneViewSet,
    ObjectiveViewSet,
    RiskViewSet,
    StrategyViewSet,
    SwotEntryViewSet,
)
from plans.api.views.goal import CorporateObjectiveViewSet, CustomerGoalViewSet
from plans.api.views.plan import PlanViewSet
from plans.api.views.reading import ReadViewSet

__all__ = [
    "ActionViewSet",
    "ContentViewSet",
    "CorporateObjectiveViewSet",
    "CustomerGoalViewSet",
    "MilestoneViewSet",
    "ObjectiveViewSet",
    "PlanViewSet",
    "ReadViewSet",
    "RiskViewSet",
    "StrategyViewSet",
    "SwotEntryViewSet",
]
