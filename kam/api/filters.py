"""Filters, order and search of lists; what is not offered is refused, never ignored."""

from __future__ import annotations

import datetime
import operator
from collections.abc import Iterable, Mapping
from functools import reduce
from typing import Any, ClassVar

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from django_filters.fields import BaseCSVField
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.rest_framework import FilterSet as BaseFilterSet
from django_filters.utils import get_model_field
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from kam.access.querysets import AccountScopedQuerySet, scope_model
from kam.api.errors import refused

LARGEST_ID = 2**63 - 1
LONGEST_SEARCH = 200
MOST_VALUES = 500


@extend_schema_field({"type": "integer", "minimum": 1, "maximum": LARGEST_ID})
class IdFilter(django_filters.NumberFilter):
    """Rows that point to the row with this id; an unknown id finds nothing and tells nothing."""

    field_class = forms.IntegerField

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.pop("queryset", None)
        kwargs.pop("to_field_name", None)
        kwargs.pop("null_label", None)
        super().__init__(*args, min_value=1, max_value=LARGEST_ID, **kwargs)

    def get_max_validator(self) -> None:
        """Bounds are given above."""


class ListField(BaseCSVField):
    """Values separated by commas, as many as a call needs."""

    def clean(self, value: Any) -> Any:
        values = super().clean(value)
        if len(values or ()) > MOST_VALUES:
            text = _("At most %(count)s values.") % {"count": MOST_VALUES}
            raise ValidationError(text, code="too_many")
        return values


class IdsFilter(django_filters.BaseInFilter, IdFilter):
    """Rows that point to one of the rows with these ids."""

    base_field_class = ListField


class ChoicesFilter(django_filters.BaseInFilter, django_filters.ChoiceFilter):
    """Rows with one of these values."""

    base_field_class = ListField


ORDERED = (
    models.DateField,
    models.TimeField,
    models.DecimalField,
    models.FloatField,
    models.IntegerField,
)
"""Kinds of columns of which something can be more or less."""


def _widened(model: Any, path: str, lookups: Iterable[str]) -> list[str]:
    """`lookups` of a column, and what goes with its kind where they begin with its value."""
    field: Any = get_model_field(model, path)
    found = list(lookups)
    if field is None or "exact" not in found:
        return found
    if field.is_relation or field.choices:
        found += ["in"]
    elif isinstance(field, ORDERED):
        found += ["gte", "lte", "gt", "lt"]
    elif isinstance(field, models.CharField | models.TextField):
        found += ["icontains"]
    if field.null and not field.many_to_many:
        found += ["isnull"]
    return list(dict.fromkeys(found))


def _account_paths(model: Any) -> dict[str, str]:
    """Filters by the account on which rows of `model` hang: name and path."""
    queryset = model._default_manager.all() if model is not None else None
    if not isinstance(queryset, AccountScopedQuerySet) or model is scope_model():
        return {}
    path = queryset.account_path
    deeper = getattr(scope_model()._default_manager.all(), "deep_filters", ())
    return {"account": path} | {f"account__{name}": f"{path}__{name}" for name in deeper}


class FilterSet(BaseFilterSet):
    """Filters of a list: `Meta.fields` names columns; relations are filtered by id.

    A column that is filtered by its value is filtered by what goes with its kind, too: bounds
    (`due__lte`), several values (`owner__in=1,2`), emptiness (`owner__isnull`), a part of the text
    (`code__icontains`). Rows that hang on an account are filtered by it and by what its queryset
    names in `deep_filters` (`account__team`), however far it is.
    """

    FILTER_DEFAULTS: ClassVar[dict[Any, dict[str, Any]]] = {
        **BaseFilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": IdFilter},
        models.OneToOneField: {"filter_class": IdFilter},
        models.ManyToManyField: {"filter_class": IdFilter},
        models.AutoField: {"filter_class": IdFilter},
        models.BigAutoField: {"filter_class": IdFilter},
    }

    @classmethod
    def get_fields(cls) -> dict[str, Any]:
        model = cls._meta.model
        fields = super().get_fields()
        return {name: _widened(model, name, lookups) for name, lookups in fields.items()}

    @classmethod
    def get_filters(cls) -> dict[str, Any]:
        filters = super().get_filters()
        for name, path in _account_paths(cls._meta.model).items():
            field = get_model_field(cls._meta.model, path)
            for lookup in _widened(cls._meta.model, path, ["exact"]):
                found = cls.filter_for_field(field, path, lookup)
                filters.setdefault(cls.get_filter_name(name, lookup), found)
        return filters

    @classmethod
    def filter_for_lookup(cls, field: Any, lookup_type: str) -> Any:
        if lookup_type == "in" and field.is_relation:
            return IdsFilter, {}
        if lookup_type == "in":
            return ChoicesFilter, {"choices": field.choices}
        return super().filter_for_lookup(field, lookup_type)


def offered(view: Any) -> set[str]:
    """Query parameters that the present action of `view` understands."""
    names = {item.name for item in getattr(view, "query_parameters", ())}
    if getattr(view, "action", None) == "bulk":
        return names | {"atomic"}
    if not is_list(view):
        return names | {"fields"}
    filterset = StrictFilterBackend().get_filterset_class(view, None)
    names |= set(filterset.base_filters if filterset else ())
    names |= {*getattr(view.paginator, "parameters", ()), "fields"}
    if getattr(view, "ordering_fields", None):
        names.add("ordering")
    if getattr(view, "search_fields", None):
        names.add("search")
    if changed_field(view):
        names.add("updated_since")
    return names


def is_list(view: Any) -> bool:
    """Whether the present action of `view` answers with a list."""
    return getattr(view, "action", None) == "list" or bool(getattr(view, "lists", False))


def changed_field(view: Any) -> str:
    """What `updated_since` looks at: `view.changed_field`, else `updated_at`; empty: nothing."""
    queryset = getattr(view, "queryset", None)
    model = getattr(view, "model", None) or (queryset.model if queryset is not None else None)
    named = getattr(view, "changed_field", "updated_at")
    known = model is not None and any(item.name == named for item in model._meta.fields)
    return named if known or hasattr(view, "changed_rows") else ""


def refuse_unknown(request: Request, view: Any) -> None:
    """Raise `ValidationError` for parameters that are not offered, repeated or unstorable."""
    known = offered(view)
    for name, values in request.query_params.lists():
        if name not in known:
            raise refused(name, "unknown_parameter", _("There is no such parameter here."))
        if len(values) > 1:
            raise refused(name, "repeated", _("This parameter stands here twice."))
        if "\x00" in values[0]:
            raise refused(name, "characters", _("This contains characters that nothing matches."))


SWITCH = ("true", "false")


def refuse_unread(parameters: Mapping[str, str], filterset: Any) -> None:
    """Raise `ValidationError` for values that a filter would pass over in silence, which hands out
    every row: none at all, and what is neither true nor false."""
    for name, item in filterset.base_filters.items():
        if name not in parameters:
            continue
        if parameters[name] == "":
            raise refused(name, "empty", _("Say a value, or leave this out."))
        if isinstance(item, django_filters.BooleanFilter) and parameters[name] not in SWITCH:
            raise refused(name, "switch", _("true or false."))


def refuse_unknown_fields(request: Request, view: Any) -> None:
    """Raise `ValidationError` for fields that rows do not have, also where there is no row."""
    if "fields" in request.query_params:
        view.get_serializer().get_fields()


_filtersets: dict[type, Any] = {}
"""Filters of each class of views."""


class StrictFilterBackend(DjangoFilterBackend):
    """`view.filterset_class` or `filterset_fields`, `ordering_fields`, `search_fields`,
    `updated_since` where rows have `updated_at`. A view with `search_rows(queryset, text)` searches
    in its own way, one with `changed_rows(queryset, moment)` knows itself what has changed since
    `updated_since`, one with `filterset_base` filters so. What is searched stands in the order of
    keys unless `ordering` is given. A look-up of one row is not filtered."""

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:
        kind = type(view)
        if _filtersets.get(kind) is None:  # the same for every call, and dear to put together
            _filtersets[kind] = self._put_together(view, queryset)
        return _filtersets[kind]

    def _put_together(self, view: Any, queryset: Any) -> Any:
        self.filterset_base = getattr(view, "filterset_base", FilterSet)
        if queryset is None and getattr(view, "model", None) is not None:
            queryset = view.model._default_manager.all()
        return super().get_filterset_class(view, queryset)

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if not is_list(view):
            return queryset
        refuse_unknown(request, view)
        parameters = request.query_params
        filterset = self.get_filterset_class(view, queryset)
        if filterset is not None and not filterset.base_filters.keys().isdisjoint(parameters):
            refuse_unread(parameters, filterset)
            queryset = super().filter_queryset(request, queryset, view)
        if "updated_since" in parameters:
            queryset = _changed(view, queryset, _moment(parameters["updated_since"]))
        if "search" in parameters:
            text = parameters["search"]
            own = getattr(view, "search_rows", None)
            queryset = own(queryset, text) if own else search(queryset, view.search_fields, text)
            # a page of a common word is full before all rows that hold it are read and sorted
            queryset = queryset.order_by("pk")
        if "ordering" in parameters:
            queryset = _ordered(queryset, view.ordering_fields, parameters["ordering"])
        refuse_unknown_fields(request, view)
        return queryset


def search(queryset: Any, fields: Iterable[str], text: str) -> Any:
    """Rows in which every word of `text` occurs in some of `fields`, whatever its case."""
    for word in text[:LONGEST_SEARCH].split():
        hits = [Q(**{f"{name}__icontains": word}) for name in fields]
        queryset = queryset.filter(reduce(operator.or_, hits))
    return queryset


def _changed(view: Any, queryset: Any, moment: datetime.datetime) -> Any:
    own = getattr(view, "changed_rows", None)
    return (
        own(queryset, moment) if own else queryset.filter(**{f"{changed_field(view)}__gte": moment})
    )


def _moment(text: str) -> Any:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or is_naive(moment):
        raise refused("updated_since", "moment", _("A moment with its zone, ISO 8601."))
    try:
        return moment.astimezone(datetime.UTC)
    except OverflowError as error:  # before the year 1 or after 9999 elsewhere
        raise refused("updated_since", "moment", _("A moment with its zone, ISO 8601.")) from error


def _ordered(queryset: Any, allowed: Iterable[str] | dict[str, str], text: str) -> Any:
    paths = allowed if isinstance(allowed, dict) else {name: name for name in allowed}
    order = []
    for name in text.split(","):
        if name.removeprefix("-") not in paths:
            choices = ", ".join(sorted(paths))
            raise refused("ordering", "ordering", _("Order by: %(names)s.") % {"names": choices})
        order.append(name[: len(name) - len(name.lstrip("-"))] + paths[name.removeprefix("-")])
    return queryset.order_by(*order, "pk")
