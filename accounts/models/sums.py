"""Sums of each account over a period, kept so that nobody has to add up its months again."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.triggers import KEPT_MONTHS, SUMS, counts_in_cells
from kam.web.indexes import CoveringIndex, RankIndex
from teams.models import BusinessUnit, Programme

EXACT: dict[str, Any] = {"max_digits": 44, "decimal_places": 16, "null": True}
"""Six places times the ten of a rate: what is converted is kept as it comes out, unrounded."""


def unit_of_accounts() -> Any:
    """The unit of accounts that sums are about: no unit goes while an account is in it."""
    return models.ForeignKey(
        BusinessUnit,
        null=True,
        on_delete=models.DO_NOTHING,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )


class SumsPeriod(models.Model):
    """A period whose sums are kept for every account of a programme, at certain rates.

    `factors` are the rates to `currency`, `rates_key` stands for them. Sums are written from the
    moment on at which the row is there, and read from `ready_at` on, when all accounts have
    theirs, until `retired_at`. Both days None: all of time, which has no year before.
    """

    programme = models.ForeignKey(
        Programme, on_delete=models.CASCADE, related_name="sums_periods", editable=False
    )
    first = models.DateField(null=True)
    last = models.DateField(null=True)
    currency = models.CharField(max_length=3)
    rates_key = models.CharField(max_length=64)
    factors = models.JSONField()
    created_at = models.DateTimeField(auto_now_add=True)
    ready_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    objects = querysets.ProgrammeScopedQuerySet.as_manager()

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.first} – {self.last}"


class AccountSums(models.Model):
    """What `accounts.figures` adds up of one account, converted: see `accounts.figures.kept`.

    Columns are those of `SUMS`, `…_before` those of the year before: None where the sum of no rows
    would be NULL. `revenue` is `revenue_sum` with 0 for none, to sort by, and `band` where it lies
    (`accounts.figures.ranking`; None for none); `month_0` … are the revenue of single months, the
    year before first. On PostgreSQL the place of the account goes with it, and its sums are added
    to those of their cell (`accounts.models.triggers`).
    """

    period = models.ForeignKey(
        SumsPeriod, on_delete=models.CASCADE, related_name="rows", db_index=False
    )
    account = models.ForeignKey(
        Account, on_delete=models.CASCADE, related_name="kept_sums", verbose_name=_("account")
    )
    business_unit = unit_of_accounts()
    status = models.CharField(max_length=10, default="")
    stage = models.CharField(max_length=11, null=True)  # noqa: DJ001  (as in `Account`)
    target_stage = models.CharField(max_length=11, null=True)  # noqa: DJ001
    is_active = models.BooleanField(default=False)
    band = models.IntegerField(null=True)
    revenue = models.DecimalField(max_digits=44, decimal_places=16, default=0)
    revenue_sum = models.DecimalField(**EXACT)
    cost_sum = models.DecimalField(**EXACT)
    line_count = models.BigIntegerField(default=0)
    costless = models.BigIntegerField(default=0)
    sales_unrated = models.BigIntegerField(default=0)
    serve_sum = models.DecimalField(**EXACT)
    recorded = models.BigIntegerField(default=0)
    costs_unrated = models.BigIntegerField(default=0)
    revenue_sum_before = models.DecimalField(**EXACT)
    cost_sum_before = models.DecimalField(**EXACT)
    line_count_before = models.BigIntegerField(default=0)
    costless_before = models.BigIntegerField(default=0)
    sales_unrated_before = models.BigIntegerField(default=0)
    serve_sum_before = models.DecimalField(**EXACT)
    recorded_before = models.BigIntegerField(default=0)
    costs_unrated_before = models.BigIntegerField(default=0)

    objects = querysets.HangingQuerySet.as_manager()
    placed = querysets.PlacedQuerySet.as_manager()

    class Meta:
        ordering = ["period", "account"]
        indexes = [
            RankIndex(fields=["period", "-revenue", "account"], name="sums_revenue"),
            CoveringIndex(fields=["period", "account"], covers=SUMS, name="sums_covered"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["period", "account"], name="sums_account"),
        ]
        triggers = counts_in_cells()

    def __str__(self) -> str:
        return f"{self.account_id} {self.revenue}"


for _place in range(KEPT_MONTHS):
    AccountSums.add_to_class(f"month_{_place}", models.DecimalField(**EXACT))
