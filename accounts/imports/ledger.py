"""The sales ledger as a file (`design.md` 11, "Ledger")."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_UP, Decimal
from hashlib import blake2b
from typing import Any, ClassVar, NamedTuple

from django.db.models import Count, Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.imports import ledger_store, staging
from accounts.imports.directory import AMBIGUOUS, Directory, NewAccount
from accounts.imports.ledger_rows import FIELDS, REASONS, Line, LineReader, Refused, plain_decimal
from accounts.imports.scope import SYSTEM, ProgrammeKind
from accounts.models import LedgerEntry, Product, ProductLine, StagedTotal
from kam.imports.kinds import Field, Numbered, Option, Outcome, Rejected, Session, Shown
from kam.imports.models import Run
from kam.imports.repeats import Repeats
from teams.models import Programme

PREVIEW_GOOD, PREVIEW_BAD = 5, 25
UNKNOWN_SHOWN = 10
"""Unknown customers that the report of a trial names."""
MONTHS_SHOWN = 36
PENNY = Decimal("0.01")


class LedgerKind(ProgrammeKind):
    """Sales lines by customer, date and product."""

    name: ClassVar = "ledger"
    label: ClassVar = gettext_lazy("Sales ledger")
    fields: ClassVar = (
        Field(
            "account",
            gettext_lazy("Account, external number"),
            "text",
            (
                "customer id",
                "customer no",
                "customer number",
                "customer code",
                "cust id",
                "cust no",
                "account id",
                "account no",
                "account number",
                "account code",
                "client id",
                "client no",
                "kd nr",
                "kundennummer",
                "kundennr",
                "kunden nr",
                "debitor",
                "debitorennummer",
                "sold to",
                "sold to party",
                "no client",
            ),
        ),
        Field(
            "account_name",
            gettext_lazy("Account, name"),
            "text",
            (
                "customer name",
                "customer",
                "company name",
                "company",
                "client",
                "client name",
                "kunde",
                "kundenname",
                "debitor name",
                "account",
                "firma",
            ),
        ),
        Field(
            "booked_on",
            gettext_lazy("Booked on"),
            "date",
            (
                "invoice date",
                "booking date",
                "posting date",
                "order date",
                "date",
                "datum",
                "belegdatum",
                "buchungsdatum",
                "rechnungsdatum",
                "transaction date",
                "sale date",
                "close date",
                "shipped date",
            ),
        ),
        Field(
            "product",
            gettext_lazy("Product, code"),
            "text",
            (
                "stock code",
                "product code",
                "product id",
                "product no",
                "product number",
                "sku",
                "item",
                "item no",
                "item code",
                "item number",
                "artikel",
                "artikelnummer",
                "artikelnr",
                "article",
                "article no",
                "material",
                "material number",
            ),
        ),
        Field(
            "product_name",
            gettext_lazy("Product, name"),
            "text",
            (
                "description",
                "product description",
                "item description",
                "product",
                "bezeichnung",
                "artikelbezeichnung",
                "item name",
            ),
        ),
        Field(
            "product_line",
            gettext_lazy("Product line"),
            "text",
            (
                "category",
                "product category",
                "product group",
                "warengruppe",
                "produktgruppe",
                "product family",
                "series",
                "line",
            ),
        ),
        Field(
            "quantity",
            gettext_lazy("Quantity"),
            "number",
            ("qty", "menge", "anzahl", "units", "pieces", "stück", "quantité"),
        ),
        Field(
            "unit_price",
            gettext_lazy("Unit price"),
            "number",
            ("price", "preis", "einzelpreis", "sales price", "prix", "unit amount"),
        ),
        Field(
            "discount",
            gettext_lazy("Discount"),
            "number",
            ("rabatt", "discount rate", "discount percent", "remise"),
        ),
        Field(
            "amount",
            gettext_lazy("Net amount"),
            "number",
            (
                "net amount",
                "net",
                "netto",
                "nettobetrag",
                "net sales",
                "net value",
                "sales",
                "revenue",
                "line total",
                "total",
                "betrag",
                "umsatz",
                "close value",
                "value",
                "montant",
            ),
        ),
        Field(
            "currency",
            gettext_lazy("Currency"),
            "currency",
            ("whg", "währung", "waehrung", "ccy", "currency code", "devise"),
        ),
        Field(
            "cost",
            gettext_lazy("Cost"),
            "number",
            (
                "cost of goods",
                "cogs",
                "cost of sales",
                "costs",
                "ek",
                "einstand",
                "wareneinsatz",
                "total cost",
            ),
        ),
        Field(
            "document",
            gettext_lazy("Document"),
            "text",
            (
                "invoice no",
                "invoice",
                "invoice number",
                "invoice id",
                "order id",
                "order no",
                "order number",
                "document no",
                "document number",
                "beleg",
                "belegnummer",
                "belegnr",
                "rechnungsnummer",
                "rechnungsnr",
                "opportunity id",
            ),
        ),
        Field(
            "country",
            gettext_lazy("Country"),
            "text",
            ("land", "ship country", "customer country", "pays"),
        ),
    )
    options: ClassVar = (
        Option(
            "unknown",
            gettext_lazy("A customer not yet known"),
            "create",
            (
                ("create", gettext_lazy("Create as candidate")),
                ("reject", gettext_lazy("Reject the rows")),
            ),
        ),
        Option(
            "currency",
            gettext_lazy("Currency where the file names none"),
            help=gettext_lazy("Empty: the programme's."),
        ),
        Option(
            "system",
            gettext_lazy("Source system of the customer numbers"),
            SYSTEM,
        ),
        Option(
            "discount",
            gettext_lazy("Discounts are"),
            "fraction",
            (
                ("fraction", gettext_lazy("a fraction (0.15)")),
                ("percent", gettext_lazy("in percent (15)")),
            ),
        ),
    )
    shown: ClassVar = (
        gettext_lazy("Account"),
        gettext_lazy("Booked on"),
        gettext_lazy("Product"),
        gettext_lazy("Quantity"),
        gettext_lazy("Net"),
        gettext_lazy("Cost"),
    )

    numeric: ClassVar = frozenset({3, 4, 5})

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

    def open(self, run: Run) -> LedgerSession:
        """Begin a pass over a ledger."""
        return LedgerSession(run)

    def publish(self, run: Run) -> None:
        """Rows count with the run; months, accounts and history follow here."""
        ledger_store.publish_totals(run.pk)
        staging.log_imported(run)
        staging.show_accounts(run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """Months lose the run's sums; accounts that it made and nobody touched are hidden."""
        ledger_store.withdraw_totals(run.pk)
        staging.log_undone(run, actor_id)
        staging.hide_accounts(run)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """Lines, sums, accounts, then products that nothing else refers to."""
        for table in (ledger_store.LEDGER, ledger_store.STAGED):
            count = ledger_store.delete_some(table, run.pk, limit)
            if count:
                return count
        return staging.delete_accounts(run) or self._delete_products(run)

    @staticmethod
    def _delete_products(run: Run) -> int:
        unused = Product.objects.filter(run=run, version=1).exclude(
            pk__in=LedgerEntry.objects.filter(product__run=run).values("product")
        )
        count, _models = Product.objects.filter(
            pk__in=list(unused.values_list("pk", flat=True)[:500])
        ).delete()
        return count


class Judged(NamedTuple):
    """A chunk ready to be written."""

    lines: list[tuple[Line, bytes]]
    new_accounts: dict[str, NewAccount]


class LedgerSession(Session):
    """One pass over a ledger."""

    def __init__(self, run: Run) -> None:
        found = run.found
        programme = Programme.objects.get(pk=run.scope_id)
        self.run = run
        self.dry = run.status == Run.Status.CHECKING
        self.reject_unknown = run.option("unknown") == "reject"
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
        self.products = dict(
            Product.objects.filter(programme=programme).values_list("code", "pk").iterator()
        )
        self.lines = dict(
            ProductLine.objects.filter(programme=programme).values_list("name", "pk").iterator()
        )
        self.repeats = Repeats()
        others = LedgerEntry.objects.filter(programme=programme).exclude(run=run)
        self.compare = others.exists()
        self.unknown: dict[str, NewAccount] = {}
        self.unknown_rows: Counter[str] = Counter()
        self.good: list[Shown] = []
        self.bad: list[Shown] = []
        self.sums: dict[tuple[str, str], Decimal] = {}
        self.customers: set[str] = set()

    def judge(self, rows: Sequence[Numbered]) -> Outcome:
        """Decide about a chunk of rows."""
        outcome = Outcome(read=len(rows))
        lines: list[tuple[int, Line]] = []
        new_accounts: dict[str, NewAccount] = {}
        for number, row in rows:
            try:
                line = self.reader.line(row)
                if self._account(line.key) is None:
                    self._meet_unknown(number, line, new_accounts)
            except Refused as refused:
                code = self.reader.code_of(refused, row)
                known = code != refused.code or not refused.reason
                reason = self.reasons[code] if known else refused.reason
                outcome.rejected.append(Rejected(number, row, reason, code))
                continue
            lines.append((number, line))
        fresh = self._fresh([line for _number, line in lines], outcome)
        outcome.created = len(fresh)
        if new_accounts:
            text = _("Customers not known: they become candidates")
            outcome.notices[text] = len(new_accounts)
        if off := sum(line.differs for _number, line in lines):
            text = _("Amount is not quantity × price × (1 − discount): kept as given")
            outcome.notices[text] = off
        outcome.payload = Judged(fresh, new_accounts)
        if self.dry:
            self._note(lines, fresh, outcome)
        return outcome

    def _account(self, key: str) -> int | None:
        """Primary key of the account that `key` means; None if there is none yet."""
        if key[0] == "#":
            pk = self.directory.by_number.get(key[1:])
            if pk in self.directory.barred:
                raise Refused("forbidden")
            return pk
        pk = self.directory.by_name.get(key[1:])
        if pk == AMBIGUOUS:
            raise Refused("ambiguous")
        return pk

    def _meet_unknown(self, number: int, line: Line, new_accounts: dict[str, NewAccount]) -> None:
        self.reader.refuse_total(line)
        if self.dry:
            self.unknown_rows[line.number or line.name] += 1
        if self.reject_unknown:
            raise Refused("unknown_account")
        key = line.key
        if key in new_accounts or key in self.unknown:
            return
        name = line.name or _("Customer %(number)s") % {"number": line.number}
        new = NewAccount(key, line.number, name, line.country, number)
        new_accounts[key] = new
        if self.dry:
            self.unknown[key] = new

    def _fresh(self, lines: list[Line], outcome: Outcome) -> list[tuple[Line, bytes]]:
        """Lines that the ledger does not hold yet, with their identity."""
        digests = [line.digest for line in lines]
        identities = []
        repeated = 0
        for digest, times in zip(digests, self.repeats.occurrences(digests), strict=True):
            if times == 1:
                identities.append(digest)
            else:
                repeated += 1
                numbered = digest + times.to_bytes(8, "big")
                identities.append(blake2b(numbered, digest_size=16).digest())
        if repeated:
            outcome.notices[_("Exact repeats of an earlier row: kept")] = repeated
        pairs = list(zip(lines, identities, strict=True))
        if not self.compare:
            return pairs
        known = ledger_store.known_identities(self.run.scope_id, identities)
        fresh = [pair for pair in pairs if pair[1] not in known]
        outcome.unchanged = len(pairs) - len(fresh)
        return fresh

    def store(self, outcome: Outcome) -> None:
        """Write lines, their sums, and the accounts and products that they are the first of."""
        judged: Judged = outcome.payload
        ids = self.directory.create(judged.new_accounts.values()) if judged.new_accounts else {}
        self._make_products(line for line, _identity in judged.lines)
        programme, run, source = self.run.scope_id, self.run.pk, self.source
        rows = []
        sums: dict[tuple[int, str, str], list[Any]] = {}
        for line, identity in judged.lines:
            account = self._account(line.key) or ids[line.key]
            rows.append(
                (
                    programme,
                    account,
                    line.booked_on,
                    self.products[line.product] if line.product else None,
                    line.quantity,
                    plain_decimal(line.amount),
                    line.currency,
                    None if line.cost is None else plain_decimal(line.cost),
                    line.document,
                    source,
                    identity,
                    run,
                )
            )
            _add(sums, (account, line.booked_on[:8] + "01", line.currency), line)
        ledger_store.insert_lines(rows)
        ledger_store.add_totals(run, ((*key, *values) for key, values in sorted(sums.items())))

    def _make_products(self, lines: Iterable[Line]) -> None:
        wanted: dict[str, Line] = {}
        for line in lines:
            if line.product and line.product not in self.products:
                earlier = wanted.get(line.product)
                if earlier is None or not earlier.product_name:
                    wanted[line.product] = line
        if not wanted:
            return
        programme = self.run.scope_id
        names = {line.product_line[:120] for line in wanted.values() if line.product_line}
        missing = sorted(names - self.lines.keys())
        for made in ProductLine.objects.bulk_create(
            [ProductLine(programme_id=programme, name=name) for name in missing]
        ):
            self.lines[made.name] = made.pk
        products = Product.objects.bulk_create(
            [
                Product(
                    programme_id=programme,
                    code=code,
                    name=line.product_name[:200],
                    line_id=self.lines.get(line.product_line[:120]),
                    run=self.run,
                )
                for code, line in wanted.items()
            ],
            batch_size=500,
        )
        self.products.update({product.code: product.pk for product in products})

    def replay(self, rows: Sequence[Numbered]) -> None:
        """Count the rows stored before, so that repeats get the number they would have had."""
        digests = []
        for _number, row in rows:
            try:
                line = self.reader.line(row)
                if self.reject_unknown and self._account(line.key) is None:
                    continue
            except Refused:
                continue
            digests.append(line.digest)
        self.repeats.occurrences(digests)

    def _note(
        self,
        lines: list[tuple[int, Line]],
        fresh: list[tuple[Line, bytes]],
        outcome: Outcome,
    ) -> None:
        """Remember what the report of a trial shows."""
        for line, _identity in fresh:
            self.customers.add(line.key)
            key = (line.currency, line.booked_on[:7])
            self.sums[key] = self.sums.get(key, Decimal(0)) + line.amount
        for item in outcome.rejected[: PREVIEW_BAD - len(self.bad)]:
            cell = dict(zip(FIELDS, self.reader.cells(item.row), strict=True))
            cells = (
                cell["account_name"] or cell["account"],
                cell["booked_on"],
                cell["product"] or cell["product_name"],
                cell["quantity"],
                cell["amount"] or cell["unit_price"],
                cell["cost"],
            )
            self.bad.append(Shown(item.number, cells, "rejected", item.reason))
        stored = {id(line) for line, _identity in fresh}
        for number, line in lines[: PREVIEW_GOOD - len(self.good)]:
            result = "new" if id(line) in stored else "unchanged"
            note = _("new customer") if line.key in self.unknown else ""
            if line.differs:
                result, note = "notice", _("not quantity × price × (1 − discount)")
            self.good.append(Shown(number, _cells(line), result, note))

    def preview(self) -> list[dict[str, Any]]:
        """Rows with a problem first, then the first rows that are taken."""
        return [item.as_json() for item in (*self.bad, *self.good)]

    def totals(self) -> list[dict[str, str]]:
        """Net by currency, customers, net by month."""
        if self.dry:
            customers = len(self.customers)
            by_month = dict(self.sums)
        else:
            staged = StagedTotal.objects.filter(run=self.run)
            customers = staged.aggregate(count=Count("account", distinct=True))["count"]
            by_month = {
                (currency, month.strftime("%Y-%m")): revenue
                for currency, month, revenue in staged.values_list("currency", "month").annotate(
                    revenue=Sum("revenue")
                )
            }
        by_currency: dict[str, Decimal] = {}
        for (currency, _month), revenue in by_month.items():
            by_currency[currency] = by_currency.get(currency, Decimal(0)) + revenue
        totals = [
            {"label": _("Net"), "value": _cents(amount), "unit": currency}
            for currency, amount in sorted(by_currency.items())
        ]
        unit = ngettext("customer", "customers", customers)
        totals.append({"label": _("Accounts touched"), "value": str(customers), "unit": unit})
        latest = sorted(by_month.items(), key=lambda item: item[0][1])[-MONTHS_SHOWN:]
        totals += [
            {
                "label": _("Net, %(month)s") % {"month": _month_name(month)},
                "value": _cents(amount),
                "unit": unit,
            }
            for (unit, month), amount in latest
        ]
        return totals

    def unmatched(self) -> list[dict[str, Any]]:
        """Customers not known, with their rows."""
        named = self.unknown_rows.most_common(UNKNOWN_SHOWN)
        found = [{"text": text, "count": count} for text, count in named]
        if rest := len(self.unknown_rows) - len(named):
            rows = self.unknown_rows.total() - sum(count for _text, count in named)
            words = ngettext("%(count)d more", "%(count)d more", rest) % {"count": rest}
            found.append({"text": words, "count": rows})
        return found

    def close(self) -> None:
        """Let go of the temporary database."""
        self.repeats.close()


def _add(
    sums: dict[tuple[int, str, str], list[Any]], key: tuple[int, str, str], line: Line
) -> None:
    entry = sums.get(key)
    if entry is None:
        entry = sums[key] = [Decimal(0), Decimal(0), 0, 0]
    entry[0] += line.amount
    entry[2] += 1
    if line.cost is None:
        entry[3] += 1
    else:
        entry[1] += line.cost


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name or line.number,
        line.booked_on,
        line.product,
        line.quantity or "",
        f"{_cents(line.amount)} {line.currency}",
        "" if line.cost is None else _cents(line.cost),
    )


def _month_name(text: str) -> str:
    return date_format(datetime.date.fromisoformat(f"{text}-01"), "F Y")


def _cents(amount: Decimal) -> str:
    return format(Decimal(amount).quantize(PENNY, ROUND_HALF_UP), "f")
