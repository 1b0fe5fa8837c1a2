"""Records that hang on an account, which a row names by its number or its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from django.db.models import BigIntegerField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports import staging
from accounts.imports.customers import Accounts
from accounts.imports.directory import Directory, NewAccount, plain_name
from accounts.imports.scope import (
    SYSTEM,
    ProgrammeKind,
    numbered_name,
    numbered_rows,
    system_of,
)
from accounts.models import Account, StagedAccount
from accounts.querysets import AccountQuerySet
from kam.imports import policies
from kam.imports.kinds import Field, Option
from kam.imports.models import Run, StagedRecord
from kam.imports.records import Cells, RecordKind, RecordSession
from kam.imports.records.session import Judged, Pending
from kam.imports.refusal import Refusal, Refused
from kam.imports.totals import is_total

ACCOUNT_FIELDS = (
    Field(
        "account",
        gettext_lazy("Account, external number"),
        "text",
        (
            "account external id",
            "account id",
            "account no",
            "account number",
            "customer id",
            "customer no",
            "customer number",
            "client id",
            "company id",
            "kundennummer",
            "kd nr",
            "debitor",
        ),
    ),
    Field(
        "account_name",
        gettext_lazy("Account, name"),
        "text",
        (
            "account",
            "company name",
            "company",
            "customer name",
            "customer",
            "client",
            "organisation",
            "organization",
            "firma",
            "kunde",
            "kundenname",
        ),
    ),
)
SYSTEM_OPTION = Option("system", gettext_lazy("Source system of the numbers"), SYSTEM)
_CREATE = ("create", gettext_lazy("Create as candidate"))
_REJECT = ("reject", gettext_lazy("Reject the rows"))
REASONS = {
    "no_account": gettext_lazy("has no customer"),
    "unknown_account": gettext_lazy("names a customer that is not known"),
    "ambiguous": gettext_lazy("names a customer of whom there are several"),
    "forbidden": gettext_lazy("names a customer for whom you may not import"),
    "archived_account": gettext_lazy("names a customer that is archived: restore it first"),
    "total": gettext_lazy("is a total, not a record"),
    "long": gettext_lazy("has a customer number or name that is too long"),
}
BLAMED = dict.fromkeys(REASONS, ("account", "account_name"))
SHOWN_UNKNOWN = 50
MOST_NAME, MOST_NUMBER = 200, 120


def amount_text(amount: Decimal) -> str:
    """An amount of money for the totals: with cents, and with all its places where it has more."""
    cents = round(amount, 2)
    return format(cents if cents == amount else amount.normalize(), "f")


def unknown_option(default: str) -> Option:
    """What becomes of customers that are not known."""
    label = gettext_lazy("A customer not yet known")
    return Option("unknown", label, default, (_CREATE, _REJECT))


class CustomerSession(RecordSession):
    """Finds the account of each row, and makes candidates where that is wanted."""

    reasons: ClassVar[Mapping[str, Any]] = REASONS

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.directory = Directory(run, system_of(run))
        self.accounts = Accounts(self.directory, run.decisions)
        self.unknown_is = run.option("unknown")
        accounts = Account.objects.filter(programme=run.scope_id)
        closed = accounts.exclude(archived_at=None)
        self.archived = set(closed.values_list("pk", flat=True))
        self.allowed: set[int] | None = None
        if not policies.is_system(run.owner):
            allowed = self.rights(accounts)
            self.allowed = set(allowed.values_list("pk", flat=True))
        staged = StagedAccount.objects.filter(run=run, created=True)
        self.made = set(staged.values_list("account", flat=True))
        self.called: dict[int, str] = {}
        self.new: dict[str, NewAccount] = {}
        self.unmet: Counter[str] = Counter()
        self.written: dict[str, str] = {}
        self.matched: set[int] = set()

    def rights(self, accounts: AccountQuerySet) -> AccountQuerySet:
        """Those of `accounts` on which the run's owner may keep such records."""
        return accounts.managed_by(self.run.owner)

    def account(self, cells: Cells) -> int | Pending:
        """The account of a row, or the key of one that will be made. Raises `Refused`."""
        number, name = cells.text("account"), cells.text("account_name")
        if not number and not name:
            raise Refused("no_account")
        if len(name) > MOST_NAME or len(number) > MOST_NUMBER:
            raise Refused("long")
        key = f"#{number}" if number else f"={plain_name(name)}"
        found = self.accounts[key]
        if isinstance(found, Refusal):
            if found.code == "ambiguous":
                self._miss(key, number or name)
            raise Refused(found.code, found.reason)
        if found is None:
            return self._unknown(key, number, name)
        if found in self.archived:
            raise Refused("archived_account")
        may = self.allowed is None or found in self.allowed or found in self.made
        if not may:
            raise Refused("forbidden")
        if key[0] == "#" and found in self.accounts.matched:
            self.matched.add(found)
        return found

    def _miss(self, key: str, text: str) -> None:
        self.unmet[key] += 1
        self.written.setdefault(key, text)

    def _unknown(self, key: str, number: str, name: str) -> Pending:
        if is_total(number or name):
            raise Refused("total")
        self._miss(key, number or name)
        if self.accounts.decisions.get(key, self.unknown_is) == "reject":
            raise Refused("unknown_account")
        called = name or numbered_name(number)
        self.new.setdefault(key, NewAccount(key, number, called, "", 0))
        return Pending(key)

    def texts(self, judged: Judged) -> Iterator[str]:
        """Besides: what an account is called that will be made."""
        yield from super().texts(judged)
        if made := self.new.get(str(judged.wanted.values.get("account"))):
            yield from (made.number, made.name)

    def complete(self, judged: Sequence[Judged]) -> None:
        """Make the accounts that are not there yet, hidden by the run."""
        waiting = [item for item in judged if isinstance(item.wanted.values["account"], Pending)]
        keys = dict.fromkeys(str(item.wanted.values["account"]) for item in waiting)
        missing = [self.new[key] for key in keys if self.accounts[key] is None]
        if missing:
            ids = self.directory.create(missing)
            self.accounts.update(ids)
            self.made.update(ids.values())
            self.called |= {pk: key for key, pk in ids.items()}
        for item in waiting:
            pk = self.accounts[str(item.wanted.values["account"])]
            item.changes["account"] = item.wanted.values["account"] = pk
        staging.note_touched(self.run, self.matched)

    def unmatched(self) -> list[dict[str, Any]]:
        """Customers not known, as the file writes them, with their rows."""
        ranked = self.unmet.most_common()
        items = [
            {"key": key, "text": self.written[key], "note": "", "count": count}
            for key, count in ranked[:SHOWN_UNKNOWN]
        ]
        rest = sum(count for _key, count in ranked[SHOWN_UNKNOWN:])
        if rest:
            items.append({"key": "", "text": _("others"), "note": "", "count": rest})
        return items

    def totals(self) -> list[dict[str, str]]:
        """Rows taken, and customers that become candidates."""
        label = _("Customers not known: they become candidates")
        new = {"label": label, "value": str(len(self.new)), "unit": ""}
        numbered = numbered_rows(self.run, len(self.accounts))
        return super().totals() + numbered + ([new] if self.new else [])


class CustomerKind(RecordKind, ProgrammeKind):
    """Records on accounts: a run may make the accounts, too, and matches numbers with them."""

    def problems(self, mapping: Any) -> list[str]:
        """The account has to be named."""
        if {"account", "account_name"} & set(mapping):
            return []
        return [_("Say which column holds the customer: number or name.")]

    def better_field(self, name: str, heading: str, values: Sequence[str]) -> str:
        """A column called "account" that holds words and not one digit holds names."""
        bare = name == "account" and heading.strip().lower() == name
        worded = bool(values) and not any(any(map(str.isdigit, value)) for value in values)
        return "account_name" if bare and worded else name

    def prepare_chunk(self, run: Run) -> int:
        """History of the accounts that the run makes or matches."""
        staged = staging.next_unprepared(run)
        staging.prepare_touched(run, staged)
        return len(staged) or super().prepare_chunk(run)

    def publish(self, run: Run) -> None:
        """Accounts appear, then the records on them."""
        staging.refuse_merged(run)
        _refuse_merged(run)
        staging.log_prepared(run)
        staging.show_accounts(run)
        super().publish(run)
        staging.keep_matches(run)
        staging.look_for_duplicates(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Records go, then accounts that nobody has touched since."""
        staging.hold_accounts(run)
        super().withdraw(run, actor_id)
        staging.forget_matches(run)
        staging.hide_accounts(run)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """What is noted, and hidden accounts."""
        return (
            super().delete_chunk(run, limit) or staging.delete_accounts(run) or staging.forget(run)
        )


def _refuse_merged(run: Run) -> None:
    """Nothing comes to hang on an account that has been merged meanwhile."""
    staged = StagedRecord.objects.filter(run=run, after__has_key="account").order_by()
    named = staged.annotate(named=Cast(KT("after__account"), BigIntegerField())).values("named")
    if Account.objects.filter(pk__in=named).exclude(merged_into=None).exists():
        raise staging.merged_meanwhile()
