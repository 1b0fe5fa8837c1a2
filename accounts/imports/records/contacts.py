"""People at customers as a file (handbook 5.5)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.db.models import BigIntegerField, QuerySet
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.choices import Confidence
from accounts.imports.directory import AMBIGUOUS, plain_name, spoken
from accounts.imports.numbers import (
    NUMBERS,
    Holders,
    drop_numbers,
    extra_of,
    given_by,
    keep_numbers,
    numbers_in,
)
from accounts.imports.records import lines
from accounts.imports.records.customers import (
    ACCOUNT_FIELDS,
    BLAMED,
    REASONS,
    SYSTEM_OPTION,
    CustomerKind,
    CustomerSession,
    unknown_option,
)
from accounts.models import Account, Contact, ContactExternalId, Site
from accounts.models.people import ATTITUDES, BuyingRole
from accounts.querysets import AccountQuerySet
from accounts.services.people import quiet_after, refresh_talks
from kam.access.querysets import Reader
from kam.imports.kinds import Field, Numbered, Option, Outcome, Rejected, Shown
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched
from kam.imports.records import MODE, Cells, Wanted
from kam.imports.records.session import Judged
from kam.imports.refusal import Refused

TEXTS = ("name", "job_title", "email", "phone", "function", "source")
MATCHES = {"number": "external_id", "email": "email", "name": "name"}
"""Way of matching -> the field that it needs."""


LEVELS = spoken(Contact.Level)
BUYING_ROLES = spoken(BuyingRole)
KNOWN = spoken(Confidence)
FEELINGS: dict[str, int] = {}
for _value, _words in ATTITUDES.items():
    FEELINGS |= {str(_value): _value, f"{_value:+d}": _value, f"−{abs(_value)}": -abs(_value)}
    FEELINGS |= {plain_name(str(_words)): _value, str(_words).split(maxsplit=1)[1]: _value}


class ContactsKind(CustomerKind):
    """People, each on one account."""

    name: ClassVar = "contacts"
    label: ClassVar = gettext_lazy("Contacts")
    model: ClassVar = Contact
    fields: ClassVar = (
        Field(
            "name",
            gettext_lazy("Name"),
            "text",
            ("contact name", "contact", "full name", "person", "ansprechpartner", "kontakt"),
        ),
        Field(
            "external_id",
            gettext_lazy("Contact, external number"),
            "text",
            ("contact id", "contact no", "contact number", "person id", "kontaktnummer"),
        ),
        *ACCOUNT_FIELDS,
        Field(
            "job_title",
            gettext_lazy("Position"),
            "text",
            ("contact title", "title", "job", "position", "role title"),
        ),
        Field(
            "email",
            gettext_lazy("E-mail"),
            "text",
            ("mail", "e mail", "email address", "e-mail address", "mailadresse"),
        ),
        Field("phone", gettext_lazy("Phone"), "text", ("telephone", "telefon", "mobile", "tel")),
        Field("function", gettext_lazy("Function"), "text", ("department", "abteilung")),
        Field(
            "site",
            gettext_lazy("Site, by name"),
            "text",
            ("location", "site name", "office", "standort", "plant"),
        ),
        Field(
            "reports_to",
            gettext_lazy("Reports to (name, number or e-mail)"),
            "text",
            ("manager", "supervisor", "boss", "reports to id", "vorgesetzter", "line manager"),
            gettext_lazy("a person of the same account, in any row of the file"),
        ),
        Field("level", gettext_lazy("Level"), "text", ("seniority", "ebene")),
        Field(
            "buying_roles",
            gettext_lazy("Part in the decision"),
            "text",
            ("buying role", "dmu role", "dmu"),
            gettext_lazy("several divided by commas"),
        ),
        Field("influence", gettext_lazy("Influence (1 to 5)"), "number", ("power",)),
        Field(
            "attitude", gettext_lazy("Attitude to us (−2 to 2)"), "text", ("sentiment", "stance")
        ),
        Field(
            "interval_days",
            gettext_lazy("Talk at least every (days)"),
            "number",
            ("cadence", "cadence days", "interval", "contact interval"),
        ),
        Field(
            "confidence",
            gettext_lazy("Assumed or confirmed"),
            "text",
            ("known", "confirmed", "certainty"),
        ),
        Field("source", gettext_lazy("Source"), "text", ("quelle",)),
        NUMBERS,
    )
    options: ClassVar = (
        MODE,
        Option(
            "keys",
            gettext_lazy("People are known by"),
            "any",
            (
                ("any", gettext_lazy("number, else e-mail, else name")),
                ("number", gettext_lazy("their number only")),
                ("email", gettext_lazy("their e-mail only")),
                ("name", gettext_lazy("their name only")),
            ),
            gettext_lazy("always within their account"),
        ),
        unknown_option("create"),
        SYSTEM_OPTION,
    )
    blamed: ClassVar = {
        **BLAMED,
        "ambiguous_contact": ("email", "name"),
        "no_key": ("name", "email", "external_id"),
        "number_taken": (NUMBERS.name, "external_id"),
        **dict.fromkeys(lines.REASONS, ("reports_to",)),
        **{f"bad_{field.name}": (field.name,) for field in fields},
    }
    shown: ClassVar = (
        gettext_lazy("Name"),
        gettext_lazy("Account"),
        gettext_lazy("Position"),
        gettext_lazy("E-mail"),
        gettext_lazy("Function"),
    )
    previewed: ClassVar = ("name", "account_name/account", "job_title", "email", "function")

    def problems(self, mapping: Iterable[str]) -> list[str]:
        """A person and an account."""
        given = set(mapping)
        missing = super().problems(given)
        if not given & {"name", "external_id"}:
            missing.insert(0, _("Say which column holds the name of the person, or the number."))
        return missing

    def open(self, run: Run) -> ContactsSession:
        """Begin a pass over a list of people."""
        return ContactsSession(run)

    def make_ready(self, obj: Any) -> None:
        """When a person to whom nobody has talked yet goes quiet."""
        obj.quiet_on = quiet_after(
            last_talked_on=None,
            known_since=timezone.localdate(timezone=timezone.get_default_timezone()),
            interval_days=obj.interval_days,
        )

    def brought(self, run: Run, user: Reader) -> QuerySet | None:
        """People that the run has made or changed."""
        staged = StagedRecord.objects.filter(run=run).order_by().values("object_id")
        return Contact.objects.visible_to(user).filter(pk__in=staged).order_by("name", "pk")

    def connect(self, run: Run) -> int:
        """Who reports to whom."""
        return lines.write_down(run)

    def publish(self, run: Run) -> None:
        """Besides: numbers in the other system, and when people go quiet. Raises ValidationError
        if one of them was merged with another one meanwhile."""
        super().publish(run)
        _refuse_merged(run)
        keep_numbers(run, ContactExternalId, "contact", _accounts_of)
        staged = StagedRecord.objects.filter(run=run, created=False, after__has_key="interval_days")
        refresh_talks(item.object_id or 0 for item in staged.order_by("row").only("object_id"))

    def withdrawn(self, run: Run, part: list[StagedRecord]) -> dict[int, dict[str, Any]]:
        """Numbers that the run gave go."""
        gone = drop_numbers(ContactExternalId, "contact", given_by(part))
        return {pk: {"external_ids": told} for pk, told in gone.items()}


def _refuse_merged(run: Run) -> None:
    """Nobody is changed, or reported to, who has been taken up by another one. They are locked: no
    merge of them begins from here on."""
    staged = StagedRecord.objects.filter(run=run).order_by()
    named = staged.filter(after__has_key="reports_to")
    for keys in (
        staged.filter(created=False).values("object_id"),
        named.values(above=Cast(KT("after__reports_to"), BigIntegerField())),
    ):
        known = Contact.objects.select_for_update(of=("self",), no_key=True).filter(pk__in=keys)
        if any(known.order_by("pk").values_list("merged_into", flat=True)):
            words = _("A person of the file has been merged with another one. Try the file again.")
            raise ValidationError(words, code="meanwhile")


def _accounts_of(contacts: list[int]) -> dict[int, dict[str, Any]]:
    """Contact -> its account, as the row of a number holds it."""
    rows = Contact.objects.filter(pk__in=contacts).values_list("pk", "account_id")
    return {pk: {"account_id": account} for pk, account in rows}


class ContactsSession(CustomerSession):
    """One pass over a list of people."""

    model: ClassVar = Contact
    reasons: ClassVar = {
        **REASONS,
        "no_key": gettext_lazy("has nothing by which the person could be known"),
        "ambiguous_contact": gettext_lazy("names a person of whom the customer has several"),
        **lines.REASONS,
    }

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        self.people = lines.People()
        self.late: list[Rejected] = []
        self.match = run.option("keys") or "any"
        self.system = run.option("system")
        on_accounts = Account.objects.filter(programme=run.scope_id).order_by().values("pk")
        own = ContactExternalId.objects.filter(account__in=on_accounts, system=self.system)
        self.by_number: dict[tuple[Any, str], int] = {}
        for account, value, pk in own.values_list("account_id", "value", "contact_id"):
            self.by_number[account, value] = pk
        known = {
            (str(account), self.system, value): pk
            for (account, value), pk in self.by_number.items()
        }
        if NUMBERS.name in run.columns:
            others = ContactExternalId.objects.filter(account__in=on_accounts)
            rows = others.exclude(system=self.system).iterator()
            known |= {(str(row.account_id), row.system, row.value): row.contact_id for row in rows}
        self.holders = Holders(known)
        numbered = set(self.by_number.values())
        self.by_email: dict[tuple[Any, str], int] = {}
        self.by_name: dict[tuple[Any, str], int] = {}
        self.numbered = numbered
        sites = Site.objects.active().filter(account__in=on_accounts).order_by("-pk")
        found = sites.values_list("account_id", "name", "pk")
        self.sites = {(account, plain_name(name)): pk for account, name, pk in found}
        people = Contact.objects.filter(account__in=on_accounts).order_by("pk")
        self.uppers: dict[int, int | None] = {}
        columns = ("pk", "account_id", "email", "name", "reports_to_id")
        for pk, account, email, name, upper in people.values_list(*columns):
            self.uppers[pk] = upper
            if email:
                self._note(self.by_email, (account, email.casefold()), pk)
            self._note(self.by_name, (account, plain_name(name)), pk)

    @staticmethod
    def _note(known: dict[tuple[Any, str], int], key: tuple[Any, str], pk: int) -> None:
        known[key] = AMBIGUOUS if key in known else pk

    def rights(self, accounts: AccountQuerySet) -> AccountQuerySet:
        """Accounts to which the run's owner may add people."""
        return accounts.contributable_by(self.run.owner)

    def read(self, cells: Cells) -> Wanted:
        """The person of a row."""
        account = self.account(cells)
        values: dict[str, Any] = {name: cells.text(name) for name in TEXTS if cells.text(name)}
        readings = {
            "level": cells.choice("level", LEVELS),
            "buying_roles": cells.choices("buying_roles", BUYING_ROLES) or None,
            "influence": cells.whole("influence"),
            "attitude": cells.choice("attitude", FEELINGS),
            "interval_days": cells.whole("interval_days"),
            "confidence": cells.choice("confidence", KNOWN),
        }
        values |= {name: value for name, value in readings.items() if value is not None}
        values["account"] = account
        if cells.text("site"):
            values["site"] = self._site(account, cells.text("site"))
        number = cells.text("external_id")
        if len(number) > (ContactExternalId._meta.get_field("value").max_length or 0):
            raise Refused("bad_external_id", _("has a number that is too long"))
        keys = self._keys(account, number, values)
        if not keys:
            raise Refused("no_key")
        told = numbers_in(cells.text(NUMBERS.name))
        extra: dict[str, Any] = {"numbers": [one for one in told if one != (self.system, number)]}
        if number:
            extra["number"] = number
        if cells.text("reports_to"):
            extra["above"] = cells.text("reports_to")
        return Wanted(keys, values, extra)

    def _site(self, account: Any, name: str) -> int:
        found = self.sites.get((account, plain_name(name)))
        if found is None:
            words = _("names the site “%(name)s”, which the customer does not have")
            raise Refused("bad_site", words % {"name": name[:60]})
        return found

    def _keys(self, account: Any, number: str, values: dict[str, Any]) -> tuple[Any, ...]:
        """What the person is known by, in the order in which it is looked up."""
        found = {
            "number": number,
            "email": values.get("email", "").casefold(),
            "name": plain_name(values.get("name", "")),
        }
        account = self.called.get(account, account)
        wanted = MATCHES if self.match == "any" else (self.match,)
        return tuple((way, str(account), found[way]) for way in wanted if found[way])

    def find(self, wanted: Wanted) -> int | None:
        """The person with the number; else, of those without one, with the e-mail or name."""
        account = wanted.values["account"]
        tables = {"number": self.by_number, "email": self.by_email, "name": self.by_name}
        number = wanted.extra.get("number")
        for way, _account, value in wanted.keys:
            pk = tables[way].get((account, value))
            if pk == AMBIGUOUS:
                raise Refused("ambiguous_contact")
            if pk is None or (way != "number" and number and pk in self.numbered):
                continue
            if self.by_number.get((account, number or "")) == pk:
                wanted.extra.pop("number")
            self._forget_known_line(wanted, pk)
            return pk
        return None

    def check(self, wanted: Wanted, obj: Any) -> None:
        """Keep only numbers that the person lacks. Raises `Refused` for those of others."""
        place, told = self._place(wanted), wanted.extra.pop("numbers")
        own = wanted.extra.pop("number", "")
        asked = [(self.system, own), *told] if own else told
        places = [(place, *number) for number in dict.fromkeys(asked)]
        lacking = self.holders.lacking(places, holder=obj and obj.pk, row=wanted.keys[0])
        wanted.extra.update(extra_of((system, value) for _place, system, value in lacking))

    def _place(self, wanted: Wanted) -> str:
        """The account within which a number is one person's."""
        account = wanted.values["account"]
        return str(self.called.get(account, account))

    def note(self, wanted: Wanted) -> None:
        """The numbers of a row that is taken are its own."""
        place = self._place(wanted)
        told = map(tuple, wanted.extra.get("numbers", ()))
        self.holders.take(((place, *number) for number in told), wanted.keys[0])

    def _forget_known_line(self, wanted: Wanted, pk: int) -> None:
        """Whoever reports already to whom the row names is left alone."""
        words, upper = wanted.extra.get("above", ""), self.uppers[pk]
        tables = {"number": self.by_number, "email": self.by_email, "name": self.by_name}
        account = wanted.values["account"]
        named = (tables[way].get((account, spell(words))) for way, spell in lines.WAYS.items())
        if words and upper is not None and upper == next(filter(None, named), None):
            wanted.extra.pop("above")

    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk of rows; remember who is in it, and to whom they report."""
        outcome = super().judge(rows, understood)
        cells = dict(rows)
        for item in outcome.payload:
            counted = self._counted(item)
            above = item.wanted.extra.get("above", "")
            kept = cells[item.number] if above else []
            pk = item.obj.pk if item.obj is not None else None
            self.people.add(lines.Person(item.number, kept, item.wanted.keys, above, pk, counted))
        return outcome

    @staticmethod
    def _counted(item: Judged) -> str:
        if item.obj is None:
            return "created"
        return "updated" if item.changes or item.wanted.extra else "unchanged"

    def end(self) -> Iterator[Callable[[], None]]:
        """Find whom people report to, and refuse circles."""
        tables = {"number": self.by_number, "email": self.by_email, "name": self.by_name}
        self.people.resolve(tables, self.called)
        self.late = self.people.rejected(self.words)
        return iter(()) if self.dry else self.people.noted(self.run)

    def finish(self) -> list[Rejected]:
        """Rows that name nobody, or make a circle, are refused after all."""
        if not self.dry:
            numbers = [item.number for item in self.late]
            for part in batched(numbers, 500):
                StagedRecord.objects.filter(run=self.run, row__in=part).delete()
        self.taken -= len(self.late)
        for item in self.late:
            if self.dry:
                for shown in self.examples.of([item]):
                    cells = self._cells(item.number, shown.row)
                    self.bad.append(Shown(item.number, cells, "rejected", item.reason))
        return self.late
