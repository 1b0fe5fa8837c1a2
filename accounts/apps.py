"""The app of the customers."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The customers."""

    name = "accounts"

    def ready(self) -> None:
        """Offer what this app brings to the packages below; the models have to be there first."""
        from accounts import calendar, imports, policies
        from accounts.merging import own
        from accounts.services.duplicate import readers_of_pairs
        from accounts.services.merge import readers_of_merges
        from accounts.services.team import check_membership
        from accounts.views import panels
        from kam.calendars.events import register
        from kam.changes.querysets import register_audience
        from teams.services import register_membership_rule

        register_audience("object", policies.readers_of_conflicts)
        register_audience("object", readers_of_pairs)
        register_audience("object", readers_of_merges)
        register_membership_rule(check_membership)
        register(calendar.reviews)
        imports.register()
        own.register_own()
        panels.register()
