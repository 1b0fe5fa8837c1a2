"""Lists as tables: sorting, filters, columns and page size live in the address."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import F, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django_filters import (
    BooleanFilter,
    ChoiceFilter,
    ModelChoiceFilter,
    ModelMultipleChoiceFilter,
    MultipleChoiceFilter,
)

from kam.access.prepared import kept_count, kept_objects
from kam.access.querysets import sight_of
from kam.documents import tables as files
from kam.web import models

FIELDS_ONLY = "fields-of-filter"
"""Parameter that asks for the fields of the filter instead of the list."""
MOST_COUNTED = 10_000
"""Rows that are counted and can be paged through; beyond that a filter helps more than a page."""


@dataclass(frozen=True)
class Column:
    """A column: `sort` is the field or annotation to order by, none if it cannot be sorted.

    `numeric` aligns right; `optional` columns can be switched off, `default` ones are on at first;
    `phone` False leaves the heading out on phones (give the cells the class `hide-s`).
    """

    name: str
    label: Any
    sort: str = ""
    numeric: bool = False
    optional: bool = True
    default: bool = True
    unit: Any = ""
    phone: bool = True


@dataclass(frozen=True)
class Heading:
    """A column's heading as the page shows it."""

    column: Column
    href: str
    direction: str  # "ascending", "descending" or ""


@dataclass(frozen=True)
class FilterChip:
    """An active filter in words, and the address without it."""

    label: str
    value: str
    href: str


def changed(parameters: QueryDict, **changes: Any) -> str:
    """Address with parameters replaced (None: removed); paging starts again."""
    copy = parameters.copy()
    for name in ("page", FIELDS_ONLY):
        copy.pop(name, None)
    for name, value in changes.items():
        copy.pop(name, None)
        if isinstance(value, list | tuple):
            copy.setlist(name, list(value))
        elif value not in (None, ""):
            copy[name] = value
    return f"?{copy.urlencode()}"


def is_filtered(filterset: Any, parameters: QueryDict) -> bool:
    """Whether the address names any filter; without one its form need not be put together."""
    return bool(named_filters(filterset, parameters))


def named_filters(filterset: Any, parameters: QueryDict) -> list[Any]:
    """The filters that the address names."""
    return [item for name, item in filterset.filters.items() if any(parameters.getlist(name))]


def is_of_choices(filterset: Any, parameters: QueryDict) -> bool:
    """Whether all filters that the address names choose among fixed values: what they find depends
    on the address, not on what is stored or typed."""
    return all(
        isinstance(item, BooleanFilter | ChoiceFilter | MultipleChoiceFilter)
        and not isinstance(item, ModelChoiceFilter | ModelMultipleChoiceFilter)
        for item in named_filters(filterset, parameters)
    )


class Rows:
    """Rows of a list, page by page; the SQL is kept where `key` names all that it depends on.
    `counted` builds the same rows in a way in which they are quicker to count, if there is one."""

    def __init__(
        self,
        build: Callable[[], QuerySet],
        key: Hashable | None = None,
        counted: Callable[[], QuerySet] | None = None,
    ) -> None:
        self.build, self.key, self.counted = build, key, counted

    @cached_property
    def queryset(self) -> QuerySet:
        """All of them."""
        return self.build()

    def between(self, bottom: int, top: int) -> list[Any]:
        """Rows from place `bottom` up to `top`."""
        if self.key is None:
            return list(self._cut(bottom, top))
        return kept_objects((self.key, bottom, top), lambda: self._cut(bottom, top))

    def all(self) -> list[Any]:
        """All of them."""
        if self.key is None:
            return list(self.queryset)
        return kept_objects((self.key, "all"), lambda: self.queryset)

    def _cut(self, bottom: int, top: int) -> QuerySet:
        """What stands in the columns is worked out for the rows of the page alone, not for those
        that are passed over."""
        rows = self.queryset
        if not bottom or rows.query.distinct or rows.query.combinator:
            return rows[bottom:top]
        return rows.filter(pk__in=rows.values("pk")[bottom:top])

    def count(self) -> int:
        """How many there are, at most one more than are counted."""
        if self.key is None:
            return self._counted().count()
        return kept_count(self.key, self._counted)

    def _counted(self) -> QuerySet:
        rows = self.queryset if self.counted is None else self.counted()
        return rows.order_by().values("pk")[: MOST_COUNTED + 1]


class CappedPaginator(Paginator):
    """Counts no further than `MOST_COUNTED` rows, so that a list stays fast however long it is."""

    object_list: Any

    @cached_property
    def count(self) -> int:
        """Rows, at most one more than are counted."""
        rows = self._rows
        return len(self.object_list) if rows is None else rows.count()

    @cached_property
    def _rows(self) -> Rows | None:
        given = self.object_list
        if isinstance(given, QuerySet):
            return Rows(lambda: given)
        return given if isinstance(given, Rows) else None

    def page(self, number: int | str) -> Page:
        """Rows of one page; a first page that is not full is its own count."""
        rows = self._rows
        if rows is None:
            return super().page(number)
        if str(number) == "1":
            first = rows.between(0, self.per_page)
            if len(first) < self.per_page:
                self.__dict__["count"] = len(first)
            return self._get_page(first, 1, self)
        place = self.validate_number(number)
        bottom = (place - 1) * self.per_page
        return self._get_page(rows.between(bottom, bottom + self.per_page), place, self)

    @property
    def capped(self) -> bool:
        """Whether there are more rows than can be paged through."""
        return self.count > MOST_COUNTED


class Table:
    """What the table templates show: headings, columns, chips, sizes, views."""

    def __init__(self, view: TableMixin, request: HttpRequest) -> None:
        self.view, self.request, self.parameters = view, request, request.GET

    @cached_property
    def chosen(self) -> set[str]:
        """Names of the optional columns that are on; the form says `-` besides, so that none is a
        choice, too."""
        named = set(self.parameters.getlist("columns"))
        known = {item.name for item in self.view.columns if item.optional}
        if named & known or "-" in named:
            return named & known
        return {item.name for item in self.view.columns if item.optional and item.default}

    @cached_property
    def shown(self) -> list[Column]:
        """Columns of this page, in their order."""
        return [item for item in self.view.columns if not item.optional or item.name in self.chosen]

    @cached_property
    def names(self) -> set[str]:
        """Names of the shown columns, for `{% if "stage" in table.names %}`."""
        return {item.name for item in self.shown}

    @property
    def choices(self) -> list[tuple[Column, bool]]:
        """Optional columns, and whether each is on."""
        optional = (item for item in self.view.columns if item.optional)
        return [(item, item.name in self.chosen) for item in optional]

    @property
    def headings(self) -> list[Heading]:
        """Headings with the link that sorts by them (numbers: greatest first)."""
        name, descending = self.view.sorting
        rows = []
        for item in self.shown:
            direction, href = "", ""
            if item.name == name:
                direction = "descending" if descending else "ascending"
            if item.sort:
                down = not descending if item.name == name else item.numeric
                href = changed(self.parameters, sort=f"-{item.name}" if down else item.name)
            rows.append(Heading(item, href, direction))
        return rows

    @property
    def kept(self) -> list[tuple[str, str]]:
        """Parameters that a form of this page carries along, columns and page left out."""
        left_out = {"columns", "page", FIELDS_ONLY}
        lists = self.parameters.lists()
        return [(name, value) for name, row in lists if name not in left_out for value in row]

    @property
    def sizes(self) -> list[tuple[int, str, bool]]:
        """Page sizes to choose from, their address, and which is in force."""
        now = self.view.get_paginate_by(None)
        return [
            (size, changed(self.parameters, size=size), size == now) for size in self.view.sizes
        ]

    @cached_property
    def chips(self) -> list[FilterChip]:
        """Active filters as sentences that can be removed one by one."""
        bound = self.view.filterset
        if bound is None or not is_filtered(bound, self.parameters):
            return []
        rows = []
        for name, field in bound.form.fields.items():
            raw = [value for value in self.parameters.getlist(name) if value]
            if not raw or not bound.form.is_valid():
                continue
            chosen = bound.form.cleaned_data.get(name)
            if isinstance(chosen, Model):
                words = str(chosen)  # the others that could be chosen are not read
            else:
                options = {str(key): str(text) for key, text in getattr(field, "choices", ())}
                words = ", ".join(options.get(value, value) for value in raw)
            label = str(field.label or name)
            rows.append(FilterChip(label, words, changed(self.parameters, **{name: None})))
        return rows

    @property
    def is_understood(self) -> bool:
        """Whether every filter that the address names can be read."""
        bound = self.view.filterset
        if bound is None or not is_filtered(bound, self.parameters):
            return True
        return bound.is_valid()

    @property
    def unfiltered(self) -> str:
        """Address without any filter."""
        bound = self.view.filterset
        names = bound.filters if bound is not None else ()
        return changed(self.parameters, **dict.fromkeys(names))

    @cached_property
    def saved_views(self) -> list[tuple[models.SavedView, bool]]:
        """The reader's views of this page, and which of them this is."""
        now = models.canonical(self.parameters.urlencode())
        page = self.view.page_name

        def mine() -> QuerySet[models.SavedView]:
            return models.SavedView.objects.of(self.request.user, page)

        rows = kept_objects(("saved views", sight_of(self.request.user), page), mine)
        return [(row, row.query == now) for row in rows]

    @property
    def page_name(self) -> str:
        """Under which views of this page are kept."""
        return self.view.page_name

    @property
    def is_changed(self) -> bool:
        """Whether the address holds something that a view could keep and none of them does."""
        now = models.canonical(self.parameters.urlencode())
        return bool(now) and not any(here for row, here in self.saved_views)

    @property
    def query(self) -> str:
        """This page's parameters without the page number, as a view keeps them."""
        return models.canonical(self.parameters.urlencode())

    @property
    def filter_fields(self) -> str:
        """Address of the form that narrows this list, empty without one."""
        if self.view.filterset_class is None:
            return ""
        return changed(self.parameters, **{FIELDS_ONLY: "1"})

    def export(self, kind: str) -> str:
        """Address of the same rows as a file."""
        return changed(self.parameters, export=kind)

    @property
    def csv(self) -> str:
        return self.export("csv")

    @property
    def xlsx(self) -> str:
        return self.export("xlsx")


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
        by = F(column.sort)
        order = by.desc(nulls_last=True) if descending else by.asc(nulls_last=True)
        return rows.order_by(order, "pk")

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
