"""One pass over a sales ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from itertools import repeat
from typing import Any, NamedTuple

from django.utils.translation import gettext as _

from accounts.imports import staging
from accounts.imports.customers import Accounts
from accounts.imports.directory import Directory, NewAccount
from accounts.imports.ledger import report, store
from accounts.imports.ledger.batch import Batch
from accounts.imports.ledger.reasons import REASONS
from accounts.imports.ledger.rows import LineReader
from accounts.models import LedgerEntry, Product, ProductLine
from kam.imports.kinds import Numbered, Outcome, Rejected, Row, Session
from kam.imports.models import Run
from kam.imports.refusal import Refusal
from kam.imports.repeats import Repeats
from kam.imports.totals import is_total
from teams.models import Programme

REJECT = "reject"


class Judged(NamedTuple):
    """A chunk ready to be written: new lines with their accounts (None: one of the new ones) and
    identities."""

    lines: Batch
    accounts: Sequence[int | None]
    identities: Sequence[bytes]
    new_accounts: dict[str, NewAccount]


class LedgerSession(Session):
    """Judges chunks of a ledger and writes them."""

    def __init__(self, run: Run) -> None:
        found = run.found
        programme = Programme.objects.get(pk=run.scope_id)
        self.run = run
        self.dry = run.status == Run.Status.CHECKING
        self.unknown_is = run.option("unknown")
        self.reader = LineReader(
            columns=run.columns,
            headings=found.columns,
            decimal=found.value("decimal") or "dot",
            dates=found.value("dates") or "ymd",
            currency=run.option("currency") or programme.currency,
            percent=run.option("discount") == "percent",
        )
        self.reasons = {code: str(text) for code, text in REASONS.items()}
        self.source = run.option("system")
        self.directory = Directory(run, self.source)
        self.accounts = Accounts(self.directory, run.decisions)
        self.products: dict[str, int | None] = {"": None}
        self.products |= Product.objects.filter(programme=programme).values_list("code", "pk")
        self.lines = dict(ProductLine.objects.filter(programme=programme).values_list("name", "pk"))
        self.repeats = Repeats()
        others = LedgerEntry.objects.filter(programme=programme).exclude(run=run)
        self.compare = others.exists()
        self.touched: set[int | None] = set()
        self.seen = report.Seen(self.reader)

    def understand(self, rows: Sequence[Numbered]) -> Any:
        """The rows as lines, and those that are none, each with its reason."""
        return self.reader.batch(rows)

    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk of rows."""
        outcome = Outcome(read=len(rows))
        batch, refused = understood or self.understand(rows)
        outcome.rejected = [self._rejected(*item) for item in refused]
        new_accounts: dict[str, NewAccount] = {}
        accounts = list(map(self.accounts.__getitem__, batch.keys))
        if any(type(account) is not int for account in accounts):
            batch, accounts = self._meet(batch, accounts, dict(rows), new_accounts, outcome)
        fresh = self._fresh(batch, accounts, outcome)
        outcome.created = len(fresh.identities)
        if new_accounts:
            outcome.notices[_("Customers not known: they become candidates")] = len(new_accounts)
            outcome.note_formulas((item.number, item.name) for item in new_accounts.values())
        if off := sum(amount.differs for amount in batch.amounts):
            text = _("Amount is not quantity × price × (1 − discount): kept as given")
            outcome.notices[text] = off
        outcome.payload = fresh._replace(new_accounts=new_accounts)
        if self.dry:
            self.seen.note(batch, fresh.lines, outcome, self.accounts.unknown)
        return outcome

    def _rejected(self, number: int, row: Row, refusal: Refusal) -> Rejected:
        reason = refusal.reason or self.reasons[refusal.code]
        return Rejected(number, row, reason, refusal.code)

    def _meet(
        self,
        batch: Batch,
        accounts: list[Any],
        rows: dict[int, Row],
        new_accounts: dict[str, NewAccount],
        outcome: Outcome,
    ) -> tuple[Batch, list[Any]]:
        """Decide about rows whose customer is not known or must not be used."""
        good = [True] * len(accounts)
        known: dict[str, Any] = {}
        for index, account in enumerate(accounts):
            if type(account) is int:
                continue
            key = batch.keys[index]
            if key not in known:
                known[key] = account or self._decide(batch, index, new_accounts)
            found = known[key]
            if self.dry and account is None:
                self.seen.meet(key, batch, index)
            if isinstance(found, Refusal):
                good[index] = False
                number = batch.numbers[index]
                row = rows[number]
                refused = self.reader.as_total(found, row)
                outcome.rejected.append(self._rejected(number, row, refused))
        if all(good):
            return batch, accounts
        outcome.rejected.sort(key=lambda item: item.number)
        kept = [account for account, fine in zip(accounts, good, strict=True) if fine]
        return batch.chosen(good), kept

    def _decide(
        self, batch: Batch, index: int, new_accounts: dict[str, NewAccount]
    ) -> Refusal | None:
        """What becomes of a customer that is not known: None when it will be made."""
        key, number, name = batch.keys[index], batch.accounts[index], batch.names[index]
        if is_total(number or name):
            return Refusal("total")
        if self.accounts.decisions.get(key, self.unknown_is) == REJECT:
            return Refusal("unknown_account")
        if key not in self.accounts.unknown:
            called = name or _("Customer %(number)s") % {"number": number}
            country, row = batch.countries[index], batch.numbers[index]
            new_accounts[key] = NewAccount(key, number, called, country, row)
            if self.dry:
                self.accounts.unknown.add(key)
        return None

    def _fresh(self, batch: Batch, accounts: list[Any], outcome: Outcome) -> Judged:
        """Lines that the ledger does not hold yet, with their identity."""
        identities = self._identities(batch.digests, outcome)
        known: set[bytes] = set()
        if self.compare:
            known = store.known_identities(self.run.scope_id, identities)
        if not known:
            return Judged(batch, accounts, identities, {})
        new = [identity not in known for identity in identities]
        outcome.unchanged = len(new) - sum(new)
        kept = [account for account, fine in zip(accounts, new, strict=True) if fine]
        fresh = [identity for identity in identities if identity not in known]
        return Judged(batch.chosen(new), kept, fresh, {})

    def _identities(self, digests: Sequence[bytes], outcome: Outcome) -> Sequence[bytes]:
        """A line's digest, made another for the second, third, ... of equal rows."""
        times = self.repeats.occurrences(digests)
        if times is None:
            return digests
        repeated = sum(count > 1 for count in times)
        outcome.notices[_("Exact repeats of an earlier row: kept")] = repeated
        return [
            digest
            if count == 1
            else blake2b(digest + count.to_bytes(8, "big"), digest_size=16).digest()
            for digest, count in zip(digests, times, strict=True)
        ]

    def store(self, outcome: Outcome) -> None:
        """Write the accounts and products that lines are the first of; get the lines ready."""
        judged: Judged = outcome.payload
        accounts = judged.accounts
        if judged.new_accounts:
            ids = self.directory.create(judged.new_accounts.values())
            self.accounts.update(ids)
            accounts = [
                account or ids[key]
                for account, key in zip(accounts, judged.lines.keys, strict=True)
            ]
        lines = judged.lines
        self._make_products(lines)
        staging.note_touched(self.run, set(accounts) - self.touched)
        self.touched.update(accounts)
        outcome.payload = store.as_sent(
            zip(
                repeat(self.run.scope_id),
                accounts,
                lines.days,
                map(self.products.__getitem__, lines.codes),
                [amount.quantity for amount in lines.amounts],
                [amount.text for amount in lines.amounts],
                lines.currencies,
                [cost.text for cost in lines.costs],
                lines.documents,
                repeat(self.source),
                judged.identities,
                repeat(self.run.pk),
            )
        )

    def pour(self, outcome: Outcome) -> None:
        """Write the lines."""
        store.insert_lines(outcome.payload)

    def _make_products(self, lines: Batch) -> None:
        missing = set(lines.codes) - self.products.keys()
        if not missing:
            return
        wanted: dict[str, tuple[str, str]] = {}
        for code, name, line in zip(
            lines.codes, lines.product_names, lines.product_lines, strict=True
        ):
            if code in missing and not wanted.get(code, ("", ""))[0]:
                wanted[code] = (name[:200], line[:120])
        self._make_product_lines({line for _name, line in wanted.values() if line})
        programme = self.run.scope_id
        products = Product.objects.bulk_create(
            [
                Product(
                    programme_id=programme,
                    code=code,
                    name=name,
                    line_id=self.lines.get(line),
                    run=self.run,
                )
                for code, (name, line) in wanted.items()
            ],
            batch_size=500,
        )
        self.products.update({product.code: product.pk for product in products})

    def _make_product_lines(self, names: Iterable[str]) -> None:
        missing = sorted(set(names) - self.lines.keys())
        programme = self.run.scope_id
        for made in ProductLine.objects.bulk_create(
            [ProductLine(programme_id=programme, name=name) for name in missing]
        ):
            self.lines[made.name] = made.pk

    def replay(self, rows: Sequence[Numbered]) -> None:
        """Count the rows stored before, so that repeats get the number they would have had."""
        batch, _refused = self.reader.batch(rows)
        accounts = list(map(self.accounts.__getitem__, batch.keys))
        self.repeats.occurrences(batch.chosen([type(item) is int for item in accounts]).digests)

    def end(self) -> Iterator[Callable[[], None]]:
        """Add up what is stored."""
        if not self.dry:
            self.sums = store.sums_of(self.run.pk)
        return iter(())

    def totals(self) -> list[dict[str, str]]:
        """Net by currency, customers, net by month."""
        if self.dry:
            return report.totals(self.seen.sums, len(self.seen.customers))
        return report.totals(*self.sums)

    def preview(self) -> list[dict[str, Any]]:
        """Rows with a problem first, then the first rows that are taken."""
        return self.seen.preview()

    def unmatched(self) -> list[dict[str, Any]]:
        """Customers not known, with their rows."""
        return self.seen.unmatched()

    def close(self) -> None:
        """Let go of the temporary database."""
        self.repeats.close()
