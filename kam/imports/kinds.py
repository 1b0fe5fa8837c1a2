"""Kinds of imports: what apps register so that a file of theirs can come in.

An app's `AppConfig.ready()` calls `register(kind)`; nothing here knows what a row means.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext as _words
from django.utils.translation import gettext_lazy as _

from kam.access.querysets import Reader
from kam.imports.values import is_formula, shown

if TYPE_CHECKING:
    from kam.imports.models import Run

Text = str | Promise
Row = list[Any]
Numbered = tuple[int, Row]


class Field(NamedTuple):
    """A target that a column may become.

    `form` is `text`, `number`, `date` or `currency`; `aliases` are names by which other systems
    call it, in any case and punctuation. With `several` any number of columns may become it, each
    under a name of its own (`named`): a row holds a figure for each. With `by_row` the number of
    the row (`ROW_NUMBER`) may stand for it, where a person says so. A day or currency `by_name`
    is never known by its looks alone.
    """

    name: str
    label: Text
    form: str = "text"
    aliases: tuple[str, ...] = ()
    help: Text = ""
    several: bool = False
    by_row: bool = False
    by_name: bool = False


ROW_NUMBER = "row number"
"""What a mapping calls the number of the row, counted from 1 without the heading, as a column."""
ROW_NUMBER_LABEL = _("Number of the row")
"""The same for people."""


def named(field: str, name: str) -> str:
    """What a mapping calls the column of a field of several that goes by `name`: `bought:Milk`."""
    return f"{field}:{name}"


def name_in(key: str) -> str:
    """The name in what `named` made; empty for a field of one column."""
    return key.partition(":")[2]


LONGEST_TEXT = 300
"""Letters that the text of an option may have."""


class Option(NamedTuple):
    """A choice of the whole run, e.g. what happens to unknown customers; empty `choices`: text."""

    name: str
    label: Text
    default: str = ""
    choices: tuple[tuple[str, Text], ...] = ()
    help: Text = ""


class Rejected(NamedTuple):
    """A row that is not taken: its number, what stands in it, why (for people), and a short code
    by which equal reasons are counted. `counted` is for rows that turn out wrong at the end: as
    what they were counted until then."""

    number: int
    row: Row
    reason: str
    code: str
    counted: str = "created"


class Shown(NamedTuple):
    """A row as it would be stored, for the preview; `result` is `new`, `changed`, `unchanged`,
    `notice` or `rejected`, `note` says why in words."""

    number: int
    values: tuple[str, ...]
    result: str
    note: str

    def as_json(self) -> dict[str, Any]:
        """As the report of the run stores it."""
        return {**self._asdict(), "values": [shown(text) for text in self.values]}


@dataclass
class Outcome:
    """What became of a chunk of rows. `payload` is the kind's own: what `store` will write."""

    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: list[Rejected] = field(default_factory=list)
    notices: dict[str, int] = field(default_factory=dict)
    payload: Any = None

    def note_formulas(self, rows: Iterable[Iterable[Any]]) -> None:
        """Remark how many of `rows` that are taken hold a text which a spreadsheet would run."""
        count = sum(any(isinstance(text, str) and is_formula(text) for text in row) for row in rows)
        if count:
            self.notices[_words("Texts that begin like a formula: kept as text, never run")] = count


class Session(ABC):
    """One pass over one file. `understand` reads ahead, `judge` decides outside of any
    transaction, `store` and `pour` write."""

    def understand(self, rows: Sequence[Numbered]) -> Any:
        """What a chunk says by itself, for `judge`. An import calls it in another thread while the
        chunk before it is poured: must not use the database or what `pour` changes."""
        return None

    @abstractmethod
    def judge(self, rows: Sequence[Numbered], understood: Any = None) -> Outcome:
        """Decide about a chunk."""

    @abstractmethod
    def store(self, outcome: Outcome) -> None:
        """Write what `judge` decided, hidden until the run is published; in a transaction."""

    def pour(self, outcome: Outcome) -> None:
        """Last in the same transaction: hand over what the database takes long to take."""
        return

    @abstractmethod
    def replay(self, rows: Sequence[Numbered]) -> None:
        """Go over rows that an earlier attempt has stored, to know what it knew."""

    def end(self) -> Iterator[Callable[[], None]]:
        """After the last row: what takes time. What it yields is called, each in a transaction of
        its own; a pass that takes over does all of it again."""
        return iter(())

    def finish(self) -> list[Rejected]:
        """Last, in the transaction that notes that all rows are stored; returns rows that only
        the end of the file shows to be wrong."""
        return []

    @abstractmethod
    def totals(self) -> list[dict[str, str]]:
        """Totals to check against the source: `label`, `value`, `unit` (all text)."""

    def preview(self) -> list[dict[str, Any]]:
        """Some rows as they would be stored, those with a problem first (`Shown` as a dict)."""
        return []

    def unmatched(self) -> list[dict[str, Any]]:
        """What the rows name and nothing known answers to, the most frequent first: `key` by which
        it is decided about, `text`, `note`, `count` of rows; the last one, without a key, may
        stand for all the rest."""
        return []

    def close(self) -> None:
        """Let go of what the pass holds."""
        return


class ImportKind(ABC):
    """What an app offers to take in.

    `lane` names what two runs of one scope must not work on at the same time. A scope is an
    object of an upper app, e.g. a programme; only its primary key is known here (`Run.scope_id`).
    `shown` names the columns of the preview, `numeric` holds the places of those with figures,
    `dated` of those with dates: rows that are taken name them as ISO writes them, and a page shows
    them as its reader's format has it (`day` or `month`).
    `blamed` says for the code of a refusal which fields may be at fault: the first of them that
    has a column is.
    """

    name: ClassVar[str]
    label: ClassVar[Text]
    lane: ClassVar[str]
    fields: ClassVar[tuple[Field, ...]]
    options: ClassVar[tuple[Option, ...]] = ()
    shown: ClassVar[tuple[Text, ...]] = ()
    numeric: ClassVar[frozenset[int]] = frozenset()
    dated: ClassVar[Mapping[int, str]] = {}
    blamed: ClassVar[dict[str, tuple[str, ...]]] = {}
    chunk_rows: ClassVar[int] = 5000

    @abstractmethod
    def scopes_for(self, user: Reader) -> models.QuerySet:
        """Scopes into which `user` may bring files."""

    @abstractmethod
    def scopes(self) -> models.QuerySet:
        """All scopes that there are."""

    def is_offered_to(self, user: Reader) -> bool:
        """Whether there is a scope into which `user` may bring files."""
        return self.scopes_for(user).exists()

    def scopes_read_by(self, user: Reader) -> models.QuerySet:
        """Scopes of which `user` may read and change everybody's runs."""
        return self.scopes_for(user)

    @abstractmethod
    def problems(self, mapping: Iterable[str]) -> list[str]:
        """What is missing when only the fields in `mapping` have a column."""

    def doubts(self, run: Run) -> list[tuple[str, str]]:
        """What the options and the first rows of `run` leave open, once nothing is missing, each
        with the option that answers it or `ROW_NUMBER`."""
        return []

    def found_besides(
        self,
        columns: Sequence[str],
        sample: Sequence[Sequence[Any]],
        found: Mapping[str, dict[str, Any]],
        scope_id: int | None,
    ) -> dict[str, dict[str, Any]]:
        """Fields of several columns that `columns` seem to hold besides those of `found`, each with
        its `column` and the `reason`; `sample` holds rows."""
        return {}

    @abstractmethod
    def open(self, run: Run) -> Session:
        """Begin a pass over the file of `run`."""

    def prepare_chunk(self, run: Run) -> int:
        """Make ready, hidden, what `publish` will write, in a short transaction; returns how many
        things, 0 when nothing is left."""
        return 0

    @abstractmethod
    def publish(self, run: Run) -> None:
        """Make what `run` stored count; in the transaction that makes the run live. Short, however
        large the file: whatever takes time belongs to `prepare_chunk`."""

    @abstractmethod
    def withdraw(self, run: Run, actor_id: int) -> None:
        """Take back what `publish` did, for the user `actor_id`; in the transaction that ends
        the run's life."""

    @abstractmethod
    def delete_chunk(self, run: Run, limit: int) -> int:
        """Delete up to `limit` stored rows of a run that does not count; 0 when none is left."""

    def further(self, run: Run) -> list[tuple[Text, str]]:
        """Where the result of `run` is looked at further: label and address of each place."""
        return []

    def brought(self, run: Run, user: Reader) -> models.QuerySet | None:
        """What of `run` `user` may see, with a page each; None: nothing has one."""
        return None

    match_url: ClassVar[str] = ""
    """Name of the address that suggests what rows can be matched with; empty: nothing can."""

    def matches_for(self, user: Reader, scope_id: int) -> models.QuerySet | None:
        """What `user` may match rows with that name nothing known; None: nothing can."""
        return None

    def field(self, name: str) -> Field:
        """The field called `name`, or that of a column of several; raises KeyError."""
        return {item.name: item for item in self.fields}[name.partition(":")[0]]

    def label_of(self, name: str) -> str:
        """What people call a field, or one of its several columns."""
        label, own = str(self.field(name).label), name_in(name)
        return f"{label}: {own}" if own else label

    @property
    def numbered_by_row(self) -> list[Field]:
        """Fields for which the number of the row may stand."""
        return [item for item in self.fields if item.by_row]

    def better_field(self, name: str, heading: str, values: Sequence[str]) -> str:
        """The field that a column found by its `heading` becomes in view of its different
        `values`: `name`, unless another one fits what they are."""
        return name

    def defaults(self) -> dict[str, str]:
        """Options with nobody's choice."""
        return {option.name: option.default for option in self.options}

    def known_share(self, name: str, values: Sequence[str], scope_id: int | None) -> float | None:
        """Share (0..1) of `values` that are known as field `name`; None where nothing is known."""
        return None


_kinds: dict[str, ImportKind] = {}


def register(kind: ImportKind) -> None:
    """Offer `kind`; a second one of the same name replaces it."""
    _kinds[kind.name] = kind


def get(name: str) -> ImportKind:
    """The kind called `name`; raises KeyError."""
    return _kinds[name]


def registered() -> list[ImportKind]:
    """All kinds, in the order of registration."""
    return list(_kinds.values())


def choices() -> list[tuple[str, Text]]:
    """The names of all kinds, with what people call them."""
    return [(kind.name, kind.label) for kind in registered()]


RESULTS = {
    "new": _("new"),
    "changed": _("changed"),
    "unchanged": _("already there, left alone"),
    "notice": _("taken with a remark"),
    "rejected": _("rejected"),
}
