"""`python manage.py seed --accounts N`: a synthetic programme for load tests."""

import secrets
import time
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from kam.access.dates import business_today
from reviews import load
from reviews.demo import PASSWORD


class Command(BaseCommand):
    """Makes the programme once; refused beside a programme of somebody else."""

    help = "Make a synthetic programme of N accounts for load tests, and print its sign-ins."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--accounts", type=int, required=True, metavar="N")
        parser.add_argument(
            "--force", action="store_true", help="also where the database holds other programmes"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count = options["accounts"]
        if not 1 <= count <= 1_000_000:
            raise CommandError("--accounts: from 1 to 1000000.")
        present = load.Programmes.present()
        name = load.PROGRAMME.format(count)
        if name in present.own:
            self.stdout.write(f"{name} is there already.")
            return
        if present.own:
            raise CommandError(f"Refused: this database holds {present.own[0]}; use another one.")
        if present.others and not options["force"]:
            text = f"Refused: this database holds {present.others[0]}. --force adds to it."
            raise CommandError(text)
        password = PASSWORD if settings.DEMO else secrets.token_urlsafe(12)
        begun = time.monotonic()
        load.build(count, business_today(), password, self._say)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        seconds = time.monotonic() - begun
        self.stdout.write(f"{name}: made in {seconds:.1f} s, {count / seconds:.0f} accounts/s")
        self.stdout.write(f"Sign in with one of these names and the password {password}")
        for username, what in load.SIGN_INS.items():
            self.stdout.write(f"  {username:<15} {what}")

    def _say(self, done: int) -> None:
        if done % 10_000 == 0:
            self.stdout.write(f"  {done} accounts")
