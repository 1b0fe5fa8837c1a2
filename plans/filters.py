"""Filters of lists of plans' rows and of actions."""

from __future__ import annotations

from typing import Any

import django_filters
from django.core.validators import EMPTY_VALUES
from django.db import models
from django.utils.translation import gettext_lazy as _

from kam.access.dates import business_today
from kam.api.filters import FilterSet
from plans.choices import ActionStatus
from plans.models import Action


class ReadFilterSet(FilterSet):
    """Filters by what the caller reads, so that none tells what is being written."""

    def filter_queryset(self, queryset: Any) -> Any:
        for name, value in self.form.cleaned_data.items():
            if value not in EMPTY_VALUES:
                item = self.filters[name]
                queryset = queryset.where_read(item.field_name, item.lookup_expr, value)
        return queryset


class ActionFilter(FilterSet):
    """`status` is the state that shows; `overdue` what was due before today and is open."""

    status = django_filters.ChoiceFilter(
        choices=ActionStatus.choices, method="in_state", label=_("state")
    )
    overdue = django_filters.BooleanFilter(method="is_overdue", label=_("overdue"))
    open = django_filters.BooleanFilter(method="is_open", label=_("open"))

    class Meta:
        model = Action
        fields = {
            "account": ["exact"],
            "objective": ["exact"],
            "strategy": ["exact"],
            "owner": ["exact"],
            "function": ["exact"],
            "origin": ["exact"],
            "due": ["exact", "lt", "gt"],
        }

    def in_state(self, queryset: Any, name: str, value: str) -> models.QuerySet:
        """Actions that show the state."""
        return queryset.in_state(value)

    def is_overdue(self, queryset: Any, name: str, value: bool) -> models.QuerySet:  # noqa: FBT001  (django-filter's signature)
        """Late, or with false: not late."""
        late = queryset.overdue(business_today())
        return late if value else queryset.exclude(pk__in=late.values("pk"))

    def is_open(self, queryset: Any, name: str, value: bool) -> models.QuerySet:  # noqa: FBT001  (django-filter's signature)
        """Still to be done, or with false: done or cancelled."""
        still = queryset.open()
        return still if value else queryset.exclude(pk__in=still.values("pk"))
