from django.apps import AppConfig


class JobsConfig(AppConfig):
    """Background work: queue, lease, retry, progress, schedule."""

    name = "kam.jobs"
    label = "jobs"
