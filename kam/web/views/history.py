"""History of everything that the reader may see: filtered, read on by cursor, exported."""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Iterator
from typing import Any

import django_filters
from django.conf import settings
from django.contrib.auth.mixins import LoginRequiredMixin
from django.db import models
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView, TemplateView

from kam.access.prepared import kept_objects
from kam.access.querysets import scope_model, sight_of
from kam.changes.history import FieldChange, Line, describe, kinds
from kam.changes.models import Change
from kam.documents.tables import Column as FileColumn
from kam.documents.tables import Table
from kam.web.fields import PickField
from kam.web.views.scoped import ScopedViewMixin
from kam.web.views.tables import Rows, TableMixin

PAGE = 50
CHUNK = 500


def people(request: HttpRequest | None) -> models.QuerySet:
    """People who may have written something."""
    users: Any = Change._meta.get_field("actor").related_model
    if request is None:
        return users._default_manager.none()
    return users._default_manager.all().visible_to(request.user).with_name()


def accounts(request: HttpRequest | None) -> models.QuerySet:
    """Accounts that the reader sees."""
    rows: Any = scope_model()._default_manager
    return rows.none() if request is None else rows.visible_to(request.user)


class PickFilter(django_filters.filters.QuerySetRequestMixin, django_filters.Filter):
    """One row out of many, found by typing its name."""

    field_class = PickField


class HistoryFilter(django_filters.FilterSet):
    """Who, what kind, of which account, when, from where."""

    actor = django_filters.ModelChoiceFilter(queryset=people, label=gettext_lazy("Person"))
    object_type = django_filters.ChoiceFilter(choices=kinds, label=gettext_lazy("Kind"))
    account = PickFilter(
        queryset=accounts,
        method="of_account",
        label=gettext_lazy("Account"),
        url_name=settings.ACCESS_SCOPE_PICKER,
    )
    since = django_filters.DateFilter(method="from_day", label=gettext_lazy("From"))
    until = django_filters.DateFilter(method="to_day", label=gettext_lazy("Until"))
    source = django_filters.ChoiceFilter(
        choices=Change.Source.choices, label=gettext_lazy("From where")
    )

    class Meta:
        model = Change
        fields: tuple[str, ...] = ()

    def of_account(self, rows: Any, name: str, value: Any) -> Any:
        """Rows of one account; the reader's rights have narrowed them already."""
        return rows.filter(account_id=value.pk)

    def from_day(self, rows: Any, name: str, value: datetime.date) -> Any:
        """From the beginning of a day in the reader's zone."""
        return rows.filter(at__gte=_midnight(value))

    def to_day(self, rows: Any, name: str, value: datetime.date) -> Any:
        """To the end of a day in the reader's zone."""
        return rows.filter(at__lt=_midnight(value + datetime.timedelta(days=1)))


def _midnight(day: datetime.date) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))


class HistoryView(ScopedViewMixin, TableMixin, ListView):
    """The newest change first; `page` is the key of the last one on the page before."""

    model = Change
    reading = "for_list"
    template_name = "web/history.html"
    filterset_class = HistoryFilter

    def get_paginate_by(self, queryset: Any) -> Any:
        """The page is cut by cursor: a log grows at its top while it is read."""
        return None

    @cached_property
    def before(self) -> int | None:
        """Key before which this page begins."""
        text = self.request.GET.get("page", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def get_table(self) -> Table:
        """All rows that the filters leave, one line a field; counted before they are cut up."""
        rows = self.get_queryset()
        return Table(
            "history",
            _("History"),
            EXPORT,
            _entries(rows, self.request.user),
            counted=rows,
        )

    def kept_under(self) -> Hashable:
        return sight_of(self.request.user)

    def page(self) -> list[Change]:
        """Rows of this page, and one more where there are older ones."""
        rows: Any = self.object_list
        if not isinstance(rows, Rows):
            rows = rows if self.before is None else rows.filter(pk__lt=self.before)
            return list(rows[: PAGE + 1])
        if self.before is None:
            return rows.between(0, PAGE + 1)

        def older(before: int) -> models.QuerySet:
            return rows.queryset.filter(pk__lt=before)[: PAGE + 1]

        return kept_objects((rows.key, "older"), older, before=self.before)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        rows = self.page()
        shown = rows[:PAGE]
        context["lines"] = describe(shown, self.request.user)
        context["older"] = shown[-1].pk if len(rows) > PAGE else None
        context["crumbs"] = [(_("History"), "")]
        return context


class HistoryFilterView(LoginRequiredMixin, TemplateView):
    """The fields of the filter, loaded when somebody opens it: all people are a long list."""

    template_name = "web/history_filter.html"

    def get_template_names(self) -> list[str]:
        return ["web/_history_filter.html" if self.request.htmx else self.template_name]  # type: ignore[attr-defined]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows = Change.objects.none()
        bound = HistoryFilter(self.request.GET, queryset=rows, request=self.request)
        return super().get_context_data(fields=list(bound.form), **kwargs)


def _entries(rows: Any, user: Any) -> Iterator[tuple[Line, FieldChange | None]]:
    """Lines with each of their fields, in chunks; a line without fields stands once."""
    last = None
    while True:
        chunk = list((rows if last is None else rows.filter(pk__lt=last))[:CHUNK])
        for line in describe(chunk, user):
            for field in line.fields or (None,):
                yield line, field
        if len(chunk) < CHUNK:
            return
        last = chunk[-1].pk


def _of_field(name: str) -> Any:
    def read(entry: tuple[Line, FieldChange | None]) -> Any:
        field = entry[1]
        if field is None:
            return None
        if field.hidden and name == "after":
            return _("changed")
        return getattr(field, name)

    return read


EXPORT = (
    FileColumn("Change id", lambda entry: entry[0].change.pk, 10),
    FileColumn("When", lambda entry: entry[0].at, 20),
    FileColumn("Who id", lambda entry: entry[0].change.actor_id, 10),
    FileColumn("Who", lambda entry: entry[0].who, 24),
    FileColumn("What", lambda entry: entry[0].verb),
    FileColumn("Kind", lambda entry: entry[0].kind),
    FileColumn("Object id", lambda entry: entry[0].change.object_id, 10),
    FileColumn("Object", lambda entry: entry[0].label, 32),
    FileColumn("Account id", lambda entry: entry[0].account and entry[0].account.pk, 10),
    FileColumn("Account", lambda entry: entry[0].account, 32),
    FileColumn("Field", _of_field("label"), 24),
    FileColumn("Before", _of_field("before"), 32),
    FileColumn("After", _of_field("after"), 32),
    FileColumn("From where", lambda entry: entry[0].source),
)
