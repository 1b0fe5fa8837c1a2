"""Addresses of calendars."""

from django.urls import re_path

from kam.calendars import views

app_name = "calendars"
urlpatterns = [re_path(r"^(?P<secret>[A-Za-z0-9_-]{20,80})\.ics$", views.calendar, name="feed")]
