"""What a sales ledger offers to the importer."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from typing import ClassVar

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports import staging
from accounts.imports.ledger import store
from accounts.imports.ledger.fields import FIELDS, OPTIONS
from accounts.imports.ledger.reasons import BLAMED
from accounts.imports.ledger.session import LedgerSession
from accounts.imports.scope import ProgrammeKind
from accounts.models import LedgerEntry, Product
from kam.access.dates import business_day
from kam.imports.models import Run

HAS_DIGIT = re.compile(r"\d")


class LedgerKind(ProgrammeKind):
    """Sales lines by customer, date and product."""

    name: ClassVar = "ledger"
    label: ClassVar = gettext_lazy("Sales ledger")
    fields: ClassVar = FIELDS
    options: ClassVar = OPTIONS
    blamed: ClassVar = BLAMED
    shown: ClassVar = (
        gettext_lazy("Account"),
        gettext_lazy("Booked on"),
        gettext_lazy("Product"),
        gettext_lazy("Quantity"),
        gettext_lazy("Net"),
        gettext_lazy("Cost"),
    )
    numeric: ClassVar = frozenset({3, 4, 5})
    dated: ClassVar = {1: "day"}

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """Customer, date, and an amount or what it is computed from."""
        given = set(mapping)
        missing = []
        if not given & {"account", "account_name"}:
            missing.append(_("Say which column holds the customer: number or name."))
        if "booked_on" not in given:
            missing.append(_("Say which column holds the date."))
        if "amount" not in given and not {"quantity", "unit_price"} <= given:
            missing.append(_("Say which column holds the amount, or quantity and unit price."))
        return missing

    def better_field(self, name: str, heading: str, values: Sequence[str]) -> str:
        """A column called "account" that holds words and not one digit holds names."""
        bare = name == "account" and heading.strip().lower() == name
        worded = bool(values) and not any(map(HAS_DIGIT.search, values))
        return "account_name" if bare and worded else name

    def open(self, run: Run) -> LedgerSession:
        """Begin a pass over a ledger."""
        return LedgerSession(run)

    def prepare_chunk(self, run: Run) -> int:
        """Sums by month, then history, for the next accounts of the run."""
        staged = staging.next_unprepared(run)
        if staged:
            store.stage_totals(run.pk, staged[0].account_id, staged[-1].account_id)
            staging.prepare_touched(run, staged)
        return len(staged)

    def publish(self, run: Run) -> None:
        """Rows count with the run; months, accounts and history follow here."""
        staging.refuse_merged(run)
        store.publish_totals(run.pk, _recorded_on(run))
        staging.log_prepared(run)
        staging.show_accounts(run)
        staging.keep_matches(run)
        staging.look_for_duplicates(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Months lose the run's sums; accounts that it made and nobody touched are hidden."""
        staging.hold_accounts(run)
        store.withdraw_totals(run.pk, _recorded_on(run))
        staging.log_withdrawn(run, actor_id)
        staging.forget_matches(run)
        staging.hide_accounts(run)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """Lines, sums, accounts, then products that nothing else refers to."""
        for table in (store.LEDGER, store.STAGED):
            count = store.delete_some(table, run.pk, limit)
            if count:
                return count
        return staging.delete_accounts(run) or staging.forget(run) or self._delete_products(run)

    @staticmethod
    def _delete_products(run: Run) -> int:
        unused = Product.objects.filter(run=run, version=1).exclude(
            pk__in=LedgerEntry.objects.filter(product__run=run).values("product")
        )
        count, _models = Product.objects.filter(
            pk__in=list(unused.values_list("pk", flat=True)[:500])
        ).delete()
        return count


def _recorded_on(run: Run) -> datetime.date:
    """The day since which the run's lines are known."""
    assert run.published_at is not None  # noqa: S101  (set when it is published)
    return business_day(run.published_at)
