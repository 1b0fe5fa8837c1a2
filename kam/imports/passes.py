"""Going through a file in the background: try, import, undo; in chunks that survive a kill.

A chunk's rows, its refused rows and the counters commit together, fenced by the job's lease and by
the run's `attempt`, so that a pass which takes over goes on exactly after the last commit.
"""

from __future__ import annotations

import itertools
import json
import zlib
from collections.abc import Generator, Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kam.changes import record
from kam.changes.context import source
from kam.imports.ahead import Ahead, collect, few_collections
from kam.imports.kinds import Numbered, Outcome, Rejected, Session
from kam.imports.models import RejectedChunk, Run, audience
from kam.imports.reading import open_rows
from kam.imports.values import shown
from kam.jobs.progress import Cancelled, InlineJob, current_job

FIRST_ROWS = 5
"""Numbers of rows named in a problem."""
MOST_WORDS = 5
"""Different words of one kind of problem that are kept with their rows; the rest are counted."""
DELETE_ROWS = 5000
LOG_PAGES = 16_000
"""Pages (of 4 KiB) that SQLite's log may hold during an import."""


class Superseded(Exception):  # noqa: N818  (not an error: another pass does the work)
    """Another pass has taken the run over, or somebody has ended it."""


def check(run_id: int) -> Run:
    """Go through the file without writing a row; the report tells what an import would do."""
    run = _take_over(run_id, Run.Status.CHECKING)
    return _guarded(run, _check) if run else Run.objects.get(pk=run_id)


def import_rows(run_id: int) -> Run:
    """Store the rows that are not stored yet, then publish them in one short transaction."""
    run = _take_over(run_id, Run.Status.RUNNING)
    return _guarded(run, _import) if run else Run.objects.get(pk=run_id)


def undo(run_id: int) -> Run:
    """Delete the rows of a run that counts no longer, in chunks."""
    run = _take_over(run_id, Run.Status.UNDOING)
    return _guarded(run, _undo) if run else Run.objects.get(pk=run_id)


@transaction.atomic
def _take_over(run_id: int, status: str) -> Run | None:
    run = Run.objects.select_for_update(of=("self",)).select_related("owner").get(pk=run_id)
    if run.status != status:
        return None
    run.attempt += 1
    run.beat_at = timezone.now()
    run.save(update_fields=["attempt", "beat_at"])
    return run


def _guarded(run: Run, work: Any) -> Run:
    """Run `work`; whatever ends it early leaves the run in a state that says so."""
    job = current_job()
    with source("import", str(run.pk)), few_collections():
        try:
            work(run, job)
        except Superseded:
            run.refresh_from_db()
        except Cancelled:
            _stop(run, "")
            raise
        except ValidationError as error:
            _fail(run, job, "; ".join(error.messages))
        except (OperationalError, InterfaceError):  # the queue tries again
            raise
        except Exception:
            _stop(run, _("The import stopped by an error that was noted for the administrator."))
            raise
    return run


@contextmanager
def _step(run: Run, job: InlineJob) -> Iterator[dict[str, Any]]:
    """A transaction that only the pass which holds the run can commit.

    Yields the columns that are saved with it.
    """
    with job.fenced():
        held = Run.objects.select_for_update(of=("self",)).filter(
            pk=run.pk, attempt=run.attempt, status=run.status
        )
        if held.values_list("pk").first() is None:
            raise Superseded
        columns: dict[str, Any] = {}
        yield columns
        columns["beat_at"] = timezone.now()
        for name, value in columns.items():
            setattr(run, name, value)
        run.save(update_fields=list(columns))


def _stop(run: Run, error: str) -> None:
    """Leave the run where it is; nothing of it counts, and it can go on."""
    status = Run.Status.MAPPED if run.status == Run.Status.CHECKING else Run.Status.STOPPED
    if run.status in (Run.Status.CHECKING, Run.Status.RUNNING):
        Run.objects.filter(pk=run.pk, attempt=run.attempt, status=run.status).update(
            status=status, error=error
        )
    run.refresh_from_db()


def _fail(run: Run, job: InlineJob, message: str) -> None:
    """The file is at fault: take away what was stored and say so."""
    if run.status == Run.Status.RUNNING:
        _delete_rows(run, job)
    with _step(run, job) as columns:
        columns.update({"status": Run.Status.FAILED, "lane": "", "error": message})
        columns["finished_at"] = timezone.now()


def _check(run: Run, job: InlineJob) -> None:
    tally = Tally(run, afresh=True)
    session = run.import_kind.open(run)
    try:
        with closing(_understood(run, session, 0)) as parts:
            for rows, read in parts:
                outcome = session.judge(rows, read)
                tally.add(outcome, rows[-1][0])
                collect()
                job.report(tally.rows_done, run.rows_total)
                job.checkpoint()
                with _step(run, job) as columns:
                    columns["rows_done"] = tally.rows_done
                    if _stop_if_asked(run, columns, Run.Status.MAPPED):
                        return
        for write in session.end():
            write()
        late = session.finish()
        tally.add_rejected(late)
        report = tally.report() | {
            "totals": session.totals(),
            "preview": _shown_once(session.preview(), {item.number for item in late}),
            "unmatched": session.unmatched(),
        }
    finally:
        session.close()
    with _step(run, job) as columns:
        RejectedChunk.objects.filter(run=run).delete()
        columns.update(tally.counts() | {"rows_total": tally.rows_done, "report": report})
        columns.update({"status": Run.Status.READY, "error": "", "finished_at": timezone.now()})


def _shown_once(rows: list[dict[str, Any]], refused: set[int]) -> list[dict[str, Any]]:
    """The preview without rows that counted as taken until the end of the file refused them."""
    return [row for row in rows if row["result"] == "rejected" or row["number"] not in refused]


@contextmanager
def _much_written() -> Iterator[None]:
    """SQLite moves its log into the file less often while much is written: each page once."""
    if connection.vendor != "sqlite":
        yield
        return
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA wal_autocheckpoint={LOG_PAGES}")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA wal_autocheckpoint=1000")


def _import(run: Run, job: InlineJob) -> None:
    with _much_written():
        _import_chunks(run, job)


def _import_chunks(run: Run, job: InlineJob) -> None:
    if not run.all_stored:
        _store(run, job)
    while run.status == Run.Status.RUNNING and _prepared(run, job):
        job.checkpoint()
    if run.status == Run.Status.RUNNING:
        _publish(run, job)


def _store(run: Run, job: InlineJob) -> None:
    """Store the rows that are not stored yet, hidden; then what only the end of the file shows."""
    tally = Tally(run)
    session = run.import_kind.open(run)
    try:
        start = run.rows_done
        _replay(run, session, start)
        with closing(Ahead(_understood(run, session, start))) as parts:
            for rows, read in parts:
                outcome = session.judge(rows, read)
                tally.add(outcome, rows[-1][0])
                collect()
                with _step(run, job) as columns:
                    session.store(outcome)
                    _keep_rejected(run, rows[-1][0], outcome.rejected)
                    columns.update(tally.counts() | {"rows_done": tally.rows_done})
                    columns["report"] = tally.report()
                    _stop_if_asked(run, columns)
                    parts.begin()
                    session.pour(outcome)
                job.report(tally.rows_done, run.rows_total)
                if run.status == Run.Status.STOPPED:
                    return
                job.checkpoint()
        for write in session.end():
            with _step(run, job):
                write()
        with _step(run, job) as columns:
            late = session.finish()
            tally.add_rejected(late)
            _keep_rejected(run, tally.rows_done + 1, late)
            columns.update(tally.counts() | {"rows_total": tally.rows_done, "all_stored": True})
            columns["report"] = tally.report() | {"totals": session.totals()}
    finally:
        session.close()


def _prepared(run: Run, job: InlineJob) -> int:
    """Make a part of what publishing needs ready; returns how much, 0 when all is."""
    with _step(run, job) as columns:
        count = run.import_kind.prepare_chunk(run)
        _stop_if_asked(run, columns)
    job.report(run.rows_done, run.rows_total, _("Getting ready"))
    return count


def _publish(run: Run, job: InlineJob) -> None:
    """Make everything count in one short transaction."""
    with _step(run, job) as columns:
        now = run.published_at = timezone.now()
        run.import_kind.publish(run)
        columns.update({"status": Run.Status.PUBLISHED, "is_live": True, "lane": "", "error": ""})
        columns.update({"published_at": now, "finished_at": now})
        record.change(
            actor=run.owner,
            obj=run,
            verb="imported",
            after={name: getattr(run, name) for name in Tally.COUNTS},
            **audience(run),
        )


def _undo(run: Run, job: InlineJob) -> None:
    _delete_rows(run, job)
    with _step(run, job) as columns:
        now = timezone.now()
        was_live = run.published_at is not None
        columns["status"] = Run.Status.UNDONE if was_live else Run.Status.CANCELLED
        columns.update({"lane": "", "finished_at": now, "error": ""})
        if was_live:
            columns["undone_at"] = now
        else:
            columns.update({"rows_done": 0})


def _delete_rows(run: Run, job: InlineJob) -> None:
    done = 0
    while True:
        with _step(run, job):
            count = run.import_kind.delete_chunk(run, DELETE_ROWS)
        if not count:
            return
        done += count
        job.report(done, max(done, run.created))
        job.checkpoint()


def _stop_if_asked(run: Run, columns: dict[str, Any], status: str = Run.Status.STOPPED) -> bool:
    """Let the run come to rest as `status` with this step when somebody has asked for it."""
    asked = Run.objects.filter(pk=run.pk, stop_requested=True).exists()
    if asked:
        columns.update({"status": status, "error": ""})
    return asked


def _chunks(run: Run, start: int) -> Iterator[list[Numbered]]:
    """The rows after number `start`, numbered from 1, in chunks of the kind's size."""
    size = run.import_kind.chunk_rows
    with run.file.open("rb") as file:
        numbered = enumerate(open_rows(file, run.found), start=1)
        rows = itertools.islice(numbered, start, None)
        while chunk := list(itertools.islice(rows, size)):
            yield chunk


def _understood(run: Run, session: Session, start: int) -> Generator[tuple[list[Numbered], Any]]:
    """Chunks with what the session reads in them."""
    for rows in _chunks(run, start):
        yield rows, session.understand(rows)


def _replay(run: Run, session: Session, until: int) -> None:
    if not until:
        return
    for rows in _chunks(run, 0):
        known = [item for item in rows if item[0] <= until]
        session.replay(known)
        collect()
        if len(known) < len(rows) or known[-1][0] == until:
            return


def _keep_rejected(run: Run, number: int, rejected: list[Rejected]) -> None:
    if not rejected:
        return
    lines = [[item.number, item.reason, item.code, item.row] for item in rejected]
    packed = zlib.compress(json.dumps(lines, cls=DjangoJSONEncoder).encode(), 1)
    RejectedChunk.objects.create(run=run, number=number, rows=len(lines), payload=packed)


class Tally:
    """What became of the rows so far; taken up from the run where an earlier pass stopped."""

    COUNTS = ("rows_read", "created", "updated", "unchanged", "rejected")

    rows_read: int
    created: int
    updated: int
    unchanged: int
    rejected: int

    def __init__(self, run: Run, *, afresh: bool = False) -> None:
        self.blamed = run.import_kind.blamed
        self.columns = run.columns
        self._take_up(None if afresh else run)

    def _take_up(self, run: Run | None) -> None:
        self.rows_done = run.rows_done if run else 0
        for name in self.COUNTS:
            setattr(self, name, getattr(run, name) if run else 0)
        stored = run.report if run and run.rows_done else {}
        self.problems: dict[str, dict[str, Any]] = {
            item["code"]: dict(item) for item in stored.get("problems", [])
        }
        self.notices: dict[str, int] = {
            item["text"]: item["count"] for item in stored.get("notices", [])
        }

    def add(self, outcome: Outcome, last_row: int) -> None:
        """Count a chunk whose last row is `last_row`."""
        self.rows_done = last_row
        self.rows_read += outcome.read
        self.created += outcome.created
        self.updated += outcome.updated
        self.unchanged += outcome.unchanged
        self.rejected += len(outcome.rejected)
        for text, count in outcome.notices.items():
            self.notices[text] = self.notices.get(text, 0) + count
        for item in outcome.rejected:
            self._problem(item)

    def add_rejected(self, rejected: list[Rejected]) -> None:
        """Rows that were taken for good and turned out wrong at the end of the file."""
        self.rejected += len(rejected)
        for item in rejected:
            setattr(self, item.counted, getattr(self, item.counted) - 1)
            self._problem(item)

    def _problem(self, item: Rejected) -> None:
        problem = self.problems.get(item.code)
        if problem is None:
            problem = {"code": item.code, "text": item.reason, "count": 0, "rows": []}
            problem |= {"field": self._field(item.code), "examples": [], "words": []}
            self.problems[item.code] = problem
        problem["count"] += 1
        self._word(problem["words"], item)
        if len(problem["rows"]) < FIRST_ROWS:
            problem["rows"].append(item.number)
            self._example(problem, item.row)

    @staticmethod
    def _word(words: list[dict[str, Any]], item: Rejected) -> None:
        """Rows of one kind may be refused in different words: count each of the first ones."""
        for said in words:
            if said["text"] == item.reason:
                said["count"] += 1
                return
        if len(words) < MOST_WORDS:
            words.append({"text": item.reason, "count": 1, "row": item.number})

    def _field(self, code: str) -> str:
        """The field that is at fault: the first of those blamed that has a column; a cell of
        several columns is blamed by the code itself."""
        names = (*self.blamed.get(code, ()), code.removeprefix("bad_"))
        return next((name for name in names if name in self.columns), "")

    def _example(self, problem: dict[str, Any], row: list[Any]) -> None:
        """What stands in the column at fault."""
        index = self.columns.get(problem["field"], len(row))
        text = shown(row[index]) if index < len(row) else ""
        if text and text not in problem["examples"]:
            problem["examples"].append(text)

    def counts(self) -> dict[str, int]:
        """The counters as columns of the run."""
        return {name: getattr(self, name) for name in self.COUNTS}

    def report(self) -> dict[str, Any]:
        """Problems, most frequent first, and remarks."""
        ranked = sorted(self.problems.values(), key=lambda item: -item["count"])
        notices = [{"text": text, "count": count} for text, count in self.notices.items()]
        return {"problems": ranked, "notices": notices}
