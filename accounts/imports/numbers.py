"""Further numbers in other systems that a row tells of, beside the one of the file's own system."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import numbers
from accounts.models import ExternalId
from accounts.numbers import Number
from kam.imports.kinds import Field
from kam.imports.models import Run, StagedRecord
from kam.imports.parts import batched, update_each
from kam.imports.refusal import Refused

NUMBERS = Field(
    "external_ids",
    gettext_lazy("All numbers in other systems"),
    "text",
    ("all external ids", "external ids", "all numbers"),
    gettext_lazy("each with its system, e.g. erp 100482, crm A-7; those that are there stay"),
)
LONGEST = 4000
"""Letters of the cell."""
PART = 500


def numbers_in(text: str) -> list[Number]:
    """The numbers in a cell. Raises `Refused`."""
    if len(text) > LONGEST:
        raise Refused("bad_external_ids", _("has more numbers than a cell may hold"))
    try:
        found = numbers.read_all(text)
    except ValueError as error:
        words = _("has “%(text)s” among its numbers: write the system, then the number")
        raise Refused("bad_external_ids", words % {"text": str(error)[:60]}) from error
    columns: list[Any] = [ExternalId._meta.get_field(name) for name in ("system", "value")]
    longest = [column.max_length for column in columns]
    for number in found:
        if any(len(part) > most for part, most in zip(number, longest, strict=True)):
            raise Refused("bad_external_ids", _("has a system or a number that is too long"))
    return found


class Holders:
    """Who has which number: `known` are records of today by number, with whatever else makes a
    number one of its kind; rows of the file come to it as they are taken."""

    def __init__(self, known: Mapping[Any, int]) -> None:
        self._known = known
        self._rows: dict[Hashable, Hashable] = {}

    def lacking(
        self, wanted: Iterable[Hashable], *, holder: int | None, row: Hashable
    ) -> list[Any]:
        """Those of `wanted` that the record `holder` (None: a new one) does not have yet; `row` is
        what the row is known by. Raises `Refused` where another record, or row, has one."""
        found = []
        for number in wanted:
            owner = self._known.get(number)
            if owner not in (None, holder) or self._rows.get(number, row) != row:
                raise Refused("number_taken", _("has a number in another system that is taken"))
            if owner is None:
                found.append(number)
        return found

    def take(self, wanted: Iterable[Hashable], row: Hashable) -> None:
        """The row has these numbers."""
        self._rows.update(dict.fromkeys(wanted, row))


def extra_of(lacking: Iterable[Number]) -> dict[str, Any]:
    """What is stored beside a record that gets numbers, with its line of history."""
    found = list(lacking)
    if not found:
        return {}
    return {"numbers": found, "logged": {"external_ids": list(map(numbers.told, found))}}


def keep_numbers(run: Run, model: Any, owner: str, made: Callable[[list[int]], Any]) -> None:
    """Give the records of `run` their numbers: rows of `model`, by its field `owner`; `made` says
    what else belongs in the row of each of some records. What a record got from somebody meanwhile
    is not the run's any more. Raises ValidationError where another one got it."""
    staged = StagedRecord.objects.filter(run=run, extra__has_key="numbers").order_by("row")
    for pks in batched(staged.values_list("pk", flat=True), PART):
        part = list(staged.filter(pk__in=pks))
        keys = [item.object_id or 0 for item in part]
        others, there = made(keys), held(model, owner, keys)
        for item in part:
            told = [tuple(number) for number in item.extra["numbers"]]
            has = there.get(item.object_id or 0, set())
            item.extra["numbers"] = [number for number in told if number not in has]
        rows = [
            model(
                **{f"{owner}_id": item.object_id},
                **others[item.object_id],
                system=system,
                value=value,
            )
            for item in part
            for system, value in item.extra["numbers"]
        ]
        put(model, owner, rows)
        update_each(part, ["extra"])


def held(model: Any, owner: str, keys: Iterable[int]) -> dict[int, set[Number]]:
    """Record -> the numbers that it has."""
    found: dict[int, set[Number]] = {}
    rows = model.objects.filter(**{f"{owner}_id__in": list(keys)})
    for key, system, value in rows.values_list(f"{owner}_id", "system", "value"):
        found.setdefault(key, set()).add((system, value))
    return found


def put(model: Any, owner: str, rows: list[Any]) -> None:
    """Store `rows` of numbers. Raises ValidationError where one was taken meanwhile."""
    model.objects.bulk_create(rows, ignore_conflicts=True)
    there = held(model, owner, {getattr(row, f"{owner}_id") for row in rows})
    for row in rows:
        if (row.system, row.value) not in there.get(getattr(row, f"{owner}_id"), ()):
            words = _("The number %(number)s was given to another one meanwhile. Try again.")
            number = numbers.told((row.system, row.value))
            raise ValidationError(words % {"number": number}, code="meanwhile")


def drop_numbers(
    model: Any, owner: str, given: Mapping[int, Iterable[Number]]
) -> dict[int, list[str]]:
    """Take away what records were `given`; what each of them still had, in words."""
    rows = model.objects.filter(**{f"{owner}_id__in": list(given)}).order_by("pk")
    gone, told = [], dict[int, list[str]]()
    for pk, key, system, value in rows.values_list("pk", f"{owner}_id", "system", "value"):
        if (system, value) in given[key]:
            gone.append(pk)
            told.setdefault(key, []).append(numbers.told((system, value)))
    model.objects.filter(pk__in=gone).delete()
    return told


def given_by(part: Iterable[StagedRecord]) -> dict[int, set[Number]]:
    """Known record -> the numbers that `keep_numbers` gave it; new ones go with theirs, or stay."""
    found: dict[int, set[Number]] = {}
    for item in part:
        told = {(system, value) for system, value in item.extra.get("numbers", ())}
        if told and item.object_id and not item.created:
            found.setdefault(item.object_id, set()).update(told)
    return found
