"""Sums of many accounts at a time, for who sees all of them."""

from __future__ import annotations

from typing import Any, Self

from django.db import models
from django.db.models import Q

from accounts.querysets.reach import reach_of
from kam.access.dates import business_today
from kam.access.querysets import Reader


class CellQuerySet(models.QuerySet):
    """Cells of sums, each of one unit or of none."""

    def whole_for(self, user: Reader, programme: Any) -> Self | None:
        """Cells of `programme` that hold all accounts of it that `user` may see and no other ones;
        None where there are none such, and the accounts themselves have to be asked."""
        if not user.is_active:  # anonymous users are never active
            return self.none()
        units = reach_of(user, business_today()).whole_units(programme.pk)
        if units is None:
            return None
        rows = self.filter(period__programme=programme)
        if "" in units:
            return rows
        within = Q(pk__in=[])
        for path in units:
            within |= Q(business_unit__path__startswith=path)
        return rows.filter(within)


class PlacedQuerySet(CellQuerySet):
    """Sums of single accounts, by the place that goes with them (PostgreSQL)."""

    def whole_for(self, user: Reader, programme: Any) -> Self | None:
        """The same of the accounts that cells are made of."""
        rows = super().whole_for(user, programme)
        return None if rows is None else rows.filter(is_active=True)
