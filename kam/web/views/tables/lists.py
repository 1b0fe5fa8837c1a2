"""Views of lists: kept SQL, sorting, filters, pages."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.utils.functional import cached_property

from kam.access.columns import never_empty
from kam.documents import tables as files
from kam.web.views.tables.columns import FIELDS_ONLY, Column, is_filtered, is_of_choices
from kam.web.views.tables.exporting import ExportMixin
from kam.web.views.tables.rows import CappedPaginator, Rows
from kam.web.views.tables.table import Table


class KeptListMixin(ExportMixin):
    """A list view whose SQL is kept: `kept_under` says on what it depends."""

    request: HttpRequest
    typed: Sequence[str] = ("q", "search")
    """Parameters of the address that hold what somebody typed: such a list is not kept."""

    def kept_under(self) -> Hashable | None:
        """All on which the SQL of the rows depends besides the address; None where that cannot be
        told."""
        return None

    def is_kept(self) -> bool:
        """Whether what the address asks for will be asked again."""
        return not any(map(self.request.GET.get, self.typed))

    def get_counted_queryset(self) -> QuerySet:
        """The rows, to be counted."""
        return self.get_queryset()  # type: ignore[attr-defined,no-any-return]

    @cached_property
    def kept_key(self) -> Hashable | None:
        """What the SQL of the rows is kept under; None where it is not kept."""
        under = self.kept_under() if self.is_kept() else None
        if under is None:
            return None
        lists = sorted(self.request.GET.lists())
        address = tuple((name, tuple(values)) for name, values in lists if name != "page")
        return type(self), address, under

    def get_export_rows(self, layout: files.Layout) -> Iterable[Any]:
        """Rows whose SQL is kept, unless they are so many that the file is made elsewhere."""

        def loaded() -> Any:
            return super(KeptListMixin, self).get_export_rows(layout)

        if getattr(self.request, "wants_table", False) or self.kept_key is None:
            return loaded()
        rows = Rows(loaded, self.kept_key, self.get_counted_queryset)
        return loaded() if rows.count() > files.LONG else rows.all()

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page, or the file; rows whose SQL is kept are not put together again."""
        if request.GET.get("export") in files.TYPES or self.kept_key is None:
            return super().get(request, *args, **kwargs)
        self.object_list = Rows(self.get_queryset, self.kept_key, self.get_counted_queryset)
        return self.render_to_response(self.get_context_data())  # type: ignore[attr-defined]


class TableMixin(KeptListMixin):
    """A list view with `columns`, a default sort and, if named, a `filterset_class`.

    Sorting takes the names in `columns` only; ties are broken by primary key. Lists longer than
    `MOST_COUNTED` say so instead of counting on.
    """

    columns: Sequence[Column] = ()
    default_sort = ""
    sizes: Sequence[int] = (25, 50, 100)
    paginator_class = CappedPaginator
    filterset_class: Any = None

    @cached_property
    def filterset(self) -> Any:
        """The bound filters, None without; rows are given to them when they narrow some. But for
        the form that offers them all, those that the address does not name are left out: to put
        their fields together costs more than the list."""
        if self.filterset_class is None:
            return None
        rows = self.model._default_manager.none()
        bound = self.filterset_class(self.request.GET, queryset=rows, request=self.request)
        if FIELDS_ONLY not in self.request.GET:
            for name in bound.filters.keys() - set(self.request.GET):
                del bound.filters[name]
        return bound

    def is_kept(self) -> bool:
        """Filters of fixed choices are asked again, others are not."""
        bound = self.filterset
        return super().is_kept() and (bound is None or is_of_choices(bound, self.request.GET))

    def get_queryset(self) -> QuerySet:
        """Filtered and sorted rows; an unreadable filter finds nothing."""
        bound = self.filterset
        rows = super().get_queryset()  # type: ignore[misc]
        if bound is not None and is_filtered(bound, self.request.GET):
            bound.queryset = rows
            rows = bound.qs if bound.is_valid() else rows.none()
        name, descending = self.sorting
        column = next((item for item in self.columns if item.name == name), None)
        if column is None or not column.sort:
            return rows
        last = {} if never_empty(rows.model, column.sort) else {"nulls_last": True}
        return rows.order_by(OrderBy(F(column.sort), descending=descending, **last), "pk")

    @cached_property
    def sorting(self) -> tuple[str, bool]:
        """Name of the column sorted by, and whether downwards; unknown names fall back."""
        known = {item.name for item in self.columns if item.sort}
        for wish in (self.request.GET.get("sort", ""), self.default_sort):
            if wish.removeprefix("-") in known:
                return wish.removeprefix("-"), wish.startswith("-")
        return "", False

    def get_paginate_by(self, queryset: QuerySet | None) -> int:
        """Rows a page: one of `sizes`."""
        wish = self.request.GET.get("size", "")
        return next((size for size in self.sizes if str(size) == wish), self.sizes[0])

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The page or the file, or the form that narrows it, loaded when somebody opens it."""
        if FIELDS_ONLY not in request.GET or self.filterset_class is None:
            return super().get(request, *args, **kwargs)
        context = {"table": Table(self, request), "filter": self.filterset}
        part = bool(request.htmx)  # type: ignore[attr-defined]
        name = "components/filter_fields.html" if part else "web/filter.html"
        return render(request, name, context)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Adds `table` and `filter`."""
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        context["table"] = Table(self, self.request)
        context["filter"] = self.filterset
        page = context.get("page_obj")
        listed = page is None or bool(page.object_list)
        context["exports"] = listed and self.get_export_layout() is not None
        return context
