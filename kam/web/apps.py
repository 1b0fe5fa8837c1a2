from django.apps import AppConfig


class WebConfig(AppConfig):
    """Page plumbing: frame, panels, drafts, saved views, search."""

    name = "kam.web"
    label = "web"
