from django.apps import AppConfig


class ImportsConfig(AppConfig):
    """Files in: detect, map, preview, run, undo."""

    name = "kam.imports"
    label = "imports"
