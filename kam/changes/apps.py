from django.apps import AppConfig


class ChangesConfig(AppConfig):
    """The change log."""

    name = "kam.changes"
    label = "changes"
