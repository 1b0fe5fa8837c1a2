"""What teams adds to the change log and to the frame of every page."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from kam.changes.querysets import register_audience
from kam.web import navigation
from kam.web.navigation import Entry
from teams import policies


def register() -> None:
    """Say who reads which rows of the change log, and what stands in the navigation."""
    register_audience("programme", policies.readers_of_programme)
    register_audience("team", policies.readers_of_team)
    navigation.register(Entry("teams", _("Teams"), "users", "teams:list", order=40, key="t"))
    navigation.register(
        Entry("settings", _("Settings"), "settings", "settings:index", order=90, section="foot")
    )
