"""Finding the account that a file means, and making those that are not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import F, Q, TextField, Value
from django.db.models.functions import Cast, Concat

from accounts.models import Account, ExternalId, StagedAccount
from accounts.numbers import Number
from accounts.querysets import AccountQuerySet
from kam.imports import policies
from kam.imports.models import Run

AMBIGUOUS = -1


def spoken(choices: Any) -> dict[str, Any]:
    """Codes and words of choices, in small letters -> code."""
    known = {str(code).casefold(): code for code in choices.values}
    return known | {plain_name(str(item.label)): item.value for item in choices}


def plain_name(name: str) -> str:
    """Names are one when they differ in case and blanks only."""
    return " ".join(name.split()).casefold()


class NewAccount(NamedTuple):
    """An account to be made: the file's number for it, its name and country, the first row."""

    key: str
    number: str
    name: str
    country: str
    row: int


class Directory:
    """Accounts of a programme by their number in one source system and by name.

    Holds every account of the programme, about 200 bytes each; sees accounts that are hidden by
    `run` itself and by no other run. Those in `barred` stand behind a barrier before the run's
    owner: no name finds them, and their numbers, which nobody else can have, are refused.
    """

    def __init__(self, run: Run, system: str) -> None:
        self.run = run
        self.system = system
        shown = Q(staged_by=None) | Q(staged_by=run.pk)
        accounts = Account.objects.filter(shown, programme=run.scope_id)
        numbers = ExternalId.objects.filter(account__in=accounts.values("pk"), system=system)
        self.by_number = dict(numbers.values_list("value", "account_id").iterator())
        self.barred: frozenset[int] = frozenset()
        if not policies.is_system(run.owner):
            barred = accounts.behind_barriers_of(run.owner)
            self.barred = frozenset(barred.values_list("pk", flat=True))
        self._numbers = ExternalId.objects.filter(account__in=accounts.values("pk"))
        self.by_name: dict[str, int] = {}
        for pk, name in accounts.active().order_by("pk").values_list("pk", "name").iterator():
            if pk not in self.barred:
                self._name(name, pk)
        self._know_former_names(accounts)

    def _know_former_names(self, accounts: AccountQuerySet) -> None:
        """The name of an account that was merged into another one finds that, unless an account
        of today has it."""
        merged = accounts.exclude(merged_into=None).filter(merged_into__archived_at=None)
        pairs = merged.order_by("pk").values_list("name", "merged_into")
        now = set(self.by_name)
        for name, pk in pairs.iterator():
            plain = plain_name(name)
            if pk not in self.barred and plain not in now:
                self.by_name[plain] = pk if self.by_name.get(plain, pk) == pk else AMBIGUOUS

    def holders(self) -> dict[Number, int]:
        """Every number in whatever system -> its account."""
        rows = self._numbers.values_list("system", "value", "account_id").iterator()
        return {(system, value): pk for system, value, pk in rows}

    def note(self, pk: int, *, name: str, number: str) -> None:
        """Find the account `pk` from now on, too."""
        self._name(name, pk)
        if number:
            self.by_number[number] = pk

    def _name(self, name: str, pk: int) -> None:
        plain = plain_name(name)
        self.by_name[plain] = AMBIGUOUS if plain in self.by_name else pk

    def create(self, items: Iterable[NewAccount]) -> dict[str, int]:
        """Make hidden candidates; returns key -> primary key. In the caller's transaction."""
        items = list(items)
        accounts = Account.objects.bulk_create(
            [
                Account(
                    programme_id=self.run.scope_id,
                    name=item.name[:200],
                    country=item.country[:60],
                    staged_by=self.run,
                )
                for item in items
            ],
            batch_size=500,
        )
        ids = [account.pk for account in accounts]
        place_on_top(ids)
        pairs = list(zip(items, ids, strict=True))
        ExternalId.objects.bulk_create(
            [
                ExternalId(
                    account_id=pk,
                    programme_id=self.run.scope_id,
                    system=self.system,
                    value=item.number,
                )
                for item, pk in pairs
                if item.number
            ],
            batch_size=500,
        )
        StagedAccount.objects.bulk_create(
            [
                StagedAccount(
                    run=self.run,
                    account_id=pk,
                    row=item.row,
                    created=True,
                    after={"name": item.name, "country": item.country, "number": item.number},
                )
                for item, pk in pairs
            ],
            batch_size=500,
        )
        for item, pk in pairs:
            self.note(pk, name=item.name, number=item.number)
        return {item.key: pk for item, pk in pairs}


def place_on_top(ids: list[int]) -> None:
    """Give new accounts without a parent their path and root."""
    slash = Value("/", output_field=TextField())
    own_path = Concat(slash, Cast("pk", TextField()), slash, output_field=TextField())
    for start in range(0, len(ids), 500):
        part = Account.objects.filter(pk__in=ids[start : start + 500])
        part.update(path=own_path, root_id=F("pk"))
