"""`python manage.py seed_demo`: the demonstration programme and its sign-ins."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from kam.access.dates import business_today
from reviews import demo


class Command(BaseCommand):
    """Makes the demonstration programme once; refused outside demonstration mode."""

    help = "Make the demonstration programme, if it is not there, and print its sign-ins."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Refused: this is no demonstration (DEMO is not set in .env).")
        demo.build(business_today())
        self.stdout.write(f"Sign in with one of these names and the password {demo.PASSWORD}")
        for name, (_first, _last, what) in demo.SIGN_INS.items():
            self.stdout.write(f"  {name:<10} {what}")
