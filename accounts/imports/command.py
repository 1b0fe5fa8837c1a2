"""What the import commands of this app share: the programme."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from kam.imports.command import ImportCommand
from teams.models import Programme


class ProgrammeImportCommand(ImportCommand):
    """Imports into the programme that `--programme` names (name or number), else the first."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--programme", help="name or number; else the only or first one")

    def scope(self, options: dict[str, Any]) -> Programme:
        """The programme into which the file goes."""
        wanted = options["programme"]
        programmes = Programme.objects.active().order_by("pk")
        if wanted:
            named = programmes.filter(name__iexact=wanted).first()
            if named is None and wanted.isdigit():
                named = programmes.filter(pk=int(wanted)).first()
            if named is None:
                raise CommandError(f"There is no programme {wanted}.")
            return named
        first = programmes.first()
        if first is None:
            raise CommandError("There is no programme yet: make one first.")
        return first
