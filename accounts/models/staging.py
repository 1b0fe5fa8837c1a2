"""What an import run has brought and does not count yet, or has counted and can take back."""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts import querysets
from accounts.models.account import Account
from accounts.models.ledger import MONEY


class StagedTotal(models.Model):
    """Sums of one run's ledger lines by account, month and currency, as in `MonthTotal`.

    Kept as long as the run's lines are: publishing adds them, undoing takes them away.
    """

    run = models.ForeignKey(
        "imports.Run", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.PROTECT, related_name="+")
    month = models.DateField(_("month"))
    currency = models.CharField(_("currency"), max_length=3)
    revenue = models.DecimalField(_("net revenue"), **MONEY)
    cost = models.DecimalField(_("known cost of goods"), default=0, **MONEY)
    lines = models.PositiveIntegerField(_("lines"))
    lines_without_cost = models.PositiveIntegerField(_("lines without cost"))

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "account", "month", "currency"], name="stagedtotal_key"
            )
        ]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.month:%Y-%m} {self.revenue} {self.currency}"


class StagedAccount(models.Model):
    """What one run does to one account: made (`created`) or to be changed when it is published.

    `before` and `after` hold field -> value as the change log stores them; `after` of a new
    account is in its row already, hidden. `parent` names its parent as the file does; it
    is resolved when the file has been read to its end. A row with a `verb` is prepared: publishing
    only copies `before` and `after` into the change log. `brought` holds the lines and net revenue
    by currency that undoing takes away; `version` is that of the account when it was read.
    """

    run = models.ForeignKey(
        "imports.Run", on_delete=models.CASCADE, related_name="+", db_index=False
    )
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    row = models.PositiveBigIntegerField(_("row"), default=0)
    created = models.BooleanField(default=False)
    parent = models.CharField(max_length=200, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    brought = models.JSONField(default=dict)
    verb = models.CharField(max_length=20, blank=True)
    version = models.PositiveIntegerField(default=0)

    objects = querysets.HangingQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "account"], name="stagedaccount_key")]

    def __str__(self) -> str:
        return f"{self.run_id}: {self.account_id}"
