"""Money: what the customer buys, what it costs to serve, and rates (handbook 4.6)."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from kam.access.dates import business_today
from kam.api.models import ExternalNumber
from kam.changes.models import Tracked
from teams.models import Programme, currency_code

MONEY: dict[str, Any] = {"max_digits": 24, "decimal_places": 6}


class ProductLine(Tracked):
    """Products that are looked at together."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="product_lines")
    name = models.CharField(_("name"), max_length=120)

    objects = querysets.ProgrammeTrackedQuerySet.as_manager()

    class Meta:
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "name"],
                name="productline_name",
                violation_error_message=_("A product line of this name exists."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Product(Tracked):
    """Something we sell; its code is case-sensitive (`design.md` 11). `run` is the import that
    brought it, with which it goes as long as nothing else refers to it."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="products")
    code = models.CharField(_("code"), max_length=60)
    name = models.CharField(_("name"), max_length=200, blank=True)
    line = models.ForeignKey(
        ProductLine,
        verbose_name=_("product line"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="products",
    )
    run = models.ForeignKey(
        "imports.Run",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    objects = querysets.ProductQuerySet.as_manager()

    class Meta:
        ordering = ["code", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "code"],
                name="product_code",
                violation_error_message=_("A product with this code exists."),
            )
        ]

    def __str__(self) -> str:
        return self.name or self.code


class ProductExternalId(ExternalNumber):
    """The product's number in another system: one product per system and number in a
    programme."""

    product = models.ForeignKey(Product, on_delete=models.CASCADE, related_name="external_ids")
    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["system", "value"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "system", "value"],
                name="productexternalid_value",
                violation_error_message=_("Another product has this number in this system."),
            )
        ]


class LedgerEntry(models.Model):
    """A sales line, returns and credit notes negative; `cost` is cost of goods, null = unknown.

    Rows of an import run count only while the run is live (`design.md` 11): read them through
    `LedgerEntry.objects.live()`. They are known from the day on which the run was published, others
    from `recorded_on`. No relation has an index of its own where one below begins with
    it, and none a key of the database's own that another one implies: both cost each imported
    row. The programme is that of the account; a run with lines has a `StagedAccount` for
    each of their accounts, and both hold on to theirs by such keys.
    """

    programme = models.ForeignKey(
        Programme,
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    account = models.ForeignKey(
        Account,
        verbose_name=_("account"),
        on_delete=models.PROTECT,
        related_name="ledger_entries",
        db_index=False,
    )
    booked_on = models.DateField(_("booked on"))
    product = models.ForeignKey(
        Product,
        verbose_name=_("product"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    quantity = models.DecimalField(
        _("quantity"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    amount = models.DecimalField(_("net amount"), **MONEY)
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    cost = models.DecimalField(_("cost of goods"), null=True, blank=True, **MONEY)
    document = models.CharField(_("document"), max_length=80, blank=True)
    source = models.CharField(_("source"), max_length=80, blank=True)
    recorded_on = models.DateField(_("recorded on"), null=True, blank=True, editable=False)
    identity = models.BinaryField(_("identity"), max_length=16, editable=False)
    run = models.ForeignKey(
        "imports.Run",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
        db_index=False,
        db_constraint=False,
    )

    objects = querysets.LedgerQuerySet.as_manager()

    class Meta:
        ordering = ["-booked_on", "-pk"]
        indexes = [
            models.Index(fields=["account", "-booked_on", "-id"], name="ledger_account"),
            models.Index(fields=["-booked_on", "-id"], name="ledger_list"),
            models.Index(fields=["run"], name="ledger_run"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "identity"],
                name="ledger_identity",
                violation_error_message=_("This row is in the ledger already."),
            ),
            models.CheckConstraint(
                condition=~Q(run=None) | ~Q(recorded_on=None), name="ledger_known_since"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.booked_on} {self.amount} {self.currency}"


class MonthTotal(models.Model):
    """Live ledger lines of an account, summed by month, currency and the day since which they are
    known (`recorded_on`); kept true by every write.

    What the system knew at the end of a day (`design.md` 4.5) is the sum of the rows recorded up to
    it. What is undone or taken back goes from the row that it came into: it never counted.
    `cost` sums the lines whose cost is known; with `lines_without_cost` above 0 the cost, and
    with it the margin, of the month is not available (handbook 0: unknown is not zero).
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="month_totals")
    month = models.DateField(_("month"), help_text=_("its first day"))
    currency = models.CharField(_("currency"), max_length=3)
    recorded_on = models.DateField(_("recorded on"))
    revenue = models.DecimalField(_("net revenue"), **MONEY)
    cost = models.DecimalField(_("known cost of goods"), default=0, **MONEY)
    lines = models.PositiveIntegerField(_("lines"))
    lines_without_cost = models.PositiveIntegerField(_("lines without cost"))

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        ordering = ["account", "month", "currency", "recorded_on"]
        indexes = [models.Index(fields=["month", "account"], name="monthtotal_month")]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "month", "currency", "recorded_on"], name="monthtotal_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.revenue} {self.currency}"


class Activity(Tracked):
    """A kind of cost to serve, e.g. logistics; `programme_cost` marks the cost of the KAM
    programme itself (handbook 4.6)."""

    programme = models.ForeignKey(Programme, on_delete=models.PROTECT, related_name="activities")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    programme_cost = models.BooleanField(_("cost of the KAM programme"), default=False)

    objects = querysets.ProgrammeTrackedQuerySet.as_manager()

    class Meta:
        ordering = ["programme_cost", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "code"],
                name="activity_code",
                violation_error_message=_("An activity with this code exists."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class ActivityCost(Tracked):
    """Cost to serve one account by one activity in one month; quantity × rate where known.

    It counts among what the system knew from the day `recorded_on`.
    """

    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="activity_costs")
    activity = models.ForeignKey(Activity, on_delete=models.PROTECT, related_name="costs")
    month = models.DateField(_("month"), help_text=_("its first day"))
    quantity = models.DecimalField(
        _("quantity"), max_digits=18, decimal_places=4, null=True, blank=True
    )
    rate = models.DecimalField(_("rate"), null=True, blank=True, **MONEY)
    amount = models.DecimalField(_("amount"), **MONEY)
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    source = models.CharField(_("source"), max_length=80, blank=True)
    recorded_on = models.DateField(_("recorded on"), default=business_today, editable=False)

    objects = querysets.ActivityCostQuerySet.as_manager()

    class Meta:
        ordering = ["-month", "activity", "pk"]
        indexes = [
            models.Index(fields=["account", "month"], name="activitycost_account"),
            models.Index(fields=["-month", "id"], name="activitycost_list"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["account", "activity", "month", "currency", "source"],
                name="activitycost_key",
                violation_error_message=_("This cost is recorded already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.activity} {self.month:%Y-%m} {self.amount} {self.currency}"


class ExchangeRate(Tracked):
    """One unit of `currency` in the programme's currency, from a day on."""

    programme = models.ForeignKey(
        Programme, on_delete=models.PROTECT, related_name="exchange_rates"
    )
    currency = models.CharField(_("currency"), max_length=3, validators=[currency_code])
    valid_from = models.DateField(_("from"))
    rate = models.DecimalField(
        _("rate"), max_digits=20, decimal_places=10, validators=[MinValueValidator(0)]
    )
    source = models.CharField(_("source"), max_length=80, blank=True)

    objects = querysets.ProgrammeTrackedQuerySet.as_manager()

    class Meta:
        ordering = ["currency", "-valid_from"]
        constraints = [
            models.UniqueConstraint(
                fields=["programme", "currency", "valid_from"],
                condition=Q(archived_at=None),
                name="exchangerate_day",
                violation_error_message=_("There is a rate for this day."),
            ),
            models.CheckConstraint(
                condition=Q(rate__gt=0),
                name="exchangerate_positive",
                violation_error_message=_("A rate is above zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {Decimal(self.rate).normalize():f}"
