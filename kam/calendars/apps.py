"""The app of calendars."""

from django.apps import AppConfig


class CalendarsConfig(AppConfig):
    """One secret address a person."""

    name = "kam.calendars"
    label = "calendars"
