"""Endpoints of programmes, units, functions, people, roles, teams and memberships."""

from teams.api.views.people import MeView, RoleGrantViewSet, UserViewSet
from teams.api.views.programme import (
    BusinessUnitViewSet,
    FunctionViewSet,
    ProgrammeSettingViewSet,
    ProgrammeViewSet,
)
from teams.api.views.team import MembershipViewSet, TeamViewSet

__all__ = [
    "BusinessUnitViewSet",
    "FunctionViewSet",
    "MeView",
    "MembershipViewSet",
    "ProgrammeSettingViewSet",
    "ProgrammeViewSet",
    "RoleGrantViewSet",
    "TeamViewSet",
    "UserViewSet",
]
