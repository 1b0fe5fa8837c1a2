from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The customers."""

    name = "accounts"
