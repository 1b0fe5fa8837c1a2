"""Addresses of teams."""

from django.urls import path

from teams.views import teams

app_name = "teams"
urlpatterns = [
    path("", teams.TeamListView.as_view(), name="list"),
    path("new/", teams.TeamCreateView.as_view(), name="create"),
    path("<int:pk>/", teams.TeamDetailView.as_view(), name="detail"),
    path("<int:pk>/edit/", teams.TeamUpdateView.as_view(), name="update"),
    path("<int:pk>/restore/", teams.restore_team, name="restore"),
    path("<int:pk>/archive/", teams.archive_team, name="archive"),
    path("<int:pk>/members/new/", teams.MemberAddView.as_view(), name="member_add"),
    path("members/<int:pk>/edit/", teams.MemberUpdateView.as_view(), name="member_update"),
    path("members/<int:pk>/role/", teams.MemberRoleView.as_view(), name="member_role"),
    path("members/<int:pk>/end/", teams.MemberEndView.as_view(), name="member_end"),
]
