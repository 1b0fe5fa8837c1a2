"""Addresses of plans and actions."""

from django.urls import path, re_path

from plans.views import actions, aims, content, fields, from_map, plan, steps

app_name = "plans"
FIELD = "plans/fields/<slug:kind>/<int:pk>/<slug:field>/"
ROW = "plans/rows/<slug:kind>/<int:pk>/"
urlpatterns = [
    path("accounts/<int:pk>/plan/", plan.AccountPlanView.as_view(), name="of_account"),
    path("accounts/<int:pk>/plan/new/", plan.PlanCreateView.as_view(), name="new"),
    path("accounts/<int:pk>/plan/from-map/", from_map.start_from_map, name="from_map"),
    path("accounts/<int:pk>/goals/new/", content.CustomerGoalCreateView.as_view(), name="new_goal"),
    path("plans/<int:pk>/", plan.PlanDetailView.as_view(), name="detail"),
    path("plans/<int:pk>/edit/", plan.PlanUpdateView.as_view(), name="edit"),
    path("plans/<int:pk>/history/", plan.PlanHistoryView.as_view(), name="history"),
    path("plans/<int:pk>/presence/", plan.presence, name="presence"),
    re_path(
        rf"^plans/(?P<pk>[0-9]+)/(?P<step>{'|'.join(steps.STEPS)})/\Z", steps.take, name="step"
    ),
    path("plans/versions/<int:pk>/", plan.PlanVersionView.as_view(), name="version"),
    path(
        "plans/<int:pk>/rows/<slug:kind>/new/",
        content.ContentCreateView.as_view(),
        name="add",
    ),
    path(ROW, content.ContentUpdateView.as_view(), name="row"),
    path(f"{ROW}archive/", content.archive, name="archive"),
    path(f"{ROW}restore/", content.restore, name="restore"),
    path(f"{ROW}move/", content.move, name="move"),
    path("plans/objectives/<int:pk>/drop/", content.drop, name="drop"),
    path(FIELD, fields.FieldView.as_view(), name="field"),
    path(f"{FIELD}draft/", fields.keep_draft, name="draft"),
    path(f"{FIELD}discard/", fields.discard_draft, name="discard_draft"),
    re_path(
        r"^plans/(?P<kind>objective|strategy)/(?P<pk>[0-9]+)/action/\Z",
        actions.capture_under,
        name="capture_under",
    ),
    path("programme/objectives/", aims.AimListView.as_view(), name="aims"),
    path("programme/objectives/new/", aims.AimCreateView.as_view(), name="aim_create"),
    path("programme/objectives/<int:pk>/edit/", aims.AimUpdateView.as_view(), name="aim_edit"),
    path("programme/objectives/<int:pk>/archive/", aims.archive, name="aim_archive"),
    path("programme/objectives/<int:pk>/restore/", aims.restore, name="aim_restore"),
    path("actions/", actions.ActionListView.as_view(), name="actions"),
    path("actions/new/", actions.CaptureView.as_view(), name="capture"),
    path("actions/<int:pk>/", actions.ActionUpdateView.as_view(), name="action"),
    path("actions/<int:pk>/close/", actions.close, name="close"),
    path("actions/<int:pk>/reopen/", actions.reopen, name="reopen"),
    path("actions/<int:pk>/archive/", actions.archive, name="archive_action"),
    path("actions/<int:pk>/restore/", actions.restore, name="restore_action"),
]
