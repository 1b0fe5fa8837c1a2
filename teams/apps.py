"""The app of people and teams."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People and how they work together."""

    name = "teams"

    def ready(self) -> None:
        """Join the change log and the navigation."""
        from teams import frame

        frame.register()
