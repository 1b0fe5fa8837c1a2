"""Resources of plans."""

from plans.api import views

routes = [
    ("plans", views.PlanViewSet),
    ("objectives", views.ObjectiveViewSet),
    ("strategies", views.StrategyViewSet),
    ("actions", views.ActionViewSet),
    ("milestones", views.MilestoneViewSet),
    ("swot-entries", views.SwotEntryViewSet),
    ("risks", views.RiskViewSet),
    ("customer-goals", views.CustomerGoalViewSet),
    ("corporate-objectives", views.CorporateObjectiveViewSet),
]
