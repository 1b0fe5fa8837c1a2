"""The app of attachments."""

from django.apps import AppConfig


class DocumentsConfig(AppConfig):
    """Files that hang on customers and on what is planned with them."""

    name = "kam.documents"
    label = "documents"

    def ready(self) -> None:
        """Say who reads what is logged of a file; put panels where they belong."""
        from kam.changes.querysets import register_audience
        from kam.documents import frame, policies, tasks  # noqa: F401  (tasks register themselves)

        register_audience("object", policies.readers_of_attachments)
        frame.register()
