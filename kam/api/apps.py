from django.apps import AppConfig


class ApiConfig(AppConfig):
    """REST plumbing: errors, pagination, ETag, tokens, schema."""

    name = "kam.api"
    label = "api"
