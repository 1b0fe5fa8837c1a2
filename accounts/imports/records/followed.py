"""Files of rows that supersede what stands instead of changing it: scores, ratings."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from django.db import models
from django.utils import timezone

from accounts.imports.records.customers import CustomerKind, CustomerSession
from accounts.models import Account
from kam.imports.kinds import Outcome
from kam.imports.models import Run, StagedRecord
from kam.imports.records import Wanted
from kam.imports.records.session import Judged

Key = tuple[Any, ...]


class Following:
    """Rows of a `model` of which one stands for each of `keys`, the first of which is `account`."""

    def __init__(self, model: type[models.Model], *keys: str) -> None:
        self.model: Any = model
        self.keys = keys

    def of(self, values: Any) -> Key:
        """The key of the values of a row that comes in."""
        return tuple(values[name] for name in self.keys)

    def of_row(self, row: Any) -> Key:
        """The key of a stored row."""
        return tuple(getattr(row, row._meta.get_field(name).attname) for name in self.keys)

    def standing(self, accounts: Any) -> dict[Key, Any]:
        """Rows that no later one has superseded, by key."""
        rows = self.model.objects.filter(superseded_at=None, account__in=accounts).order_by()
        return {self.of_row(row): row for row in rows}

    def end(self, pks: Iterable[int]) -> None:
        """Let rows be superseded now."""
        self.model.objects.filter(pk__in=list(pks)).update(superseded_at=timezone.now())


def accounts_of(part: Iterable[StagedRecord]) -> set[int]:
    """Accounts of which rows speak."""
    return {item.after["account"] for item in part if "account" in item.after}


class FollowedKind(CustomerKind):
    """Rows on accounts that supersede what stands; undo brings the former ones back."""

    following: ClassVar[Following]

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """Rows that stand where new ones come are superseded."""
        accounts = Account.objects.select_for_update(of=("self",), no_key=True)
        list(accounts.filter(pk__in=accounts_of(part)).order_by("pk"))
        standing = self.following.standing(accounts_of(part))
        keys = (self.following.of(item.after) for item in part)
        self.following.end(standing[key].pk for key in keys if key in standing)

    def withdrawn(self, run: Run, part: list[StagedRecord]) -> dict[int, dict[str, Any]]:
        """Where a row of the run stands, the one that was superseded last stands again."""
        rows = self.following.model.objects
        mine = [item.object_id for item in part]
        standing = list(rows.filter(pk__in=mine, superseded_at=None))
        self.following.end(row.pk for row in standing)
        others = rows.filter(account__in=accounts_of(part)).exclude(pk__in=mine)
        past = others.exclude(superseded_at=None).order_by("superseded_at", "pk")
        former = {self.following.of_row(row): row.pk for row in past}
        keys = (self.following.of_row(row) for row in standing)
        back = [former[key] for key in keys if key in former]
        rows.filter(pk__in=back).update(superseded_at=None)
        return {}


class FollowedSession(CustomerSession):
    """One pass over such rows. A row that is empty, or stands already, says nothing."""

    following: ClassVar[Following]
    said: ClassVar[tuple[str, ...]]
    """Fields by which two rows say the same."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.known: dict[Key, Any] = {}

    def expect(self, wanted: Sequence[Wanted]) -> None:
        """What stands at the accounts of these rows."""
        named = {item.values["account"] for item in wanted}
        self.known = self.following.standing({pk for pk in named if isinstance(pk, int)})

    def says_nothing(self, values: dict[str, Any]) -> bool:
        """Whether a row is empty."""
        return values["value"] is None

    def find(self, wanted: Wanted) -> int | None:
        """The row that says the same; another one is superseded, not changed."""
        row = self.known.get(self.following.of(wanted.values))
        if row is None or any(getattr(row, name) != wanted.values[name] for name in self.said):
            return None
        return int(row.pk)

    def _decide(self, wanted: Wanted, obj: Any) -> dict[str, Any]:
        changes = super()._decide(wanted, obj)
        is_empty = obj is not None or self.says_nothing(wanted.values)
        return {} if is_empty else changes

    def _count(self, outcome: Outcome, judged: Judged) -> None:
        if judged.changes:
            super()._count(outcome, judged)
        else:
            self.taken += 1
            outcome.unchanged += 1

    def store(self, outcome: Outcome) -> None:
        """Write down the rows that are new."""
        judged: Sequence[Judged] = outcome.payload
        outcome.payload = [item for item in judged if item.changes]
        super().store(outcome)
