"""The reviews app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Where we stand: stage reviews, my day, portfolio."""

    name = "reviews"

    def ready(self) -> None:
        """Offer what this app brings to shared pages; the models have to be there first."""
        from reviews import merging
        from reviews.views import panels

        panels.register()
        merging.register_rules()
