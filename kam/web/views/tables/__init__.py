"""Lists as tables: sorting, filters, columns and page size live in the address."""

from kam.web.views.tables.columns import (
    FIELDS_ONLY,
    Column,
    changed,
    is_filtered,
    is_of_choices,
)
from kam.web.views.tables.exporting import ExportMixin, TableAnswer
from kam.web.views.tables.lists import KeptListMixin, TableMixin
from kam.web.views.tables.rows import MOST_COUNTED, CappedPaginator, Rows
from kam.web.views.tables.table import Table

__all__ = [
    "FIELDS_ONLY",
    "MOST_COUNTED",
    "CappedPaginator",
    "Column",
    "ExportMixin",
    "KeptListMixin",
    "Rows",
    "Table",
    "TableAnswer",
    "TableMixin",
    "changed",
    "is_filtered",
    "is_of_choices",
]
