"""The reviews app."""

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """Where we stand: stage reviews, my day, portfolio."""

    name = "reviews"
