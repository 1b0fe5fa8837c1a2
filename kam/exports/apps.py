"""The app of exports."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """Files out: any list, made in the background, kept for a week."""

    name = "kam.exports"
    label = "exports"

    def ready(self) -> None:
        """Stand in the navigation."""
        from kam.web import navigation

        navigation.register(
            navigation.Entry(
                "exports", _("Exports"), "download", "exports:list", order=81, section="foot"
            )
        )
