"""Sales lines, costs to serve and rates entered one by one; files come through imports."""

from __future__ import annotations

import datetime
import itertools
import uuid
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from accounts import figures, policies
from accounts.figures import SIX_PLACES
from accounts.models import Account, ActivityCost, ExchangeRate, LedgerEntry, MonthTotal
from kam.access.dates import business_today
from kam.changes import editing, record
from teams.models import Programme, User

ENTRY_FIELDS = (
    "booked_on",
    "product",
    "quantity",
    "amount",
    "currency",
    "cost",
    "document",
    "source",
)
COST_FIELDS = ("activity", "month", "quantity", "rate", "amount", "currency", "source")
RELATIONS = {"programme", "account", "product", "activity", "run"}
"""Checked by hand: cleaning a relation asks the database once a row."""
RATE_FIELDS = ("currency", "valid_from", "rate", "source")


@transaction.atomic
def enter_sales_lines(
    *, actor: User, account: Account, lines: Sequence[Mapping[str, Any]]
) -> list[LedgerEntry]:
    """Add sales lines to the account's ledger and to its monthly totals, all or none.

    `amount` is net of tax in `currency` (the account's when left out), negative for returns;
    `cost` is cost of goods, None when unknown; `recorded_on` is the day since which the line is
    known (today when left out). Raises PermissionDenied or ValidationError.
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    account = editing.locked(account)
    entries = [
        LedgerEntry(
            programme=account.programme,
            account=account,
            identity=uuid.uuid4().bytes,
            **{"currency": account.money, "recorded_on": business_today(), **line},
        )
        for line in lines
    ]
    for entry in entries:
        if entry.product is not None and entry.product.programme_id != account.programme_id:
            raise ValidationError(
                {"product": _("It belongs to another programme.")}, code="foreign"
            )
        entry.clean_fields(exclude=RELATIONS)
    LedgerEntry.objects.bulk_create(entries)
    months = itertools.groupby(sorted(entries, key=_month_key), key=_month_key)
    for key, group in months:
        _add_to_month(account, key, list(group), sign=1)
    figures.refresh([account.pk])
    if len(entries) == 1:
        record.created(actor=actor, obj=entries[0], fields=ENTRY_FIELDS)
    elif entries:
        record.change(
            actor=actor, obj=account, verb="ledger", before={}, after={"lines": len(entries)}
        )
    return entries


def enter_sales_line(*, actor: User, account: Account, changes: Mapping[str, Any]) -> LedgerEntry:
    """Add one sales line, as `enter_sales_lines` does."""
    return enter_sales_lines(actor=actor, account=account, lines=[changes])[0]


@transaction.atomic
def remove_sales_line(*, actor: User, entry: LedgerEntry) -> None:
    """Take back a line that was entered by hand or by the API; imports are undone as a whole.

    Raises PermissionDenied or ValidationError (line of an import).
    """
    account = editing.locked(entry.account)
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    if not LedgerEntry.objects.filter(pk=entry.pk).exists():  # taken back a moment ago
        return
    if entry.run_id is not None:
        raise ValidationError(_("It came with an import: undo the import."), code="imported")
    _add_to_month(account, _month_key(entry), [entry], sign=-1)
    figures.refresh([account.pk])
    before = record.snapshot(entry, ENTRY_FIELDS)
    record.change(actor=actor, obj=entry, before=before, after={}, verb="deleted")
    entry.delete()


@transaction.atomic
def enter_activity_costs(
    *, actor: User, account: Account, costs: Sequence[Mapping[str, Any]]
) -> list[ActivityCost]:
    """Record what activities cost in months (4.6), all or none: `amount`, or `quantity` x `rate`.

    Raises PermissionDenied or ValidationError.
    """
    if not policies.can_manage(actor, account):
        raise PermissionDenied
    rows = [
        ActivityCost(account=account, **{"currency": account.money, **_costed(cost)})
        for cost in costs
    ]
    for row in rows:
        _check_cost(row)
    if len(rows) == 1:
        editing.create(actor=actor, obj=rows[0], fields=COST_FIELDS)
        figures.refresh([account.pk])
        return rows
    for row in rows:
        row.clean_fields(exclude=RELATIONS)
    ActivityCost.objects.bulk_create(rows)
    figures.refresh([account.pk])
    after = {"activity_costs": len(rows)}
    record.change(actor=actor, obj=account, verb="costs", before={}, after=after)
    return rows


def enter_activity_cost(
    *, actor: User, account: Account, changes: Mapping[str, Any]
) -> ActivityCost:
    """Record one cost, as `enter_activity_costs` does."""
    return enter_activity_costs(actor=actor, account=account, costs=[changes])[0]


@transaction.atomic
def update_activity_cost(
    *, actor: User, cost: ActivityCost, expected_version: int | None, changes: Mapping[str, Any]
) -> ActivityCost:
    """Correct a recorded cost. Raises PermissionDenied, VersionConflict or ValidationError."""
    if not policies.can_manage(actor, cost.account):
        raise PermissionDenied
    cost = editing.locked(cost)
    editing.expect(cost, expected_version)
    present = {name: getattr(cost, name) for name in ("quantity", "rate")}
    wanted = _costed({**present, **changes}) if "amount" not in changes else dict(changes)
    wanted = {name: value for name, value in wanted.items() if name in changes or name == "amount"}
    for name, value in wanted.items():
        setattr(cost, name, value)
    _check_cost(cost)
    cost.refresh_from_db(fields=list(wanted))
    cost = editing.save(actor=actor, obj=cost, changes=wanted)
    figures.refresh([cost.account_id])
    return cost


@transaction.atomic
def archive_activity_cost(
    *, actor: User, cost: ActivityCost, expected_version: int | None
) -> ActivityCost:
    """Take a cost out of the figures. Raises PermissionDenied or VersionConflict."""
    if not policies.can_manage(actor, cost.account):
        raise PermissionDenied
    cost = editing.archive(actor=actor, obj=editing.locked(cost), expected_version=expected_version)
    figures.refresh([cost.account_id])
    return cost


@transaction.atomic
def enter_exchange_rate(
    *, actor: User, programme: Programme, changes: Mapping[str, Any]
) -> ExchangeRate:
    """Record what one unit of a currency is worth in the programme's, from a day on.

    Raises PermissionDenied or ValidationError (a rate of that day, the programme's own currency).
    """
    if not policies.can_create_account(actor, programme):
        raise PermissionDenied
    rate = ExchangeRate(programme=programme, **changes)
    if rate.currency == programme.currency:
        raise ValidationError({"currency": _("This is the programme's own currency.")}, code="own")
    return editing.create(actor=actor, obj=rate, fields=RATE_FIELDS)


@transaction.atomic
def archive_exchange_rate(
    *, actor: User, rate: ExchangeRate, expected_version: int | None = None
) -> ExchangeRate:
    """Take a wrong rate out of use; another one may then be entered for its day.

    Raises PermissionDenied or VersionConflict.
    """
    rate = _managed_rate(actor, rate)
    return editing.archive(actor=actor, obj=rate, expected_version=expected_version)


@transaction.atomic
def restore_exchange_rate(
    *, actor: User, rate: ExchangeRate, expected_version: int | None = None
) -> ExchangeRate:
    """Bring a rate back. Raises PermissionDenied, VersionConflict or ValidationError (another
    rate of that day is in use)."""
    rate = _managed_rate(actor, rate)
    return editing.restore(actor=actor, obj=rate, expected_version=expected_version)


def _managed_rate(actor: User, rate: ExchangeRate) -> ExchangeRate:
    rate = editing.locked(rate)
    if not policies.can_create_account(actor, rate.programme):
        raise PermissionDenied
    return rate


class MonthKey(NamedTuple):
    """What tells one `MonthTotal` of an account from another."""

    month: datetime.date
    currency: str
    recorded_on: datetime.date


def _month_key(entry: LedgerEntry) -> MonthKey:
    assert entry.recorded_on is not None  # noqa: S101  (a check constraint of lines without run)
    return MonthKey(entry.booked_on.replace(day=1), entry.currency, entry.recorded_on)


def _add_to_month(
    account: Account, key: MonthKey, entries: list[LedgerEntry], *, sign: int
) -> None:
    """Add (`sign` 1) or take away (-1) lines; the caller holds the lock of the account."""
    added = {
        "revenue": sign * sum(entry.amount for entry in entries),
        "cost": sign * sum(entry.cost or Decimal(0) for entry in entries),
        "lines": sign * len(entries),
        "lines_without_cost": sign * sum(entry.cost is None for entry in entries),
    }
    total = MonthTotal.objects.filter(account=account, **key._asdict())
    if not total.update(**{name: F(name) + amount for name, amount in added.items()}):
        MonthTotal.objects.create(account=account, **key._asdict(), **added)
    if sign < 0:
        total.filter(lines=0).delete()


def _costed(changes: Mapping[str, Any]) -> dict[str, Any]:
    wanted = dict(changes)
    quantity, rate = wanted.get("quantity"), wanted.get("rate")
    if wanted.get("amount") is None and quantity is not None and rate is not None:
        wanted["amount"] = (quantity * rate).quantize(SIX_PLACES)
    return wanted


def _check_cost(cost: ActivityCost) -> None:
    if cost.activity_id and cost.activity.programme_id != cost.account.programme_id:
        raise ValidationError({"activity": _("It belongs to another programme.")}, code="foreign")
    if isinstance(cost.month, datetime.date) and cost.month.day != 1:
        raise ValidationError({"month": _("Give the first day of the month.")}, code="month")
