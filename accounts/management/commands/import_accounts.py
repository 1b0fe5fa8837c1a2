"""`python manage.py import_accounts FILE` (`design.md` 5)."""

from accounts.imports.command import ProgrammeImportCommand


class Command(ProgrammeImportCommand):
    help = "Import customers from a CSV or XLSX file."
    kind_name = "accounts"
