"""Plans as a Django app."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Plans: what we and the customer want to reach."""

    name = "plans"

    def ready(self) -> None:
        """Say who reads which rows of the change log; put panels where they belong."""
        from kam.calendars.events import register
        from kam.changes.querysets import register_audience
        from plans import calendar, frame, merging
        from plans.querysets import plan_audience

        register_audience("plan", plan_audience)
        frame.register()
        merging.register_rules()
        register(calendar.actions)
        register(calendar.milestones)
