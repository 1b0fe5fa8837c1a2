from django.apps import AppConfig


class MailConfig(AppConfig):
    """Mail: kept outbox, digests."""

    name = "kam.mail"
    label = "mail"
