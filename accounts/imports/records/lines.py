"""Who reports to whom, by the words of a file: resolved when all of it has been read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.utils.translation import gettext_lazy

from accounts.imports.directory import AMBIGUOUS, plain_name
from accounts.models import Contact
from kam.imports.kinds import Rejected, Row
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched, update_each

REASONS = {
    "no_above": gettext_lazy("reports to somebody whom the customer does not have"),
    "above_ambiguous": gettext_lazy("reports to a person of whom the customer has several"),
    "above_self": gettext_lazy("reports to the same person"),
    "above_circle": gettext_lazy("would make a circle: reports to somebody who reports to them"),
    "above_rejected": gettext_lazy("reports to somebody whose row is rejected"),
}
PART = 500
WAYS: dict[str, Callable[[str], str]] = {"number": str, "email": str.casefold, "name": plain_name}
"""How a person is named, in the order in which it is looked up."""


@dataclass
class Person:
    """A row that is taken. `keys` are those by which the person is known, `above` the words for
    whom they report to, `pk` the contact that is there already, `upper` who was found: a row
    (`#12`) or a contact (`@34`)."""

    number: int
    row: Row
    keys: tuple[Any, ...]
    above: str
    pk: int | None
    counted: str
    problem: str = ""
    upper: str = ""

    @property
    def place(self) -> str:
        """The person as a place in the lines."""
        return f"#{self.number}" if self.pk is None else f"@{self.pk}"


@dataclass
class People:
    """The rows of a file by what finds their person."""

    rows: dict[int, Person] = field(default_factory=dict)
    known: dict[Any, str] = field(default_factory=dict)

    def add(self, person: Person) -> None:
        """Note a row that is taken; a key of two rows finds nobody."""
        self.rows[person.number] = person
        for key in person.keys:
            earlier = self.known.get(key)
            self.known[key] = person.place if earlier in (None, person.place) else ""

    def resolve(self, tables: Mapping[str, Mapping[Any, int]], called: Mapping[int, str]) -> None:
        """Find whom each row reports to. `tables` hold the contacts that are there by account and
        number, e-mail or name; `called` names accounts that the run has made."""
        by_key = {key: pk for pk, key in called.items()}
        for person in self._naming():
            account = person.keys[0][1]
            pk = by_key.get(account) or (int(account) if account.isdecimal() else None)
            for way, spell in WAYS.items():
                words = spell(person.above)
                found = self.known.get((way, account, words))
                if found is None:
                    known = tables[way].get((pk, words))
                    found = "" if known == AMBIGUOUS else f"@{known}" if known else None
                if found is not None:
                    person.upper = found
                    person.problem = "" if found else "above_ambiguous"
                    break
            else:
                person.problem = "no_above"
        self._refuse_circles()
        self._follow_problems()

    def _naming(self) -> list[Person]:
        return [person for person in self.rows.values() if person.above]

    def _refuse_circles(self) -> None:
        """A row is in a circle when the way up from it comes back to it."""
        uppers = self._lines_of_others()
        uppers |= {person.place: person.upper for person in self._naming() if person.upper}
        for person in self._naming():
            seen: set[str] = set()
            upper = uppers.get(person.place, "") if not person.problem else ""
            if upper == person.place:
                person.problem = "above_self"
            while upper and upper not in seen:
                if upper == person.place:
                    person.problem = person.problem or "above_circle"
                seen.add(upper)
                upper = uppers.get(upper, "")

    def _lines_of_others(self) -> dict[str, str]:
        """Lines that are there, above the contacts that the file names."""
        lines: dict[str, str] = {}
        asked: set[int] = set()
        wanted = {int(person.upper[1:]) for person in self._naming() if person.upper[:1] == "@"}
        while wanted := wanted - asked:
            asked |= wanted
            found: set[int] = set()
            for part in batched(wanted, PART):
                rows = Contact.objects.filter(pk__in=part).exclude(reports_to=None)
                for pk, upper in rows.values_list("pk", "reports_to_id"):
                    lines[f"@{pk}"] = f"@{upper}"
                    found.add(int(upper or 0))
            wanted = found
        return lines

    def _follow_problems(self) -> None:
        """Who reports to somebody whose row is refused is refused, too; contacts that are there
        stay, whatever becomes of their row."""
        moved = True
        while moved:
            refused = {
                person.place for person in self._naming() if person.problem and person.pk is None
            }
            moved = False
            for person in self._naming():
                if person.upper in refused and not person.problem:
                    person.problem, moved = "above_rejected", True

    def rejected(self, words: Mapping[str, Any]) -> list[Rejected]:
        """The rows that cannot be taken."""
        return [
            Rejected(item.number, item.row, str(words[item.problem]), item.problem, item.counted)
            for item in self._naming()
            if item.problem
        ]

    def noted(self, run: Run) -> Iterator[Callable[[], None]]:
        """Note in the staged rows whom they report to, part by part."""
        found = {person.number: person.upper for person in self._naming() if person.upper}
        for part in batched(found, PART):
            yield partial(_note, run, {number: found[number] for number in part})


def _note(run: Run, uppers: Mapping[int, str]) -> None:
    staged = list(StagedRecord.objects.filter(run=run, row__in=uppers))
    for item in staged:
        upper = uppers[item.row]
        item.extra.pop("above", None)
        if upper[0] == "@":
            item.after["reports_to"] = int(upper[1:])
        else:
            item.extra["upper_row"] = int(upper[1:])
    update_each(staged, ["after", "extra"])


def write_down(run: Run) -> int:
    """Turn rows into the keys that their persons have got; returns how many, 0 when all are."""
    waiting = StagedRecord.objects.filter(run=run, extra__has_key="upper_row").order_by("row")
    staged = list(waiting[:PART])
    rows = {item.extra["upper_row"] for item in staged}
    keys = dict(StagedRecord.objects.filter(run=run, row__in=rows).values_list("row", "object_id"))
    for item in staged:
        item.after["reports_to"] = keys[item.extra.pop("upper_row")]
    update_each(staged, ["after", "extra"])
    return len(staged)
