"""All addresses of the application."""

from django.urls import include, path

from kam.api.urls import patterns as api_patterns

urlpatterns = [
    path("api/", include((api_patterns(), "api"))),
    path("settings/mail/", include("kam.mail.urls")),
    path("sign-in/", include("allauth.urls")),
    path("", include("kam.web.urls")),
]
