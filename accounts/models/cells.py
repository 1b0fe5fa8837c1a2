"""Sums of all accounts that stand at one place, for who sees whole units and programmes."""

from __future__ import annotations

from django.db import models

from accounts import querysets
from accounts.models.sums import SumsPeriod, unit_of_accounts
from accounts.models.triggers import CELL_COUNTS, COLUMNS


class SumsCell(models.Model):
    """What the accounts of one place have in a period (PostgreSQL): the columns of `AccountSums`
    added up over all rows with the same place, of which there may be several; 0 for nothing.

    `count` is how many accounts there are, `bare` how many of them have sales and no recorded cost
    to serve.
    """

    period = models.ForeignKey(SumsPeriod, on_delete=models.CASCADE, related_name="cells")
    business_unit = unit_of_accounts()
    status = models.CharField(max_length=10)
    stage = models.CharField(max_length=11, null=True)  # noqa: DJ001  (as in `Account`)
    target_stage = models.CharField(max_length=11, null=True)  # noqa: DJ001

    objects = querysets.CellQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.period_id} {self.business_unit_id} {self.status} {self.stage}"


class SumsBand(models.Model):
    """How many accounts of a unit and a status have a revenue in one band, and how much of it."""

    period = models.ForeignKey(SumsPeriod, on_delete=models.CASCADE, related_name="bands")
    business_unit = unit_of_accounts()
    status = models.CharField(max_length=10)
    band = models.IntegerField()
    count = models.BigIntegerField()
    revenue = models.DecimalField(max_digits=44, decimal_places=16)

    objects = querysets.CellQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.period_id} {self.business_unit_id} {self.status} {self.band}"


for _name in (*CELL_COUNTS, *COLUMNS):
    _is_sum = _name.startswith(("revenue", "cost_sum", "serve", "month"))
    SumsCell.add_to_class(
        _name,
        models.DecimalField(max_digits=44, decimal_places=16)
        if _is_sum
        else models.BigIntegerField(),
    )
