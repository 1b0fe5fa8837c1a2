"""What the table templates show of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property

from kam.access.prepared import kept_objects
from kam.access.querysets import sight_of
from kam.web import models
from kam.web.views.tables.columns import (
    FIELDS_ONLY,
    Column,
    FilterChip,
    Heading,
    changed,
    is_filtered,
)

if TYPE_CHECKING:
    from kam.web.views.tables.lists import TableMixin


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

    @cached_property
    def has_more(self) -> bool:
        """Whether a column is shown that nobody sees who has not chosen it."""
        return any(item.optional and not item.default for item in self.shown)

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
