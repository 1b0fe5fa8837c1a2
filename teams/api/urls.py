"""Resources of people, programmes and teams."""

from kam.api.routers import Route
from teams.api import views

routes: list[Route] = [
    ("programmes", views.ProgrammeViewSet),
    ("programme-settings", views.ProgrammeSettingViewSet),
    ("business-units", views.BusinessUnitViewSet),
    ("functions", views.FunctionViewSet),
    ("users", views.UserViewSet),
    ("role-grants", views.RoleGrantViewSet),
    ("teams", views.TeamViewSet),
    ("memberships", views.MembershipViewSet),
    ("me", views.MeView),
]
