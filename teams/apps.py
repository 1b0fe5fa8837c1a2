from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People and how they work together."""

    name = "teams"
