"""Makes an API token from the shell."""

from argparse import ArgumentParser
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from kam.api.models import Token
from kam.api.services import create_token
from kam.changes.context import source


class Command(BaseCommand):
    """Prints a new token once; it cannot be read again."""

    help = "Make an API token that acts as USERNAME and print it once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--scope", choices=Token.Scope.values, required=True)
        parser.add_argument("--days", type=int, help="valid for so many days; else until revoked")
        parser.add_argument("--name", default="command line")

    def handle(self, *args: Any, **options: Any) -> None:
        people = get_user_model()._default_manager
        owner = people.filter(username__iexact=options["username"], is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user {options['username']}.")
        if options["days"] is not None and options["days"] < 1:
            raise CommandError("--days is a whole number from 1 on.")
        try:
            with source("command", "create_token"):
                _token, secret = create_token(
                    actor=None,
                    owner=owner,
                    name=options["name"],
                    scope=options["scope"],
                    days=options["days"],
                )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        self.stdout.write(secret)
