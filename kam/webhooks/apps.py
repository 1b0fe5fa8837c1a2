"""The app of webhooks."""

from django.apps import AppConfig


class WebhooksConfig(AppConfig):
    """Signed calls to other systems."""

    name = "kam.webhooks"
    label = "webhooks"

    def ready(self) -> None:
        """Let the worker know the schedule of deliveries."""
        from kam.webhooks import tasks  # noqa: F401  (registers itself)
