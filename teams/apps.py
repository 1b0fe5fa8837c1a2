"""The app of people and teams."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    """People and how they work together."""

    name = "teams"

    def ready(self) -> None:
        """Say who reads which rows of the change log."""
        from kam.changes.querysets import register_audience  # noqa: PLC0415  (needs loaded apps)
        from teams import policies  # noqa: PLC0415  (needs loaded apps)

        register_audience("programme", policies.readers_of_programme)
        register_audience("team", policies.readers_of_team)
