"""Brings the database, the static files and the demonstration up to date; runs inside `.venv`.

Progress goes to standard error, the demonstration's sign-ins alone to standard output.
"""

import hashlib
import io
import os
import sys
from pathlib import Path

import django
from django.conf import settings
from django.core.management import CommandError, call_command, get_commands
from django.db import DatabaseError

ROOT = Path(__file__).resolve().parent.parent
NOT_SERVED = ["rest_framework", "django_htmx"]  # files of pages and helpers that we do not use


def main() -> None:
    """Migrate, collect static files when they changed, seed in demonstration mode."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kam.settings")
    (ROOT / "var").mkdir(exist_ok=True)
    django.setup()
    try:
        call_command("migrate", interactive=False, verbosity=0, stdout=sys.stderr)
    except DatabaseError as error:
        sys.exit(f"The database cannot be used: {error}".strip())
    collect_static()
    if settings.DEMO and "seed_demo" in get_commands():
        try:
            call_command("seed_demo", stdout=sys.stdout, stderr=sys.stderr)
        except CommandError as error:
            sys.exit(f"The demonstration could not be made: {error}")


def collect_static() -> None:
    """Copy, hash and compress the static files unless nothing has changed since last time."""
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    wanted = fingerprint()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print("Collecting static files …", file=sys.stderr, flush=True)
    call_command(
        "collectstatic",
        interactive=False,
        clear=True,
        verbosity=0,
        ignore_patterns=NOT_SERVED,
        stdout=io.StringIO(),
    )
    stamp.parent.mkdir(parents=True, exist_ok=True)
    stamp.write_text(wanted)


def fingerprint() -> str:
    """Names, sizes and times of our static files, and the packages that bring theirs."""
    digest = hashlib.sha256((ROOT / "requirements.lock").read_bytes())
    digest.update(repr(settings.STORAGES["staticfiles"]).encode())
    for path in sorted((ROOT / "static").rglob("*")):
        if path.is_file():
            facts = path.stat()
            digest.update(
                f"{path.relative_to(ROOT)} {facts.st_size} {facts.st_mtime_ns}\n".encode()
            )
    return digest.hexdigest()


if __name__ == "__main__":
    main()
