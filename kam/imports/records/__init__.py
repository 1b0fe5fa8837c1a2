"""Kinds of imports whose rows are records that people also edit one by one: contacts, products."""

from kam.imports.records.cells import Cells
from kam.imports.records.kind import MODE, RecordKind
from kam.imports.records.session import RecordSession, Wanted

__all__ = ["MODE", "Cells", "RecordKind", "RecordSession", "Wanted"]
