"""`manage.py import_category_purchases FILE`: what customers buy by category, from a shell."""

from __future__ import annotations

from typing import ClassVar

from accounts.imports.command import ProgrammeImportCommand


class Command(ProgrammeImportCommand):
    """Imports category purchases; `--map account="row number"` for customers without a number."""

    help = "Import what customers buy by category from CSV or XLSX."
    kind_name: ClassVar = "category_purchases"
