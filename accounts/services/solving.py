"""Solving a scenario as background work: it can be stopped, killed and begun again at any point,
and leaves a whole answer or none (K060, K061)."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Selection
from accounts.selection import keeping, running
from accounts.selection.gathering import gather
from accounts.selection.problem import Problem
from kam.changes import record
from kam.jobs.models import Job
from kam.jobs.progress import Halted, InlineJob
from teams.models import User

ASK_EVERY = 0.5
"""Seconds between two questions whether somebody stopped the work."""
Status = Selection.Status


def solve(selection_id: int, reader: User, job: InlineJob) -> None:
    """Gather the problem with what `reader` sees, solve it, keep the answer; a run that was
    stopped or solved meanwhile stays as it is."""
    try:
        problem = _begun(selection_id, reader, job)
        if problem is None:
            return
        stop = _Stop(job)
        found = running.solve(problem, stop.is_asked, stop.tell)
        if stop.halt is not None:
            raise stop.halt
        _keep(selection_id, reader, job, problem, found)
    except ValidationError as error:
        _fail(selection_id, job, "; ".join(error.messages))
    except Exception:
        text = _("Solving failed by an error that was noted for the administrator.")
        _fail(selection_id, job, text)
        raise


class _Stop:
    """Asks the job now and then whether to go on; what made it stop is kept to be raised later,
    because the solver's calls back swallow errors."""

    def __init__(self, job: InlineJob) -> None:
        self.job, self.asked_at, self.near = job, 0.0, 0
        self.halt: Halted | None = None

    def is_asked(self) -> bool:
        now = time.monotonic()
        if self.halt is None and now - self.asked_at >= ASK_EVERY:
            self.asked_at = now
            self._ask(self.job.checkpoint)
        return self.halt is not None

    def tell(self, best: float | None, bound: float | None) -> None:
        """How near the best answer is to what is still possible, in per mille; of the parts in
        which a large problem is solved the nearest."""
        if best is None or bound is None or not math.isfinite(bound) or bound <= 0:
            return
        near = min(1000, int(best / bound * 1000))
        if near > self.near:
            self.near = near
            self._ask(lambda: self.job.report(near, 1000))

    def _ask(self, question: Callable[[], None]) -> None:
        try:
            question()
        except Halted as halt:
            self.halt = halt


@contextmanager
def _held(selection_id: int, job: InlineJob, *statuses: str) -> Iterator[Selection | None]:
    """The run, locked with the job, if it is in one of `statuses`."""
    with job.fenced():
        rows = Selection.objects.select_for_update(of=("self",)).select_related("programme")
        yield rows.filter(pk=selection_id, status__in=statuses).first()


def _begun(selection_id: int, reader: User, job: InlineJob) -> Problem | None:
    """The problem, kept with the run; None where there is nothing to do any more."""
    with _held(selection_id, job, *Selection.UNDER_WAY) as selection:
        if selection is None:
            return None
        gathered = gather(selection, reader)
        if not gathered.problem.candidates:
            raise ValidationError(
                _("No account can be weighed yet: score candidates and plan what they cost.")
            )
        selection.status = Status.SOLVING
        selection.problem = keeping.packed(gathered.problem) | {
            "unready": [list(row) for row in gathered.unready]
        }
        selection.steps = gathered.steps
        selection.save(update_fields=["status", "problem", "steps", "updated_at"])
    return gathered.problem


def _keep(
    selection_id: int, reader: User, job: InlineJob, problem: Problem, found: dict[str, Any]
) -> None:
    with _held(selection_id, job, Status.SOLVING) as selection:
        if selection is None:
            return
        selection.status = Status.CANCELLED if found["state"] == "stopped" else found["state"]
        selection.result = found
        if "objective" in found:
            selection.objective = Decimal(found["objective"])
            selection.gap = running.gap_of(selection.objective, Decimal(found["bound"]))
            selection.cost = Decimal(found["cost"])
        search = {
            "step": "search",
            "state": selection.status,
            "selected": len(found.get("selected", ())),
            "runners_up": len(found.get("runner_up", ())),
            "fingerprint": keeping.fingerprint(keeping.packed(problem)),
        }
        selection.steps = [*selection.steps, search]
        selection.solved_at = timezone.now()
        selection.version += 1
        selection.save()
        after = {"status": selection.status}
        record.change(actor=reader, obj=selection, verb="solved", after=after)


def abandoned() -> QuerySet[Selection]:
    """Runs whose work has ended without them: its worker was killed too often, or the work itself
    was stopped."""
    under_way = Selection.objects.filter(status__in=Selection.UNDER_WAY)
    return under_way.exclude(job__in=Job.objects.all().unfinished())


def end_abandoned() -> int:
    """Say of runs that are `abandoned` that nothing comes of them; returns how many."""
    count = 0
    for pk, job in abandoned().values_list("pk", "job__status"):
        with transaction.atomic():
            selection = abandoned().select_for_update(of=("self",)).filter(pk=pk).first()
            if selection is None:
                continue
            if job == Job.Status.CANCELLED:
                _ended(selection, Status.CANCELLED, "")
            else:
                _ended(selection, Status.FAILED, _("Solving was broken off: start it again."))
            count += 1
    return count


def _fail(selection_id: int, job: InlineJob, error: str) -> None:
    with _held(selection_id, job, *Selection.UNDER_WAY) as selection:
        if selection is not None:
            _ended(selection, Status.FAILED, error)


def _ended(selection: Selection, status: str, error: str) -> None:
    selection.status, selection.error = status, error
    selection.version += 1
    selection.save(update_fields=["status", "error", "version", "updated_at"])
    verb = "stopped" if status == Status.CANCELLED else "failed"
    record.change(actor=None, obj=selection, verb=verb, after={"status": status})
