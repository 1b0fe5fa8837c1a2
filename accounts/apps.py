from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """The customers."""

    name = "accounts"

    def ready(self) -> None:
        from accounts.services.team import check_membership
        from teams.services import register_membership_rule

        register_membership_rule(check_membership)
