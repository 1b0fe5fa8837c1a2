"""Filters, order and search of lists; what is not offered is refused, never ignored."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from functools import reduce
from typing import Any, ClassVar

import django_filters
from django import forms
from django.db import models
from django.db.models import Q
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_naive
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from django_filters.rest_framework import FilterSet as BaseFilterSet
from drf_spectacular.utils import extend_schema_field
from rest_framework.request import Request

from kam.api.errors import refused

LARGEST_ID = 2**63 - 1
LONGEST_SEARCH = 200


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


class FilterSet(BaseFilterSet):
    """Filters of a list: `Meta.fields` names columns; relations are filtered by id."""

    FILTER_DEFAULTS: ClassVar[dict[Any, dict[str, Any]]] = {
        **BaseFilterSet.FILTER_DEFAULTS,
        models.ForeignKey: {"filter_class": IdFilter},
        models.OneToOneField: {"filter_class": IdFilter},
        models.ManyToManyField: {"filter_class": IdFilter},
        models.AutoField: {"filter_class": IdFilter},
        models.BigAutoField: {"filter_class": IdFilter},
    }


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
    if has_updated_at(view):
        names.add("updated_since")
    return names


def is_list(view: Any) -> bool:
    """Whether the present action of `view` answers with a list."""
    return getattr(view, "action", None) == "list" or bool(getattr(view, "lists", False))


def has_updated_at(view: Any) -> bool:
    """Whether the rows of `view` know when they were changed."""
    queryset = getattr(view, "queryset", None)
    model = getattr(view, "model", None) or (queryset.model if queryset is not None else None)
    return model is not None and any(item.name == "updated_at" for item in model._meta.fields)


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


class StrictFilterBackend(DjangoFilterBackend):
    """`view.filterset_class` or `filterset_fields`, `ordering_fields`, `search_fields`,
    `updated_since` where rows have `updated_at`. A view with `search_rows(queryset, text)` searches
    in its own way, one with `filterset_base` filters so. A look-up of one row is not filtered."""

    def get_filterset_class(self, view: Any, queryset: Any = None) -> Any:
        self.filterset_base = getattr(view, "filterset_base", FilterSet)
        if queryset is None and getattr(view, "model", None) is not None:
            queryset = view.model._default_manager.all()
        return super().get_filterset_class(view, queryset)

    def filter_queryset(self, request: Request, queryset: Any, view: Any) -> Any:
        if not is_list(view):
            return queryset
        refuse_unknown(request, view)
        queryset = super().filter_queryset(request, queryset, view)
        parameters = request.query_params
        if "updated_since" in parameters:
            queryset = queryset.filter(updated_at__gte=_moment(parameters["updated_since"]))
        if "search" in parameters:
            text = parameters["search"]
            own = getattr(view, "search_rows", None)
            queryset = own(queryset, text) if own else search(queryset, view.search_fields, text)
        if "ordering" in parameters:
            queryset = _ordered(queryset, view.ordering_fields, parameters["ordering"])
        return queryset


def search(queryset: Any, fields: Iterable[str], text: str) -> Any:
    """Rows in which every word of `text` occurs in some of `fields`, whatever its case."""
    for word in text[:LONGEST_SEARCH].split():
        hits = [Q(**{f"{name}__icontains": word}) for name in fields]
        queryset = queryset.filter(reduce(operator.or_, hits))
    return queryset


def _moment(text: str) -> Any:
    try:
        moment = parse_datetime(text)
    except ValueError:
        moment = None
    if moment is None or is_naive(moment):
        raise refused("updated_since", "moment", _("A moment with its zone, ISO 8601."))
    return moment


def _ordered(queryset: Any, allowed: Iterable[str] | dict[str, str], text: str) -> Any:
    paths = allowed if isinstance(allowed, dict) else {name: name for name in allowed}
    order = []
    for name in text.split(","):
        if name.removeprefix("-") not in paths:
            choices = ", ".join(sorted(paths))
            raise refused("ordering", "ordering", _("Order by: %(names)s.") % {"names": choices})
        order.append(name[: len(name) - len(name.lstrip("-"))] + paths[name.removeprefix("-")])
    return queryset.order_by(*order, "pk")
