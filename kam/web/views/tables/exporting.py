"""Lists that are handed out as files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from kam.documents import tables as files


class TableAnswer(HttpResponse):
    """The table itself, for whoever asked from inside (`kam.exports`); never sent."""

    def __init__(self, table: files.Table) -> None:
        super().__init__()
        self.table = table


class ExportMixin:
    """A list view whose rows `?export=csv|xlsx` hands out as a file, all of them.

    Long lists become files in the background: the answer is then the page that starts it. Columns
    stand in `export_layout`, or in `export_columns` where they belong to this page alone.
    """

    page_name = ""
    export_title: Any = ""
    export_layout: files.Layout | None = None
    export_columns: Sequence[files.Column] = ()
    export_notes: Sequence[str] = ()

    @classmethod
    def is_handed_out(cls) -> bool:
        """Whether there is a file of this list at all."""
        own = (
            cls.get_table is not ExportMixin.get_table
            or cls.get_export_layout is not ExportMixin.get_export_layout
        )
        return own or cls.export_layout is not None or bool(cls.export_columns)

    def get_export_layout(self) -> files.Layout | None:
        """How the rows stand in a file; none where the list is not handed out."""
        if self.export_layout is not None or not self.export_columns:
            return self.export_layout
        name = self.page_name or "list"
        return files.Layout(
            name, self.export_title or name, self.export_columns, notes=self.export_notes
        )

    def get_table(self) -> files.Table | None:
        """All rows that the address asks for; none where the list is not handed out."""
        layout = self.get_export_layout()
        return None if layout is None else layout.of(self.get_export_rows(layout))

    def get_export_rows(self, layout: files.Layout) -> Iterable[Any]:
        """All rows, with what the columns of `layout` show."""
        return layout.load(self.get_queryset(), self.request.user)  # type: ignore[attr-defined,no-any-return]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or all filtered rows as a file."""
        kind = request.GET.get("export", "")
        table = self.get_table() if kind in files.TYPES else None
        if table is None:
            return super().get(request, *args, **kwargs)  # type: ignore[misc]
        if getattr(request, "wants_table", False):
            return TableAnswer(table)
        if table.is_longer_than(files.LONG):
            asked = {"address": address_of(request), "format": kind}
            return redirect(f"{reverse('exports:new')}?{urlencode(asked)}")
        return table.response(kind)


def address_of(request: HttpRequest) -> str:
    """Path and filters of a list, without what concerns only the page or the file."""
    parameters = request.GET.copy()
    for name in ("export", "page", "size", "columns"):
        parameters.pop(name, None)
    query = parameters.urlencode()
    return f"{request.path}?{query}" if query else request.path
