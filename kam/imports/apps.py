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
        from kam.imports import panels, policies
        from kam.web import navigation
        from kam.web.panels import Panel, register

        register_audience("object", policies.readers_of_runs)
        register_audience("object", policies.readers_of_folders)
        register(
            "my_day",
            Panel(
                "files",
                "imports/_panel_waiting.html",
                panels.waiting_files,
                80,
                "side",
                panels.imports_files,
            ),
        )
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
