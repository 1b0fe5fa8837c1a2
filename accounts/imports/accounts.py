"""The list of customers as a file: new ones, changes, and who is part of whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from typing import Any, ClassVar, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts import numbers
from accounts.choices import Status
from accounts.imports import account_store, groups, staging, teams
from accounts.imports.account_fields import FIELDS, OPTIONS
from accounts.imports.account_rows import BLAMED, REASONS, AccountReader, AccountRow
from accounts.imports.channels import Channels, codes_in, refuse_archived, refuse_return
from accounts.imports.directory import AMBIGUOUS, Directory
from accounts.imports.numbers import NUMBERS, Holders
from accounts.imports.scope import (
    ProgrammeKind,
    numbered_name,
    numbered_rows,
    system_of,
)
from accounts.models import Account
from accounts.services.account import follow_survivors
from accounts.services.status import key_account_count
from kam.access.dates import business_today
from kam.imports import policies
from kam.imports.examples import SHOWN_GOOD, Examples
from kam.imports.kinds import Numbered, Outcome, Rejected, Session, Shown
from kam.imports.models import Run
from kam.imports.refusal import Refused
from kam.imports.values import text_of
from teams.models import Programme
from teams.programme_settings import setting


class AccountsKind(ProgrammeKind):
    """Customers: created as candidates unless the file says what they are."""

    name: ClassVar = "accounts"
    label: ClassVar = gettext_lazy("Accounts")
    chunk_rows: ClassVar = 1000
    fields: ClassVar = FIELDS
    options: ClassVar = OPTIONS
    blamed: ClassVar = BLAMED
    match_url: ClassVar = ""
    shown: ClassVar = (
        gettext_lazy("Name"),
        gettext_lazy("External number"),
        gettext_lazy("Part of"),
        gettext_lazy("Country"),
        gettext_lazy("Industry"),
        gettext_lazy("Status"),
    )

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """A name, or a number for accounts that are known."""
        if {"name", "external_id"} & set(mapping):
            return []
        return [_("Say which column holds the name of the account, or its number.")]

    def doubts(self, run: Run) -> list[tuple[str, str]]:
        """None; raises ValidationError for codes of channels that stand for nothing."""
        codes_in(run.option("channel_codes"))
        return []

    def open(self, run: Run) -> AccountsSession:
        """Begin a pass over a list of customers."""
        return AccountsSession(run)

    def prepare_chunk(self, run: Run) -> int:
        """Status of new accounts, differences of known ones, history of both."""
        staged = staging.next_unprepared(run)
        account_store.prepare(run, staged)
        return len(staged)

    def publish(self, run: Run) -> None:
        """New accounts appear, known ones change, groups move."""
        staging.refuse_merged(run)
        refuse_archived(staging.named_in(run, "channel"))
        account_store.apply_updates(run)
        follow_survivors(Account.objects.filter(programme=run.scope_id))
        staging.log_prepared(run)
        staging.show_accounts(run)
        staging.look_for_duplicates(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Known accounts get their values back where nobody has changed them since."""
        refuse_return(run)
        account_store.restore_updates(run, actor_id)
        follow_survivors(Account.objects.filter(programme=run.scope_id))
        staging.hide_accounts(run)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """Accounts that the run made and nobody has touched."""
        return staging.delete_accounts(run) or staging.forget(run) or teams.delete_made(run)


class Plan(NamedTuple):
    """What `store` writes: new accounts, and known ones with the values that differ."""

    new: list[tuple[int, AccountRow]]
    known: list[tuple[int, AccountRow, Account, dict[str, Any]]]


def _repeated(row: int) -> Refused:
    return Refused("repeated", _("names the same customer as row %(row)d") % {"row": row})


class AccountsSession(Session):
    """One pass over a list of customers."""

    def __init__(self, run: Run) -> None:
        programme = Programme.objects.get(pk=run.scope_id)
        self.run = run
        self.dry = run.status == Run.Status.CHECKING
        self.mode = run.option("mode")
        self.programme = programme
        self.teams = teams.Teams(run, programme, create=run.option("teams") == "create")
        self.reader = AccountReader(
            columns=run.columns,
            width=len(run.found.columns),
            programme_id=programme.pk,
            channels=Channels(programme.pk, codes_in(run.option("channel_codes"))),
            teams=self.teams,
            decimal=run.found.value("decimal") or "dot",
            dates=run.found.value("dates") or "ymd",
            keys=run.option("keys") or "any",
        )
        self.reasons = {code: str(text) for code, text in REASONS.items()}
        self.directory = Directory(run, system_of(run))
        accounts = Account.objects.filter(programme=programme, staged_by=None)
        self.archived = set(accounts.exclude(archived_at=None).values_list("pk", flat=True))
        self.has_numbers = NUMBERS.name in run.columns or self.reader.keys == "name"
        self.holders = Holders(self.directory.holders() if self.has_numbers else {})
        self.met: dict[int, int] = {}
        self.editable = self._editable(accounts)
        self.groups = groups.Groups()
        limit = int(setting(programme, "programme_max_accounts", business_today()))
        self.room = limit - key_account_count(programme)
        self.good: list[Shown] = []
        self.bad: list[Shown] = []
        self.examples = Examples()
        self.refused: list[groups.Member] = []
        self.taken = 0
        self.with_parent = 0

    def _editable(self, accounts: Any) -> set[int] | None:
        """Accounts that the run's owner may change; None: all of them."""
        if policies.is_system(self.run.owner):
            return None
        return set(accounts.managed_by(self.run.owner).values_list("pk", flat=True))

    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk of rows."""
        outcome = Outcome(read=len(rows))
        checked: list[tuple[int, AccountRow, int | None]] = []
        for number, row in rows:
            try:
                found, pk = self._decide(number, row)
            except Refused as refused:
                reason = refused.reason or self.reasons[refused.code]
                outcome.rejected.append(Rejected(number, row, reason, refused.code))
                continue
            checked.append((number, found, pk))
        outcome.payload = self._plan(checked, outcome)
        outcome.note_formulas((found.number, *found.values.values()) for _n, found, _pk in checked)
        if self.dry:
            self._note(checked, outcome)
        return outcome

    def _decide(self, number: int, row: list[Any]) -> tuple[AccountRow, int | None]:
        """The row and the account that it means, if there is one. Raises `Refused`."""
        found = self.reader.row(row, number)
        earlier = self.groups.members.get(found.key)
        if earlier is not None:
            raise _repeated(earlier.number)
        pk = self._known(found)
        if pk in self.met:
            raise _repeated(self.met[pk])
        if pk is None:
            self._check_new(found)
        else:
            self._check_known(pk)
        found = self._numbered(found, pk)
        if pk is not None:
            self.met[pk] = number
        elif found.status == Status.KEY:
            self.room -= 1
        member = groups.Member(number, row, found.key, found.parent, found.team, found.status)
        self.groups.add(member, found.values.get("name", ""), found.number)
        self.taken += 1
        self.with_parent += bool(found.parent)
        return found, pk

    def _numbered(self, found: AccountRow, pk: int | None) -> AccountRow:
        """With those of its numbers that its account lacks; the own one of a new account comes with
        it. Raises `Refused` for those of others."""
        if not self.has_numbers:  # its own number is what it is known by
            return found
        own = (self.directory.system, found.number)
        told = dict.fromkeys(([own] if found.number else []) + list(found.numbers))
        lacking = self.holders.lacking(told, holder=pk, row=found.key)
        self.holders.take(told, found.key)
        return found._replace(
            numbers=tuple(number for number in lacking if pk is not None or number != own)
        )

    def _known(self, found: AccountRow) -> int | None:
        """The account with the row's number; without a number, the one with its name."""
        if found.key[0] == "#":
            return self.directory.by_number.get(found.number)
        pk = self.directory.by_name.get(found.key[1:])
        if pk == AMBIGUOUS:
            raise Refused("ambiguous")
        return pk

    def _check_new(self, found: AccountRow) -> None:
        if self.mode == "update":
            raise Refused("unknown_account")
        if "name" not in found.values and self.run.by_row:
            found.values["name"] = numbered_name(found.number)
        if "name" not in found.values:
            raise Refused("no_name")
        if found.status == Status.KEY and self.room <= 0:
            raise Refused("key_limit")

    def _check_known(self, pk: int) -> None:
        if self.mode == "create":
            raise Refused("known_account")
        if self.editable is not None and pk not in self.editable:
            raise Refused("forbidden")
        if pk in self.archived:
            raise Refused("archived")

    def _plan(self, checked: list[tuple[int, AccountRow, int | None]], outcome: Outcome) -> Plan:
        known = Account.objects.in_bulk([pk for _number, _row, pk in checked if pk is not None])
        plan = Plan([], [])
        for number, found, pk in checked:
            if pk is None:
                plan.new.append((number, found))
                continue
            account = known[pk]
            changes = account_store.differences(account, found.values)
            if found.numbers:
                changes[NUMBERS.name] = list(map(numbers.told, found.numbers))
            if changes or found.parent:
                plan.known.append((number, found, account, changes))
            count = "updated" if changes else "unchanged"
            setattr(outcome, count, getattr(outcome, count) + 1)
            self.groups.members[found.key].counted = count
        outcome.created = len(plan.new)
        return plan

    def store(self, outcome: Outcome) -> None:
        """Make new accounts, hidden; write down what known ones will become."""
        plan: Plan = outcome.payload
        for values in (
            *(found.values for _number, found in plan.new),
            *(changes for _number, _found, _account, changes in plan.known),
        ):
            if "team" in values:
                values["team"] = self.teams.made(values["team"])
        made = account_store.create_hidden(self.run, self.directory, plan.new)
        self.met |= {pk: number for (number, _found), pk in zip(plan.new, made, strict=True)}
        account_store.stage_changes(self.run, plan.known)

    def replay(self, rows: Sequence[Numbered]) -> None:
        """Know again who stands in the rows that are stored."""
        for number, row in rows:
            if number in self._refused_before:
                continue
            try:
                found = self.reader.row(row, number)
            except Refused:
                continue
            pk = self._known(found)
            if found.key not in self.groups.members and pk is not None:
                self.met[pk] = number
                own = [(self.directory.system, found.number)] if found.number else []
                self.holders.take([*own, *found.numbers], found.key)
                member = groups.Member(
                    number, row, found.key, found.parent, found.team, found.status
                )
                self.groups.add(member, found.values.get("name", ""), found.number)

    @cached_property
    def _refused_before(self) -> set[int]:
        """Rows that an earlier pass has refused."""
        return {line[0] for line in self.run.rejected_chunks.all().lines()}

    def end(self) -> Iterator[Callable[[], None]]:
        """Find the parents, and put accounts under them."""
        self.groups.resolve(self.directory)
        teams.check(self.groups, self.directory, self.programme)
        self.groups.follow_problems()
        self.refused = self.groups.refused()
        if self.dry:
            return iter(())
        return account_store.place(self.run, self.directory, self.groups)

    def finish(self) -> list[Rejected]:
        """Rows that make a circle or name nobody are refused after all."""
        refused = self.refused
        if not self.dry:
            account_store.note_counts(self.run, self.directory, refused)
            account_store.drop_staged(self.run, self.directory, refused)
        late = groups.rejected(refused, self.reasons)
        self.bad = [self._shown(item) for item in self.examples.of(late)] + self.bad
        self.taken -= len(late)
        return late

    def _note(self, checked: list[tuple[int, AccountRow, int | None]], outcome: Outcome) -> None:
        self.bad += [self._shown(item) for item in self.examples.of(outcome.rejected)]
        for number, found, pk in checked[: SHOWN_GOOD - len(self.good)]:
            cells = (
                found.values.get("name", ""),
                found.number,
                found.parent,
                found.values.get("country", ""),
                found.values.get("industry", ""),
                str(Status(found.status).label) if found.status else "",
            )
            self.good.append(Shown(number, cells, "new" if pk is None else "changed", ""))

    def _shown(self, item: Rejected) -> Shown:
        columns = self.reader.columns
        cells = []
        for name in ("name", "external_id", "parent", "country", "industry", "status"):
            index = columns.get(name, len(item.row))
            cells.append(text_of(item.row[index]) if index < len(item.row) else "")
        return Shown(item.number, tuple(cells), "rejected", item.reason)

    def preview(self) -> list[dict[str, Any]]:
        """Rows with a problem first, then the first rows that are taken."""
        return [item.as_json() for item in (*self.bad, *self.good)]

    def totals(self) -> list[dict[str, str]]:
        """Customers taken, and how many name a parent."""
        unit = ngettext("customer", "customers", self.taken)
        return [
            {"label": _("Accounts in the file"), "value": str(self.taken), "unit": unit},
            {"label": _("Part of another"), "value": str(self.with_parent), "unit": ""},
            *numbered_rows(self.run, self.taken),
        ]
