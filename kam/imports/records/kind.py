"""What kinds of records share: staged row by row, in force together, taken back together."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy

from kam.imports.kinds import ImportKind, Option
from kam.imports.models import Run, StagedRecord
from kam.imports.records import publishing

MODE = Option(
    "mode",
    gettext_lazy("Rows are for"),
    "both",
    (
        ("both", gettext_lazy("new and known ones")),
        ("create", gettext_lazy("new ones only")),
        ("update", gettext_lazy("known ones only")),
    ),
)


class RecordKind(ImportKind):
    """A kind whose rows become records of one model.

    `previewed` names the fields whose cells the preview shows, in the order of `shown`;
    of fields divided by a slash the first that holds something. Records are published in a few
    statements for all of them, or `by_parts`, where each has to be looked at once more.
    """

    model: ClassVar[type[models.Model]]
    previewed: ClassVar[tuple[str, ...]] = ()
    by_parts: ClassVar[bool] = False
    chunk_rows: ClassVar[int] = 1000

    def audience(self, obj: models.Model) -> tuple[str | None, int | None]:
        """Who reads about `obj` in the change log, where it hangs on no account."""
        return None, None

    def before_publishing(self, run: Run, part: list[StagedRecord]) -> None:
        """With `by_parts`: make what the records of `part` refer to, and check once more what may
        have changed.

        Raises ValidationError: nothing of the run is stored then.
        """

    def make_ready(self, obj: models.Model) -> None:
        """Work out what a new record derives from its values, before it is stored."""

    def published(self, run: Run, part: list[StagedRecord]) -> None:
        """With `by_parts`: the records of `part` count, write what is stored beside them."""

    def withdrawn(self, run: Run, part: list[StagedRecord]) -> dict[int, dict[str, Any]]:
        """The records of `part` count no longer: take away what was stored beside them. What that
        was for each known one, as its history tells it."""
        return {}

    def prepare_chunk(self, run: Run) -> int:
        """Reserve the keys of new records, so that whatever refers to them can be written down;
        then write down what becomes of every record."""
        return (
            publishing.reserve(self, run) or self.connect(run) or publishing.make_ready(self, run)
        )

    def connect(self, run: Run) -> int:
        """Once every record has a key: note some of what refers to them; returns how many."""
        return 0

    def publish(self, run: Run) -> None:
        """Make new records, change known ones, with a row of history each."""
        publishing.publish(self, run)

    def withdraw(self, run: Run, actor_id: int) -> None:
        """New records that nobody has worked with go; known ones get their values back where
        nobody has changed them since."""
        publishing.withdraw(self, run, actor_id)

    def delete_chunk(self, run: Run, limit: int) -> int:
        """What is written down about records."""
        part = StagedRecord.objects.filter(run=run).order_by("pk").values("pk")[:limit]
        return StagedRecord.objects.filter(pk__in=part).delete()[0]
