"""All addresses of the application."""

from django.urls import include, path

urlpatterns = [
    path("sign-in/", include("allauth.urls")),
    path("", include("kam.web.urls")),
]
