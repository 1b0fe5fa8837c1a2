"""The app of imports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ImportsConfig(AppConfig):
    """Files in: detect, map, preview, run, undo."""

    name = "kam.imports"
    label = "imports"

    def ready(self) -> None:
        """Stand in the navigation of whoever may import."""
        from kam.changes.querysets import register_audience
        from kam.imports import policies
        from kam.web import navigation

        register_audience("object", policies.readers_of_runs)
        navigation.register(
            navigation.Entry(
                "imports",
                _("Imports"),
                "file-import",
                "imports:list",
                order=80,
                section="foot",
                visible=policies.can_import_anything,
            )
        )
