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
from kam.imports.parts import batched
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
    what else belongs in the row of each of some records. Raises ValidationError where a number was
    taken meanwhile."""
    staged = StagedRecord.objects.filter(run=run, extra__has_key="numbers").order_by("row")
    for pks in batched(staged.values_list("pk", flat=True), PART):
        part = list(staged.filter(pk__in=pks))
        others = made([item.object_id or 0 for item in part])
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


def put(model: Any, owner: str, rows: list[Any]) -> None:
    """Store `rows` of numbers. Raises ValidationError where one was taken meanwhile."""
    model.objects.bulk_create(rows, ignore_conflicts=True)
    column = f"{owner}_id"
    kept = model.objects.filter(**{f"{column}__in": {getattr(row, column) for row in rows}})
    there = set(kept.values_list(column, "system", "value"))
    for row in rows:
        if (getattr(row, column), row.system, row.value) not in there:
            words = _("The number %(number)s was given to another one meanwhile. Try again.")
            number = numbers.told((row.system, row.value))
            raise ValidationError(words % {"number": number}, code="meanwhile")


def drop_numbers(model: Any, owner: str, part: Iterable[StagedRecord]) -> None:
    """Take away what `keep_numbers` gave."""
    for item in part:
        for system, value in item.extra.get("numbers", ()):
            rows = model.objects.filter(**{f"{owner}_id": item.object_id})
            rows.filter(system=system, value=value).delete()
