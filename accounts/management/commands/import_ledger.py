"""`python manage.py import_ledger FILE` (`design.md` 5)."""

from accounts.imports.command import ProgrammeImportCommand


class Command(ProgrammeImportCommand):
    help = "Import sales lines from a CSV or XLSX file."
    kind_name = "ledger"
