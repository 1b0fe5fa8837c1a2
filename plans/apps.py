"""Plans as a Django app."""

from django.apps import AppConfig


class PlansConfig(AppConfig):
    """Plans: what we and the customer want to reach."""

    name = "plans"
