"""One pass over a file of records."""

from __future__ import annotations

import datetime
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kam.changes import record
from kam.imports.examples import SHOWN_GOOD, Examples
from kam.imports.kinds import Numbered, Outcome, Rejected, Row, Session, Shown
from kam.imports.models import Run, StagedRecord
from kam.imports.records.cells import REASONS, Cells
from kam.imports.refusal import Refused
from kam.imports.values import text_of


class Wanted(NamedTuple):
    """What a row, or its cell in the column of `field`, says: `values` by field as the change log
    stores them (relations as primary keys), `extra` what is stored elsewhere. By the first of
    `keys` it is known again."""

    keys: tuple[Any, ...]
    values: dict[str, Any]
    extra: dict[str, Any] = {}
    field: str = ""


class Judged(NamedTuple):
    """A record of a row, the `part`-th one, that is taken: `obj` is the known record, `changes`
    what differs from it."""

    number: int
    part: int
    wanted: Wanted
    obj: models.Model | None
    changes: dict[str, Any]


class Read(NamedTuple):
    """A record of a row, the `part`-th one, and the primary key of the known one that it means."""

    number: int
    row: Row
    part: int
    wanted: Wanted
    pk: int | None


class RecordSession(Session):
    """Judges rows of one file and writes them down; nothing of them is in force before the run is
    published."""

    model: ClassVar[type[models.Model]]
    reasons: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, run: Run) -> None:
        self.run = run
        self.dry = run.status == Run.Status.CHECKING
        self.mode = run.option("mode") or "both"
        self.columns = run.columns
        self.width = len(run.found.columns)
        self.conventions = {
            "decimal": run.found.value("decimal") or "dot",
            "dates": run.found.value("dates") or "ymd",
        }
        self.words = {**REASONS, **self.reasons}
        self.seen: dict[Any, int] = {}
        self.taken = 0
        self.examples = Examples()
        self.good: list[Shown] = []
        self.bad: list[Shown] = []

    @abstractmethod
    def read(self, cells: Cells) -> Wanted:
        """What the row says. Raises `Refused`."""

    def read_each(self, cells: Cells) -> Iterator[Wanted | Refused]:
        """The records of the row, or why one of several is not taken. Raises `Refused` when none
        of them is."""
        yield self.read(cells)

    def expect(self, wanted: Sequence[Wanted]) -> None:
        """The rows of a chunk are read: load at once what `find` and `check` need to know of
        them, and no more than that."""

    @abstractmethod
    def find(self, wanted: Wanted) -> int | None:
        """Primary key of the record that the row means. Raises `Refused`."""

    def check(self, wanted: Wanted, obj: models.Model | None) -> None:
        """Rights and rules that hold for this row. Raises `Refused` or ValidationError."""

    def note(self, wanted: Wanted) -> None:
        """The row is taken: remember what later rows have to know of it."""

    def complete(self, judged: Sequence[Judged]) -> None:
        """In the transaction that stores the rows: make what they refer to, hidden."""

    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk of rows."""
        outcome = Outcome(read=len(rows))
        read = self._read_all(rows, outcome)
        found = {item.pk for item in read if item.pk is not None}
        known = self.model._default_manager.in_bulk(found)
        payload = []
        for number, row, part, wanted, pk in read:
            obj = None if pk is None else known[pk]
            try:
                judged = Judged(number, part, wanted, obj, self._decide(wanted, obj))
            except Refused as refused:
                self._refuse(outcome, number, row, self.of_cell(wanted.field, refused))
                continue
            self._count(outcome, judged)
            self.note(wanted)
            payload.append(judged)
            if self.dry and len(self.good) < SHOWN_GOOD:
                result = "new" if obj is None else "changed" if judged.changes else "unchanged"
                cells = self._cells(number, row, wanted.values)
                self.good.append(Shown(number, cells, result, ""))
        outcome.rejected.sort(key=lambda item: item.number)
        outcome.note_formulas(map(self.texts, payload))
        outcome.payload = payload
        return outcome

    def texts(self, judged: Judged) -> Iterator[str]:
        """Texts of a row as they will stand in the record."""
        for value in (*judged.wanted.values.values(), *judged.wanted.extra.values()):
            if isinstance(value, str) and _is_known(value):
                yield value

    def _read_all(self, rows: Sequence[Numbered], outcome: Outcome) -> list[Read]:
        said = [(number, row, self._said(number, row)) for number, row in rows]
        records = [wanted for _number, _row, each in said for wanted in each]
        self.expect([wanted for wanted in records if isinstance(wanted, Wanted)])
        read = []
        for number, row, each in said:
            for part, wanted in enumerate(each):
                try:
                    read.append(Read(number, row, part, *self._looked_up(wanted, number)))
                except Refused as refused:
                    self._refuse(outcome, number, row, refused)
        return read

    def _said(self, number: int, row: Row) -> list[Wanted | Refused]:
        try:
            cells = Cells(row, self.columns, self.width, number=number, **self.conventions)
            return list(self.read_each(cells))
        except Refused as refused:
            return [refused]

    def _looked_up(self, wanted: Wanted | Refused, number: int) -> tuple[Wanted, int | None]:
        """With the known record that is meant. Raises `Refused`."""
        if isinstance(wanted, Refused):
            raise wanted
        try:
            self._refuse_repeated(wanted)
            pk = self.find(wanted)
        except Refused as refused:
            raise self.of_cell(wanted.field, refused) from refused
        for key in wanted.keys:
            self.seen.setdefault(key, number)
        return wanted, pk

    def of_cell(self, field: str, refused: Refused) -> Refused:
        """`refused` in view of the one of several columns that is at fault, if it is one."""
        if not field:
            return refused
        reason = refused.reason or str(self.words.get(refused.code, refused.code))
        column = self.run.heading(field)
        code = f"bad_{field}" if refused.code.startswith("bad_") else refused.code
        return Refused(code, _("%(column)s: %(reason)s") % {"column": column, "reason": reason})

    def _refuse_repeated(self, wanted: Wanted) -> None:
        earlier = self.seen.get(wanted.keys[0])
        if earlier is not None:
            raise Refused("repeated", _("names the same as row %(row)d") % {"row": earlier})

    def _decide(self, wanted: Wanted, obj: Any) -> dict[str, Any]:
        """What differs from the known record `obj`. Raises `Refused`."""
        if obj is None and self.mode == "update":
            raise Refused("unknown")
        if obj is not None and self.mode == "create":
            raise Refused("known")
        if getattr(obj, "archived_at", None) is not None:
            raise Refused("archived")
        changes = dict(wanted.values) if obj is None else differences(obj, wanted.values)
        try:
            self.check(wanted, obj)
            if changes:
                self._clean(obj, changes)
        except ValidationError as error:
            raise refusal_of(error) from error
        return changes

    def _clean(self, obj: Any, changes: dict[str, Any]) -> None:
        """The rules of the record's own columns, as every form asks them."""
        if obj is None:
            present = self.model()
        else:
            fields = _columns(self.model)
            present = self.model(**{item.attname: getattr(obj, item.attname) for item in fields})
        put(present, {name: value for name, value in changes.items() if _is_known(value)})
        relations = {field.name for field in _columns(self.model) if field.is_relation}
        required = {name for name, value in changes.items() if not _is_known(value)}
        present.clean_fields(exclude=relations | required)

    def _count(self, outcome: Outcome, judged: Judged) -> None:
        self.taken += 1
        if judged.obj is None:
            outcome.created += 1
        elif judged.changes or judged.wanted.extra:
            outcome.updated += 1
        else:
            outcome.unchanged += 1

    def store(self, outcome: Outcome) -> None:
        """Write down what publishing will do."""
        judged = outcome.payload
        self.complete(judged)
        StagedRecord.objects.bulk_create(
            [
                StagedRecord(
                    run=self.run,
                    row=item.number,
                    part=item.part,
                    object_id=None if item.obj is None else item.obj.pk,
                    created=item.obj is None,
                    version=getattr(item.obj, "version", 0),
                    before={} if item.obj is None else record.snapshot(item.obj, item.changes),
                    after=item.changes,
                    extra=item.wanted.extra,
                )
                for item in judged
                if item.obj is None or item.changes or item.wanted.extra
            ],
            batch_size=500,
        )

    def replay(self, rows: Sequence[Numbered]) -> None:
        """Know again what stands in the rows that are stored."""
        self.judge(rows)

    def _refuse(self, outcome: Outcome, number: int, row: Row, refused: Refused) -> None:
        reason = refused.reason or str(self.words.get(refused.code, refused.code))
        item = Rejected(number, row, reason, refused.code)
        outcome.rejected.append(item)
        if self.dry:
            for shown in self.examples.of([item]):
                cells = self._cells(number, shown.row)
                self.bad.append(Shown(number, cells, "rejected", reason))

    def _cells(
        self, number: int, row: Row, values: Mapping[str, Any] | None = None
    ) -> tuple[str, ...]:
        """The cells that the preview shows, as the file writes them; figures and dates of a row
        that is taken as they will be stored, which `values` holds."""
        cells = []
        placed = [*row, str(number)] if len(row) == self.width else row
        for names in self.run.import_kind.previewed:  # type: ignore[attr-defined]
            read = (values or {}).get(names)
            if isinstance(read, Decimal | datetime.date):
                cells.append(f"{read:f}" if isinstance(read, Decimal) else read.isoformat())
                continue
            places = [self.columns[name] for name in names.split("/") if name in self.columns]
            texts = [text_of(placed[place]) for place in places if place < len(placed)]
            cells.append(next(filter(None, texts), ""))
        return tuple(cells)

    def preview(self) -> list[dict[str, Any]]:
        """Rows with a problem first, then the first rows that are taken."""
        return [item.as_json() for item in (*self.bad, *self.good)]

    def totals(self) -> list[dict[str, str]]:
        """How many rows are taken, or figures where a row holds several."""
        label = _("Figures taken") if self.run.is_wide else _("Rows taken")
        return [{"label": label, "value": str(self.taken), "unit": ""}]


def differences(obj: models.Model, values: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `values` that the record does not have yet."""
    present = record.snapshot(obj, values)
    return {name: value for name, value in values.items() if present[name] != value}


def put(obj: models.Model, values: Mapping[str, Any]) -> None:
    """Set `values`, as a staged record stores them, on `obj`."""
    for name, value in values.items():
        field: Any = obj._meta.get_field(name)
        setattr(obj, field.attname, field.to_python(value))


def _columns(model: type[models.Model]) -> Any:
    return model._meta.concrete_fields


def _is_known(value: Any) -> bool:
    """Whether a value is there already and not to be made when the row is stored."""
    return not isinstance(value, Pending)


class Pending(str):
    """Stands for a related record that is made when the row is stored."""

    __slots__ = ()


def refusal_of(error: ValidationError) -> Refused:
    """The first thing that is wrong, with the field at fault in the code."""
    if hasattr(error, "error_dict"):
        name, errors = next(iter(error.error_dict.items()))
        return Refused(f"bad_{name}", " ".join(errors[0].messages))
    return Refused(error.error_list[0].code or "invalid", " ".join(error.messages))
