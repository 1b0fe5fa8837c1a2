"""`python manage.py import_contacts FILE` (`design.md` 5)."""

from accounts.imports.command import ProgrammeImportCommand


class Command(ProgrammeImportCommand):
    help = "Import people at customers from a CSV or XLSX file."
    kind_name = "contacts"
