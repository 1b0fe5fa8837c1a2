"""What is done while processes are killed, and what has to be true whatever happens.

A step is one call and the background work that it asks for. `whole` says, at any moment, that
nothing of it is half there; `check` says that it is there once when it has come to its end.
"""

from __future__ import annotations

import csv
import datetime
import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db.models import Count, Sum
from django.utils import timezone

from accounts.models import (
    Account,
    Contact,
    ExternalId,
    Interaction,
    LedgerEntry,
    Merge,
    MonthTotal,
    Site,
)
from kam.changes.models import Change
from kam.exports.models import Export
from kam.imports import looking
from kam.imports.models import Folder, FolderFile, Run
from kam.jobs.models import Job
from kam.webhooks.models import Webhook
from teams.models import Programme, User
from tests.crash.stack import Caller, wait_until
from tests.factories.accounts import (
    AccountFactory,
    ContactFactory,
    ExternalIdFactory,
    InteractionFactory,
    LedgerEntryFactory,
    MonthTotalFactory,
    SiteFactory,
)

LEDGER_ROWS, LEDGER_CUSTOMERS = 5_400, 100
ACCOUNT_ROWS = 1_200
CONTACT_ROWS = 1_200
BASE_ACCOUNTS = 20
NEW_ITEMS, CHANGED_ITEMS = 40, 10
FOLDER_ROWS = 300
PEOPLE, LINES = 25, 40
"""What hangs on each of the two that are merged."""


@dataclass
class World:
    """Where it happens: a programme, its manager's calls, and who hears of it."""

    programme: Programme
    user: User
    caller: Caller
    inbox: Path
    accounts: list[Account] = field(default_factory=list)
    pair: list[Account] = field(default_factory=list)
    turn: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def open(self) -> World:
        """The accounts that are there before and after every operation."""
        self.accounts = AccountFactory.create_batch(BASE_ACCOUNTS, programme=self.programme)
        for number, account in enumerate(self.accounts):
            ExternalIdFactory(account=account, system="erp", value=f"B{number}")
        self.pair = AccountFactory.create_batch(2, programme=self.programme)
        for number, account in enumerate(self.pair):
            ExternalIdFactory(account=account, system="crm", value=f"M{number}")
            SiteFactory.create_batch(3, account=account)
            people = ContactFactory.create_batch(PEOPLE, account=account)
            for person in people:
                InteractionFactory(account=account, user=self.user, contacts=[person])
            LedgerEntryFactory.create_batch(LINES, account=account)
            month = datetime.date(2026, 3 + number, 1)
            MonthTotalFactory(account=account, month=month, revenue=LINES, lines=LINES)
        return self


@dataclass(frozen=True)
class Step:
    """`act` does it and returns when it is over."""

    name: str
    act: Callable[[], None]
    whole: Callable[[], bool]
    check: Callable[[], None]


def idle() -> bool:
    """Whether all background work is done; lets none of it wait for its next try."""
    now = timezone.now()
    Job.objects.filter(status="ready", run_after__gt=now).update(run_after=now)
    return not Job.objects.unfinished().exclude(key__startswith="webhook").exists()


def wait_for_run(pk: int, status: str) -> Run:
    """The import when it has come to `status` and its work is over."""
    rows = Run.objects.filter(pk=pk)

    def there() -> bool:
        return idle() and rows.filter(status=status).exists()

    wait_until(there, lambda: list(rows.values("status", "error", "rows_done")))
    return rows.get()


class ImportOf:
    """A file comes in through the API and is taken back."""

    kind = ""
    rows = 0

    def __init__(self, world: World) -> None:
        self.world = world
        self.pk = 0

    def text(self) -> bytes:
        """The file."""
        raise NotImplementedError

    def found(self) -> dict[str, Any]:
        """What counts now."""
        raise NotImplementedError

    def brought(self) -> dict[str, Any]:
        """What counts besides when the file is in."""
        raise NotImplementedError

    def steps(self) -> list[Step]:
        """In, and out again; in between all of it counts or none."""
        empty = self.found()
        full = {name: empty[name] + more for name, more in self.brought().items()}

        def whole() -> bool:
            return self.found() in (empty, full)

        def check_in() -> None:
            run = Run.objects.get(pk=self.pk)
            assert (run.status, run.created, run.rejected) == ("published", self.rows, 0)
            assert self.found() == full
            logged = Change.objects.filter(source="import", source_reference=str(run.pk))
            made = logged.filter(verb="created").values("object_type", "object_id")
            assert made.annotate(n=Count("pk")).filter(n__gt=1).count() == 0
            assert Run.objects.exclude(status__in=("undone", "cancelled")).get() == run

        def check_out() -> None:
            assert self.found() == empty

        return [
            Step(f"import {self.kind}", self.bring, whole, check_in),
            Step(f"undo {self.kind}", self.undo, whole, check_out),
        ]

    def bring(self) -> None:
        """Upload; wait until it counts."""
        status, body = self.world.caller.upload(self.kind, self.text())
        assert status == 201, body
        self.pk = body["id"]
        wait_for_run(self.pk, "published")

    def undo(self) -> None:
        """Take it back; wait until nothing is left."""
        status, body = self.world.caller.post(f"imports/{self.pk}/undo/")
        assert status == 202, body
        wait_for_run(self.pk, "undone")


class LedgerImport(ImportOf):
    """Sales of customers that become candidates."""

    kind, rows = "ledger", LEDGER_ROWS

    def text(self) -> bytes:
        lines = ["Customer No,Date,Product Code,Amount"]
        lines += [
            f"L{row * 7919 % LEDGER_CUSTOMERS},2026-{row % 12 + 1:02}-15,P{row % 40},{row}.25"
            for row in range(self.rows)
        ]
        return "\n".join(lines).encode()

    def found(self) -> dict[str, Any]:
        entries = LedgerEntry.objects.live()
        totals = MonthTotal.objects.aggregate(n=Sum("lines"), s=Sum("revenue"))
        return {
            "lines": entries.count(),
            "sum": entries.aggregate(s=Sum("amount"))["s"] or 0,
            "total": totals["s"] or 0,
            "counted": totals["n"] or 0,
            "accounts": Account.objects.visible_to(self.world.user).count(),
        }

    def brought(self) -> dict[str, Any]:
        amount = sum(range(self.rows)) + self.rows // 4
        lines = {"lines": self.rows, "counted": self.rows}
        return lines | {"sum": amount, "total": amount, "accounts": LEDGER_CUSTOMERS}


class AccountsImport(ImportOf):
    """Customers, every fourth of them with three parts that stand above it in the file."""

    kind, rows = "accounts", ACCOUNT_ROWS

    def text(self) -> bytes:
        lines = ["Account ID,Name,Parent ID,Country"]
        for number in range(self.rows):
            above = "" if number % 4 == 3 else f"A{number // 4 * 4 + 3}"
            lines.append(f"A{number},Customer {number:05},{above},UK")
        return "\n".join(lines).encode()

    def found(self) -> dict[str, Any]:
        accounts = Account.objects.visible_to(self.world.user)
        return {"accounts": accounts.count(), "parts": accounts.exclude(parent=None).count()}

    def brought(self) -> dict[str, Any]:
        return {"accounts": self.rows, "parts": self.rows * 3 // 4}


class ContactsImport(ImportOf):
    """People at accounts that are there."""

    kind, rows = "contacts", CONTACT_ROWS

    def text(self) -> bytes:
        lines = ["Contact ID,Name,Customer No,E-mail"]
        lines += [
            f"C{row},Person {row:05},B{row % BASE_ACCOUNTS},p{row}@example.com"
            for row in range(self.rows)
        ]
        return "\n".join(lines).encode()

    def found(self) -> dict[str, Any]:
        people = Contact.objects.visible_to(self.world.user)
        return {"people": people.count(), "accounts": people.values("account").distinct().count()}

    def brought(self) -> dict[str, Any]:
        return {"people": self.rows, "accounts": BASE_ACCOUNTS}


class BulkCall:
    """Talks written down and changed in one call: all of them, once."""

    def __init__(self, world: World) -> None:
        self.world = world

    def steps(self) -> list[Step]:
        mark = f"turn {next(self.world.turn)}"
        rows = Interaction.objects.filter(text__startswith=f"{mark}:")
        earlier = list(Interaction.objects.order_by("-pk")[:CHANGED_ITEMS])
        changed = Interaction.objects.filter(pk__in=[row.pk for row in earlier])
        before = list(changed.order_by("pk").values_list("version", flat=True))
        accounts = self.world.accounts
        items: list[dict[str, Any]] = [
            {"account": accounts[number % BASE_ACCOUNTS].pk, "text": f"{mark}: {number}"}
            for number in range(NEW_ITEMS)
        ]
        items += [
            {"id": row.pk, "version": row.version, "text": f"changed in {mark}"} for row in earlier
        ]

        def act() -> None:
            status, body = self.world.caller.post("interactions/bulk/", items)
            assert status == 200, body
            assert {item["status"] for item in body["results"]} <= {200, 201}

        def whole() -> bool:
            told = changed.filter(text=f"changed in {mark}").count()
            return (rows.count(), told) in ((0, 0), (NEW_ITEMS, len(earlier)))

        def check() -> None:
            assert rows.count() == NEW_ITEMS
            after = list(changed.order_by("pk").values_list("version", flat=True))
            assert after == [version + 1 for version in before]
            logged = Change.objects.filter(object_type="accounts.interaction", verb="created")
            assert logged.filter(object_id__in=rows.values("pk")).count() == NEW_ITEMS

        return [Step("bulk call", act, whole, check)]


class FolderImport:
    """A file that comes in by itself from a folder."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.folder = Folder.objects.get()

    def steps(self) -> list[Step]:
        turn = next(self.world.turn)
        name = f"file-{turn}.csv"
        file = FolderFile.objects.filter(folder=self.folder, name=name)
        entries = LedgerEntry.objects.live().filter(document__startswith=f"F{turn}-")
        other = LedgerEntry.objects.live().count()

        def act() -> None:
            lines = ["Customer No,Date,Invoice,Amount"]
            lines += [f"B1,2026-05-02,F{turn}-{row},1.00" for row in range(FOLDER_ROWS)]
            (self.world.inbox / name).write_text("\n".join(lines))
            past = timezone.now() - 2 * looking.SETTLED
            looking.look(self.folder.pk, past)  # seen a minute ago: it is complete

            def done() -> bool:
                Folder.objects.update(next_look_at=timezone.now() - datetime.timedelta(seconds=1))
                return idle() and file.filter(status="done").exists()

            wait_until(done, lambda: list(file.values("status", "note", "run__status")))

        def whole() -> bool:
            return entries.count() in (0, FOLDER_ROWS)

        def check() -> None:
            assert entries.count() == FOLDER_ROWS
            assert LedgerEntry.objects.live().count() == other + FOLDER_ROWS
            runs = Run.objects.filter(file_digest=file.get().digest)
            assert [run.status for run in runs] == ["published"]

        def undo() -> None:
            run = file.get().run
            assert run is not None
            status, body = self.world.caller.post(f"imports/{run.pk}/undo/")
            assert status == 202, body
            wait_for_run(run.pk, "undone")

        def check_out() -> None:
            assert LedgerEntry.objects.count() == other

        return [
            Step("import from folder", act, whole, check),
            Step("undo from folder", undo, whole, check_out),
        ]


class MergeCall:
    """Two customers with all that hangs on them become one, and two again."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.survivor, self.loser = world.pair

    def found(self) -> dict[str, Any]:
        """Where everything hangs: on the one and on the other."""
        hanging = {
            "people": Contact.objects.all(),
            "talks": Interaction.objects.all(),
            "lines": LedgerEntry.objects.live(),
            "numbers": ExternalId.objects.all(),
            "sites": Site.objects.all(),
            "revenue": MonthTotal.objects.all(),
        }
        places = {
            name: tuple(rows.filter(account=one).count() for one in (self.survivor, self.loser))
            for name, rows in hanging.items()
        }
        lost = Account.objects.filter(pk=self.loser.pk, archived_at=None).count()
        return {**places, "open": lost}

    def steps(self) -> list[Step]:
        before = self.found()
        merge: list[int] = []

        def moved(found: dict[str, Any]) -> bool:
            names = ("people", "talks", "lines", "numbers", "sites", "revenue")
            return found["open"] == 0 and all(
                found[name] == (sum(before[name]), 0) for name in names
            )

        def whole() -> bool:
            found = self.found()
            return found == before or moved(found)

        def act() -> None:
            pair = {"survivor": self.survivor.pk, "loser": self.loser.pk}
            status, body = self.world.caller.post("merges/", {"kind": "account", **pair})
            assert status == 201, body
            merge.append(body["id"])

        def undo() -> None:
            status, body = self.world.caller.post(f"merges/{merge[0]}/undo/")
            assert status == 200, body

        def check() -> None:
            assert moved(self.found())
            assert Merge.objects.filter(undone_at=None).count() == 1
            logged = Change.objects.filter(verb="merged_into", object_id=self.loser.pk)
            assert logged.count() == Merge.objects.count()

        def check_out() -> None:
            assert self.found() == before
            assert not Merge.objects.filter(undone_at=None).exists()

        return [Step("merge", act, whole, check), Step("undo merge", undo, whole, check_out)]


class ExportCall:
    """A list is made into a file in the background."""

    def __init__(self, world: World) -> None:
        self.world = world

    def steps(self) -> list[Step]:
        keys = list(Interaction.objects.order_by("pk").values_list("pk", flat=True))
        known = set(Export.objects.values_list("pk", flat=True))
        mine = Export.objects.exclude(pk__in=known)

        def content(export: Export) -> list[int]:
            with export.file.open("rb") as file:
                text = file.read().decode("utf-8-sig")
            heading, *rows = csv.reader(io.StringIO(text))
            place = next(n for n, name in enumerate(heading) if name.lower().endswith("id"))
            return sorted(int(row[place]) for row in rows if len(row) == len(heading))

        def act() -> None:
            body = {"list": "interactions", "format": "csv"}
            status, answer = self.world.caller.post("exports/", body)
            assert status == 201, answer
            wait_until(
                lambda: idle() and mine.exclude(file="").exists(),
                lambda: list(mine.values("job__status", "job__error")),
            )

        def whole() -> bool:
            return all(content(export) == keys for export in mine.exclude(file=""))

        def check() -> None:
            export = mine.get()
            assert (content(export), export.rows) == (keys, len(keys))
            logged = Change.objects.filter(object_type="exports.export", object_id=export.pk)
            assert logged.filter(verb="created").count() == 1

        return [Step("export", act, whole, check)]


OPERATIONS = (
    LedgerImport,
    BulkCall,
    AccountsImport,
    MergeCall,
    ContactsImport,
    ExportCall,
    BulkCall,
    FolderImport,
    MergeCall,
    ExportCall,
)


def told_all(webhook: Webhook) -> bool:
    """Whether the webhook has been told the newest change; lets it not wait for its next try."""
    Webhook.objects.filter(pk=webhook.pk, next_try_at__gt=timezone.now()).update(next_try_at=None)
    idle()
    newest = Change.objects.settled().reverse().values_list("transaction", "pk").first()
    told = Webhook.objects.values_list("position_transaction", "position_change")
    return newest is None or told.get(pk=webhook.pk) >= newest
