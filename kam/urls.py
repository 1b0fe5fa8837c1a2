"""All addresses of the application."""

from typing import Any

from django.urls import include, path

from accounts.api.urls import routes as account_routes
from kam.api.urls import patterns as api_patterns
from kam.calendars.api.urls import routes as calendar_routes
from kam.documents.api.urls import routes as document_routes
from kam.exports.api.urls import routes as export_routes
from kam.imports.api.urls import routes as import_routes
from kam.webhooks.api.urls import routes as webhook_routes
from plans.api.urls import routes as plan_routes
from reviews.api.urls import routes as review_routes
from teams.api.urls import routes as team_routes
from teams.views.me import SetUpView

resources: list[list[tuple[str, Any]]] = [
    account_routes,
    calendar_routes,
    export_routes,
    document_routes,
    import_routes,
    plan_routes,
    review_routes,
    team_routes,
    webhook_routes,
]
"""What each app adds to the API."""

handler403 = "kam.web.errors.refused"
handler404 = "kam.web.errors.not_found"
urlpatterns = [
    path("api/", include((api_patterns(*resources), "api"))),
    path("set-up/", SetUpView.as_view(), name="set_up"),
    path("settings/", include("teams.settings_urls")),
    path("imports/", include("kam.imports.urls")),
    path("exports/", include("kam.exports.urls")),
    path("settings/mail/", include("kam.mail.urls")),
    path("calendar/", include("kam.calendars.urls")),
    path("files/", include("kam.documents.urls")),
    path("sign-in/", include("allauth.urls")),
    path("teams/", include("teams.urls")),
    path("", include("kam.web.urls")),
    path("", include("accounts.urls")),
    path("", include("plans.urls")),
    path("", include("reviews.urls")),
]
