"""The app of people and teams."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People and how they work together."""

    name = "teams"

    def ready(self) -> None:
        """Say who reads which rows of the change log."""
        from kam.changes.querysets import register_audience
        from teams import policies

        register_audience("programme", policies.readers_of_programme)
        register_audience("team", policies.readers_of_team)
